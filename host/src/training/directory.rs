//! A training run on disk: a directory of files, each of which is whole at any time.
//!
//! ```text
//! config.toml          the complete configuration
//! metrics.csv          a row for each logged step
//! evaluation.csv       a row for each evaluation, where the run is evaluated as it goes
//! model.safetensors    what was learned
//! state.safetensors    what it takes to go on, to the same bits
//! state.previous.safetensors   the state before it, in case the last one is damaged
//! .lock                while a process trains the run: its number
//! ```
//!
//! Each file is written next to its final place and then renamed; only the metrics are appended to, in whole rows.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::files::{Disk, Local, replace, write_atomically};

/// The complete configuration.
pub const CONFIG: &str = "config.toml";
/// A row for each logged step.
pub const METRICS: &str = "metrics.csv";
/// A row for each evaluation.
pub const EVALUATION: &str = "evaluation.csv";
/// What was learned.
pub use crate::model::MODEL;
/// What it takes to go on.
pub const STATE: &str = "state.safetensors";
/// The state before the last one.
pub const PREVIOUS: &str = "state.previous.safetensors";
/// The file that a process holds locked while it trains the run.
const LOCK: &str = ".lock";
/// No process has a number with more digits.
const LONGEST_NUMBER: u64 = 20;

/// The directory of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes a directory for a new run, with its parent directories.
    ///
    /// # Errors
    /// Something other than an empty directory already exists at `path`, or the directory cannot be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(|cause| Error::io("create the directory", &path, cause))?;
        let unreadable = |cause| Error::io("read the directory", &path, cause);
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            // What a process that was killed may have left.
            if name != LOCK && !name.as_encoded_bytes().ends_with(b".part") {
                return Err(taken(&path));
            }
        }
        Ok(RunDirectory { path })
    }

    /// Opens the directory of an existing run.
    ///
    /// # Errors
    /// There is no directory at `path`, neither a configuration nor a state is in it, or it holds links or pipes: what a run
    /// reads and writes stays in its directory, whoever made that.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let directory = RunDirectory { path: path.into() };
        let is_run = [CONFIG, STATE, PREVIOUS]
            .iter()
            .any(|name| directory.file(name).exists());
        match fs::metadata(directory.path()) {
            Ok(_) if is_run => {
                directory.is_closed()?;
                Ok(directory)
            }
            Ok(_) => Err(Error::files(format!(
                "`{}` is not the directory of a run: it has no {CONFIG}",
                directory.path.display()
            ))
            .hint("give the directory that training wrote to")),
            Err(cause) => Err(Error::io("open the run", &directory.path, cause)),
        }
    }

    /// An error if something in the directory leads out of it.
    fn is_closed(&self) -> Result<()> {
        let unreadable = |cause| Error::io("read the directory", &self.path, cause);
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            if !kind.is_file() && !kind.is_dir() {
                return Err(leads_out(&entry.path()));
            }
        }
        Ok(())
    }

    /// Keeps other processes from training in the directory until the lock is dropped. A lock whose process has ended, in
    /// whatever way, is free.
    ///
    /// # Errors
    /// Another process trains in the directory, or this one does already; or the lock cannot be written.
    pub fn lock(&self) -> Result<Lock> {
        Self::lock_at(&self.path)
    }

    /// As [`RunDirectory::lock`], for any directory in which one process at a time is to work.
    ///
    /// # Errors
    /// As [`RunDirectory::lock`].
    pub fn lock_at(directory: &Path) -> Result<Lock> {
        let path = directory.join(LOCK);
        let failed = |cause| Error::io("lock the run with", &path, cause);
        loop {
            if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
                return Err(leads_out(&path));
            }
            let open = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path);
            let mut file = open.map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {
                    // Whoever held it may have removed it between these two steps.
                    if !is_at(&file, &path) {
                        continue;
                    }
                    let number = std::process::id().to_string();
                    let written = file.set_len(0).and_then(|()| file.write_all(number.as_bytes()));
                    // From here on it is removed, also when the disk is full.
                    let lock = Lock {
                        path: path.clone(),
                        _file: file,
                    };
                    return written.map(|()| lock).map_err(failed);
                }
                Err(TryLockError::WouldBlock) => {
                    let mut number = String::new();
                    // On some systems what is locked cannot be read.
                    let _ = file.take(LONGEST_NUMBER).read_to_string(&mut number);
                    let who = match number.as_str() {
                        "" => "another process".to_owned(),
                        number if number == std::process::id().to_string() => "this process".to_owned(),
                        number => format!("process {number}"),
                    };
                    return Err(Error::files(format!("{who} is training in `{}`", directory.display()))
                        .hint("wait until it has ended, or end it; the run can then be resumed"));
                }
                Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {
                    log::warn!(
                        "`{}` is on a file system without locks: let one process alone train in it",
                        directory.display()
                    );
                    return Ok(Lock { path, _file: file });
                }
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
        }
    }

    /// Where the directory is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its file `name` is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The run's configuration.
    ///
    /// # Errors
    /// The configuration cannot be read or is not valid.
    pub fn config(&self) -> Result<Config> {
        Config::load(&self.file(CONFIG))
    }

    /// Writes a file as a whole, or leaves the one that was there: a reader never sees half a file, and neither a full
    /// disk nor a power failure leaves one behind.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_atomically(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_atomically(&self.file(name), bytes).map(drop)
    }

    /// Saves a model and a state, each as a whole; if `keep`, the state that was there becomes the previous one.
    ///
    /// # Errors
    /// They cannot be written; at least one whole state is left of any that were there.
    pub(crate) fn save(&self, model: &[u8], state: &[u8], keep: bool) -> Result<()> {
        save(&Local, self, model, state, keep)
    }
}

fn save(disk: &impl Disk, directory: &RunDirectory, model: &[u8], state: &[u8], keep: bool) -> Result<()> {
    let [at_model, at_state, previous] = [MODEL, STATE, PREVIOUS].map(|name| directory.file(name));
    replace(disk, &at_model, model, None).map_err(|cause| Error::io("write", &at_model, cause))?;
    let previous = keep.then_some(previous.as_path());
    replace(disk, &at_state, state, previous).map_err(|cause| Error::io("write", &at_state, cause))
}

fn leads_out(path: &Path) -> Error {
    Error::files(format!(
        "`{}` is a link, a pipe or a device: a run keeps to its own directory",
        path.display()
    ))
    .hint("remove it, or put the file itself in its place")
}

fn taken(path: &Path) -> Error {
    let error = Error::files(format!("the directory `{}` is not empty", path.display()));
    error.hint(format!(
        "continue the run in it with --resume {}, choose another directory with --out, or delete this one",
        path.display()
    ))
}

/// Whether an open file is the one that its path leads to.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(own), Ok(found)) => identity(own) == identity(found),
        _ => false,
    }
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// The right to train in a directory; it ends when this value is dropped, or with the process.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // If it cannot be removed it stays, unlocked, and does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;
    use crate::files::simulated::{Failing, Found};
    use tempfile::TempDir;

    fn scratch() -> (TempDir, RunDirectory) {
        let scratch = TempDir::new().unwrap();
        let directory = RunDirectory::create(scratch.path().join("runs/a")).unwrap();
        (scratch, directory)
    }

    fn read(directory: &RunDirectory, name: &str) -> String {
        fs::read_to_string(directory.file(name)).unwrap()
    }

    #[test]
    fn directories() {
        let (scratch, directory) = scratch();
        RunDirectory::create(directory.path()).expect("an empty directory will do");
        assert_says(
            RunDirectory::open(directory.path()),
            &["not the directory of a run", "no config.toml", "hint"],
        );
        let config = Config::preset("ipd").unwrap();
        directory
            .write_atomically(CONFIG, config.to_toml().unwrap().as_bytes())
            .unwrap();
        let reopened = RunDirectory::open(directory.path()).unwrap();
        assert_eq!(reopened.config().unwrap(), config);
        assert_says(
            RunDirectory::create(directory.path()),
            &["runs/a", "not empty", "resume"],
        );
        assert_says(
            RunDirectory::create(directory.file(CONFIG)),
            &["cannot create", "config.toml"],
        );
        assert_says(
            RunDirectory::create(directory.file(CONFIG).join("b")),
            &["cannot create", "config.toml/b"],
        );
        assert_says(
            RunDirectory::open(scratch.path().join("absent")),
            &["cannot open", "absent", "spelling"],
        );
    }

    #[test]
    fn one_process_at_a_time() {
        let (_scratch, directory) = scratch();
        let lock = directory.lock().unwrap();
        assert_eq!(read(&directory, LOCK), std::process::id().to_string());
        assert_says(directory.lock(), &["this process is training", "runs/a"]);
        drop(lock);
        assert!(!directory.file(LOCK).exists(), "nothing is left");
        // A process that was killed leaves its lock, which is nobody's.
        fs::write(directory.file(LOCK), "12345").unwrap();
        RunDirectory::create(directory.path()).expect("what it left does not count");
        let lock = directory.lock().unwrap();
        fs::write(directory.file(LOCK), "12345").unwrap();
        assert_says(directory.lock(), &["process 12345 is training"]);
        drop(lock);
        directory.lock().unwrap();
    }

    /// At whatever operation the power goes, and whatever of the latest writes is lost, a state is found whole, and it is
    /// not older than the last one that was reported as saved.
    #[test]
    fn a_power_cut_leaves_a_whole_state() {
        let directory = RunDirectory { path: PathBuf::new() };
        let bytes = |part: &str, generation: usize| format!("{part} {generation}, whole").into_bytes();
        let generation = |found: &Found, name: &str, part: &str| {
            let text = String::from_utf8(found.get(Path::new(name))?.clone()).ok()?;
            let number = text.strip_prefix(part)?.strip_suffix(", whole")?;
            number.trim().parse::<usize>().ok()
        };
        let (mut outcomes, mut fell_back) = (0, 0);
        for operations in 0..100 {
            let disk = Failing::new(&Found::new(), operations);
            let mut saved = 0;
            for count in 1..=4 {
                let saving = save(
                    &disk,
                    &directory,
                    &bytes("model", count),
                    &bytes("state", count),
                    count > 1,
                );
                if saving.is_err() {
                    break;
                }
                saved = count;
            }
            for found in disk.after_the_cut() {
                let [last, before] = [STATE, PREVIOUS].map(|name| generation(&found, name, "state"));
                assert!(
                    last.max(before).unwrap_or(0) >= saved,
                    "{operations}: {last:?} {before:?} {saved}"
                );
                assert!(generation(&found, MODEL, "model").unwrap_or(0) >= saved);
                for name in [STATE, PREVIOUS, MODEL] {
                    let part = if name == MODEL { "model" } else { "state" };
                    let whole = generation(&found, name, part).is_some();
                    assert!(whole || !found.contains_key(Path::new(name)), "{name} is torn");
                }
                outcomes += 1;
                fell_back += usize::from(last.is_none() && before.is_some());
            }
        }
        assert!(outcomes > 400 && fell_back > 0, "{outcomes} {fell_back}");
    }

    /// Whoever made a directory, training in it touches nothing elsewhere, and waits for no pipe.
    #[cfg(unix)]
    #[test]
    fn a_run_keeps_to_its_directory() {
        use std::os::unix::fs::symlink;
        for name in [LOCK, CONFIG, METRICS, STATE, "basins.svg", ".config.toml.part"] {
            let (scratch, directory) = scratch();
            directory.write_atomically(PREVIOUS, b"state").unwrap();
            let elsewhere = scratch.path().join("elsewhere");
            fs::write(&elsewhere, b"precious").unwrap();
            symlink(&elsewhere, directory.file(name)).unwrap();
            assert_says(
                RunDirectory::open(directory.path()),
                &[name, "keeps to its own directory"],
            );
            if name == LOCK {
                assert_says(
                    RunDirectory::lock_at(directory.path()),
                    &[name, "keeps to its own directory"],
                );
            }
            fs::remove_file(directory.file(name)).unwrap();
            RunDirectory::open(directory.path()).unwrap();
            let pipe = directory.file(name);
            let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
            assert!(made.success());
            assert_says(
                RunDirectory::open(directory.path()),
                &[name, "keeps to its own directory"],
            );
            assert_eq!(fs::read(elsewhere).unwrap(), b"precious");
        }
    }

    #[test]
    fn files_are_replaced_whole_or_not_at_all() {
        let (_scratch, directory) = scratch();
        directory.write_atomically(MODEL, b"old").unwrap();
        directory.write_atomically(MODEL, b"new").unwrap();
        assert_eq!(read(&directory, MODEL), "new");
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "nothing is left beside"
        );

        // A directory is in the way of the temporary file, so writing fails.
        fs::create_dir(directory.file(".model.safetensors.part")).unwrap();
        assert_says(directory.write_atomically(MODEL, b"newer"), &["cannot write", MODEL]);
        assert_eq!(read(&directory, MODEL), "new");

        // Here renaming fails.
        fs::create_dir_all(directory.file("figure/inside")).unwrap();
        assert_says(
            directory.write_atomically("figure", b"newer"),
            &["cannot write", "figure"],
        );
        assert!(!directory.file(".figure.part").exists(), "nothing is left beside");
    }
}
