//! The metrics and the evaluations of a run: tables that grow by whole rows.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use super::directory::RunDirectory;
use crate::error::{Error, Result};
use crate::files::{MOST_NUMBERS, read_text};

/// A table such as `metrics.csv`: a header, then a row per logged step, in ascending order of steps.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
    columns: usize,
}

impl MetricsLog {
    /// Starts the log `name` whose columns are `step` and `columns`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(directory: &RunDirectory, name: &str, columns: &[&str]) -> Result<Self> {
        Self::start(directory, name, columns, &header(columns))
    }

    /// Continues a log from `step`: rows at or after it are dropped, and so is an incomplete row. A missing log is
    /// started anew.
    ///
    /// # Errors
    /// The log has other columns or a malformed row, or it cannot be read or written.
    pub fn resume(directory: &RunDirectory, name: &str, columns: &[&str], step: u64) -> Result<Self> {
        let path = directory.file(name);
        if !path.exists() {
            return Self::create(directory, name, columns);
        }
        let text = read_text(&path, MOST_NUMBERS)?;
        let kept = rows_before(&text, &header(columns), step).map_err(|error| error.at(path.display()))?;
        Self::start(directory, name, columns, &kept)
    }

    fn start(directory: &RunDirectory, name: &str, columns: &[&str], text: &str) -> Result<Self> {
        directory.write_atomically(name, text.as_bytes())?;
        let path = directory.file(name);
        match OpenOptions::new().append(true).open(&path) {
            Ok(file) => Ok(MetricsLog {
                path,
                file,
                columns: columns.len(),
            }),
            Err(cause) => Err(Error::io("open", &path, cause)),
        }
    }

    /// Appends a row. On return, the row has been handed to the operating system.
    ///
    /// # Errors
    /// The number of values differs from the number of columns, or the row cannot be written.
    pub fn append(&mut self, step: u64, values: &[f64]) -> Result<()> {
        if values.len() != self.columns {
            return Err(
                Error::other(format!("{} values for {} columns", values.len(), self.columns)).at(self.path.display()),
            );
        }
        let values: String = values.iter().map(|value| format!(",{value:?}")).collect();
        self.file
            .write_all(format!("{step}{values}\n").as_bytes())
            .map_err(|cause| Error::io("append to", &self.path, cause))
    }
}

fn header(columns: &[&str]) -> String {
    let columns: String = columns.iter().map(|column| format!(",{column}")).collect();
    format!("step{columns}\n")
}

/// The part of a log before `step`: its header, and whole rows.
///
/// # Errors
/// It has another header, or something that is not a row.
pub fn rows_before(text: &str, header: &str, step: u64) -> Result<String> {
    let mut lines = text.split_inclusive('\n');
    let found = lines.next().unwrap_or_default();
    if found != header {
        return Err(Error::files(format!(
            "the columns are `{}`, expected `{}`",
            found.trim_end(),
            header.trim_end()
        ))
        .hint("another version wrote this log: move it away, and a new one starts"));
    }
    let mut kept = header.to_owned();
    for (index, line) in lines.enumerate().filter(|(_, line)| line.ends_with('\n')) {
        let number = line.split(',').next().unwrap_or_default();
        match number.parse::<u64>() {
            Ok(number) if number < step => kept.push_str(line),
            Ok(_) => {}
            Err(_) => {
                return Err(Error::files(format!("`{}` is not a row of metrics", line.trim_end()))
                    .at(format_args!("line {}", index + 2))
                    .hint("delete the line"));
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::error::assert_says;
    use crate::training::directory::METRICS;
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
    fn metrics() {
        let (_scratch, directory) = scratch();
        let mut log = MetricsLog::create(&directory, METRICS, &["loss", "return"]).unwrap();
        log.append(0, &[0.1, -1.0]).unwrap();
        log.append(10, &[1e-8, f64::NAN]).unwrap();
        assert_eq!(read(&directory, METRICS), "step,loss,return\n0,0.1,-1.0\n10,1e-8,NaN\n");
        assert_says(log.append(20, &[1.0]), &["1 values for 2 columns"]);
    }

    #[test]
    fn resumed_metrics() {
        let (_scratch, directory) = scratch();
        let mut log = MetricsLog::resume(&directory, METRICS, &["loss"], 5).expect("a missing log starts anew");
        for step in [0, 10, 20, 30] {
            log.append(step, &[0.5]).unwrap();
        }
        log.file.write_all(b"4").unwrap(); // of 40
        let mut log = MetricsLog::resume(&directory, METRICS, &["loss"], 20).unwrap();
        assert_eq!(read(&directory, METRICS), "step,loss\n0,0.5\n10,0.5\n");
        log.append(20, &[0.25]).unwrap();
        assert_eq!(read(&directory, METRICS), "step,loss\n0,0.5\n10,0.5\n20,0.25\n");

        assert_says(
            MetricsLog::resume(&directory, METRICS, &["loss", "return"], 20),
            &["`step,loss`", "expected `step,loss,return`", METRICS],
        );
        fs::write(directory.file(METRICS), "step,loss\n0,1\noops\n").unwrap();
        assert_says(
            MetricsLog::resume(&directory, METRICS, &["loss"], 20),
            &["`oops`", METRICS, "line 3"],
        );
        assert_eq!(
            read(&directory, METRICS),
            "step,loss\n0,1\noops\n",
            "an error changes nothing"
        );
    }
}
