//! The screen saved as a picture, under a name that no file has yet.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::path::Path;

use crate::data::Calendar;
use crate::tui::state::Dashboard;
use crate::tui::svg;

/// Saves what is on screen in a folder: the file's name, with the date in UTC, or why not. Never overwrites a file.
pub(crate) fn save(dashboard: &Dashboard, folder: &Path, unix_s: u64) -> Result<String, String> {
    let name = format!("tftop-{}.svg", Calendar::of(unix_s).compact());
    let svg = svg::picture(dashboard, &format!("tftop: {}", dashboard.scene().target.command));
    match write(&folder.join(&name), &svg) {
        Ok(()) => Ok(name),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(format!("{name} is there already")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

fn write(path: &Path, svg: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(svg.as_bytes()).inspect_err(|_| drop(fs::remove_file(path)))
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
        assert_eq!(saved, Ok("tftop-261120-140512.svg".to_owned()));
        let path = folder.path().join("tftop-261120-140512.svg");
        let svg = fs::read_to_string(&path).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("<title>tftop: python &lt;train&gt;.py</title>"), "{svg}");
        fs::write(&path, "mine").unwrap();
        let again = save(&dashboard, folder.path(), 1_795_183_512);
        assert_eq!(again, Err("tftop-261120-140512.svg is there already".to_owned()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let nowhere = save(&dashboard, &folder.path().join("no/such"), 1_795_183_512).unwrap_err();
        assert!(nowhere.starts_with("tftop-261120-140512.svg: No such file"), "{nowhere}");
    }
}
