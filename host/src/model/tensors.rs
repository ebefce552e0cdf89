//! Tensors in safetensors files, and network parameters as tensors.

use std::collections::BTreeMap;
use std::path::Path;

use meva_core::parameters::{Parameters, Tensor};
use safetensors::tensor::TensorInfo;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::files::{self, MOST_NUMBERS};

/// The note under which a file has its [checksum](TensorFile::checksum).
pub const CHECKSUM: &str = "checksum";

/// The contents of a safetensors file: tensors in the order of their data, and notes.
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

/// The header of a safetensors file. Sorted, so that equal contents give equal bytes.
#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "__metadata__")]
    metadata: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<&'a str, TensorInfo>,
}

impl TensorFile {
    /// The tensor with this name.
    pub fn get(&self, name: &str) -> Option<&NamedTensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The checksum of the contents, as eight hexadecimal digits: the CRC-32 of every note, in the order of keys, as
    /// `KEY 0 VALUE 0`, then of every tensor, in the order of names, as `NAME 0 LENGTH,LENGTH.. 0` and its numbers,
    /// little-endian.
    pub fn checksum(&self) -> String {
        let mut sum = crc32fast::Hasher::new();
        let mut text = |text: &str| {
            sum.update(text.as_bytes());
            sum.update(&[0]);
        };
        for (key, value) in self.metadata.iter().filter(|(key, _)| *key != CHECKSUM) {
            text(key);
            text(value);
        }
        let mut tensors: Vec<&NamedTensor> = self.tensors.iter().collect();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        for NamedTensor { name, shape, data } in tensors {
            let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
            for text in [name, &lengths.join(",")] {
                sum.update(text.as_bytes());
                sum.update(&[0]);
            }
            for number in data {
                sum.update(&number.to_le_bytes());
            }
        }
        format!("{:08x}", sum.finalize())
    }

    /// The bytes of the file: the header's length, the header with the checksum, the numbers. Equal contents give equal
    /// bytes.
    ///
    /// # Errors
    /// Two tensors have the same name, or one's shape does not fit its data.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut metadata = self.metadata.clone();
        metadata.insert(CHECKSUM.to_owned(), self.checksum());
        let mut header = Header {
            metadata: &metadata,
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
        let mut header = serde_json::to_vec(&header).map_err(|error| Error::other(error.to_string()).because(error))?;
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

    /// Reads the bytes of a file. A checksum, if there is one, is checked and removed from the notes.
    ///
    /// # Errors
    /// They are truncated, are not in this format, contain numbers other than `f32`, or are not those that the checksum
    /// was made of.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes).map(|(file, _)| file)
    }

    /// The contents, and whether they have a checksum.
    fn parse(bytes: &[u8]) -> Result<(Self, bool)> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
        let read = SafeTensors::deserialize(bytes).map_err(unreadable)?;
        let tensor = |name: String| {
            let view = read.tensor(&name).map_err(unreadable)?;
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
        let mut file = TensorFile {
            tensors: header.offset_keys().into_iter().map(tensor).collect::<Result<_>>()?,
            metadata: header
                .metadata()
                .iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        };
        let promised = file.metadata.remove(CHECKSUM);
        if let Some(promised) = &promised
            && *promised != file.checksum()
        {
            return Err(Error::files(format!(
                "the file is damaged: its checksum is {promised}, that of its contents {}",
                file.checksum()
            ))
            .hint("copy it again; a file that was changed on purpose must lose the note `checksum` in its metadata"));
        }
        Ok((file, promised.is_some()))
    }

    /// Reads a file, as [`TensorFile::from_bytes`] reads its bytes. One without a checksum is read with a note.
    ///
    /// # Errors
    /// It cannot be read, or its bytes are not such a file.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = files::read(path, MOST_NUMBERS)?;
        let (file, is_checked) = Self::parse(&bytes).map_err(|error| error.at(path.display()))?;
        if !is_checked {
            log::warn!(
                "`{}` has no checksum: damage to its numbers would not be noticed",
                path.display()
            );
        }
        Ok(file)
    }
}

impl NamedTensor {
    fn check(&self) -> Result<()> {
        let NamedTensor { name, shape, data } = self;
        let length = shape
            .iter()
            .try_fold(1_usize, |product, length| product.checked_mul(*length));
        if length == Some(data.len()) {
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
    let unreadable = match error {
        HeaderTooSmall | InvalidHeaderLength | MetadataIncompleteBuffer => Error::files(format!(
            "the file is cut off, or not of the safetensors format: {error}"
        ))
        .hint("copy the file again, or train it again"),
        _ => Error::files(format!("the file is not of the safetensors format: {error}")),
    };
    unreadable.because(error)
}

/// The prefix of the names of network `n`'s tensors in part `part` of a file with this many networks: just the part
/// where the players share a network, otherwise `part` followed by `0.` or `1.`, the player.
pub fn network_prefix(part: &str, n: usize, networks: usize) -> String {
    if networks == 1 {
        part.to_owned()
    } else {
        format!("{part}{n}.")
    }
}

/// The parameters as tensors, with `prefix` before each name; the blocks of a matrix are joined side by side.
pub fn parameters_to_tensors<const N: usize, const H: usize, const R: usize, const M: usize>(
    parameters: &Parameters<f32, N, H, R, M>,
    prefix: &str,
) -> Vec<NamedTensor> {
    let mut tensors: Vec<NamedTensor> = Vec::new();
    for (block, values) in parameters.iter() {
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
        for (row, values) in rows.zip(values.chunks_exact(block.columns)) {
            row[columns(&block)].copy_from_slice(values);
        }
    }
    tensors
}

/// Fills the parameters from the tensors whose names start with `prefix`; other tensors may be present.
///
/// # Errors
/// A tensor is missing, has a different shape, belongs to a network with more layers, or contains NaN or infinity. The
/// parameters are then unchanged.
pub fn parameters_from_tensors<const N: usize, const H: usize, const R: usize, const M: usize>(
    file: &TensorFile,
    prefix: &str,
    parameters: &mut Parameters<f32, N, H, R, M>,
) -> Result<()> {
    let blocks: Vec<_> = Parameters::<f32, N, H, R, M>::tensors().collect();
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
    for ((block, values), tensor) in parameters.iter_mut().zip(tensors) {
        let rows = tensor.data.chunks_exact(block.of_columns);
        for (values, row) in values.chunks_exact_mut(block.columns).zip(rows) {
            values.copy_from_slice(&row[columns(&block)]);
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

/// Whether a name with `prefix` is one that parameters have.
fn is_of_network(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| {
        ["policy.", "value.", "quantiles."]
            .iter()
            .any(|part| rest.starts_with(part))
    })
}

/// The shape of the matrix that `block` is a part of.
fn shape(block: &Tensor) -> Vec<usize> {
    if block.is_vector() {
        vec![block.columns]
    } else {
        vec![block.rows, block.of_columns]
    }
}

/// The columns of that matrix that `block` occupies.
fn columns(block: &Tensor) -> std::ops::Range<usize> {
    block.first_column..block.first_column + block.columns
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::error::assert_says;
    use crate::model::MODEL;
    use tempfile::TempDir;

    type Small = Parameters<f32, 5, 4, 1, 3>;

    /// Parameters with a different number in every place.
    fn counted() -> Small {
        let mut theta = Small::ZERO;
        let mut count = 0.0;
        for value in theta.numbers_mut() {
            count += 1.0;
            *value = count;
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
    fn tensor_files_come_back() {
        let scratch = TempDir::new().unwrap();
        let path = scratch.path().join(MODEL);
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
        fs::write(&path, &bytes).unwrap();
        let loaded = TensorFile::load(&path).unwrap();
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
        let scratch = TempDir::new().unwrap();
        let path = scratch.path().join(MODEL);
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

    /// Every bit of a file matters: flipped, it is noticed, except for those that only lay the file out.
    #[test]
    fn a_flipped_bit_is_noticed() {
        let file = file_of(&counted());
        let bytes = file.to_bytes().unwrap();
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(read) = TensorFile::from_bytes(&flipped) else {
                continue;
            };
            let kept = |(key, value): (&String, &String)| read.metadata.get(key) == Some(value);
            assert!(file.metadata.iter().all(kept), "bit {bit}");
            assert!(
                read.tensors.iter().all(|tensor| file.get(&tensor.name) == Some(tensor)),
                "bit {bit}"
            );
            assert_eq!(read.tensors.len(), file.tensors.len(), "bit {bit}");
        }
    }

    #[test]
    fn a_file_without_a_checksum_is_read() {
        let file = file_of(&counted());
        let with = file.to_bytes().unwrap();
        let place = with
            .windows(8)
            .position(|window| window == CHECKSUM.as_bytes())
            .unwrap();
        let mut without = with.clone();
        without[place..place + 8].copy_from_slice(b"chockfum");
        let read = TensorFile::from_bytes(&without).unwrap();
        assert_eq!(read.tensors.len(), file.tensors.len());
        assert_eq!(read.metadata["chockfum"], file.checksum());
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

    /// Blocks are joined side by side: gamma's column is the last of the first layer.
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
