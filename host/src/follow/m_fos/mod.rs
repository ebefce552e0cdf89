//! Model-free opponent shaping (M-FOS; Lu, Willi, Schroeder de Witt and Foerster, 2022): a meta-policy that plays against a
//! learner, trained by [PPO](ppo) on what it earns while the other learns.
//!
//! ```text
//! meta-state    both players' probabilities           meta-action   one's own next policy, as log-odds
//! meta-reward   one's return of the next joint policy   meta-episode  100 steps from random starts
//! ```
//!
//! Both players move at once, as in every match: the other learns from the joint policy that the meta-policy sees. Players
//! that both learn meta-policies begin against naive learners, whose share of the meta-episodes falls to nothing halfway
//! through the training. In a match, the meta-policy plays the means of its actions.

pub mod policy;
pub mod ppo;
pub mod training;

pub use policy::MetaPolicy;
pub use training::{Seat, Training, train};
