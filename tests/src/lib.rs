//! Support code for tests across crates; none of it is shipped.
//!
//! | target | basis |
//! |---|---|
//! | `operations` | what must hold for every operation: lanes compared with single trajectories, edges |
//! | `vectors` | the formulas compared with external numbers, from another program's automatic differentiation |
//! | `laws` | what must hold whatever the numbers are: symmetries, limits, duals compared with finite differences |
//! | `accuracy` | the `f32` elementary functions compared with `f64`; the example `exhaustive` tries all inputs |
//! | `stack` | how much stack the core takes |
//! | `gpu` | the shaders compared with the core |
//! | `coverage` | every file of the core is listed in a table of the tests that cover it |
//!
//! Operations, their bounds, the comparator and the reader of vectors are in [`meva_operations`]. Here, [`compare`]
//! collects the results of laws under the bounds in [`tolerance`], [`games`] walks over the built-in games, [`number`]
//! packs trajectories into lanes, [`elementary`] lists the functions that `accuracy` checks, and [`multiply_add`]
//! computes fused multiply-adds from whole numbers.

pub mod compare;
pub mod elementary;
pub mod games;
pub mod multiply_add;
pub mod number;
pub mod tolerance;
