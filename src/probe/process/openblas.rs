//! How many threads OpenBLAS uses, from its own memory: what the environment said at import, or whoever changed it since.

use std::sync::Arc;

use crate::data::Text;
use crate::data::sample::LibraryPool;
use crate::linux::proc::maps::{MappedFile, Mapping, Maps};
use crate::probe::target::live_target::{IdentifyTarget, LibraryQuery};

/// What `openblas_get_num_threads` returns and `openblas_set_num_threads` sets, an int (driver/others/blas_server.c and
/// memory.c). Beside it, `blas_num_threads` holds the most threads there ever were. Exported under this very name by
/// every wheel looked at, also by those that prefix their functions (numpy 1.23 to 2.4, scipy 1.17).
const IN_USE: &str = "blas_cpu_number";
/// Copies of OpenBLAS that are looked at; NumPy and SciPy have one each.
const MOST_COPIES: usize = 32;

/// The number of each mapped OpenBLAS that has set itself up. One whose number can't be read is left out.
pub fn pools(target: &dyn IdentifyTarget, maps: &Maps) -> Vec<LibraryPool> {
    let copies = maps.code().filter(|code| is_openblas(&code.file)).take(MOST_COPIES);
    let wanted = LibraryQuery { names: vec![IN_USE.to_owned()], addresses: Vec::new() };
    let pool = |code: &Mapping| {
        let address = *target.ask(code, &wanted).ok()?.named.get(IN_USE)?;
        let value = i64::from(target.u32(address).ok()?.cast_signed());
        // 0 until the library's constructor has counted the CPUs.
        let library = Text::clone(Arc::as_ref(&code.file.shown));
        (value > 0).then(|| LibraryPool { library, symbol: Text::from(IN_USE), value })
    };
    copies.filter_map(pool).collect()
}

/// `libopenblas64_p-r0-….so`, `libscipy_openblas64_-….so`, `libopenblasp-r0.3.21.so`, `openblas-pthread/libblas.so.3`.
fn is_openblas(file: &MappedFile) -> bool {
    file.shown.rsplit('/').take(2).any(|part| part.contains("openblas"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::data::Address;
    use crate::probe::image::{HexBytes, MemoryImage};
    use crate::probe::target::live_target::LibraryAnswer;

    /// Libraries, each with what lies at its number; none where the file has no such symbol.
    fn found(libraries: &[(&str, Option<&[u8]>)]) -> Vec<(String, i64)> {
        let mut recording = MemoryImage { memory: BTreeMap::new(), ..MemoryImage::default() };
        for (index, (path, bytes)) in libraries.iter().enumerate() {
            let start = 0x10_0000 * (index as u64 + 1);
            recording.maps.push(format!("{start:x}-{:x} r-xp 0 00:00 {} {path}", start + 0x1000, index + 7));
            let mut answers = LibraryAnswer::default();
            if let Some(bytes) = bytes {
                answers.named.insert("blas_cpu_number".to_owned(), Address(start + 64));
                recording.memory.insert(Address(start + 64), HexBytes(bytes.to_vec()));
            }
            recording.libraries.insert(PathBuf::from(path), answers);
        }
        let maps = Maps::of(&recording).unwrap();
        pools(&recording, &maps).into_iter().map(|pool| (pool.library.to_string(), pool.value)).collect()
    }

    #[test]
    fn every_copy_has_its_own_number() {
        let numpy = "/v/numpy.libs/libscipy_openblas64_-32a4b2a6.so";
        let debian = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3.11";
        let other = "/usr/lib/libcblas.so";
        let libraries = [(numpy, Some(&[3, 0, 0, 0][..])), (debian, Some(&[0, 1, 0, 0])), (other, Some(&[9, 0, 0, 0]))];
        assert_eq!(found(&libraries), [(numpy.to_owned(), 3), (debian.to_owned(), 256)]);
    }

    #[test]
    fn a_number_that_is_not_set_not_there_or_garbage_is_left_out() {
        let libraries = [
            ("/a/libopenblas.so.0", Some(&[0, 0, 0, 0][..])),
            ("/b/libopenblas.so.0", None),
            ("/c/libopenblas.so.0", Some(&[1, 0])),
            ("/d/libopenblas.so.0", Some(&[0xff; 4])),
        ];
        assert_eq!(found(&libraries), []);
    }
}
