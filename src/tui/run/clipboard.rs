//! Text for the terminal's clipboard by OSC 52 (xterm's "Manipulate Selection Data"): most terminals take it, none confirms it.

use std::env;

use crate::tui::screen;

/// Terminals and tmux cut off what is longer.
const MOST_BYTES: usize = 74_000;

/// Puts a text on the clipboard: what is to be said of that, or why it can't be.
pub(crate) fn copy(text: &str) -> Result<&'static str, String> {
    if text.len() > MOST_BYTES {
        return Err(format!("{} kB are more than terminals accept", text.len() / 1000));
    }
    let in_tmux = env::var_os("TMUX").is_some_and(|tmux| !tmux.is_empty());
    screen::send(&sequence(text, in_tmux)).map_err(|error| error.to_string())?;
    Ok(match in_tmux {
        true => "through tmux, which needs set-clipboard on or allow-passthrough on",
        false => "by OSC 52, if the terminal supports it",
    })
}

/// The sequence. Inside tmux also wrapped for the terminal outside: which of both works depends on tmux's settings.
fn sequence(text: &str, in_tmux: bool) -> String {
    let plain = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    match in_tmux {
        true => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        false => plain,
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("ü→", "w7zihpI="),
        ] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }

    #[test]
    fn tmux_gets_it_wrapped_as_well() {
        assert_eq!(sequence("f", false), "\x1b]52;c;Zg==\x07");
        assert_eq!(sequence("f", true), "\x1b]52;c;Zg==\x07\x1bPtmux;\x1b\x1b]52;c;Zg==\x07\x1b\\");
        assert!(copy(&"x".repeat(MOST_BYTES + 1)).is_err());
    }
}
