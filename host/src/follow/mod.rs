//! What becomes of two agents that follow their gradients, or a learned one.
//!
//! A [`Learner`] says who learns, [`ascent`] follows two of them, [`plane`] counts basins and traces trajectories,
//! [`play`](mod@play) measures returns, [`reciprocity`] has the curves of Figure 3, [`stability`] tells where they
//! come to rest.

pub mod ascent;
pub mod learner;
pub mod plane;
pub mod play;
pub mod reciprocity;
pub mod stability;

pub use ascent::{Agent, Ascent, Joint, Path, Precision};
pub use learner::Learner;
pub use play::play;
