//! Simulates two agents that follow their gradients, or a learned field.
//!
//! A [`Learner`] says how an agent learns; [`ascent`] follows two agents, [`plane`] counts basins and traces
//! trajectories, [`play`](mod@play) measures returns, [`reciprocity`] computes the curves of Figure 3, [`league`]
//! lets every [`player`] meet every other, after the [`preparation`] of those that learn where to start ([`m_maml`]) or a
//! meta-policy ([`m_fos`]), [`calibration`] holds what a meta-value predicts against what comes, and
//! [`stability`] and [`fixed_points`] tell where agents come to rest.

pub mod ascent;
pub mod calibration;
pub mod fixed_points;
pub mod league;
pub mod learner;
pub mod m_fos;
pub mod m_maml;
pub mod plane;
pub mod play;
pub mod player;
pub mod preparation;
pub mod reciprocity;
pub mod stability;
pub mod starts;
pub mod statistics;

pub use ascent::{Agent, Ascent, Joint, Path, Precision};
pub use learner::Learner;
pub use play::play;
