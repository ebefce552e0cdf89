//! The cross-check report.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;

use meva::Error;
use meva::check::{model, operations, report::Report, vectors};
use meva::gpu::Gpu;
use meva::gpu::device::list;

use crate::run::compute;

/// The report of `meva check` as JSON: of a model, of vectors, or of all operations.
#[pyfunction]
pub fn check(
    py: Python,
    path: Option<PathBuf>,
    points: Option<PathBuf>,
    folder: Option<PathBuf>,
    engine: &str,
) -> PyResult<String> {
    compute(py, || {
        let mut report = Report::default();
        let adapters = match engine {
            "cpu" => Vec::new(),
            "all" => list().0,
            _ => return Err(Error::usage(format!("unknown engine `{engine}`")).hint("use \"cpu\" or \"all\"")),
        };
        let gpus = adapters
            .iter()
            .map(|adapter| Gpu::open(Some(&adapter.index.to_string())).map(Arc::new));
        let gpus = gpus.collect::<meva::Result<Vec<_>>>()?;
        report.adapters = gpus.iter().map(|gpu| gpu.description.clone()).collect();
        match (&folder, &path) {
            (Some(folder), _) => vectors::check(&mut report, folder, &gpus)?,
            (None, Some(path)) => model::check(&mut report, path, points.as_deref(), &gpus)?,
            (None, None) => operations(&mut report, &gpus)?,
        }
        report.sort();
        Ok(report.json().to_string())
    })
}

/// The adapters that `engine="gpu"` can use, as JSON.
#[pyfunction]
pub fn devices(py: Python) -> PyResult<String> {
    compute(py, || {
        let (adapters, _) = list();
        let adapters: Vec<_> = adapters.iter().map(meva::gpu::Description::json).collect();
        Ok(serde_json::Value::from(adapters).to_string())
    })
}
