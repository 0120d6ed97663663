//! From an instruction to its line: the tables of lines in CPython's code objects. Pure; any bytes will do.

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineTableFormat {
    /// 3.10 (Objects/lnotab_notes.txt): pairs of (bytes of instructions, lines further on; -128 for no line).
    In310,
    /// Since 3.11 (InternalDocs/code_objects.md): entries of one head byte and what it calls for.
    Since311,
}

/// The line of the instruction at this offset in bytes; the first line for a function that has not begun. None where the
/// table has no line for it, or ends before.
pub(crate) fn line_at(table: &[u8], format: LineTableFormat, first_line: i32, offset: i64) -> Option<u32> {
    if offset < 0 {
        return u32::try_from(first_line).ok();
    }
    let line = match format {
        LineTableFormat::In310 => line_in_pairs(table, first_line, offset),
        LineTableFormat::Since311 => line_in_entries(table, first_line, offset),
    };
    line.and_then(|line| u32::try_from(line).ok()).filter(|&line| line > 0)
}

fn line_in_pairs(table: &[u8], first_line: i32, offset: i64) -> Option<i32> {
    const NO_LINE: i8 = -128;
    let (mut line, mut end) = (first_line, 0_i64);
    for &[length, further] in table.as_chunks().0 {
        let further = further.cast_signed();
        if further != NO_LINE {
            line = line.wrapping_add(i32::from(further));
        }
        end += i64::from(length);
        if offset < end {
            return (further != NO_LINE).then_some(line);
        }
    }
    None
}

/// Head: 1, code (4 bits), instructions - 1 (3 bits). Every other byte of an entry has its upper bit clear.
fn line_in_entries(table: &[u8], first_line: i32, offset: i64) -> Option<i32> {
    const NO_LINE: u8 = 15;
    let (mut line, mut end) = (first_line, 0_i64);
    let mut rest = table;
    while let Some((&head, after)) = rest.split_first() {
        let code = head >> 3 & 15;
        let further = match code {
            NO_LINE => 0,
            13 | 14 => signed(after),
            10..=12 => i32::from(code) - 10,
            _ => 0,
        };
        line = line.wrapping_add(further);
        end += 2 * (i64::from(head & 7) + 1);
        if offset < end {
            return (code != NO_LINE).then_some(line);
        }
        let length = after.iter().position(|byte| byte & 0x80 != 0).unwrap_or(after.len());
        rest = &after[length..];
    }
    None
}

/// Six bits a byte, the lowest first; bit 6 says that more follow, in this entry. The lowest bit of the number is its sign.
fn signed(bytes: &[u8]) -> i32 {
    const LONGEST: usize = 6;
    let (mut number, mut shift) = (0_u32, 0);
    for byte in bytes.iter().take_while(|byte| *byte & 0x80 == 0).take(LONGEST) {
        number |= u32::from(byte & 0x3f).checked_shl(shift).unwrap_or(0);
        if byte & 0x40 == 0 {
            break;
        }
        shift += 6;
    }
    let magnitude = (number >> 1).cast_signed();
    if number & 1 == 0 { magnitude } else { magnitude.wrapping_neg() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_of_3_10_lead_to_lines() {
        // def f(): at 5; two bytes at 6, four without a line, two at 4.
        let table = [2, 1, 4, 0x80, 2, 0xfe];
        let at = |offset| line_at(&table, LineTableFormat::In310, 5, offset);
        assert_eq!([-2, 0, 2, 4, 6, 8].map(at), [Some(5), Some(6), None, None, Some(4), None]);
    }

    #[test]
    fn a_number_without_an_end_is_read_within_its_entry() {
        let began = std::time::Instant::now();
        assert_eq!(line_at(&[0xe9; 1 << 20], LineTableFormat::Since311, 1, i64::MAX), None);
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "a step for each byte and not for each pair");
    }

    #[test]
    fn entries_since_3_11_lead_to_lines() {
        let short = |code: u8, units: u8| 0x80 | code << 3 | (units - 1);
        let table = [
            short(0, 1),
            0, // short form: same line
            short(11, 3),
            4,
            9, // one line further
            short(13, 2),
            2, // no columns: 1 further
            short(14, 1),
            2,
            0,
            9,
            10,           // long: 1 further
            short(15, 1), // no line
            short(13, 1),
            3, // 1 back
        ];
        let at = |offset| line_at(&table, LineTableFormat::Since311, 10, offset);
        assert_eq!(
            [-2, 0, 2, 6, 8, 10, 12, 14, 16].map(at),
            [Some(10), Some(10), Some(11), Some(11), Some(12), Some(12), Some(13), None, Some(12)]
        );
        assert_eq!(at(18), None);
    }

    proptest! {
        #[test]
        fn any_table_is_read_without_panic(
            table in proptest::collection::vec(any::<u8>(), 0..200), first in any::<i32>(), offset in any::<i64>(),
        ) {
            line_at(&table, LineTableFormat::In310, first, offset);
            line_at(&table, LineTableFormat::Since311, first, offset);
        }
    }
}
