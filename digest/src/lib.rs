//! One digest for each operation of the core, on each scalar: run the same list on two processors, and the lines that
//! differ name the operations that do.
//!
//! Inputs come from the core's own random streams, whose digests stand first. A digest is FNV-1a over the bits of all
//! results; every NaN counts as the same one, since processors choose different payloads. Nothing is allocated and nothing
//! is formatted, so that the same list runs on a host and on bare metal.
//!
//! ```
//! let mut memory = Box::new(meva_digest::Memory::ZERO);
//! let mut lines = Vec::new();
//! meva_digest::run(&meva_core::kernels::Portable, &mut memory, &mut |operation, scalar, digest| {
//!     lines.push(format!("{operation} {scalar} {digest:016x}"));
//! });
//! assert!(lines.len() > 100);
//! ```
#![no_std]
#![forbid(unsafe_code)]

use meva_core::kernels::Kernels;
use meva_core::{Dual, Lanes};

mod bits;
mod games;
mod layers;
mod network;
mod numbers;
mod training;

pub use bits::{Bits, Fnv};
pub use training::Memory;

/// The trajectories that advance in lockstep: as many as on the host.
pub type Wide = Lanes<64>;

/// Kernels for every scalar that digests are made of.
pub trait AllKernels: Kernels<f32> + Kernels<f64> + Kernels<Dual<f32>> + Kernels<Wide> {}
impl<K: Kernels<f32> + Kernels<f64> + Kernels<Dual<f32>> + Kernels<Wide>> AllKernels for K {}

/// Takes a line: the operation, the scalar, the digest.
pub type Report<'a> = dyn FnMut(&'static str, &'static str, u64) + 'a;

/// Runs every operation and reports a digest for each.
pub fn run<K: AllKernels>(kernels: &K, memory: &mut Memory, report: &mut Report) {
    numbers::random(report);
    on_scalar::<f32, K>(kernels, report);
    on_scalar::<f64, K>(kernels, report);
    on_scalar::<Dual<f32>, K>(kernels, report);
    on_scalar::<Wide, K>(kernels, report);
    network::run_parameters::<f32, K>(kernels, report);
    network::run_parameters::<f64, K>(kernels, report);
    network::run_parameters::<Wide, K>(kernels, report);
    layers::optimizer::<f32>(report);
    layers::optimizer::<f64>(report);
    training::run(kernels, memory, report);
}

fn on_scalar<S: Bits, K: Kernels<S>>(kernels: &K, report: &mut Report)
where
    S::Real: Bits,
    S::Lane: Bits,
{
    numbers::elementary::<S>(report);
    layers::run::<S, K>(kernels, report);
    games::run::<S>(report);
    network::run::<S, K>(kernels, report);
}
