//! What is read only of the threads somebody looks at: context switches and the kernel function a thread sleeps in.

use super::folder::{Folder, Reader};
use super::stat::{number, status_field};
use crate::fact::{Text, ThreadDetail, Tid};

/// Details of one thread; whatever can't be read is missing.
pub fn read(task: &Folder, tid: Tid, reader: &mut Reader) -> ThreadDetail {
    let mut detail = ThreadDetail::default();
    if let Ok(status) = reader.read(task, &format!("{tid}/status"), 8192) {
        let count = |name| status_field(status, name).and_then(number);
        detail.voluntary_switches = count("voluntary_ctxt_switches");
        detail.involuntary_switches = count("nonvoluntary_ctxt_switches");
    }
    // "0" is the kernel's word for a thread that does not sleep and for a reader who may not know.
    if let Ok(function) = reader.read(task, &format!("{tid}/wchan"), 256)
        && !function.is_empty()
        && function != b"0"
    {
        detail.wait_channel = Some(Text::from_bytes(function.trim_ascii()));
    }
    detail
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn switches_and_wait_channel_are_read_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("7")).unwrap();
        let task = Folder::open(dir.path()).unwrap();
        assert_eq!(read(&task, Tid(7), &mut Reader::default()), ThreadDetail::default());
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
        fs::write(dir.path().join("7/status"), status).unwrap();
        fs::write(dir.path().join("7/wchan"), "futex_wait_queue").unwrap();
        let detail = read(&task, Tid(7), &mut Reader::default());
        assert_eq!((detail.voluntary_switches, detail.involuntary_switches), (Some(12), Some(3)));
        assert_eq!(detail.wait_channel.as_deref(), Some("futex_wait_queue"));
        fs::write(dir.path().join("7/wchan"), "0").unwrap();
        assert_eq!(read(&task, Tid(7), &mut Reader::default()).wait_channel, None);
    }
}
