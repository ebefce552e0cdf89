//! Configurations: presets, files and keys, as dictionaries.

use std::path::Path;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use meva::Config;

use crate::error::{OrRaise, unexpected};

/// The configuration that a preset or a file describes, with keys set as on the command line: `key=value`.
pub fn read(what: &str, set: &[String]) -> meva::Result<Config> {
    let path = Path::new(what);
    let is_file = what.ends_with(".toml") || what.contains(std::path::MAIN_SEPARATOR) || path.is_file();
    let mut config = if is_file {
        Config::load(path)?
    } else {
        Config::preset(what)?
    };
    for assignment in set {
        if let Some(renamed) = config.set(assignment)? {
            log::warn!("{renamed}");
        }
    }
    config.validate()?;
    Ok(config)
}

/// A configuration as a dictionary: every key that has an effect.
pub fn dictionary<'py>(py: Python<'py>, config: &Config) -> PyResult<Bound<'py, PyDict>> {
    let text = config.to_toml().or_raise(py)?;
    let table: toml::Table = text.parse().map_err(|_| unexpected("a configuration is not TOML"))?;
    let dictionary = PyDict::new(py);
    for (key, value) in &table {
        dictionary.set_item(key, object(py, value)?)?;
    }
    Ok(dictionary)
}

/// A value of TOML as a Python object.
fn object<'py>(py: Python<'py>, value: &toml::Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        toml::Value::Integer(number) => number.into_bound_py_any(py),
        toml::Value::Float(number) => number.into_bound_py_any(py),
        toml::Value::Boolean(truth) => truth.into_bound_py_any(py),
        toml::Value::String(text) => text.into_bound_py_any(py),
        toml::Value::Array(values) => {
            let values = values
                .iter()
                .map(|value| object(py, value))
                .collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, values)?.into_bound_py_any(py)
        }
        other => other.to_string().into_bound_py_any(py),
    }
}

/// The names of the presets.
#[pyfunction]
pub fn presets() -> Vec<&'static str> {
    Config::presets().collect()
}

/// The complete configuration of a preset or file with keys set, as a dictionary.
#[pyfunction]
pub fn config<'py>(py: Python<'py>, what: &str, set: Vec<String>) -> PyResult<Bound<'py, PyDict>> {
    let config = read(what, &set).or_raise(py)?;
    dictionary(py, &config)
}
