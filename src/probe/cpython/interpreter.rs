//! CPython in a target: whether it is mapped, which version, and where its runtime's state lies.

use crate::data::sample::PythonFact;
use crate::data::{Address, Text};
use crate::linux::proc::maps::{MappedFile, Mapping, Maps};
use crate::probe::target::live_target::{IdentifyTarget, LibraryQuery};

/// CPython, if its executable or library is mapped, or modules built for it are.
pub fn find(maps: &Maps) -> Option<PythonFact> {
    let mut files = maps.code().map(|code| &code.file);
    let version = |file: &MappedFile| interpreter_version(file.name()).or_else(|| module_version(file.name()));
    if let Some(version) = files.find_map(|file| version(file)) {
        return Some(PythonFact { version: Some(Text::from(version)) });
    }
    maps.code().any(|code| is_interpreter(code.file.name())).then(PythonFact::default)
}

/// Where a symbol lies that the executable or libpython exports.
pub fn symbol(target: &dyn IdentifyTarget, maps: &Maps, name: &str) -> Option<Address> {
    let wanted = LibraryQuery { names: vec![name.to_owned()], addresses: Vec::new() };
    // A program with Python built in has any name; executables lie below libraries.
    let first = maps.code().next();
    let by_name = maps.code().filter(|code: &&Mapping| is_interpreter(code.file.name()));
    by_name.chain(first).find_map(|code| target.ask(code, &wanted).ok()?.named.get(name).copied())
}

/// (3, 11) of "3.11".
pub fn numbers(version: &str) -> Option<(u8, u8)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether a file is CPython's executable or library, by its name.
pub fn is_interpreter(name: &str) -> bool {
    name.starts_with("python") || name.starts_with("libpython")
}

/// "3.11" of `python3.11`, `libpython3.11.so.1.0`, `python3.13t`.
fn interpreter_version(name: &str) -> Option<String> {
    let rest = name.strip_prefix("libpython").or_else(|| name.strip_prefix("python"))?;
    let (major, rest) = rest.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let numbers = !minor.is_empty() && !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
    numbers.then(|| format!("{major}.{minor}"))
}

/// "3.11" of `_ssl.cpython-311-x86_64-linux-gnu.so` (PEP 3149).
fn module_version(name: &str) -> Option<String> {
    let (_, rest) = name.split_once(".cpython-3")?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!minor.is_empty()).then(|| format!("3.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_file_names() {
        assert_eq!(interpreter_version("python3.11").as_deref(), Some("3.11"));
        assert_eq!(interpreter_version("libpython3.13t.so.1.0").as_deref(), Some("3.13"));
        assert_eq!(interpreter_version("libpython3.so"), None);
        assert_eq!(interpreter_version("pythonic"), None);
        assert_eq!(module_version("_ssl.cpython-311-x86_64-linux-gnu.so").as_deref(), Some("3.11"));
        assert_eq!(module_version("libx.so"), None);
    }

    #[test]
    fn an_interpreter_without_a_version_is_still_python() {
        let maps = |name: &str| Maps::parse(format!("1000-2000 r-xp 0 00:00 7 /usr/bin/{name}\n").as_bytes());
        assert_eq!(find(&maps("python")), Some(PythonFact { version: None }));
        assert_eq!(find(&maps("bash")), None);
    }
}
