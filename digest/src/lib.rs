//! One digest for each operation of the core, for each scalar: run the same list on two processors, and the lines that
//! differ name the operations that differ.
//!
//! Inputs come from the core's own random streams, whose digests come first. A digest is FNV-1a over the bits of all
//! results; all NaNs count as the same, since processors choose different payloads. Nothing is allocated or formatted,
//! so the same list runs on a host and on bare metal.
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
use meva_core::{Dual, Lanes, Real, Scalar};

mod bits;
mod cola;
mod games;
mod image;
mod layers;
mod network;
mod numbers;
mod training;

pub use bits::{Bits, Fnv};
pub use training::Memory;

/// The trajectories that advance in lockstep: as many as on the host.
pub type Wide = Lanes<64>;

/// Kernels for a plain number, or lanes of them, and for the dual numbers over it.
pub trait WithDuals<S: Scalar>: Kernels<S> + Kernels<Dual<S>> {}
impl<S: Scalar, K: Kernels<S> + Kernels<Dual<S>>> WithDuals<S> for K {}

/// Kernels for every scalar that has digests.
pub trait AllKernels: WithDuals<f32> + WithDuals<f64> + WithDuals<Wide> {}
impl<K: WithDuals<f32> + WithDuals<f64> + WithDuals<Wide>> AllKernels for K {}

/// Receives a line: the operation, the scalar, the digest.
pub type Report<'a> = dyn FnMut(&'static str, &'static str, u64) + 'a;

/// Runs every operation and reports a digest for each.
pub fn run<K: AllKernels>(kernels: &K, memory: &mut Memory, report: &mut Report) {
    numbers::random(report);
    image::run(report);
    on_scalar::<f32, K>(kernels, report);
    on_scalar::<f64, K>(kernels, report);
    on_scalar::<Dual<f32>, K>(kernels, report);
    on_scalar::<Wide, K>(kernels, report);
    on_plain::<f32, K>(kernels, report);
    on_plain::<f64, K>(kernels, report);
    on_plain::<Wide, K>(kernels, report);
    on_real::<f32>(report);
    on_real::<f64>(report);
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
    cola::run::<S, K>(kernels, report);
}

/// What is summed over lanes, or converts the scalar to another type: no dual numbers.
fn on_plain<S: Bits + Scalar<Lane = <S as Scalar>::Real>, K: WithDuals<S>>(kernels: &K, report: &mut Report)
where
    S::Real: Bits,
{
    games::rollouts::<S>(report);
    network::run_parameters::<S, K>(kernels, report);
    cola::run_loss::<S, K>(kernels, report);
}

fn on_real<T: Real + Bits>(report: &mut Report) {
    network::initialize::<T>(report);
    layers::optimizer::<T>(report);
}
