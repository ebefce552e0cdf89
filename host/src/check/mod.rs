//! The cross-check report: implementations, derivatives and external numbers on the same inputs, and where they differ.
//!
//! Every operation of [`meva_operations`] is computed by every implementation that has it and, if it is a derivative,
//! in every available way. The results are compared with our `f64`, using analytic derivatives.
//! [`meva_operations::bounds`] says how large an error may be and why; [`report`] presents the results. [`vectors`]
//! instead compares the implementations with float64 numbers from files. [`model`] compares a trained model on each
//! implementation with `f64` or with the results of an external implementation.

mod gpu;
mod holder;
pub mod model;
mod packed;
pub mod report;
mod update;
pub mod vectors;

use std::sync::Arc;

use crate::cpu::Cpu;
use crate::error::Result;
use crate::gpu::Gpu;
use holder::Holder;
use meva_operations::cases::with_room;
use report::Report;

/// What implementations lack, stated for the reader of the report.
const ABSENT: [&str; 3] = [
    "f64 by formula is what the others are held against; differences say nothing in f32",
    "lanes have no optimiser of their own: it works on parameters, which all lanes share",
    "GPUs have no gradients but own ones, no second derivatives, no learners; loss, returns and parameter gradients only within an \
     update, the optimiser there and at extremes",
];

/// Checks all operations on the CPU's implementations and on these adapters.
///
/// # Errors
/// A device failed, or the variable that forces an instruction set names an unknown one.
pub fn operations(report: &mut Report, gpus: &[Arc<Gpu>]) -> Result<()> {
    let cpu = Cpu::detect()?;
    with_room(|| {
        let mut holder = Holder::new(report, cpu, gpus);
        meva_operations::checked::each(&mut holder);
        holder.hold_only_at_the_ends(&gpu::step()?);
        holder.finish()?;
        update::check(report, cpu, gpus)
    })?;
    report.notes.extend(ABSENT.map(String::from));
    Ok(())
}
