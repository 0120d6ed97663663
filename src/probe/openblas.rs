//! How many threads OpenBLAS uses, from its own memory: what the environment said at import, or whoever changed it since.

use std::sync::Arc;

use super::maps::MappedFile;
use super::maps::Maps;
use super::target::{Target, Wanted};
use crate::fact::{LibraryPool, Text};

/// What `openblas_get_num_threads` returns and `openblas_set_num_threads` sets, an int (driver/others/blas_server.c and
/// memory.c). Beside it, `blas_num_threads` holds the most threads there ever were. Exported under this very name by
/// every wheel looked at, also by those that prefix their functions (numpy 1.23 to 2.4, scipy 1.17).
const IN_USE: &str = "blas_cpu_number";
/// Copies of OpenBLAS that are looked at; NumPy and SciPy have one each.
const MOST_COPIES: usize = 32;

/// The number of each mapped OpenBLAS that has set itself up. One whose number can't be read is left out.
pub fn pools(target: &dyn Target, maps: &Maps) -> Vec<LibraryPool> {
    let copies = maps.code().filter(|code| is_openblas(&code.file)).take(MOST_COPIES);
    let wanted = Wanted { names: vec![IN_USE.to_owned()], addresses: Vec::new() };
    let pool = |code: &super::maps::Mapping| {
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
