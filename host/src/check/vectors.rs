//! Implementations compared with external float64 numbers, in the files described in `tests/vectors/README.md`.
//!
//! Each case is judged separately, and within it each tensor; a line of the report shows the worst of all cases of a
//! game, of a learner with one step length, or of a network.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use meva_core::kernels::Portable;
use meva_operations::Operation;
use meva_operations::bounds::Implementation;
use meva_operations::cases::with_room;
use meva_operations::json::{self, Malformed};
use meva_operations::vectors::{FILES, Judgement, Reader, Vector, judge, judge_numbers, read};

use super::gpu;
use super::report::Report;
use crate::cpu::{Cpu, Number};
use crate::error::{Error, Result};
use crate::files::{MOST_NUMBERS, read_text};
use crate::gpu::Gpu;

/// A file of values that only one implementation has, the core's strategies, for which it has tests of its own.
const OF_STRATEGIES: &str = "strategies.json";

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
        if name.ends_with(".json") && name != OF_STRATEGIES {
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
    let cpu = Cpu::detect()?;
    for file in FILES {
        if !found.contains(file) {
            report.notes.push(format!("{file} is not in the folder"));
            continue;
        }
        let path = folder.join(file);
        let value = contents(&path)?;
        with_room(|| {
            let mut held = Held {
                report: &mut *report,
                cpu,
                gpus,
                failure: Ok(()),
            };
            let ignored = read(file, &value, &mut held).map_err(|error| malformed(error).at(path.display()))?;
            let failure = held.failure;
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
        "f64 is held to what the vectors promise; GPUs have vectors for games alone, since no network of the vectors' shapes is \
         compiled for them"
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

/// The report, and the implementations to check besides `f64` and `f32`.
struct Held<'a> {
    report: &'a mut Report,
    cpu: Cpu,
    gpus: &'a [Arc<Gpu>],
    failure: Result<()>,
}

impl Held<'_> {
    fn add(&mut self, subject: &str, implementation: Implementation, judgements: Vec<Judgement>) {
        for judgement in judgements {
            let derivative = judgement.quantity.is_derivative();
            let derivative = derivative.then_some(meva_operations::bounds::Derivative::Analytic);
            let computed = (implementation, derivative);
            self.report
                .add_worst(subject, judgement.quantity, computed, judgement.error, judgement.bound);
        }
    }
}

impl Reader for Held<'_> {
    fn case<O: Operation>(&mut self, operation: &O, subject: &str, vector: Vector) -> json::Result<()> {
        let in_f64 = judge::<f64, _, O>(operation, &Portable, Implementation::F64, vector)?;
        self.add(subject, Implementation::F64, in_f64);
        let in_f32 = judge::<f32, _, O>(operation, &Portable, Implementation::F32, vector)?;
        self.add(subject, Implementation::F32, in_f32);
        if operation.has_lanes() {
            let in_lanes = judge::<Number, _, O>(operation, &self.cpu, Implementation::Lanes, vector)?;
            self.add(subject, Implementation::Lanes, in_lanes);
        }
        if operation.module().starts_with("game::") {
            let case = vector.inputs(operation)?;
            for device in self.gpus {
                match gpu::answers(device, operation, std::slice::from_ref(&case)) {
                    Ok(Some(outputs)) => {
                        let of = gpu::implementation(device);
                        let judgements = judge_numbers(operation, of, vector, &case, &outputs)?;
                        self.add(subject, of, judgements);
                    }
                    Ok(None) => {}
                    Err(error) => self.failure = Err(error),
                }
            }
        }
        Ok(())
    }
}
