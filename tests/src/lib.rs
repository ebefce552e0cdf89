//! Machinery of the tests that cross crates; none of it is shipped.
//!
//! | target | basis |
//! |---|---|
//! | `operations` | what must hold of every operation: lanes against trajectories alone, edges |
//! | `vectors` | the formulas against numbers computed outside, by another program's automatic differentiation |
//! | `laws` | what must hold whatever the numbers: symmetries, limits, duals and finite differences against each other |
//! | `accuracy` | the `f32` elementary functions against `f64`; the example `exhaustive` tries all inputs |
//! | `stack` | how much stack the core takes |
//! | `gpu` | the shaders against the core |
//! | `coverage` | every file of the core is named in a table of the tests that cover it |
//!
//! Operations, their bounds, the comparator and the reader of vectors are in [`meva_operations`]. Here, [`compare`] collects what laws
//! find under the bounds in [`tolerance`], [`games`] walks the built-in games, [`number`] packs trajectories into lanes, and
//! [`elementary`] lists the functions that `accuracy` looks at.

pub mod compare;
pub mod elementary;
pub mod games;
pub mod number;
pub mod tolerance;
