//! A training run on disk: a directory of files, each of which is whole at any time.
//!
//! ```text
//! config.toml          the complete configuration
//! metrics.csv          a row for each logged step
//! model.safetensors    what was learned
//! state.safetensors    what it takes to go on, to the same bits
//! ```
//!
//! Files are written beside their place and renamed into it; the metrics alone grow, by whole rows.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use meva_core::parameters::{Parameters, Tensor};
use safetensors::tensor::TensorInfo;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Serialize;

use crate::config::Config;
use crate::error::{Error, Result};

/// The complete configuration.
pub const CONFIG: &str = "config.toml";
/// A row for each logged step.
pub const METRICS: &str = "metrics.csv";
/// What was learned.
pub const MODEL: &str = "model.safetensors";
/// What it takes to go on.
pub const STATE: &str = "state.safetensors";

/// The directory of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes a directory, and those above it, for a new run.
    ///
    /// # Errors
    /// There is something at `path` already, other than an empty directory, or it cannot be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(|cause| Error::io("create the directory", &path, &cause))?;
        let mut entries = fs::read_dir(&path).map_err(|cause| Error::io("read the directory", &path, &cause))?;
        if entries.next().is_some() {
            return Err(Error::files(format!("the directory `{}` is not empty", path.display()))
                .hint("choose another one, or resume the run in it"));
        }
        Ok(RunDirectory { path })
    }

    /// The directory of a run that has been started.
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
            Err(cause) => Err(Error::io("open the run", &directory.path, &cause)),
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
    /// It cannot be read or is not valid.
    pub fn config(&self) -> Result<Config> {
        Config::load(&self.file(CONFIG))
    }

    /// Writes a whole file or leaves the one that was there: a reader never sees half of one, and neither a full disk
    /// nor a power cut leaves one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_atomically(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_atomically(&self.file(name), bytes)
    }
}

/// Writes a whole file or leaves the one that was there, wherever it is.
///
/// # Errors
/// The file cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.part"));
    let write = || -> io::Result<()> {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(parent) if parent != Path::new("") => sync_directory(parent),
            _ => sync_directory(Path::new(".")),
        }
    };
    write().map_err(|cause| {
        let _ = fs::remove_file(&beside); // the first error is the one to tell
        Error::io("write", path, &cause)
    })
}

/// Makes a rename last; only Unix opens directories for that.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// `metrics.csv`: a header, then a row per logged step, in ascending order of steps.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
    columns: usize,
}

impl MetricsLog {
    /// Starts a log whose columns are `step` and `columns`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(directory: &RunDirectory, columns: &[&str]) -> Result<Self> {
        Self::start(directory, columns, &header(columns))
    }

    /// Goes on with a log from `step`: rows at or past it are dropped, and with them one that was cut off. A missing
    /// log starts anew.
    ///
    /// # Errors
    /// The log has other columns or a row that is none, or it cannot be read or written.
    pub fn resume(directory: &RunDirectory, columns: &[&str], step: u64) -> Result<Self> {
        let path = directory.file(METRICS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Self::create(directory, columns),
            Err(cause) => return Err(Error::io("read", &path, &cause)),
        };
        let kept = rows_before(&text, &header(columns), step).map_err(|error| error.at(path.display()))?;
        Self::start(directory, columns, &kept)
    }

    fn start(directory: &RunDirectory, columns: &[&str], text: &str) -> Result<Self> {
        directory.write_atomically(METRICS, text.as_bytes())?;
        let path = directory.file(METRICS);
        match OpenOptions::new().append(true).open(&path) {
            Ok(file) => Ok(MetricsLog {
                path,
                file,
                columns: columns.len(),
            }),
            Err(cause) => Err(Error::io("open", &path, &cause)),
        }
    }

    /// Appends a row; when this returns, it has left the process.
    ///
    /// # Errors
    /// There are not as many values as columns, or the row cannot be written.
    pub fn append(&mut self, step: u64, values: &[f64]) -> Result<()> {
        if values.len() != self.columns {
            return Err(
                Error::other(format!("{} values for {} columns", values.len(), self.columns)).at(self.path.display()),
            );
        }
        let values: String = values.iter().map(|value| format!(",{value:?}")).collect();
        self.file
            .write_all(format!("{step}{values}\n").as_bytes())
            .map_err(|cause| Error::io("append to", &self.path, &cause))
    }
}

fn header(columns: &[&str]) -> String {
    let columns: String = columns.iter().map(|column| format!(",{column}")).collect();
    format!("step{columns}\n")
}

/// The part of a log that lies before `step`.
fn rows_before(text: &str, header: &str, step: u64) -> Result<String> {
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

/// What a safetensors file holds: tensors in the order of their data, and notes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorFile {
    /// The tensors.
    pub tensors: Vec<NamedTensor>,
    /// Notes by key.
    pub metadata: BTreeMap<String, String>,
}

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name in the file.
    pub name: String,
    /// Its length in each dimension.
    pub shape: Vec<usize>,
    /// Its numbers, row-major.
    pub data: Vec<f32>,
}

/// The opening of a safetensors file. Sorted, so that equal contents give equal bytes.
#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "__metadata__")]
    metadata: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<&'a str, TensorInfo>,
}

impl TensorFile {
    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&NamedTensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The bytes of the file: the header's length, the header, the numbers. Equal contents give equal bytes.
    ///
    /// # Errors
    /// Two tensors have the same name, or one's shape does not fit its data.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut header = Header {
            metadata: &self.metadata,
            tensors: BTreeMap::new(),
        };
        let mut end = 0;
        for tensor in &self.tensors {
            tensor.check()?;
            let begin = end;
            end += size_of_val(tensor.data.as_slice());
            let info = TensorInfo {
                dtype: Dtype::F32,
                shape: tensor.shape.clone(),
                data_offsets: (begin, end),
            };
            if header.tensors.insert(&tensor.name, info).is_some() {
                return Err(Error::other(format!("two tensors are called `{}`", tensor.name)));
            }
        }
        let mut header = serde_json::to_vec(&header).map_err(|error| Error::other(error.to_string()))?;
        header.resize(header.len().next_multiple_of(8), b' '); // the format wants the numbers aligned
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut header);
        bytes.extend(
            self.tensors
                .iter()
                .flat_map(|tensor| &tensor.data)
                .flat_map(|value| value.to_le_bytes()),
        );
        Ok(bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// They are cut off, not of this format, or hold numbers other than `f32`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
        let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
        let tensor = |name: String| {
            let view = file.tensor(&name).map_err(unreadable)?;
            if view.dtype() != Dtype::F32 {
                return Err(
                    Error::files(format!("tensor `{name}` holds {}, expected F32", view.dtype()))
                        .hint("convert it to 32-bit floats"),
                );
            }
            let (numbers, _) = view.data().as_chunks();
            Ok(NamedTensor {
                name,
                shape: view.shape().to_vec(),
                data: numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            })
        };
        Ok(TensorFile {
            tensors: header.offset_keys().into_iter().map(tensor).collect::<Result<_>>()?,
            metadata: header
                .metadata()
                .iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        })
    }

    /// Reads a file, as [`TensorFile::from_bytes`] reads its bytes.
    ///
    /// # Errors
    /// It cannot be read, or its bytes are no such file.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|cause| Error::io("read", path, &cause))?;
        Self::from_bytes(&bytes).map_err(|error| error.at(path.display()))
    }
}

impl NamedTensor {
    fn check(&self) -> Result<()> {
        let NamedTensor { name, shape, data } = self;
        if shape.iter().product::<usize>() == data.len() {
            return Ok(());
        }
        Err(Error::other(format!(
            "tensor `{name}` has {} numbers for the shape {shape:?}",
            data.len()
        )))
    }
}

fn unreadable(error: SafeTensorError) -> Error {
    use SafeTensorError::{HeaderTooSmall, InvalidHeaderLength, MetadataIncompleteBuffer};
    match error {
        HeaderTooSmall | InvalidHeaderLength | MetadataIncompleteBuffer => Error::files(format!(
            "the file is cut off, or not of the safetensors format: {error}"
        ))
        .hint("copy the file again, or train it again"),
        error => Error::files(format!("the file is not of the safetensors format: {error}")),
    }
}

/// What the names of network `n`'s tensors begin with in part `part` of a file with so many networks: nothing more than the
/// part where players share a network, else `part` with `0.` or `1.`, the player.
pub fn network_prefix(part: &str, n: usize, networks: usize) -> String {
    if networks == 1 {
        part.to_owned()
    } else {
        format!("{part}{n}.")
    }
}

/// The parameters as tensors, each name with `prefix` before it; the blocks of a matrix side by side.
pub fn parameters_to_tensors<const N: usize, const H: usize, const R: usize, const M: usize>(
    parameters: &Parameters<f32, N, H, R, M>,
    prefix: &str,
) -> Vec<NamedTensor> {
    let mut tensors: Vec<NamedTensor> = Vec::new();
    for index in 0..Parameters::<f32, N, H, R, M>::TENSORS {
        let block = Parameters::<f32, N, H, R, M>::tensor(index);
        let name = format!("{prefix}{block}");
        let place = tensors
            .iter()
            .position(|tensor| tensor.name == name)
            .unwrap_or_else(|| {
                tensors.push(NamedTensor {
                    name,
                    shape: shape(&block),
                    data: vec![0.0; block.rows * block.of_columns],
                });
                tensors.len() - 1
            });
        let rows = tensors[place].data.chunks_exact_mut(block.of_columns);
        for (row, values) in rows.zip(parameters.values(index).chunks_exact(block.columns)) {
            row[columns(&block)].copy_from_slice(values);
        }
    }
    tensors
}

/// Fills the parameters from the tensors whose names have `prefix` before them; other tensors may lie beside those.
///
/// # Errors
/// A tensor is missing, has another shape, belongs to a network with more layers, or holds NaN or infinity. The
/// parameters are then as they were.
pub fn parameters_from_tensors<const N: usize, const H: usize, const R: usize, const M: usize>(
    file: &TensorFile,
    prefix: &str,
    parameters: &mut Parameters<f32, N, H, R, M>,
) -> Result<()> {
    let blocks: Vec<_> = (0..Parameters::<f32, N, H, R, M>::TENSORS)
        .map(Parameters::<f32, N, H, R, M>::tensor)
        .collect();
    let names: Vec<_> = blocks.iter().map(|block| format!("{prefix}{block}")).collect();
    let superfluous = |tensor: &&NamedTensor| is_of_network(&tensor.name, prefix) && !names.contains(&tensor.name);
    if let Some(tensor) = file.tensors.iter().find(superfluous) {
        return Err(Error::files(format!(
            "tensor `{}` has no place in a network with {R} residual blocks",
            tensor.name
        ))
        .hint("give the configuration that the network was trained with"));
    }
    let tensors = blocks
        .iter()
        .zip(&names)
        .map(|(block, name)| fitting_tensor(file, name, &shape(block)))
        .collect::<Result<Vec<_>>>()?;
    for (index, (block, tensor)) in blocks.iter().zip(tensors).enumerate() {
        let rows = tensor.data.chunks_exact(block.of_columns);
        for (values, row) in parameters.values_mut(index).chunks_exact_mut(block.columns).zip(rows) {
            values.copy_from_slice(&row[columns(block)]);
        }
    }
    Ok(())
}

/// The tensor `name`, if it has this shape and is finite.
fn fitting_tensor<'a>(file: &'a TensorFile, name: &str, expected: &[usize]) -> Result<&'a NamedTensor> {
    let Some(tensor) = file.get(name) else {
        return Err(Error::files(format!("tensor `{name}` is missing"))
            .hint("give the configuration that the network was trained with"));
    };
    tensor.check()?;
    if tensor.shape != expected {
        return Err(Error::files(format!(
            "tensor `{name}` has the shape {:?}, expected {expected:?}",
            tensor.shape
        ))
        .hint("give the configuration that the network was trained with"));
    }
    match tensor.data.iter().position(|value| !value.is_finite()) {
        None => Ok(tensor),
        Some(place) => Err(
            Error::files(format!("tensor `{name}` holds {} at {place}", tensor.data[place]))
                .hint("its training has diverged: take an earlier file"),
        ),
    }
}

/// Whether a name under `prefix` is one that parameters have.
fn is_of_network(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| {
        ["policy.", "value.", "quantiles."]
            .iter()
            .any(|part| rest.starts_with(part))
    })
}

/// The shape of the matrix that `block` is a part of.
fn shape(block: &Tensor) -> Vec<usize> {
    if block.is_vector {
        vec![block.columns]
    } else {
        vec![block.rows, block.of_columns]
    }
}

/// The columns of that matrix that `block` is.
fn columns(block: &Tensor) -> std::ops::Range<usize> {
    block.first_column..block.first_column + block.columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    type Small = Parameters<f32, 5, 4, 1, 3>;

    fn scratch() -> (TempDir, RunDirectory) {
        let scratch = TempDir::new().unwrap();
        let directory = RunDirectory::create(scratch.path().join("runs/a")).unwrap();
        (scratch, directory)
    }

    fn read(directory: &RunDirectory, name: &str) -> String {
        fs::read_to_string(directory.file(name)).unwrap()
    }

    #[track_caller]
    fn assert_says<T: std::fmt::Debug>(result: Result<T>, words: &[&str]) {
        let text = result.unwrap_err().to_string();
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in: {text}");
        }
    }

    /// Parameters with a different number in each place.
    fn counted() -> Small {
        let mut theta = Small::ZERO;
        let mut count = 0.0;
        for index in 0..Small::TENSORS {
            for value in theta.values_mut(index) {
                count += 1.0;
                *value = count;
            }
        }
        theta
    }

    fn file_of(theta: &Small) -> TensorFile {
        TensorFile {
            tensors: parameters_to_tensors(theta, ""),
            metadata: BTreeMap::from(
                ["version", "preset", "architecture", "updates"].map(|key| (key.into(), "x".into())),
            ),
        }
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

        // Where the file should be written first there is a directory, so that writing fails.
        fs::create_dir(directory.file(".model.safetensors.part")).unwrap();
        assert_says(directory.write_atomically(MODEL, b"newer"), &["cannot write", MODEL]);
        assert_eq!(read(&directory, MODEL), "new");

        // And here renaming does.
        fs::create_dir_all(directory.file("figure/inside")).unwrap();
        assert_says(
            directory.write_atomically("figure", b"newer"),
            &["cannot write", "figure"],
        );
        assert!(!directory.file(".figure.part").exists(), "nothing is left beside");
    }

    #[test]
    fn metrics() {
        let (_scratch, directory) = scratch();
        let mut log = MetricsLog::create(&directory, &["loss", "return"]).unwrap();
        log.append(0, &[0.1, -1.0]).unwrap();
        log.append(10, &[1e-8, f64::NAN]).unwrap();
        assert_eq!(read(&directory, METRICS), "step,loss,return\n0,0.1,-1.0\n10,1e-8,NaN\n");
        assert_says(log.append(20, &[1.0]), &["1 values for 2 columns"]);
    }

    #[test]
    fn resumed_metrics() {
        let (_scratch, directory) = scratch();
        let mut log = MetricsLog::resume(&directory, &["loss"], 5).expect("a missing log starts anew");
        for step in [0, 10, 20, 30] {
            log.append(step, &[0.5]).unwrap();
        }
        log.file.write_all(b"4").unwrap(); // of 40
        let mut log = MetricsLog::resume(&directory, &["loss"], 20).unwrap();
        assert_eq!(read(&directory, METRICS), "step,loss\n0,0.5\n10,0.5\n");
        log.append(20, &[0.25]).unwrap();
        assert_eq!(read(&directory, METRICS), "step,loss\n0,0.5\n10,0.5\n20,0.25\n");

        assert_says(
            MetricsLog::resume(&directory, &["loss", "return"], 20),
            &["`step,loss`", "expected `step,loss,return`", METRICS],
        );
        fs::write(directory.file(METRICS), "step,loss\n0,1\noops\n").unwrap();
        assert_says(
            MetricsLog::resume(&directory, &["loss"], 20),
            &["`oops`", METRICS, "line 3"],
        );
        assert_eq!(
            read(&directory, METRICS),
            "step,loss\n0,1\noops\n",
            "an error changes nothing"
        );
    }

    #[test]
    fn tensor_files_come_back() {
        let (_scratch, directory) = scratch();
        let mut file = file_of(&counted());
        let values = vec![f32::MIN_POSITIVE / 4.0, -0.0, f32::MAX, f32::INFINITY];
        file.tensors.insert(
            0,
            NamedTensor {
                name: "zz".into(),
                shape: vec![2, 1, 2],
                data: values,
            },
        );
        file.tensors.push(NamedTensor {
            name: "empty".into(),
            shape: vec![0, 3],
            data: vec![],
        });
        file.tensors.push(NamedTensor {
            name: "a \"scalar\"".into(),
            shape: vec![],
            data: vec![3.0],
        });
        let bytes = file.to_bytes().unwrap();
        directory.write_atomically(MODEL, &bytes).unwrap();
        let loaded = TensorFile::load(&directory.file(MODEL)).unwrap();
        assert_eq!(loaded.metadata, file.metadata);
        // Tensors without numbers have no order of their own.
        let sorted = |file: &TensorFile| {
            let mut tensors = file.tensors.clone();
            tensors.sort_by(|a, b| a.name.cmp(&b.name));
            tensors
        };
        assert_eq!(sorted(&loaded), sorted(&file));
        assert_eq!(loaded.to_bytes().unwrap(), bytes, "equal contents give equal bytes");
    }

    #[test]
    fn damaged_tensor_files() {
        let (_scratch, directory) = scratch();
        let path = directory.file(MODEL);
        assert_says(TensorFile::load(&path), &["cannot read", MODEL, "spelling"]);
        let bytes = file_of(&counted()).to_bytes().unwrap();
        for length in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            assert_says(TensorFile::load(&path), &["cut off", MODEL, "hint"]);
        }
        fs::write(&path, [bytes.as_slice(), b"x"].concat()).unwrap();
        assert_says(TensorFile::load(&path), &["not fully covered", MODEL]);
        fs::write(&path, "this is a text, not a tensor file").unwrap();
        assert_says(TensorFile::load(&path), &["not of the safetensors format", MODEL]);
        let header = br#"{"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}  "#;
        let wide = [(header.len() as u64).to_le_bytes().as_slice(), header, &[0; 8]].concat();
        fs::write(&path, wide).unwrap();
        assert_says(TensorFile::load(&path), &["`w` holds F64, expected F32", MODEL]);
    }

    #[test]
    fn inconsistent_tensors_are_not_written() {
        let tensor = |length| NamedTensor {
            name: "w".into(),
            shape: vec![2, 3],
            data: vec![0.0; length],
        };
        let file = |tensors| TensorFile {
            tensors,
            ..TensorFile::default()
        };
        assert_says(file(vec![tensor(5)]).to_bytes(), &["`w`", "5 numbers", "[2, 3]"]);
        assert_says(file(vec![tensor(6), tensor(6)]).to_bytes(), &["two tensors", "`w`"]);
    }

    /// Blocks stand side by side: gamma's column is the last of the first layer.
    #[test]
    fn matrices_are_joined() {
        let theta = counted();
        let file = file_of(&theta);
        let first = file.get("policy.first.weight").unwrap();
        assert_eq!(first.shape, [4, 6]);
        for row in 0..4 {
            assert_eq!(first.data[6 * row..][..5], theta.policy.first.own[row]);
            assert_eq!(first.data[6 * row + 5], theta.policy.first.other[row][0]);
        }
        assert_eq!(file.get("value.first.weight").unwrap().shape, [4, 8]);
        assert_eq!(file.get("quantiles.bias").unwrap().data, theta.quantiles.bias);
        let numbers: usize = file.tensors.iter().map(|tensor| tensor.data.len()).sum();
        assert_eq!(numbers, Small::LEN);
    }

    #[test]
    fn parameters_come_back() {
        let theta = counted();
        let mut target = theta;
        target.quantiles.bias[0] = -1.0;
        let mut tensors = parameters_to_tensors(&theta, "");
        tensors.extend(parameters_to_tensors(&target, "target."));
        tensors.reverse(); // order does not matter
        let file = TensorFile {
            tensors,
            ..TensorFile::default()
        };
        for (prefix, expected) in [("", theta), ("target.", target)] {
            let mut loaded = Small::ZERO;
            parameters_from_tensors(&file, prefix, &mut loaded).unwrap();
            assert_eq!(loaded, expected);
        }
    }

    #[test]
    fn unfit_parameters() {
        let fill = |change: fn(&mut Vec<NamedTensor>)| {
            let mut file = file_of(&counted());
            change(&mut file.tensors);
            let mut theta = Small::ZERO;
            let result = parameters_from_tensors(&file, "", &mut theta);
            assert_eq!(theta, Small::ZERO, "an error changes nothing");
            result
        };
        assert_says(fill(|tensors| drop(tensors.pop())), &["`quantiles.bias` is missing"]);
        assert_says(
            fill(|tensors| tensors[0].shape = vec![6, 4]),
            &["`policy.first.weight`", "[6, 4]", "expected [4, 6]"],
        );
        assert_says(
            fill(|tensors| tensors[1].data.truncate(3)),
            &["`policy.first.bias` has 3 numbers"],
        );
        assert_says(
            fill(|tensors| tensors[2].data[3] = f32::NAN),
            &["`policy.first.norm.scale` holds NaN at 3"],
        );
        assert_says(
            fill(|tensors| tensors[0].data[1] = f32::INFINITY),
            &["`policy.first.weight` holds inf at 1"],
        );
        let deeper = TensorFile {
            tensors: parameters_to_tensors(&Parameters::<f32, 5, 4, 2, 3>::ZERO, ""),
            ..TensorFile::default()
        };
        assert_says(
            parameters_from_tensors(&deeper, "", &mut Small::ZERO.clone()),
            &["`policy.residual.1.inner.weight`", "1 residual blocks", "configuration"],
        );
    }
}
