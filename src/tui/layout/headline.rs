//! The verdict's sentence, cut into the rows it takes on a screen; views give it its colours.

use ratatui::layout::Size;

use crate::data::scene::{Headline, Scene, Verdict};
use crate::model::verdict::levels::{JUDGED_S, NOTICE_SATURATION};
use crate::present::format;

/// Screens of fewer rows have one row for the verdict.
const LOW: u16 = 16;
/// Rows the sentence may take.
const MOST_ROWS: usize = 2;

/// A last row of less than this part of the others is too short.
const ORPHAN: u16 = 3;

/// The verdict as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The condition in capitals, with which the first line begins where there is room; empty before there is a verdict.
    pub word: String,
    /// Word and message.
    pub lines: Vec<String>,
}

/// The sentence on a screen of this size.
pub fn sentence(scene: &Scene, size: Size) -> Sentence {
    let (word, message) = (word(&scene.headline), message(scene));
    let text = if word.is_empty() { message } else { format!("{word}: {message}") };
    let lines = balanced(&text, size.width.saturating_sub(2), if size.height < LOW { 1 } else { MOST_ROWS });
    Sentence { word, lines }
}

/// The text in lines; where a few words alone would stand in the last one, lines of about one length.
fn balanced(text: &str, columns: u16, most: usize) -> Vec<String> {
    let lines = format::wrap(text, columns, most);
    let is_orphan = |last: &String| lines.len() > 1 && format::width(last) < columns / ORPHAN;
    if !lines.last().is_some_and(is_orphan) {
        return lines;
    }
    let same = |narrow: &Vec<String>| narrow.len() == lines.len() && narrow.join(" ") == lines.join(" ");
    (columns / 2..columns).map(|narrow| format::wrap(text, narrow, most)).find(same).unwrap_or(lines)
}

/// Whether a row of advice stands below the sentence.
pub fn has_advice(scene: &Scene, size: Size) -> bool {
    size.height >= LOW && !scene.headline.advice.is_empty()
}

/// Rows of all that.
pub fn rows(scene: &Scene, size: Size) -> u16 {
    sentence(scene, size).lines.len() as u16 + u16::from(has_advice(scene, size))
}

/// The condition in capitals, with how many times the CPUs are wanted where that is what is wrong.
fn word(headline: &Headline) -> String {
    let word = headline.condition.word().to_uppercase();
    match (headline.condition, headline.pressure) {
        (Verdict::TooSoon, _) => String::new(),
        (Verdict::Slower, _) => word,
        (_, Some(pressure)) if pressure.saturation > NOTICE_SATURATION => {
            format!("{word} {}x", format::cpus_in_words(pressure.saturation))
        }
        _ => word,
    }
}

fn message(scene: &Scene) -> String {
    let headline = &scene.headline;
    if headline.condition != Verdict::TooSoon {
        return headline.message.clone();
    }
    let (has, needs) = (headline.judged_s.floor().clamp(0.0, JUDGED_S), JUDGED_S);
    match scene.target.ended {
        true => format!("not judged: it ended after {has:.0} s, a verdict needs {needs:.0} s"),
        false => format!("judging, has {has:.0} of {needs:.0} s"),
    }
}
