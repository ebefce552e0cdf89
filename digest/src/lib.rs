//! One digest for each output of each operation of the core, for each scalar: run the same list on two processors, and the
//! lines that differ name the outputs that differ.
//!
//! Operations and their inputs come from [`meva_operations`]. Random streams and model images, which are no functions of
//! numbers, have digests of their own, which come first. A digest is FNV-1a over the bits of all results; all NaNs count as
//! the same, since processors choose different payloads. Nothing is allocated or formatted, and 1 MiB of stack is enough, so
//! the same list runs on a host and on bare metal.
//!
//! ```
//! let mut lines = Vec::new();
//! meva_digest::portable(&mut |words, digest| {
//!     lines.push(format!("{} {digest:016x}", words.join(" ")));
//! });
//! assert!(lines.len() > 500);
//! ```
#![no_std]
#![forbid(unsafe_code)]

use meva_core::Lanes;
use meva_core::kernels::Portable;
use meva_operations::WithDuals;

mod bits;
mod image;
mod operations;
mod random;

pub use bits::{Bits, Fnv};

/// Trajectories that advance in lockstep: as many as the widest registers hold, and few enough for a small stack.
pub type Wide = Lanes<16>;

/// Kernels for every scalar that has digests.
pub trait AllKernels: WithDuals<f32> + WithDuals<f64> + WithDuals<Wide> {}
impl<K: WithDuals<f32> + WithDuals<f64> + WithDuals<Wide>> AllKernels for K {}

/// Receives a line: module, subject (may be empty), output and scalar, with the digest.
pub type Report<'a> = dyn FnMut(&[&'static str; 4], u64) + 'a;

/// Runs everything and reports a digest for each.
pub fn run<K: AllKernels>(kernels: &K, report: &mut Report) {
    random::run(report);
    image::run(report);
    operations::run(kernels, report);
}

/// [`run`] with the portable formulas.
#[inline] // compiled by those that call it alone: it is much code
pub fn portable(report: &mut Report) {
    run(&Portable, report);
}
