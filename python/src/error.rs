//! Errors of the host as exceptions of `meva.errors`, with the same words; notes as records of the logger `meva`.

use std::any::Any;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyType;

use meva::Error;

/// The exception of this name in `meva.errors`.
fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    Ok(py.import("meva.errors")?.getattr(name)?.cast_into::<PyType>()?)
}

/// The exception of class `name` with the words of `error`.
fn exception_of(py: Python, name: &str, error: &Error) -> PyErr {
    let object = error.json();
    let part = |key: &str| object["error"][key].as_str().map(str::to_owned);
    class(py, name)
        .and_then(|class| class.call1((part("what"), part("place"), part("hint"))))
        .map_or_else(|error| error, PyErr::from_value)
}

/// The exception for an error of the host.
pub fn exception(py: Python, error: &Error) -> PyErr {
    let name = match error.exit_code() {
        2 => "UsageError",
        3 => "FilesError",
        4 => "DivergedError",
        5 => "GpuError",
        _ => "Error",
    };
    exception_of(py, name, error)
}

/// The exception for an array of another type of number.
pub fn wrong_type(py: Python, error: &Error) -> PyErr {
    exception_of(py, "DtypeError", error)
}

/// The exception for a panic: a mistake in this package, of which the interpreter survives.
pub fn of_panic(py: Python, panic: &(dyn Any + Send)) -> PyErr {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    let error = Error::other(words.unwrap_or("a panic without words"))
        .hint("this is a mistake in meva, not in your program: please report it with what led to it");
    exception_of(py, "InternalError", &error)
}

/// Raises what the host says.
pub trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python) -> PyResult<T>;
}

impl<T> OrRaise<T> for meva::Result<T> {
    fn or_raise(self, py: Python) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}

/// Hands the notes of the host to Python's `logging`.
struct Notes;

impl log::Log for Notes {
    fn enabled(&self, of: &log::Metadata) -> bool {
        of.level() <= log::Level::Warn && of.target().trim_start_matches('_').starts_with("meva")
    }

    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            // An interpreter that shuts down has no use for notes, and a logger that fails must not end the work.
            let _ = Python::try_attach(|py| -> PyResult<()> {
                let logger = py.import("logging")?.call_method1("getLogger", ("meva",))?;
                logger.call_method1("warning", (record.args().to_string(),))?;
                Ok(())
            });
        }
    }

    fn flush(&self) {}
}

/// From now on notes go to the logger `meva`.
pub fn forward_notes() {
    if log::set_logger(&Notes).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}

/// An error that nobody can have caused.
pub fn unexpected(what: &str) -> PyErr {
    PyRuntimeError::new_err(what.to_owned())
}
