//! The cross-check report: implementations, derivatives and outside numbers on the same inputs, and where they part.
//!
//! Every operation of [`meva_operations`] is computed by every implementation that has it and, if it is a derivative, in every
//! way that there is, and held against our `f64` by formula. [`meva_operations::bounds`] says how far it may be off and why;
//! [`report`] shows it. [`vectors`] holds the implementations against float64 numbers from files instead, [`model`] a trained
//! model on each implementation against `f64` or against what an outside implementation says.

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

/// What implementations lack, for the report's reader.
const ABSENT: [&str; 3] = [
    "f64 by formula is what the others are held against; differences say nothing in f32",
    "lanes have no optimiser of their own: it works on parameters, which all lanes share",
    "GPUs have no gradients but own ones, no second derivatives, no learners; loss, returns, parameter gradients and optimiser \
     only within an update",
];

/// All operations on the CPU's implementations and on these adapters.
///
/// # Errors
/// A device failed, or the variable that forces an instruction set names none.
pub fn operations(report: &mut Report, gpus: &[Arc<Gpu>]) -> Result<()> {
    let cpu = Cpu::detect()?;
    with_room(|| {
        let mut holder = Holder::new(report, cpu, gpus);
        meva_operations::each::<16, 1, 16>(&mut holder);
        holder.finish()?;
        update::check(report, cpu, gpus)
    })?;
    report.notes.extend(ABSENT.map(String::from));
    Ok(())
}
