//! Files that are complete at any time.
//!
//! A file is written next to its place, made durable, and renamed, so that neither a full disk nor a power failure leaves
//! half of one. The operations that this takes are those of a `Disk`; tests replace the disk with one that loses power.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The length of a name that every usual file system takes, in bytes.
const LONGEST_NAME: usize = 255;

/// The most bytes that are read from a file of numbers: no network that is compiled in comes near it.
pub const MOST_NUMBERS: u64 = 1 << 30;
/// The most bytes that are read from a file that people write.
pub const MOST_TEXT: u64 = 1 << 26;

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// The file cannot be read, or has no end before that many bytes.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let unreadable = |cause| Error::io("read", path, cause);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let count = file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if count as u64 > most {
        return Err(
            Error::files(format!("`{}` has more than {} MiB", path.display(), most >> 20))
                .hint("this is not a file of meva: check the path"),
        );
    }
    Ok(bytes)
}

/// Reads a file of text, as [`read`] reads its bytes.
///
/// # Errors
/// The file cannot be read, is too long, or is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    String::from_utf8(read(path, most)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::files(format!("`{}` is not text: byte {at} is not UTF-8", path.display())).because(error)
    })
}

/// What became of a file that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was none before.
    New,
    /// The one before was replaced.
    Replaced,
    /// The bytes went through to a pipe or a device.
    Through,
}

/// The operations that saving consists of. Until a file is synced its bytes may be lost, and until a directory is
/// synced the latest changes of names in it.
pub(crate) trait Disk {
    /// Creates a file with these bytes, in place of one of that name; it is to take the place of the file `like`, if there
    /// is one.
    fn write(&self, path: &Path, like: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Makes the bytes of a file durable.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, in place of any file of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine. A file keeps the mode and, where that is allowed, the owner of the one that it replaces.
pub(crate) struct Local;

impl Disk for Local {
    fn write(&self, path: &Path, like: &Path, bytes: &[u8]) -> io::Result<()> {
        // Made anew: what was left there, or put there, may be a link to something else.
        match fs::remove_file(path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let mut file = File::create_new(path)?;
        if let Ok(like) = fs::metadata(like)
            && like.is_file()
        {
            belong_alike(&file, &like);
            file.set_permissions(like.permissions())?;
        }
        file.write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Only Unix can open directories for that.
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        if cfg!(unix) {
            File::open(path)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// Gives a file the owner and the group of another one, as far as this process may.
#[cfg(unix)]
fn belong_alike(file: &File, like: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    if let Ok(own) = file.metadata()
        && (own.uid(), own.gid()) != (like.uid(), like.gid())
    {
        // Who may not give files away keeps them.
        let _ = fchown(file, Some(like.uid()), Some(like.gid()));
    }
}

#[cfg(not(unix))]
fn belong_alike(_: &File, _: &fs::Metadata) {}

/// Writes a file as a whole, or leaves the one that was there, in any directory.
///
/// Symbolic links are followed: the file that they lead to is replaced, and keeps its mode. The bytes go through to what
/// is no regular file, such as a pipe or `/dev/stdout`.
///
/// # Errors
/// The file cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<Written> {
    let write = || -> io::Result<Written> {
        let path = destination(path)?;
        let written = match fs::metadata(&path) {
            Ok(found) if is_special(&found) => {
                OpenOptions::new().write(true).open(&path)?.write_all(bytes)?;
                return Ok(Written::Through);
            }
            Ok(_) => Written::Replaced,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Written::New,
            Err(cause) => return Err(cause),
        };
        replace(&Local, &path, bytes, None)?;
        Ok(written)
    };
    write().map_err(|cause| Error::io("write", path, cause))
}

/// Where a chain of symbolic links ends. It may end where there is no file yet.
fn destination(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            // Links of /dev and /proc lead to what may have no path: they are opened, not followed.
            Ok(metadata) if metadata.is_symlink() && !fs::metadata(&path).is_ok_and(|end| is_special(&end)) => {
                path = path.parent().unwrap_or(Path::new("")).join(fs::read_link(&path)?);
            }
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn is_special(metadata: &fs::Metadata) -> bool {
    !metadata.is_file() && !metadata.is_dir()
}

/// Replaces a file on a disk as a whole. If `keep` is given, the file that was there is found under that name
/// afterwards; after a failure at any point, one of the two names leads to what was there or to the new bytes.
pub(crate) fn replace(disk: &impl Disk, path: &Path, bytes: &[u8], keep: Option<&Path>) -> io::Result<()> {
    let beside = beside(path);
    let write = || {
        disk.write(&beside, path, bytes)?;
        disk.sync(&beside)?;
        if let Some(keep) = keep {
            disk.rename(path, keep)?;
        }
        disk.rename(&beside, path)
    };
    write().inspect_err(|_| {
        let _ = disk.remove(&beside); // the first error is the one to tell
    })?;
    match path.parent() {
        Some(parent) if parent != Path::new("") => disk.sync_directory(parent),
        _ => disk.sync_directory(Path::new(".")),
    }
}

/// The temporary name of a file: `.NAME.part`; a name that would be too long is cut, with a checksum in place of the rest.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".part");
    if temporary.len() > LONGEST_NAME {
        let start: String = name.to_string_lossy().chars().take(50).collect();
        let rest = crc32fast::hash(name.as_encoded_bytes());
        temporary = format!(".{start}-{rest:08x}.part").into();
    }
    path.with_file_name(temporary)
}

/// A disk that loses power.
#[cfg(test)]
pub(crate) mod simulated {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;
    use std::io;
    use std::path::{Path, PathBuf};

    use super::Disk;

    /// What is found after the power has come back: the bytes under each name.
    pub(crate) type Found = BTreeMap<PathBuf, Vec<u8>>;
    /// Files by name.
    type Names = BTreeMap<PathBuf, usize>;

    /// A disk with one directory. As on a file system with a journal, names change in the order in which they were
    /// changed, up to some point. Of the bytes that were written since a file was synced, any part may be lost.
    #[derive(Default)]
    pub(crate) struct Failing {
        /// The bytes of each file, and whether they are synced.
        files: RefCell<Vec<(Vec<u8>, bool)>>,
        /// The names since the directory was synced, the synced ones first.
        journal: RefCell<Vec<Names>>,
        /// How many more operations succeed.
        left: Cell<usize>,
    }

    impl Failing {
        /// A disk with these files whose power goes after some operations.
        pub(crate) fn new(found: &Found, operations: usize) -> Self {
            let names = found.keys().cloned().zip(0..).collect();
            Failing {
                files: RefCell::new(found.values().map(|bytes| (bytes.clone(), true)).collect()),
                journal: RefCell::new(vec![names]),
                left: Cell::new(operations),
            }
        }

        fn operate(
            &self,
            operation: impl FnOnce(&mut Vec<(Vec<u8>, bool)>, &mut Names) -> io::Result<()>,
        ) -> io::Result<()> {
            let Some(left) = self.left.get().checked_sub(1) else {
                return Err(io::Error::other("the power is gone"));
            };
            self.left.set(left);
            let mut journal = self.journal.borrow_mut();
            let mut names = journal.last().unwrap().clone();
            operation(&mut self.files.borrow_mut(), &mut names)?;
            journal.push(names);
            Ok(())
        }

        /// Everything that may be found once the power is back.
        pub(crate) fn after_the_cut(&self) -> Vec<Found> {
            let files = self.files.borrow();
            let part = |file: usize, share: usize| {
                let (bytes, synced) = &files[file];
                let kept = if *synced { bytes.len() } else { bytes.len() * share / 2 };
                bytes[..kept].to_vec()
            };
            let found = |names: &Names, share| {
                names
                    .iter()
                    .map(|(name, file)| (name.clone(), part(*file, share)))
                    .collect()
            };
            let journal = self.journal.borrow();
            journal
                .iter()
                .flat_map(|names| (0..=2).map(move |share| found(names, share)))
                .collect()
        }
    }

    fn missing() -> io::Error {
        io::ErrorKind::NotFound.into()
    }

    impl Disk for Failing {
        fn write(&self, path: &Path, _: &Path, bytes: &[u8]) -> io::Result<()> {
            self.operate(|files, names| {
                names.insert(path.to_owned(), files.len());
                files.push((bytes.to_owned(), false));
                Ok(())
            })
        }

        fn sync(&self, path: &Path) -> io::Result<()> {
            self.operate(|files, names| {
                files[*names.get(path).ok_or_else(missing)?].1 = true;
                Ok(())
            })
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.operate(|_, names| {
                let file = names.remove(from).ok_or_else(missing)?;
                names.insert(to.to_owned(), file);
                Ok(())
            })
        }

        fn sync_directory(&self, _: &Path) -> io::Result<()> {
            self.operate(|_, _| Ok(()))?;
            let mut journal = self.journal.borrow_mut();
            let last = journal.len() - 1;
            journal.drain(..last);
            Ok(())
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            self.operate(|_, names| names.remove(path).map(drop).ok_or_else(missing))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::simulated::{Failing, Found};
    use super::*;
    use crate::error::assert_says;

    /// At whatever point the power goes, a file that is replaced is the old one or the new one.
    #[test]
    fn a_power_cut_leaves_the_old_or_the_new_bytes() {
        let name = Path::new("a");
        let before = Found::from([(name.to_owned(), b"old".to_vec())]);
        let mut outcomes = 0;
        for operations in 0.. {
            let disk = Failing::new(&before, operations);
            let result = replace(&disk, name, b"newer", None);
            for found in disk.after_the_cut() {
                let bytes = &found[name];
                assert!(bytes == b"old" || bytes == b"newer", "{operations}: {bytes:?}");
                assert!(
                    result.is_err() || bytes == b"newer",
                    "what was reported as saved is lost"
                );
                outcomes += 1;
            }
            if result.is_ok() {
                assert_eq!(operations, 4, "write, sync, rename, sync the directory");
                break;
            }
        }
        assert!(outcomes > 10);
    }

    /// The test above can fail: without the sync, the new file may be found empty.
    #[test]
    fn a_rename_without_a_sync_is_caught() {
        let name = Path::new("a");
        let disk = Failing::new(&Found::from([(name.to_owned(), b"old".to_vec())]), 9);
        disk.write(Path::new("b"), name, b"newer").unwrap();
        disk.rename(Path::new("b"), name).unwrap();
        let found = disk.after_the_cut();
        assert!(found.iter().any(|found| found[name].is_empty()));
    }

    #[test]
    fn long_names_have_short_temporary_ones() {
        let scratch = tempfile::tempdir().unwrap();
        for length in [1, 249, 250, 255] {
            let path = scratch.path().join("n".repeat(length));
            assert!(beside(&path).file_name().unwrap().len() <= LONGEST_NAME);
            assert_eq!(write_atomically(&path, b"x"), Ok(Written::New));
            assert_eq!(fs::read(&path).unwrap(), b"x");
        }
        let [a, b] = ["a", "b"].map(|end| beside(Path::new(&("n".repeat(254) + end))));
        assert_ne!(a, b);
        assert_eq!(
            fs::read_dir(scratch.path()).unwrap().count(),
            4,
            "nothing is left beside"
        );
    }

    #[test]
    fn reading_ends() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert_says(read(&path, 4), &["more than 0 MiB", "check the path"]);
        fs::write(&path, b"ab\xff").unwrap();
        assert_says(read_text(&path, 5), &["byte 2 is not UTF-8"]);
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        #[test]
        fn modes_and_links_stay() {
            let scratch = tempfile::tempdir().unwrap();
            let of = |name: &str| scratch.path().join(name);
            fs::write(of("private"), b"old").unwrap();
            fs::set_permissions(of("private"), fs::Permissions::from_mode(0o600)).unwrap();
            symlink("private", of("link")).unwrap();
            symlink(of("link"), of("link to a link")).unwrap();
            assert_eq!(write_atomically(&of("link to a link"), b"new"), Ok(Written::Replaced));
            assert_eq!(fs::read(of("private")).unwrap(), b"new");
            assert_eq!(fs::metadata(of("private")).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(fs::symlink_metadata(of("link")).unwrap().is_symlink());

            symlink("absent", of("ahead")).unwrap();
            assert_eq!(write_atomically(&of("ahead"), b"new"), Ok(Written::New));
            assert_eq!(fs::read(of("absent")).unwrap(), b"new");

            // A link in the way of the temporary file is not followed.
            fs::write(of("precious"), b"precious").unwrap();
            symlink("precious", of(".new.part")).unwrap();
            assert_eq!(write_atomically(&of("new"), b"new"), Ok(Written::New));
            assert_eq!(fs::read(of("precious")).unwrap(), b"precious");

            symlink("round", of("round")).unwrap();
            assert!(write_atomically(&of("round"), b"new").is_err());
        }

        #[test]
        fn pipes_and_devices_are_written_through() {
            let scratch = tempfile::tempdir().unwrap();
            let pipe = scratch.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
            assert!(made.success());
            let reader = std::thread::spawn({
                let pipe = pipe.clone();
                move || fs::read(pipe).unwrap()
            });
            assert_eq!(write_atomically(&pipe, b"through"), Ok(Written::Through));
            assert_eq!(reader.join().unwrap(), b"through");
            assert!(is_special(&fs::metadata(&pipe).unwrap()), "the pipe is still one");
            assert_says(read(Path::new("/dev/zero"), 9).map(drop), &["/dev/zero", "more than"]);
            assert_eq!(write_atomically(Path::new("/dev/null"), b"gone"), Ok(Written::Through));
        }
    }
}
