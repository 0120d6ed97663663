//! Inputs made of others: bytes, words, numbers and pieces changed, copied, doubled and cut.

/// Longest input.
const LONGEST: usize = 64 << 10;

const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e308",
    "1e999",
    "NaN",
    "0x7fffffff",
    "00000000000000000000001",
    "99999999999999999999999999999999999999999999",
];
const WORDS: &[u64] = &[
    0,
    1,
    7,
    8,
    0x7f,
    0xff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
    u64::MAX - 7,
];
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\0",
    b" ",
    b"\t",
    b"\r",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"../",
    b"=",
    b":",
    b",",
    b"-",
    b"(",
    b")",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\x1b[2J",
    b"\x1b]0;",
    b"\xff",
    b"\xe2\x80\xae",
    b"\xf0\x9f\xa7\xb5",
    b"S_",
    b"T_",
    b"I",
    b"E",
    b"nw",
    b"\\040",
    b"null",
    b"#",
    b"%",
];

/// A seed with a few changes.
pub fn mutated(seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut input = random.choice(seeds).cloned().unwrap_or_default();
    // Mostly few: many changes rarely get past the first check.
    let changes = 1 << random.u32(0..6);
    for _ in 0..random.u32(1..=changes) {
        change(&mut input, seeds, random);
        input.truncate(LONGEST);
    }
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut fastrand::Rng) {
    let at = random.usize(0..=input.len());
    let longest = if random.u8(0..8) == 0 { LONGEST } else { 16 };
    let to = at + random.usize(0..=(input.len() - at).min(longest));
    match random.u8(0..12) {
        0 => input.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << random.u8(0..8)),
        1 => input.get_mut(at).into_iter().for_each(|byte| *byte = random.u8(..)),
        2 => drop(input.drain(at..to)),
        3 => input.truncate(at),
        4 => drop(input.splice(at..at, random.choice(PIECES).copied().unwrap_or_default().iter().copied())),
        // A piece doubled over and over: depth and length.
        5 => {
            let piece = input[at..to].to_vec();
            let many = piece.repeat(1 << random.u32(0..13)).into_iter().take(LONGEST);
            drop(input.splice(at..at, many));
        }
        6 | 7 => replace_number(input, at, random),
        8 => {
            let word = random.choice(WORDS).copied().unwrap_or_default().wrapping_add(random.u64(0..3)).to_le_bytes();
            let width = *random.choice([1, 2, 4, 8]).as_ref().unwrap_or(&8);
            let at = at / width * width;
            input.iter_mut().skip(at).zip(&word[..width]).for_each(|(byte, new)| *byte = *new);
        }
        9 => {
            let other = random.choice(seeds).map_or(&[][..], Vec::as_slice);
            let from = random.usize(0..=other.len());
            let piece = other[from..from + random.usize(0..=other.len() - from)].to_vec();
            drop(input.splice(at..to, piece));
        }
        10 => {
            let piece = input[at..to].to_vec();
            let there = random.usize(0..=input.len());
            drop(input.splice(there..there, piece));
        }
        _ => {
            let piece: Vec<u8> = (0..random.usize(0..16)).map(|_| random.u8(..)).collect();
            drop(input.splice(at..at, piece));
        }
    }
}

/// The next number in digits becomes another one.
fn replace_number(input: &mut Vec<u8>, at: usize, random: &mut fastrand::Rng) {
    let Some(start) = input[at..].iter().position(u8::is_ascii_digit).map(|start| at + start) else { return };
    let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = random.choice(NUMBERS).copied().unwrap_or_default();
    drop(input.splice(start..start + length, number.bytes()));
}
