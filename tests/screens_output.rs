//! The view of a command's output: what is on screen of it, scrolling, typing, and whose Ctrl-C is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};
use stage::{COLOR, PLAIN, SIZES, Stage};
use tftop::data::run::{OutputLine, StyledText, TerminalOutput, TextColor, TextStyle};
use tftop::tui::messages::effect::Effect;
use tftop::tui::state::event::Event;
use tftop::tui::theme::Appearance as ScreenLook;

/// The output of a fit of Keras, with so many lines of warnings before it.
fn output(warnings: usize) -> TerminalOutput {
    let mut output = TerminalOutput::default();
    (0..warnings).for_each(|number| output.push(plain(&format!("WARNING number {number}"))));
    let green = TextStyle { text: TextColor::Indexed(2), ..TextStyle::default() };
    let bold = TextStyle { bold: true, ..TextStyle::default() };
    let bar = vec![
        piece("71/100 ", bold),
        piece("━━━━━━━━━━━━━━", green),
        piece("      2s 8ms/step - loss: 0.31", TextStyle::default()),
    ];
    output.screen = vec![plain("Epoch 1/3"), OutputLine(bar), plain("name? ")];
    output.cursor = (6, 2);
    output.log.path = "/home/a/.local/state/tftop/runs/7/output.log".into();
    output
}

fn piece(text: &str, look: TextStyle) -> StyledText {
    StyledText { text: text.into(), look }
}

fn plain(text: &str) -> OutputLine {
    OutputLine(vec![piece(text, TextStyle::default())])
}

fn ended(mut output: TerminalOutput, how: &str) -> TerminalOutput {
    output.ended = Some(how.into());
    output
}

/// A dashboard of a run.
fn launched(look: ScreenLook, width: u16, height: u16, output: TerminalOutput) -> Stage {
    let mut stage = Stage::new(look, width, height, scenes::training(80));
    stage.tell(Event::Output(Arc::new(output)));
    stage
}

fn assert_snapshot(name: &str, stage: &Stage) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, stage.text());
    });
}

#[test]
fn the_output_at_both_sizes() {
    for (width, height) in SIZES {
        let name = format!("output_{width}x{height}");
        let mut stage = launched(PLAIN, width, height, output(60));
        stage.keys("o");
        assert_snapshot(&name, &stage);
        stage.keys("i");
        assert_snapshot(&format!("output_typing_{width}x{height}"), &stage);
    }
    let mut stage = launched(PLAIN, 80, 24, ended(output(2), "ended with exit code 3"));
    stage.keys("7");
    assert_snapshot("output_ended_80x24", &stage);
    stage.resize(40, 10);
    assert_snapshot("output_40x10", &stage);
}

#[test]
fn without_output_it_says_why() {
    let mut stage = launched(PLAIN, 80, 24, TerminalOutput::default());
    stage.keys("o");
    assert!(stage.text().contains("no output yet"), "{}", stage.text());
    let mut attached = Stage::new(PLAIN, 80, 24, scenes::training(80));
    assert!(!attached.text().contains(" 7 "), "no tab for what there is not");
    attached.keys("\t\t\t\t\t\t");
    assert!(attached.text().contains("1 Overview"), "the tab key goes round without it: {}", attached.text());
    attached.keys("o");
    assert!(attached.text().contains("only commands started by `tftop run` have their output here"));
    attached.keys("i");
    assert!(!attached.text().contains("keys go to the command"), "there is nobody to type to");
}

#[test]
fn it_follows_the_end_until_one_scrolls_and_again_when_one_is_there() {
    let mut stage = launched(PLAIN, 80, 24, output(60));
    stage.keys("o");
    assert!(stage.text().contains("name?"));
    stage.keys("kk");
    let last = stage.line(21);
    assert!(last.contains("Epoch 1/3"), "{last}");
    stage.tell(Event::Output(Arc::new(output(70))));
    assert!(!stage.text().contains("name?") && stage.text().contains("End goes on"), "{}", stage.text());
    let before = stage.text();
    stage.tell(Event::Output(Arc::new(output(80))));
    assert_eq!(stage.line(5), before.lines().nth(5).unwrap(), "the text does not move while one reads");
    stage.keys("g");
    assert!(stage.text().contains("WARNING number 0"));
    stage.keys("G");
    assert!(stage.text().contains("name?") && !stage.text().contains("End goes on"));
    stage.keys("k");
    stage.wheel_down();
    stage.tell(Event::Output(Arc::new(output(90))));
    assert!(stage.text().contains("WARNING number 89"), "scrolled to the end is live: {}", stage.text());
}

#[test]
fn lines_that_are_gone_are_no_reason_to_fail() {
    let mut stage = launched(PLAIN, 80, 24, output(60));
    stage.keys("og");
    stage.tell(Event::Output(Arc::new(output(30_000))));
    assert!(stage.text().contains("(the first 1"), "{}", stage.text());
    stage.tell(Event::Output(Arc::new(output(1))));
    assert!(stage.text().contains("WARNING number 0"));
}

#[test]
fn the_commands_colours_are_its_own_and_absent_without_colour() {
    for (look, colour) in [(COLOR, Color::Indexed(2)), (PLAIN, Color::Reset)] {
        let mut stage = launched(look, 80, 24, output(0));
        stage.keys("o");
        let y = stage.row_with("━━━");
        assert_eq!(stage.buffer()[(10, y)].fg, colour);
        assert!(stage.buffer()[(0, y)].modifier.contains(Modifier::BOLD));
    }
}

#[test]
fn typed_keys_are_the_commands_until_they_are_released() {
    let mut stage = launched(PLAIN, 80, 24, output(0));
    stage.keys("oi");
    assert!(stage.text().contains("keys go to the command; Ctrl-] ends that"));
    let row = stage.row_with("name?");
    assert_eq!(stage.cursor(), Position::new(6, row));
    for (key, bytes) in [("q", "q"), ("\n", "\r"), ("\x1b", "\x1b"), ("\x03", "\x03"), ("é", "é")] {
        assert_eq!(stage.keys(key), Some(Effect::Type(bytes.into())), "{key:?}");
    }
    assert!(!stage.text().contains("was sent to the command"), "while one types Ctrl-C is a key like others");
    stage.click_on("keys to tftop again");
    assert_eq!(stage.keys("q"), Some(Effect::Quit));
    stage.keys("i");
    stage.tell(Event::Output(Arc::new(ended(output(0), "ended with exit code 0"))));
    assert_eq!(stage.keys("q"), Some(Effect::Quit), "a command that has ended takes no keys");
}

#[test]
fn the_first_control_c_is_the_commands() {
    for keys in ["", "o", "?", "/x", "w"] {
        let mut stage = launched(PLAIN, 80, 24, output(0));
        stage.keys(keys);
        assert_eq!(stage.keys("\x03"), Some(Effect::Type(vec![3])), "{keys:?}");
        assert!(stage.text().contains("again within 5 s"), "{keys:?}: {}", stage.text());
        assert_eq!(stage.keys("\x03"), Some(Effect::Abandon), "{keys:?}");
    }
    let mut stage = launched(PLAIN, 80, 24, output(0));
    stage.keys("\x03");
    assert!(stage.line(22).contains("Ctrl-C was sent to the command; again within 5 s: end it and leave"));
    stage.tell(Event::InterruptExpired);
    assert!(!stage.text().contains("was sent to the command"));
    assert_eq!(stage.keys("\x03"), Some(Effect::Type(vec![3])), "after a while it is a first one again");
    stage.tell(Event::Output(Arc::new(ended(output(0), "was ended by signal 2"))));
    assert!(stage.line(0).contains("was ended by signal 2"), "{}", stage.line(0));
    assert_eq!(stage.keys("\x03"), Some(Effect::Quit), "nobody is left to get it");
}

#[test]
fn a_paused_screen_holds_the_output_too() {
    let mut stage = launched(PLAIN, 80, 24, output(0));
    stage.keys("op");
    stage.tell(Event::Output(Arc::new(output(1))));
    assert!(!stage.text().contains("WARNING"));
    stage.keys("p");
    assert!(stage.text().contains("WARNING number 0"));
}

#[test]
fn what_is_wrong_with_the_log_is_said_in_every_view() {
    let mut bad = output(0);
    bad.log.incomplete = Some("No space left on device, after 1.0 MB".into());
    let mut stage = launched(PLAIN, 80, 24, bad);
    for keys in ["1", "o", "5"] {
        stage.keys(keys);
        assert!(stage.line(22).contains("! the log is incomplete: No space left on device"), "{}", stage.line(22));
    }
}
