//! Series of numbers as glyphs of eight heights.

/// The newest `most` values.
pub fn last(values: &[f32], most: usize) -> &[f32] {
    &values[values.len().saturating_sub(most)..]
}

/// The greatest value that is a number, at least 0.
pub fn greatest<'a>(values: impl IntoIterator<Item = &'a f32>) -> f64 {
    values.into_iter().filter(|value| value.is_finite()).fold(0.0, |most, &value| f64::from(value).max(most))
}

/// A cell filled from below; `share` is 0 to 1.
pub fn block(share: f64) -> &'static str {
    const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    BLOCKS[((share * 8.0).round() as usize).clamp(1, 8) - 1]
}

/// One glyph a value, the newest at the right of `cells`; nothing at all is `·`.
pub fn line(values: &[f32], full: f64, cells: usize) -> String {
    let values = last(values, cells);
    let glyph = |&value: &f32| match f64::from(value) / full.max(f64::MIN_POSITIVE) {
        share if share >= 0.01 => block(share),
        _ => "·",
    };
    let empty = " ".repeat(cells - values.len());
    values.iter().fold(empty, |line, value| line + glyph(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_stands_at_the_right() {
        assert_eq!(line(&[0.0, 1.0, 2.0, 4.0], 4.0, 6), "  ·▂▄█");
        assert_eq!(line(&[0.0, 1.0, 2.0, 4.0], 4.0, 2), "▄█");
        assert_eq!(line(&[f32::NAN, f32::INFINITY, -1.0], 0.0, 3), "·█·");
    }
}
