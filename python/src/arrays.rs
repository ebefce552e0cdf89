//! Numpy arrays as joint policies, and results as numpy arrays.

use numpy::{Element, PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;
use rayon::prelude::*;

use meva::Error;
use meva_core::{Player, Real};

use crate::error::{OrRaise, unexpected, wrong_type};

/// Numbers of either type.
#[derive(Clone)]
pub enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Numbers {
    fn is_nan(&self, index: usize) -> bool {
        match self {
            Numbers::F32(numbers) => numbers[index].is_nan(),
            Numbers::F64(numbers) => numbers[index].is_nan(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Numbers::F32(numbers) => numbers.len(),
            Numbers::F64(numbers) => numbers.len(),
        }
    }
}

/// A number that arrays can have.
pub trait Number: Real + Element {}

impl Number for f32 {}
impl Number for f64 {}

/// An array's shape and its numbers, row-major.
#[derive(Clone)]
pub struct Array {
    pub shape: Vec<usize>,
    pub numbers: Numbers,
}

impl Array {
    /// Copies whatever numpy can make an array of: `float32` and `float64` stay what they are, integers become `float64`.
    ///
    /// # Errors
    /// It is no array of real numbers, or holds NaN.
    pub fn read(object: &Bound<PyAny>, name: &str) -> PyResult<Self> {
        let py = object.py();
        let numpy = py.import("numpy")?;
        let array = numpy.call_method1("asarray", (object,)).or_else(|error| {
            Err(Error::usage(format!("`{name}` is no array: {}", error.value(py))).hint("give a numpy array"))
                .or_raise(py)
        })?;
        let shape: Vec<usize> = array.getattr("shape")?.extract()?;
        let dtype = array.getattr("dtype")?;
        let (kind, size): (char, usize) = (dtype.getattr("kind")?.extract()?, dtype.getattr("itemsize")?.extract()?);
        let numbers = match (kind, size) {
            ('f', 4) => Numbers::F32(copied(&numpy, &array, "float32")?),
            ('f', 8) | ('i' | 'u', _) => Numbers::F64(copied(&numpy, &array, "float64")?),
            _ => {
                let error = Error::usage(format!("`{name}` has the dtype {dtype}: it must be float64 or float32"))
                    .hint(format!("convert it: {name}.astype(\"float64\")"));
                return Err(wrong_type(py, &error));
            }
        };
        let array = Array { shape, numbers };
        match (0..array.numbers.len()).find(|index| array.numbers.is_nan(*index)) {
            None => Ok(array),
            Some(index) => {
                let place = unravel(index, &array.shape);
                Err(Error::usage(format!("`{name}` is NaN at {place:?}")).hint("replace it by a number")).or_raise(py)
            }
        }
    }

    /// As [`Array::read`], for joint policies of `parameters` numbers: an array `[..., 2, N]`.
    ///
    /// # Errors
    /// As [`Array::read`], or of another shape.
    pub fn joint(object: &Bound<PyAny>, name: &str, parameters: usize) -> PyResult<Self> {
        let array = Self::read(object, name)?;
        if array.shape.ends_with(&[2, parameters]) {
            return Ok(array);
        }
        Err(Error::usage(format!(
            "`{name}` has the shape {:?}, expected [..., 2, {parameters}]: a row for each player, of {parameters} parameter{}",
            array.shape,
            if parameters == 1 { "" } else { "s" }
        ))
        .hint("the last two lengths are players and parameters; any lengths may come before them"))
        .or_raise(object.py())
    }

    /// The lengths before players and parameters.
    pub fn batch(&self) -> &[usize] {
        &self.shape[..self.shape.len().saturating_sub(2)]
    }

    /// The numbers in double precision.
    pub fn wide(self) -> Vec<f64> {
        match self.numbers {
            Numbers::F32(numbers) => numbers.into_iter().map(f64::from).collect(),
            Numbers::F64(numbers) => numbers,
        }
    }

    /// The batch's lengths with others after them.
    pub fn with(&self, last: &[usize]) -> Vec<usize> {
        [self.batch(), last].concat()
    }
}

/// The numbers of an array, row-major.
fn copied<T: Element + Copy>(numpy: &Bound<PyModule>, array: &Bound<PyAny>, dtype: &str) -> PyResult<Vec<T>> {
    let array = numpy.call_method1("ascontiguousarray", (array, dtype))?;
    Ok(array.cast::<PyArrayDyn<T>>()?.to_vec()?)
}

/// The index of a number in each dimension.
fn unravel(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut place = vec![0; shape.len()];
    for (place, length) in place.iter_mut().zip(shape).rev() {
        (*place, index) = (index % length, index / length);
    }
    place
}

/// A numpy array of these numbers.
pub fn array<'py, T: Element>(py: Python<'py>, numbers: Vec<T>, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let flat = numpy::PyArray1::from_vec(py, numbers);
    Ok(flat.reshape(shape)?.into_any())
}

/// A numpy array of numbers of either type.
pub fn array_of<'py>(py: Python<'py>, numbers: Numbers, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    match numbers {
        Numbers::F32(numbers) => array(py, numbers, shape),
        Numbers::F64(numbers) => array(py, numbers, shape),
    }
}

/// Row-major numbers as joint policies.
pub fn joints<S, const N: usize>(numbers: &[S]) -> &[[[S; N]; 2]] {
    numbers.as_chunks::<N>().0.as_chunks::<2>().0
}

/// How many joint policies a thread takes at a time.
const CHUNK: usize = 256;

/// Fills `each` numbers for every joint policy, by index, on all threads.
pub fn fill<S: Number>(count: usize, each: usize, one: impl Fn(usize, &mut [S]) + Sync) -> Vec<S> {
    let mut results = vec![S::ZERO; count * each];
    results
        .par_chunks_mut(CHUNK * each)
        .enumerate()
        .for_each(|(chunk, results)| {
            for (k, result) in results.chunks_exact_mut(each).enumerate() {
                one(chunk * CHUNK + k, result);
            }
        });
    results
}

/// The players that are asked for: one, or both.
pub fn players(py: Python, player: Option<i64>) -> PyResult<&'static [Player]> {
    match player {
        None => Ok(&Player::BOTH),
        Some(0) => Ok(&[Player::Zero]),
        Some(1) => Ok(&[Player::One]),
        Some(other) => {
            Err(Error::usage(format!("there is no player {other}")).hint("players are 0 and 1")).or_raise(py)
        }
    }
}

/// Numbers for each of `batch` joint policies and both players, from one, one for each player, or all of them.
///
/// # Errors
/// Another shape.
pub fn settings(object: &Bound<PyAny>, name: &str, batch: &[usize]) -> PyResult<Vec<[f64; 2]>> {
    let py = object.py();
    let array = Array::read(object, name)?;
    let full = [batch, &[2]].concat();
    let (numpy, own) = (py.import("numpy")?, array.shape.clone());
    let spread = numpy
        .call_method1("broadcast_to", (array_of(py, array.numbers, &own)?, full.clone()))
        .or_else(|_| {
            Err(
                Error::usage(format!("`{name}` has the shape {own:?}, expected {full:?}"))
                    .hint("give one number, one for each player, or two for each joint policy"),
            )
            .or_raise(py)
        })?;
    let numbers = copied::<f64>(&numpy, &spread, "float64")?;
    let pairs = numbers.as_chunks::<2>().0.to_vec();
    if pairs.len() == full.iter().product::<usize>() / 2 {
        Ok(pairs)
    } else {
        Err(unexpected("numpy changed the number of settings"))
    }
}
