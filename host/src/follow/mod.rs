//! What becomes of two agents that follow their gradients, or a learned one.
//!
//! [`ascent`] follows them, [`plane`] counts basins, [`play`] measures returns, [`reciprocity`] has the curves of Figure 3.

pub mod ascent;
pub mod plane;
pub mod play;
pub mod reciprocity;

pub use ascent::{Agent, Ascent, Joint, Path, Precision};
