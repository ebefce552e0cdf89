//! Every operation of the core: its inputs, its outputs, the bounds on its errors, and how the errors are measured.
//!
//! One file per operation. An [`Operation`] takes its inputs by name from a [`Source`] and gives its outputs by name to
//! a [`Sink`], for any scalar and with any kernels. [`each`] lists all operations. Code that needs every operation
//! walks that list:
//!
//! - the digests hash all outputs, to compare processors;
//! - `meva check` compares every implementation and every kind of derivative with the analytic result in `f64`;
//! - the tests compare them with numbers that another program computed;
//! - the GPU's probe is run on the same cases.
//!
//! Cases are fixed: the first [`EDGES`] take their inputs where functions saturate or change, the others are drawn
//! ([`Draws`]). [`bounds`] is the single table of error bounds and their reasons; `compare` is the single comparator.
//!
//! To add an operation, write its file, name it in [`each`], and give its quantities a row in [`bounds`].
//!
//! Without the feature `std` the crate has only what bare metal needs: operations, cases and bounds. With it come
//! comparisons, measured conditions, finite differences, inputs at the ends of `f32`, and the reader of vectors.
//!
//! ```
//! use meva_core::kernels::Portable;
//! use meva_operations::{Draws, Operation, Sink, elementary::Elementary};
//! struct First(f64);
//! impl Sink<f64> for First {
//!     fn wants(&self, name: &'static str) -> bool { name == "exp" }
//!     fn numbers(&mut self, name: &'static str, numbers: &[f64]) { if name == "exp" { self.0 = numbers[0] } }
//!     fn sums(&mut self, _: &'static str, _: &[f64]) {}
//!     fn tensor(&mut self, _: &'static str, _: &meva_core::parameters::Tensor, _: &[f64]) {}
//! }
//! let mut first = First(0.0);
//! // The first edge is 0.
//! Elementary.evaluate::<f64, _>(&Portable, &mut Draws::new(0), &mut first);
//! assert_eq!(first.0, 1.0);
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![allow(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "`!(error <= bound)` is how a comparison with NaN fails"
)]

#[cfg(feature = "std")]
extern crate std;

pub mod adamw;
pub mod algorithm1;
pub mod bounds;
pub mod cola;
pub mod condition;
pub mod dense;
pub mod elementary;
pub mod game;
pub mod lambda_return;
pub mod layer_norm;
pub mod learner;
pub mod meta_value;
mod operation;
pub mod parameters;
pub mod quantile_huber;
pub mod residual;
pub mod rollouts;
pub mod scalar;

#[cfg(feature = "std")]
pub mod cases;
#[cfg(feature = "std")]
pub mod checked;
#[cfg(feature = "std")]
pub mod compare;
#[cfg(feature = "std")]
pub mod differences;
#[cfg(feature = "std")]
pub mod extremes;
#[cfg(feature = "std")]
pub mod json;
#[cfg(feature = "std")]
pub mod stochastic;
#[cfg(feature = "std")]
pub mod vectors;

pub use operation::*;

/// Shows the visitor every operation, with networks of `H` hidden units, of one and of `R` residual blocks, and of `M`
/// quantiles.
pub fn each<const H: usize, const R: usize, const M: usize>(visitor: &mut impl Visitor) {
    visitor.formula(&elementary::Elementary);
    visitor.formula(&scalar::Arithmetic);
    visitor.formula(&dense::Dense);
    visitor.formula(&layer_norm::LAYER_NORM_GELU);
    visitor.formula(&layer_norm::LAYER_NORM_TANH);
    visitor.formula(&residual::Residual);
    visitor.formula(&quantile_huber::QuantileHuber::<16>);
    visitor.formula(&lambda_return::LambdaReturn::<16> { steps: 10 });
    visitor.operation(&adamw::AdamW::DEFAULT);
    visitor.operation(&parameters::Initialize);
    game::each(visitor);
    rollouts::each(visitor);
    learner::each(visitor);
    meta_value::each::<H, R, M>(visitor);
    cola::each::<H, R>(visitor);
    algorithm1::each(visitor);
}
