//! The only place that writes to stdout and stderr outside the dashboard. A reader that went away ends tftop quietly.

use std::io;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

use anyhow::Context as _;

/// Writes to stdout. A closed pipe is no error: its reader has what it wanted.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    print_while_read(text).map(|_| ())
}

/// The same; whether there is still a reader.
pub(crate) fn print_while_read(text: &str) -> anyhow::Result<bool> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true).context("writing to stdout"),
    }
}

/// Stdout for what is written piece by piece; a closed pipe is an error there.
pub(crate) fn stdout() -> io::Stdout {
    io::stdout()
}

/// Whether stdout is read by a person.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether stdout is a terminal that can be drawn on.
pub(crate) fn can_draw() -> bool {
    is_terminal() && !is_dumb()
}

/// Whether the terminal knows no escape sequences (TERM=dumb).
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// A line on stdout that nobody has to read: a terminal that is gone changes nothing about how tftop ends.
pub(crate) fn offer(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Tells the person something that is no result: on stderr, and never an error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The error and its causes, one a line.
pub(crate) fn complain(error: &anyhow::Error) {
    say(&format!("tftop: {error}"));
    for cause in error.chain().skip(1) {
        say(&format!("  because: {cause}"));
    }
}

/// A question on the terminal; whatever is not yes is no.
pub(crate) fn ask(question: &str) -> anyhow::Result<bool> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question}").and_then(|()| stderr.flush()).context("asking")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("reading the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES"))
}
