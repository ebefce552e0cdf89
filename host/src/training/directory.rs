//! A training run on disk: a directory of files, each of which is whole at any time.
//!
//! ```text
//! config.toml          the complete configuration
//! metrics.csv          a row for each logged step
//! model.safetensors    what was learned
//! state.safetensors    what it takes to go on, to the same bits
//! ```
//!
//! Each file is written next to its final place and then renamed; only the metrics are appended to, in whole rows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::files::write_atomically;

/// The complete configuration.
pub const CONFIG: &str = "config.toml";
/// A row for each logged step.
pub const METRICS: &str = "metrics.csv";
/// What was learned.
pub use crate::model::MODEL;
/// What it takes to go on.
pub const STATE: &str = "state.safetensors";

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
        let mut entries = fs::read_dir(&path).map_err(|cause| Error::io("read the directory", &path, cause))?;
        if entries.next().is_some() {
            return Err(Error::files(format!("the directory `{}` is not empty", path.display()))
                .hint("choose another one, or resume the run in it"));
        }
        Ok(RunDirectory { path })
    }

    /// As [`RunDirectory::create`], in the folder `runs`, under `name` or, if that is taken, `name-2`, `name-3` and so on.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn create_beside_others(runs: &Path, name: &str) -> Result<Self> {
        let taken = |path: &PathBuf| path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        let path = runs.join(name);
        let numbered = (2..).map(|n| runs.join(format!("{name}-{n}")));
        let free = std::iter::once(path.clone()).chain(numbered).find(|path| !taken(path));
        RunDirectory::create(free.unwrap_or(path))
    }

    /// Opens the directory of an existing run.
    ///
    /// # Errors
    /// There is no directory at `path`, or no configuration in it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let directory = RunDirectory { path: path.into() };
        match fs::metadata(directory.file(CONFIG)) {
            Ok(_) => Ok(directory),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && directory.path.is_dir() => {
                Err(Error::files(format!(
                    "`{}` is not the directory of a run: it has no {CONFIG}",
                    directory.path.display()
                ))
                .hint("give the directory that training wrote to"))
            }
            Err(cause) => Err(Error::io("open the run", &directory.path, cause)),
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
        write_atomically(&self.file(name), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;
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
    fn a_name_that_is_taken_gets_a_number() {
        let (scratch, _) = scratch();
        for name in ["b", "b-2", "b-3"] {
            let directory = RunDirectory::create_beside_others(scratch.path(), "b").unwrap();
            assert_eq!(directory.path(), scratch.path().join(name));
            directory.write_atomically(CONFIG, b"").unwrap();
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
