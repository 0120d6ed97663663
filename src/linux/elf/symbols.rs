//! Which symbol holds an address, and at which address a symbol lies: many questions answered in one pass over a file's
//! tables, read in small pieces. Never holds a table in memory, never maps a file, never demangles.

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use memchr::memmem;
use object::LittleEndian as LE;
use object::elf::{SHN_UNDEF, STT_FILE, STT_SECTION, STT_TLS, Sym64};

use crate::linux::elf::file::{Elf, ReadAt, SymbolTable, structures};

/// What is asked of one file. Addresses are the file's own (virtual addresses of its segments).
#[derive(Clone, Debug, Default)]
pub struct SymbolQuery {
    /// Where do these symbols lie?
    pub names: Vec<String>,
    /// Which symbols hold these addresses?
    pub addresses: Vec<u64>,
}

/// What a file answers. A question without an answer is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolAnswers {
    /// Address by symbol name.
    pub named: HashMap<String, u64>,
    /// Symbol name, mangled, by address: the address lies inside that symbol's size.
    pub holding: HashMap<u64, Vec<u8>>,
    /// Bytes read from the file.
    pub bytes_read: u64,
}

/// Bytes of a table read at once; a whole number of symbols.
const PIECE: usize = 2730 * SYMBOL_SIZE;
const SYMBOL_SIZE: usize = size_of::<Sym64<LE>>();
/// Longest symbol name kept: C++ names of 2 KB are common in large libraries.
const LONGEST_NAME: u64 = 4096;
/// Offsets of one name in a string table that are followed; a linker writes a name once.
const MOST_OFFSETS: usize = 64;

/// Answers what can be answered: names from the exported symbols first (the short table), then from all; addresses from
/// all symbols, from the exported ones in a stripped file.
pub fn answer(file: &(impl ReadAt + ?Sized), elf: &Elf, questions: &SymbolQuery) -> io::Result<SymbolAnswers> {
    let mut answers = SymbolAnswers::default();
    for table in [&elf.exported, &elf.all].into_iter().flatten() {
        let unanswered = |name: &&String| !answers.named.contains_key(*name);
        let names: Vec<&String> = questions.names.iter().filter(unanswered).collect();
        if !names.is_empty() {
            find_names(file, table, &names, &mut answers)?;
        }
    }
    if let Some(table) = elf.all.as_ref().or(elf.exported.as_ref())
        && !questions.addresses.is_empty()
    {
        find_holders(file, table, &questions.addresses, &mut answers)?;
    }
    Ok(answers)
}

/// Looks for the names in the strings first: comparing offsets is cheaper than reading a name for every symbol.
fn find_names(
    file: &(impl ReadAt + ?Sized),
    table: &SymbolTable,
    names: &[&String],
    answers: &mut SymbolAnswers,
) -> io::Result<()> {
    let patterns: Vec<Vec<u8>> = names.iter().map(|name| [name.as_bytes(), b"\0"].concat()).collect();
    let finders: Vec<memmem::Finder> = patterns.iter().map(memmem::Finder::new).collect();
    let overlap = patterns.iter().map(Vec::len).max().unwrap_or_default();
    let mut offsets: HashMap<u32, usize> = HashMap::new();
    let most = MOST_OFFSETS.saturating_mul(names.len());
    pieces(file, &table.strings, PIECE, overlap, &mut answers.bytes_read, |start, piece| {
        for (index, finder) in finders.iter().enumerate() {
            for at in finder.find_iter(piece) {
                if let Ok(offset) = u32::try_from(start + at as u64)
                    && offsets.len() < most
                {
                    offsets.insert(offset, index);
                }
            }
        }
    })?;
    if offsets.is_empty() {
        return Ok(());
    }
    let SymbolAnswers { named, bytes_read, .. } = answers;
    pieces(file, &table.symbols, PIECE, 0, bytes_read, |_, piece| {
        for symbol in structures::<Sym64<LE>>(piece).iter().filter(|symbol| is_placed(symbol)) {
            if let Some(&index) = offsets.get(&symbol.st_name.get(LE)) {
                named.entry(names[index].clone()).or_insert(symbol.st_value.get(LE));
            }
        }
    })
}

/// The smallest symbol that holds an address is the one that says most.
fn find_holders(
    file: &(impl ReadAt + ?Sized),
    table: &SymbolTable,
    addresses: &[u64],
    answers: &mut SymbolAnswers,
) -> io::Result<()> {
    let mut addresses = addresses.to_vec();
    addresses.sort_unstable();
    addresses.dedup();
    let mut best: Vec<Option<(u64, u32)>> = vec![None; addresses.len()];
    pieces(file, &table.symbols, PIECE, 0, &mut answers.bytes_read, |_, piece| {
        for symbol in structures::<Sym64<LE>>(piece) {
            let (start, size) = (symbol.st_value.get(LE), symbol.st_size.get(LE));
            let end = start.saturating_add(size);
            let first = addresses.partition_point(|&address| address < start);
            let held = addresses[first..].iter().take_while(|&&address| address < end).count();
            if held > 0 && is_placed(symbol) {
                for best in &mut best[first..first + held] {
                    if best.is_none_or(|(smallest, _)| size < smallest) {
                        *best = Some((size, symbol.st_name.get(LE)));
                    }
                }
            }
        }
    })?;
    for (address, best) in addresses.into_iter().zip(best) {
        if let Some((_, name)) = best
            && let Some(name) = name_at(file, &table.strings, name, &mut answers.bytes_read)?
        {
            answers.holding.insert(address, name);
        }
    }
    Ok(())
}

/// Whether the symbol is a place in this file: defined, and neither a section, a file's name nor a thread-local offset.
fn is_placed(symbol: &Sym64<LE>) -> bool {
    symbol.st_shndx.get(LE) != SHN_UNDEF && ![STT_SECTION, STT_FILE, STT_TLS].contains(&symbol.st_type())
}

/// The string at this offset of a string table; none when it is empty or has no end.
fn name_at(
    file: &(impl ReadAt + ?Sized),
    strings: &Range<u64>,
    offset: u32,
    bytes_read: &mut u64,
) -> io::Result<Option<Vec<u8>>> {
    let start = strings.start.saturating_add(u64::from(offset));
    let length = strings.end.saturating_sub(start).min(LONGEST_NAME);
    let mut name = vec![0; length as usize];
    file.read_at(start, &mut name)?;
    *bytes_read += length;
    let end = memchr::memchr(0, &name);
    Ok(end.filter(|&end| end > 0).map(|end| (name.truncate(end), name).1))
}

/// Shows a range of a file piece by piece, with each piece's offset in the range; a piece begins `overlap` bytes before the
/// end of the one before it, so that nothing of that length is ever cut in two.
fn pieces(
    file: &(impl ReadAt + ?Sized),
    range: &Range<u64>,
    size: usize,
    overlap: usize,
    bytes_read: &mut u64,
    mut show: impl FnMut(u64, &[u8]),
) -> io::Result<()> {
    let mut piece = vec![0; size.max(overlap * 2)];
    let mut at = range.start;
    while at < range.end {
        let length = (range.end - at).min(piece.len() as u64);
        let piece = &mut piece[..length as usize];
        file.read_at(at, piece)?;
        *bytes_read += length;
        show(at - range.start, piece);
        if at + length == range.end {
            break;
        }
        at += length - overlap as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::linux::elf::file::sample::{Symbol, library};

    const FUNCTION: u8 = 2;
    const SYMBOLS: &[Symbol] = &[
        ("outer", 0x3000, 0x100, FUNCTION, 1),
        ("inner", 0x3010, 0x10, FUNCTION, 1),
        ("marker", 0x3200, 0, 0, 1),
        ("imported", 0x3300, 0x10, FUNCTION, 0),
        ("thread_local", 0x3400, 0x10, 6, 1),
        ("outer_suffix_inner", 0x3500, 4, FUNCTION, 1),
    ];

    fn ask(file: &[u8], names: &[&str], addresses: &[u64]) -> SymbolAnswers {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        answer(file, &Elf::parse(file).unwrap(), &SymbolQuery { names, addresses: addresses.to_vec() }).unwrap()
    }

    #[test]
    fn an_address_belongs_to_a_symbol_only_within_its_size() {
        for stripped in [false, true] {
            let file = library(SYMBOLS, stripped);
            let answers = ask(&file, &[], &[0x2fff, 0x3000, 0x3018, 0x3020, 0x30ff, 0x3100, 0x3200, 0x3308, 0x3408]);
            let mut held: Vec<(u64, &str)> =
                answers.holding.iter().map(|(at, name)| (*at, std::str::from_utf8(name).unwrap())).collect();
            held.sort_unstable();
            assert_eq!(held, [(0x3000, "outer"), (0x3018, "inner"), (0x3020, "outer"), (0x30ff, "outer")]);
        }
    }

    #[test]
    fn a_name_is_found_whole_or_not_at_all() {
        let answers = ask(&library(SYMBOLS, false), &["inner", "suffix_inner", "imported", "absent"], &[]);
        assert_eq!(answers.named, HashMap::from([("inner".to_owned(), 0x3010)]));
    }

    #[test]
    fn tables_larger_than_a_piece_are_searched_to_the_end() {
        let mut symbols: Vec<Symbol> =
            (0..9000).map(|i| ("some_name_in_between", 0x10_0000 + i * 16, 16, FUNCTION, 1)).collect();
        symbols.push(("the_last_one", 0x9999_0000, 8, FUNCTION, 1));
        let file = library(&symbols, false);
        let answers = ask(&file, &["the_last_one"], &[0x9999_0007, 0x10_0000 + 5000 * 16 + 3]);
        assert_eq!(answers.named["the_last_one"], 0x9999_0000);
        assert_eq!(answers.holding[&0x9999_0007], b"the_last_one");
        assert_eq!(answers.holding.len(), 2);
        assert!(answers.bytes_read > 3 * PIECE as u64);
    }

    #[test]
    fn a_name_cut_by_the_end_of_a_piece_is_found() {
        for shift in 0..14 {
            let file: Vec<u8> = [vec![b'.'; 100 - shift], b"needle_in_hay\0".to_vec(), vec![b'.'; 100]].concat();
            let mut hits = Vec::new();
            let (size, overlap) = (32, 14);
            pieces(&file[..], &(0..file.len() as u64), size, overlap, &mut 0, |start, piece| {
                hits.extend(memmem::find(piece, b"needle_in_hay\0").map(|at| start as usize + at));
            })
            .unwrap();
            hits.dedup();
            assert_eq!(hits, [100 - shift]);
        }
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_read_without_panic(
            wounds in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
            cut in any::<prop::sample::Index>(),
            stripped in any::<bool>(),
        ) {
            let mut file = library(SYMBOLS, stripped);
            for (at, value) in wounds {
                let at = at.index(file.len());
                file[at] = value;
            }
            file.truncate(cut.index(file.len() * 2).max(64));
            if let Ok(elf) = Elf::parse(&file[..]) {
                let questions = SymbolQuery { names: vec!["inner".to_owned()], addresses: vec![0, 0x3018, u64::MAX] };
                drop(answer(&file[..], &elf, &questions));
            }
        }

        #[test]
        fn any_bytes_behind_a_header_are_read_without_panic(
            rest in proptest::collection::vec(any::<u8>(), 0..600), programs in 0_u16..9, sections in 0_u16..9,
        ) {
            let mut file = library(&[], false)[..64].to_vec();
            file[40] = 64;
            file[41] = 0;
            file[56..58].copy_from_slice(&programs.to_le_bytes());
            file[60..62].copy_from_slice(&sections.to_le_bytes());
            file.extend(rest);
            if let Ok(elf) = Elf::parse(&file[..]) {
                let questions = SymbolQuery { names: vec!["inner".to_owned()], addresses: vec![0, 0x3018, u64::MAX] };
                drop(answer(&file[..], &elf, &questions));
            }
        }
    }
}
