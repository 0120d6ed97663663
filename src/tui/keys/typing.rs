//! Keys as the bytes a terminal sends for them, for a command that is typed to.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What xterm(1) sends for a key; none for keys that send nothing.
pub fn bytes(key: &KeyEvent) -> Option<Vec<u8>> {
    let mut bytes = match key.code {
        KeyCode::Char(character) if key.modifiers.contains(KeyModifiers::CONTROL) => vec![control(character)?],
        KeyCode::Char(character) => character.to_string().into_bytes(),
        KeyCode::Enter => b"\r".to_vec(),
        KeyCode::Backspace => b"\x7f".to_vec(),
        KeyCode::Tab => b"\t".to_vec(),
        KeyCode::Esc => b"\x1b".to_vec(),
        KeyCode::BackTab => b"\x1b[Z".to_vec(),
        KeyCode::Up => b"\x1b[A".to_vec(),
        KeyCode::Down => b"\x1b[B".to_vec(),
        KeyCode::Right => b"\x1b[C".to_vec(),
        KeyCode::Left => b"\x1b[D".to_vec(),
        KeyCode::Home => b"\x1b[H".to_vec(),
        KeyCode::End => b"\x1b[F".to_vec(),
        KeyCode::Insert => b"\x1b[2~".to_vec(),
        KeyCode::Delete => b"\x1b[3~".to_vec(),
        KeyCode::PageUp => b"\x1b[5~".to_vec(),
        KeyCode::PageDown => b"\x1b[6~".to_vec(),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::ALT) {
        bytes.insert(0, 0x1b);
    }
    Some(bytes)
}

/// The control character of a key. The four above Ctrl-Z come as the digits that also send them.
fn control(character: char) -> Option<u8> {
    match character.to_ascii_lowercase() {
        letter @ 'a'..='z' => Some(letter as u8 - b'a' + 1),
        ' ' | '@' | '2' => Some(0),
        '[' | '3' => Some(0x1b),
        digit @ '4'..='7' => Some(digit as u8 - b'4' + 0x1c),
        other @ '\\'..='_' => Some(other as u8 - b'\\' + 0x1c),
        '?' | '8' => Some(0x7f),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_arrive_as_a_terminal_would_send_them() {
        let sent = |code, modifiers| bytes(&KeyEvent::new(code, modifiers));
        let plain = |code| sent(code, KeyModifiers::NONE).unwrap();
        let control = |c| sent(KeyCode::Char(c), KeyModifiers::CONTROL).unwrap();
        assert_eq!(plain(KeyCode::Char('ü')), "ü".as_bytes());
        assert_eq!((plain(KeyCode::Enter), plain(KeyCode::Up)), (b"\r".to_vec(), b"\x1b[A".to_vec()));
        assert_eq!((control('c'), control('D'), control('\\'), control('4')), (vec![3], vec![4], vec![28], vec![28]));
        assert_eq!(sent(KeyCode::Char('b'), KeyModifiers::ALT).unwrap(), b"\x1bb");
        assert_eq!(sent(KeyCode::CapsLock, KeyModifiers::NONE), None);
    }
}
