//! Machinery of the tests that cross crates; none of it is shipped.
//!
//! | target | basis |
//! |---|---|
//! | `vectors` | the formulas against numbers computed outside, by another program's automatic differentiation |
//! | `laws` | what must hold whatever the numbers: symmetries, limits, duals and finite differences against each other |
//! | `accuracy` | the `f32` elementary functions against `f64`; the example `exhaustive` tries all inputs |
//! | `stack` | how much stack the core takes |
//! | `gpu` | the shaders against the core |
//! | `coverage` | every file of the core is named in a table of the tests that cover it |
//!
//! [`compare`] has the comparators, [`tolerance`] the one table of bounds, [`vectors`] reads the vectors, [`games`] walks
//! the built-in games, [`number`] packs trajectories into lanes, [`elementary`] lists the functions that `accuracy` looks
//! at, [`condition`] measures how much of an error is the formula's own.

#![allow(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "`!(error <= bound)` is how a comparison with NaN fails"
)]

pub mod compare;
pub mod elementary;
pub mod games;
pub mod number;
pub mod tolerance;
pub mod vectors;

pub use meva::check::condition;
