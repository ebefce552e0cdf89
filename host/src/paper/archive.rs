//! What a reproduction keeps on disk, so that it can resume after an interruption.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{Config, VERSION};
use crate::error::{Error, Result};
use crate::files::write_atomically;
use crate::training::run;

/// The directory of a reproduction.
pub(super) struct Archive {
    path: PathBuf,
}

/// An evaluation and the inputs that it depends on.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    key: String,
    result: T,
}

impl Archive {
    /// Turns a directory into an archive, or reopens one with the same options and version.
    pub(super) fn claim(path: &Path, options: &impl Serialize) -> Result<Self> {
        let archive = Archive { path: path.to_owned() };
        let marker = path.join("reproduction.json");
        let wanted = json!({ "version": VERSION, "cut": options }).to_string();
        match fs::read_to_string(&marker) {
            Ok(found) if found.trim() == wanted => return Ok(archive),
            Ok(found) => {
                return Err(Error::files(format!(
                    "`{}` holds a reproduction with other options or of another version: {}, not {wanted}",
                    path.display(),
                    found.trim()
                ))
                .hint("choose another directory with --out, or delete this one"));
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(Error::io("read", &marker, cause)),
        }
        fs::create_dir_all(path).map_err(|cause| Error::io("create the directory", path, cause))?;
        let mut entries = fs::read_dir(path).map_err(|cause| Error::io("read the directory", path, cause))?;
        if entries.next().is_some() {
            return Err(
                Error::files(format!("`{}` is not empty, and holds no reproduction", path.display()))
                    .hint("choose another directory with --out"),
            );
        }
        write_atomically(&marker, wanted.as_bytes())?;
        Ok(archive)
    }

    /// The path of a file or directory with this name.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory of the run with a given configuration.
    pub(super) fn run(&self, config: &Config) -> PathBuf {
        self.place("runs").join(run::name(config))
    }

    /// Adds to the seconds that a stage has taken.
    pub(super) fn add_time(&self, stage: &str, seconds: f64) -> Result<()> {
        let mut times = self.times()?;
        *times.entry(stage.to_string()).or_default() += seconds;
        let text = serde_json::to_vec_pretty(&times).map_err(unwritable)?;
        write_atomically(&self.place("times.json"), &text).map(drop)
    }

    /// Seconds by stage, resumptions included.
    pub(super) fn times(&self) -> Result<BTreeMap<String, f64>> {
        let path = self.place("times.json");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Error::files(format!("`{}` cannot be read: {error}", path.display()))
                    .hint("delete it")
                    .because(error)
            }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(cause) => Err(Error::io("read", &path, cause)),
        }
    }

    /// Reads an evaluation from its file if its inputs are unchanged; otherwise evaluates and stores the result.
    pub(super) fn kept<T: Serialize + DeserializeOwned, E: From<Error>>(
        &self,
        name: &str,
        key: &Value,
        evaluate: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let directory = self.place("evaluations");
        let path = directory.join(format!("{name}.json"));
        let key = json!({ "version": VERSION, "of": key }).to_string();
        let kept = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(Kept { result, .. }) = kept.filter(|kept: &Kept<T>| kept.key == key) {
            return Ok(result);
        }
        let kept = Kept {
            key,
            result: evaluate()?,
        };
        fs::create_dir_all(&directory).map_err(|cause| Error::io("create the directory", &directory, cause))?;
        let text = serde_json::to_vec_pretty(&kept).map_err(unwritable)?;
        write_atomically(&path, &text)?;
        Ok(kept.result)
    }
}

/// FNV-1a with 64 bits: tells files apart, as long as nobody constructs a collision.
pub(super) fn digest(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::other(error.to_string()).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;

    #[test]
    fn what_still_fits_is_not_evaluated_again() {
        let scratch = tempfile::tempdir().unwrap();
        let archive = Archive::claim(&scratch.path().join("a"), &1).unwrap();
        let kept = |key: u32, number: u32| archive.kept::<u32, Error>("e", &json!(key), || Ok(number)).unwrap();
        assert_eq!([kept(1, 10), kept(1, 11), kept(2, 12), kept(2, 13)], [10, 10, 12, 12]);
        let failed = archive.kept::<u32, Error>("f", &json!(1), || Err(Error::other("no")));
        assert_says(failed, &["no"]);
        assert!(!archive.place("evaluations/f.json").exists());

        archive.add_time("s", 1.5).unwrap();
        archive.add_time("s", 2.0).unwrap();
        assert_eq!(archive.times().unwrap()["s"], 3.5);
    }

    #[test]
    fn a_directory_is_an_archive_with_the_same_options_or_an_empty_one() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a");
        for _ in 0..2 {
            Archive::claim(&path, &1).unwrap();
        }
        assert_says(Archive::claim(&path, &2).map(|_| ()), &["other options", "--out"]);
        assert_says(
            Archive::claim(scratch.path(), &1).map(|_| ()),
            &["not empty", "no reproduction"],
        );
    }

    /// Published test values.
    #[test]
    fn digests_are_fnv() {
        assert_eq!(digest(b""), "cbf29ce484222325");
        assert_eq!(digest(b"foobar"), "85944171f73967e8");
    }
}
