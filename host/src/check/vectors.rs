//! Implementations compared with external float64 numbers, in the files described in `tests/vectors/README.md`.
//!
//! Each case is judged separately, and within it each tensor; a line of the report shows the worst of all cases of a
//! game, of a learner with one step length, or of a network.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use meva_operations::bounds::{Derivative, Implementation};
use meva_operations::cases::{in_f32, in_f64, with_room};
use meva_operations::json::{self, Malformed};
use meva_operations::vectors::{FILES, Inputs, Read, in_vectors, read_objects};

use super::gpu;
use super::report::Report;
use crate::error::{Error, Result};
use crate::files::{MOST_NUMBERS, read_text};
use crate::gpu::Gpu;

/// Files of values that only one implementation has, the core's strategies and learners by others, for which it has tests of its own.
const OF_THE_CORE: [&str; 2] = ["comparators.json", "strategies.json"];

/// Compares the CPU's implementations and, for games, these adapters with the files in a folder. Files that are not
/// JSON are skipped, and a note lists the known files that are missing.
///
/// # Errors
/// The folder cannot be read or contains no file of vectors; a file has an unknown name or is malformed; a device failed.
pub fn check(report: &mut Report, folder: &Path, gpus: &[Arc<Gpu>]) -> Result<()> {
    let unreadable = |cause| Error::io("read the folder", folder, cause);
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") && !OF_THE_CORE.contains(&name.as_str()) {
            found.insert(name);
        }
    }
    let names = || FILES.join(", ");
    if let Some(unknown) = found.iter().find(|name| !FILES.contains(&name.as_str())) {
        return Err(Error::usage("no operation has vectors in a file of this name")
            .at(folder.join(unknown).display())
            .hint(format!("there are {}", names())));
    }
    if found.is_empty() {
        return Err(Error::usage("there are no vectors in this folder")
            .at(folder.display())
            .hint(format!("files of vectors are {}", names())));
    }
    for file in FILES {
        if !found.contains(file) {
            report.notes.push(format!("{file} is not in the folder"));
            continue;
        }
        let path = folder.join(file);
        let value = contents(&path)?;
        with_room(|| {
            let mut failure = Ok(());
            let mut held = |read: &Read| hold(report, read, gpus, &mut failure);
            let ignored = read_objects(file, &value, &mut held).map_err(|error| malformed(error).at(path.display()))?;
            if !ignored.is_empty() {
                let names: Vec<_> = ignored.into_iter().collect();
                report
                    .notes
                    .push(format!("{file}: {} are compared with nothing", names.join(", ")));
            }
            failure
        })?;
    }
    report.notes.push(
        "f64 is held to what the vectors promise; lanes are those of the core, whose bits this processor's kernels have; GPUs have \
         vectors for games alone, since no network of the vectors' shapes is compiled for them"
            .into(),
    );
    Ok(())
}

/// Reads a JSON file.
///
/// # Errors
/// It cannot be read, or is not JSON.
pub(super) fn contents(path: &Path) -> Result<serde_json::Value> {
    let text = read_text(path, MOST_NUMBERS)?;
    json::parse(&text).map_err(|error| malformed(error).at(path.display()))
}

/// An error addressed to the author of a file.
pub(super) fn malformed(error: Malformed) -> Error {
    let usage = Error::usage(error.what.clone());
    match error.hint.clone() {
        Some(hint) => usage.hint(hint),
        None => usage,
    }
    .because(error)
}

/// Compares a case in `f64`, in `f32`, in lanes and, for a game, on adapters.
fn hold(report: &mut Report, read: &Read, gpus: &[Arc<Gpu>], failure: &mut Result<()>) -> json::Result<()> {
    let (operation, vector) = (read.operation, read.vector);
    let inputs = Inputs::new(operation, vector)?;
    let cases = inputs.cases();
    let mut implementations = vec![
        (Implementation::F64, in_f64(operation, cases, &in_vectors)),
        (Implementation::F32, in_f32(operation, cases, &in_vectors)),
    ];
    if operation.has_lanes() {
        implementations.push((Implementation::Lanes, (read.in_lanes)(cases)));
    }
    if operation.module().starts_with("game::") {
        for device in gpus {
            match gpu::answers(device, operation, cases) {
                Ok(Some(numbers)) => implementations.push((gpu::implementation(device), numbers)),
                Ok(None) => {}
                Err(error) => *failure = Err(error),
            }
        }
    }
    for (implementation, numbers) in implementations {
        for judgement in inputs.judge(operation.outputs(), implementation, vector, &numbers)? {
            let derivative = judgement.quantity.is_derivative().then_some(Derivative::Analytic);
            let computed = (implementation, derivative);
            report.add_worst(
                read.subject,
                judgement.quantity,
                computed,
                judgement.error,
                judgement.bound,
            );
        }
    }
    Ok(())
}
