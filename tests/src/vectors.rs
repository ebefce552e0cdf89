//! Reads the vectors: from `vectors/` in this crate, or from the folder that the environment variable `MEVA_VECTORS` names.

use std::collections::BTreeSet;
use std::path::PathBuf;

use meva_core::activation::Activation;
use meva_core::meta_value::{Architecture, Input};
use meva_core::parameters::{Parameters, Tensor};
use meva_core::scalar::Real;
use serde_json::Value;

/// Where the vectors are.
pub fn folder() -> PathBuf {
    match std::env::var_os("MEVA_VECTORS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors"),
    }
}

/// The cases of a file.
///
/// # Panics
///
/// If the file cannot be read or holds no case: a test without cases proves nothing.
pub fn cases(file: &str) -> Vec<Value> {
    let path = folder().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("reading {}: {e}", path.display()));
    let mut whole: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("parsing {}: {e}", path.display()));
    match whole["cases"].take() {
        Value::Array(cases) if !cases.is_empty() => cases,
        _ => panic!("{} has no cases", path.display()),
    }
}

/// The numbers of nested lists, row-major.
///
/// # Panics
///
/// If anything else occurs.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(number) => vec![number.as_f64().expect("a number that f64 holds")],
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        other => panic!("expected numbers, found {other}"),
    }
}

/// One number.
pub fn number(value: &Value) -> f64 {
    let [number] = row(value);
    number
}

/// `A` numbers.
pub fn row<const A: usize>(value: &Value) -> [f64; A] {
    let numbers = numbers(value);
    numbers
        .try_into()
        .unwrap_or_else(|numbers: Vec<f64>| panic!("expected {A} numbers, found {}", numbers.len()))
}

/// `B` rows of `A` numbers.
pub fn rows<const A: usize, const B: usize>(value: &Value) -> [[f64; A]; B] {
    assert_eq!(list(value).len(), B, "rows");
    core::array::from_fn(|b| row(&value[b]))
}

/// The elements of a list.
pub fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("expected a list, found {value}"))
}

/// A word.
pub fn word(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("expected a word, found {value}"))
}

/// Sizes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Parameters per policy, hidden units, residual blocks, quantiles: `N, H, R, M`.
    pub sizes: [usize; 4],
    /// Input and last activation.
    pub architecture: Architecture,
}

impl Shape {
    /// Reads a shape.
    pub fn read(value: &Value) -> Self {
        Shape {
            sizes: ["n", "H", "R", "M"].map(|key| number(&value[key]) as usize),
            architecture: Architecture {
                input: match word(&value["input"]) {
                    "tenth" => Input::Tenth,
                    "sigmoid" => Input::Sigmoid,
                    other => panic!("unknown input {other}"),
                },
                last_activation: match word(&value["final"]) {
                    "gelu" => Activation::Gelu,
                    "tanh" => Activation::Tanh,
                    other => panic!("unknown activation {other}"),
                },
            },
        }
    }
}

/// Calls a function generic over `N, H, R, M` with the sizes at hand, which must be one of the two that occur.
#[macro_export]
macro_rules! with_sizes {
    ($sizes:expr, $function:ident ( $($argument:expr),* )) => {
        match $sizes {
            [1, 8, 1, 4] => $function::<1, 8, 1, 4>($($argument),*),
            [5, 12, 2, 6] => $function::<5, 12, 2, 6>($($argument),*),
            other => panic!("no network with sizes {other:?} is compiled in"),
        }
    };
}

/// The columns of a named matrix, or the vector, that a tensor covers.
pub fn tensor(named: &Value, tensor: &Tensor) -> Vec<f64> {
    let name = tensor.to_string();
    let whole = numbers(&named[&name]);
    assert_eq!(whole.len(), tensor.rows * tensor.of_columns, "size of {name}");
    whole
        .chunks(tensor.of_columns)
        .flat_map(|row| &row[tensor.first_column..tensor.first_column + tensor.columns])
        .copied()
        .collect()
}

/// Parameters by the names of their tensors; every name must be used.
pub fn parameters<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    named: &Value,
) -> Box<Parameters<T, N, H, R, M>> {
    let mut parameters = Box::new(Parameters::ZERO);
    let mut used = BTreeSet::new();
    for index in 0..Parameters::<T, N, H, R, M>::TENSORS {
        let at = Parameters::<T, N, H, R, M>::tensor(index);
        for (value, number) in parameters.values_mut(index).iter_mut().zip(tensor(named, &at)) {
            *value = T::round(number);
        }
        used.insert(at.to_string());
    }
    let names: BTreeSet<_> = named.as_object().expect("tensors by name").keys().cloned().collect();
    assert_eq!(used, names, "names of tensors");
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_last_bit() {
        let value: Value = serde_json::from_str("[[0.1, 1.7976931348623157e308], [-4.9e-324, 3]]").unwrap();
        assert_eq!(numbers(&value), [0.1, f64::MAX, -f64::from_bits(1), 3.0]);
    }

    #[test]
    #[should_panic(expected = "expected 3 numbers, found 2")]
    fn short_rows_fail() {
        row::<3>(&serde_json::json!([1.0, 2.0]));
    }

    #[test]
    #[should_panic(expected = "expected numbers")]
    fn missing_keys_fail() {
        numbers(&serde_json::json!({})["absent"]);
    }

    #[test]
    #[should_panic(expected = "names of tensors")]
    fn surplus_names_fail() {
        let case = &cases("network.json")[0]["parameters"];
        let mut more = case.clone();
        more["policy.second.weight"] = serde_json::json!([1.0]);
        let sizes = Shape::read(&cases("network.json")[0]["shape"]).sizes;
        fn load<const N: usize, const H: usize, const R: usize, const M: usize>(named: &Value) {
            parameters::<f64, N, H, R, M>(named);
        }
        with_sizes!(sizes, load(&more));
    }
}
