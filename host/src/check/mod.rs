//! The cross-check report: engines, derivatives and outside implementations on the same inputs, and where they part.
//!
//! Every operation is computed by every engine that has it ([`report::Engine`]) and, if it is a derivative, in every way
//! that there is ([`report::Derivative`]), and held against our `f64` by formula. [`tolerance`] says how far it may be off and
//! why; [`report`] shows it. [`vectors`] holds the engines against float64 numbers from files instead, [`model`] a trained
//! model on each engine against `f64` or against what an outside implementation says.
//!
//! | file | operations |
//! |---|---|
//! | [`elementary`] | exp, tanh, sigmoid, GELU |
//! | [`games`] | games and learners |
//! | [`network`] | the meta-value network |
//! | [`pieces`], [`update`] | losses, returns, the optimiser; one update of Algorithm 1 |
//! | [`gpu`] | of these, what a GPU computes |

pub mod condition;
pub mod differences;
pub mod elementary;
pub mod games;
pub mod gpu;
pub mod json;
pub mod model;
pub mod network;
pub mod packed;
pub mod pieces;
pub mod report;
pub mod stochastic;
pub mod tolerance;
pub mod update;
pub mod vectors;

use std::sync::Arc;

use crate::error::Result;
use crate::gpu::Gpu;
use report::Report;

/// Which engines lack what, for the report's reader.
const ABSENT: [&str; 3] = [
    "f64 by formula is what the others are held against; differences say nothing in f32",
    "lanes have no learners (the CPU engine follows them in f32, one after the other), no duals of networks and losses, no \
     optimiser apart from an update",
    "GPUs have no gradients but own ones, no second derivatives, no learners; loss, returns, parameter gradients and optimiser \
     only within an update",
];

/// All operations on the CPU's engines and on these adapters.
///
/// # Errors
/// A device failed, or the variable that forces an instruction set names none.
pub fn operations(report: &mut Report, gpus: &[Arc<Gpu>]) -> Result<()> {
    elementary::check(report);
    games::check(report);
    network::check(report)?;
    pieces::check(report)?;
    update::check(report)?;
    for gpu in gpus {
        gpu::check(report, gpu)?;
    }
    report.notes.extend(ABSENT.map(String::from));
    Ok(())
}
