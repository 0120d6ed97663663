//! The one way to open a file or folder that a target names: a script, a library. Regular files of file systems that hold data, and
//! only those that the target's user could read himself. Opening one acts on nothing and never waits: no device, no pipe,
//! no file of /proc or sysfs, no file under a lease; a look that gets no answer is given up.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use crate::linux::deadline;
use crate::linux::proc::stat::{number, status_field, words};

/// How long one file may take.
const LIMIT: Duration = Duration::from_millis(100);
/// Parts of a path, and supplementary groups of a user, that are looked at.
const MOST_PARTS: usize = 64;
const MOST_GROUPS: usize = 1024;
/// The user and the group that the kernel shows where it has no number to show (/proc/sys/kernel/overflowuid).
const NOBODY: u32 = 65534;

/// File systems whose regular files act, block or change when they are read, by the magic number of statfs(2)
/// (include/uapi/linux/magic.h and the file systems' own sources).
const REFUSED: &[(u64, &str)] = &[
    (0x9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x7472_6163, "tracefs"),
    (0x6462_6720, "debugfs"),
    (0x7363_6673, "securityfs"),
    (0x0027_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0xcafe_4a11, "bpf"),
    (0x6265_6570, "configfs"),
    (0x1cd1, "devpts"),
    (0x1980_0202, "mqueue"),
    (0x6165_676c, "pstore"),
    (0xde5e_81e4, "efivarfs"),
    (0xf97c_ff8c, "selinuxfs"),
    (0x4249_4e4d, "binfmt_misc"),
    (0x0187, "autofs"),
    (0x6e73_6673, "nsfs"),
    (0x0765_5821, "resctrl"),
];
/// Links on the way that are followed, as by the kernel.
const MOST_LINKS: usize = 40;

/// Whose rights decide what may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
    /// Mounts that paths may lead through, by their numbers. A lookup on another one may wait for a program for ever, and not
    /// even the end of this process ends such a wait.
    mounts: Arc<[u64]>,
}

impl User {
    /// The user of a process, by its status file (proc_pid_status(5): `Uid`, `Gid`, `Groups`; the file system's numbers), and
    /// what is mounted where it and tftop live (proc_pid_mountinfo(5)). None where tftop has no more rights than that user
    /// anyway, because it runs as one that is not root.
    pub fn of_process(status: &[u8], mountinfo: [&[u8]; 2]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        // Who can't be told gets nobody's rights, never root's.
        let of_file_system =
            |name| status_field(status, name).and_then(|field| words(field).nth(3).and_then(id)).unwrap_or(NOBODY);
        let groups = status_field(status, "Groups").map(|field| words(field).filter_map(id).take(MOST_GROUPS));
        let user = Self {
            uid: Uid::from_raw(of_file_system("Uid")),
            gid: Gid::from_raw(of_file_system("Gid")),
            groups: groups.into_iter().flatten().map(Gid::from_raw).collect(),
            mounts: mountinfo
                .into_iter()
                .flat_map(|text| text.split(|&byte| byte == b'\n'))
                .filter_map(harmless)
                .collect(),
        };
        (!user.uid.is_root()).then_some(user)
    }

    /// Makes the calling thread, and no other, act with this user's rights from now on: the effective number decides about
    /// files, and with it go the capabilities of root (capabilities(7)).
    fn become_on_this_thread(&self) -> io::Result<()> {
        rustix::thread::set_thread_groups(&self.groups)
            .and_then(|()| rustix::thread::set_thread_res_gid(None, self.gid, None))
            .and_then(|()| rustix::thread::set_thread_res_uid(None, self.uid, None))
            .map_err(|error| match error {
                Errno::PERM => {
                    refused("tftop is root without CAP_SETUID and CAP_SETGID: it can't open files as its user")
                }
                error => error.into(),
            })
    }
}

/// The number of a mount, from its line of mountinfo, unless a program answers for it or its files act.
fn harmless(line: &[u8]) -> Option<u64> {
    let number = number(words(line).next()?)?;
    let kind = words(line).skip_while(|word| *word != b"-").nth(1)?;
    (!acts_or_blocks(kind)).then_some(number)
}

/// Whether a program answers for the files of file systems of this kind, or they act when they are read.
pub(super) fn acts_or_blocks(kind: &[u8]) -> bool {
    kind.starts_with(b"fuse") || REFUSED.iter().any(|(_, name)| name.as_bytes() == kind)
}

/// A user's or a group's number; -1 is nobody's, and means "as it is" to setresuid(2).
fn id(word: &[u8]) -> Option<u32> {
    number(word).and_then(|id| u32::try_from(id).ok()).filter(|&id| id != u32::MAX)
}

/// Opens a regular file by a path as the target knows it. `root` is the target's root folder and `/` to the path and to
/// every link on it. On behalf of `user`, where there is one.
///
/// # Errors
/// What it is that is no file to be read, or why there is no answer; EAGAIN where somebody holds a lease on it.
pub fn open(root: BorrowedFd<'_>, path: &str, user: Option<&User>) -> io::Result<File> {
    let (root, path, user) = (root.try_clone_to_owned()?, path.to_owned(), user.cloned());
    deadline::run(LIMIT, move || {
        user.as_ref().map_or(Ok(()), User::become_on_this_thread)?;
        let found = look_up(&root, &path, user.as_ref())?;
        opened(&found, FileType::RegularFile, user.as_ref()).map(File::from)
    })
}

/// Names in a folder of a target, at most so many, looked up as [`open`] does.
///
/// # Errors
/// As [`open`].
pub fn names(root: BorrowedFd<'_>, path: &Path, user: Option<&User>, most: usize) -> io::Result<Vec<OsString>> {
    let (root, path, user) = (root.try_clone_to_owned()?, path.to_owned(), user.cloned());
    deadline::run(LIMIT, move || {
        user.as_ref().map_or(Ok(()), User::become_on_this_thread)?;
        let path = path.to_str().ok_or_else(|| refused("a path that is no text"))?;
        let found = look_up(&root, path, user.as_ref())?;
        let folder = Dir::new(opened(&found, FileType::Directory, user.as_ref())?)?;
        let name = |name: &[u8]| (!matches!(name, b"." | b"..")).then(|| OsStr::from_bytes(name).to_owned());
        let names = folder.take(most).map(|entry| Ok(name(entry?.file_name().to_bytes())));
        names.filter_map(Result::transpose).collect()
    })
}

/// Opens a file that somebody else found; `found` may be a descriptor that can't be read (O_PATH).
pub fn reopen(found: OwnedFd, user: Option<&User>) -> io::Result<File> {
    let user = user.cloned();
    deadline::run(LIMIT, move || opened(&found, FileType::RegularFile, user.as_ref()).map(File::from))
}

fn opened(found: &OwnedFd, wanted: FileType, user: Option<&User>) -> io::Result<OwnedFd> {
    user.map_or(Ok(()), |user| on_harmless_mount(found.as_fd(), user).map(drop))?;
    if FileType::from_raw_mode(rustix::fs::fstat(found)?.st_mode) != wanted {
        return Err(refused(if wanted == FileType::Directory { "not a folder" } else { "not a regular file" }));
    }
    let kind = rustix::fs::fstatfs(found)?.f_type as u64 & 0xffff_ffff;
    if let Some((_, name)) = REFUSED.iter().find(|(magic, _)| *magic == kind) {
        return Err(refused(&format!("a file of {name}, which may block or act when it is read")));
    }
    // The kernel's link to a path descriptor leads to the file that was looked at and no other.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let link = format!("/proc/self/fd/{}", found.as_raw_fd());
    Ok(rustix::fs::open(link, flags, Mode::empty())?)
}

fn look_up(root: &OwnedFd, path: &str, user: Option<&User>) -> io::Result<OwnedFd> {
    if let Some(user) = user {
        return step_by_step(root, path, user);
    }
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(root, path, flags, Mode::empty(), within) {
        // Before Linux 5.6, or where a sandbox does not know the call.
        Err(Errno::NOSYS | Errno::PERM) => without_links(root, path),
        found => Ok(found?),
    }
}

/// The same, and looks at each step whether it led onto a mount of a kind that never answers: before the next step asks it
/// anything.
fn step_by_step(root: &OwnedFd, path: &str, user: &User) -> io::Result<OwnedFd> {
    on_harmless_mount(root.as_fd(), user)?;
    let mut left: VecDeque<String> = path.split('/').map(str::to_owned).collect();
    let (mut at, mut links) = (vec![root.try_clone()?], 0);
    while let Some(part) = left.pop_front() {
        if at.len() > MOST_PARTS || left.len() > MOST_PARTS * MOST_LINKS {
            return Err(refused("a path of too many parts"));
        }
        let Some(folder) = at.last() else { break };
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at.truncate(at.len().saturating_sub(1).max(1));
                continue;
            }
            _ => {}
        }
        let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let found = rustix::fs::openat(folder, &part, flags, Mode::empty())?;
        if on_harmless_mount(found.as_fd(), user)? != FileType::Symlink {
            at.push(found);
            continue;
        }
        links += 1;
        let target = rustix::fs::readlinkat(&found, "", Vec::new())?.into_string();
        let target = target.map_err(|_| refused("behind a link that is no text"))?;
        if links > MOST_LINKS {
            return Err(Errno::LOOP.into());
        }
        if target.starts_with('/') {
            at.truncate(1);
        }
        target.split('/').rev().for_each(|part| left.push_front(part.to_owned()));
    }
    at.pop().ok_or_else(|| refused("no path"))
}

/// The type of what was found, of a mount that is known and answers. Asks the file system nothing: what a program answers for
/// is known from memory (AT_STATX_DONT_SYNC).
fn on_harmless_mount(found: BorrowedFd<'_>, user: &User) -> io::Result<FileType> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let seen = rustix::fs::statx(found, "", flags, StatxFlags::TYPE | StatxFlags::MNT_ID)?;
    match StatxFlags::from_bits_retain(seen.stx_mask).contains(StatxFlags::MNT_ID) {
        false => Err(refused("another user's, and this kernel can't tell its mount (Linux 5.8 can)")),
        true if user.mounts.contains(&seen.stx_mnt_id) => Ok(FileType::from_raw_mode(seen.stx_mode.into())),
        true => Err(refused("on a mount that may block or act: FUSE, or one of the kernel's own, or a new one")),
    }
}

/// The same, for paths without any link: a link could lead out of the root.
fn without_links(root: &OwnedFd, path: &str) -> io::Result<OwnedFd> {
    let mut at = root.as_fd().try_clone_to_owned()?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.len() > MOST_PARTS || parts.contains(&"..") {
        return Err(refused("a path that this kernel can't look up safely"));
    }
    for part in parts {
        at = rustix::fs::openat(&at, part, OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())?;
        if FileType::from_raw_mode(rustix::fs::fstat(&at)?.st_mode) == FileType::Symlink {
            return Err(refused("behind a link, which this kernel can't follow safely (Linux 5.6 can)"));
        }
    }
    Ok(at)
}

fn refused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Instant;

    use super::*;

    #[test]
    fn who_can_not_be_told_has_nobodys_rights() {
        let user = |status: &[u8]| User::of_process(status, [b"", b""]);
        for status in [&b"Uid:\t0\t0\t0\t4294967295\nGid:\t0\t0\t0\t7\n"[..], b"", b"Uid:\t0 0 0 x\nGid:\t1"] {
            let told = user(status).map(|user| user.uid.as_raw());
            assert_eq!(told, rustix::process::geteuid().is_root().then_some(NOBODY), "{status:?}");
        }
    }

    fn at(folder: &Path, path: &str) -> io::Result<String> {
        at_as(folder, path, None)
    }

    fn at_as(folder: &Path, path: &str, user: Option<&User>) -> io::Result<String> {
        let root = fs::File::open(folder).unwrap();
        let mut text = String::new();
        open(root.as_fd(), path, user)?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn nobody() -> Option<User> {
        let status = b"Uid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\nGroups:\t\n";
        User::of_process(status, [&fs::read("/proc/self/mountinfo").unwrap(), b""])
    }

    #[test]
    fn links_are_followed_within_the_root_only() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("etc")).unwrap();
        fs::write(folder.path().join("etc/passwd"), "theirs").unwrap();
        symlink("/etc/passwd", folder.path().join("absolute")).unwrap();
        symlink("../../../etc/passwd", folder.path().join("upward")).unwrap();
        for path in ["/absolute", "upward", "/etc/passwd", "/../../etc/passwd"] {
            assert_eq!(at(folder.path(), path).unwrap(), "theirs", "{path}");
        }
        let root = OwnedFd::from(fs::File::open(folder.path()).unwrap());
        assert!(without_links(&root, "etc/passwd").is_ok());
        for path in ["absolute", "upward", "etc/../etc/passwd"] {
            assert!(without_links(&root, path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_blocks_or_acts_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let began = Instant::now();
        assert!(at(folder.path(), "fifo").unwrap_err().to_string().contains("not a regular file"));
        for path in ["/proc/kmsg", "/proc/self/mem", "/proc/self/environ", "/sys/kernel/notes"] {
            if Path::new(path).exists() {
                let why = at(Path::new("/"), path).unwrap_err();
                assert!(why.to_string().contains("may block or act") || why.raw_os_error().is_some(), "{path}: {why}");
            }
        }
        for path in ["/dev/zero", "/dev/tty", "/", "/proc/self/fd/0"] {
            assert!(at(Path::new("/"), path).is_err(), "{path}");
        }
        for path in ["/proc", "/dev/null", "/sys/kernel"] {
            let root = fs::File::open("/").unwrap();
            assert!(names(root.as_fd(), path.as_ref(), None, 10).is_err(), "{path}");
        }
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn root_reads_for_a_user_only_what_that_user_may_read() {
        let Some(nobody) = nobody() else {
            eprintln!("skipped: only root can act for another user");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, mode) in [("closed", 0o600), ("open", 0o644)] {
            fs::write(folder.path().join(name), "text").unwrap();
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(folder.path().join("hidden")).unwrap();
        fs::write(folder.path().join("hidden/open"), "text").unwrap();
        fs::set_permissions(folder.path().join("hidden"), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(at_as(folder.path(), "open", Some(&nobody)).unwrap(), "text");
        for (link, to) in [("absolute", "/open"), ("upward", "../../open"), ("chain", "absolute"), ("self", "self")] {
            symlink(to, folder.path().join(link)).unwrap();
        }
        for path in ["/absolute", "upward", "chain", "./../chain"] {
            assert_eq!(at_as(folder.path(), path, Some(&nobody)).unwrap(), "text", "{path}");
        }
        assert_eq!(
            at_as(folder.path(), "self", Some(&nobody)).unwrap_err().raw_os_error(),
            Some(Errno::LOOP.raw_os_error())
        );
        for path in ["/proc/self/status", "/sys/kernel/notes"] {
            let why = at_as(Path::new("/"), path, Some(&nobody)).unwrap_err().to_string();
            assert!(why.contains("a mount that may block or act"), "{path}: {why}");
        }
        for path in ["closed", "hidden/open"] {
            let why = at_as(folder.path(), path, Some(&nobody)).unwrap_err();
            assert_eq!(why.kind(), io::ErrorKind::PermissionDenied, "{path}");
            assert_eq!(at(folder.path(), path).unwrap(), "text", "root itself still may: {path}");
        }
        let names = |user: Option<&User>| {
            let root = fs::File::open(folder.path()).unwrap();
            names(root.as_fd(), "/hidden".as_ref(), user, 10)
        };
        assert_eq!(names(None).unwrap(), ["open"]);
        assert_eq!(names(Some(&nobody)).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
