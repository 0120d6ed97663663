//! The screen saved as a picture and as text, under a name that no file has yet.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::path::Path;

use crate::data::Calendar;
use crate::tui::run::clip;
use crate::tui::state::Dashboard;
use crate::tui::svg;

/// Saves what is on screen in a folder: the name of its files, with the date in UTC, or why not. Never overwrites a file.
pub(crate) fn save(dashboard: &Dashboard, folder: &Path, unix_s: u64) -> Result<String, String> {
    let name = format!("tftop-{}", Calendar::of(unix_s).compact());
    let svg = svg::picture(dashboard, &format!("tftop: {}", dashboard.scene().target.command));
    for (ending, content) in [("svg", svg), ("txt", clip::screen(dashboard))] {
        write(&folder.join(format!("{name}.{ending}")), &content).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => format!("{name}.{ending} is there already"),
            _ => format!("{name}.{ending}: {error}"),
        })?;
    }
    Ok(format!("{name}.svg and .txt"))
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content.as_bytes()).inspect_err(|_| drop(fs::remove_file(path)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ratatui::layout::Size;

    use super::*;
    use crate::data::scene::{Scene, TargetState};
    use crate::tui::theme::Appearance;

    #[test]
    fn a_picture_is_saved_once_and_overwrites_nothing() {
        let target = TargetState { command: "python <train>.py".to_owned(), ..TargetState::default() };
        let scene = Arc::new(Scene { target, ..Scene::default() });
        let dashboard = Dashboard::new(Appearance::default(), Size::new(80, 24), scene);
        let folder = tempfile::tempdir().unwrap();
        let saved = save(&dashboard, folder.path(), 1_795_183_512);
        assert_eq!(saved, Ok("tftop-261120-140512.svg and .txt".to_owned()));
        let path = folder.path().join("tftop-261120-140512.svg");
        let svg = fs::read_to_string(&path).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("<title>tftop: python &lt;train&gt;.py</title>"), "{svg}");
        let text = fs::read_to_string(folder.path().join("tftop-261120-140512.txt")).unwrap();
        assert!(text.lines().count() == 24 && text.contains("python <train>.py"), "{text}");
        fs::write(&path, "mine").unwrap();
        let again = save(&dashboard, folder.path(), 1_795_183_512);
        assert_eq!(again, Err("tftop-261120-140512.svg is there already".to_owned()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let nowhere = save(&dashboard, &folder.path().join("no/such"), 1_795_183_512).unwrap_err();
        assert!(nowhere.starts_with("tftop-261120-140512.svg: No such file"), "{nowhere}");
    }
}
