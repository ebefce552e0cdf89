//! What an update does: its options, one enum each.

use crate::adamw::AdamW;
use crate::choice::choice;
use crate::learner::meta_value::Field;
use crate::meta_value::Architecture;

/// Where the gradient of the loss flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// Targets are constants.
    SemiGradient,
    /// Targets are differentiated by the parameters that predict them, and [`Settings::phi`] of that gradient is followed
    /// (Baird, 1995); needs a model without target network.
    Residual,
}

choice! { Bootstrap, "bootstrap":
    SemiGradient = "semi-gradient",
    Residual = "residual",
}

/// How starts for the rollouts are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exploration {
    /// A rollout starts where the trajectory is, and the next one where it ended.
    None,
    /// The trajectory follows the network's gradient alone with the signs of its last hidden units flipped by a mask
    /// (section 4.3, footnote 2); rollouts branch off it.
    SignFlips,
}

choice! { Exploration, "exploration":
    None = "none",
    SignFlips = "sign-flips",
}

/// What an update does, apart from its sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The network's input and last activation.
    pub architecture: Architecture,
    /// What the network models and agents follow.
    pub field: Field,
    /// How starts for the rollouts are found.
    pub exploration: Exploration,
    /// Where the gradient of the loss flows.
    pub bootstrap: Bootstrap,
    /// `phi` in [0, 1], with [`Bootstrap::Residual`]: how much of what flows through the targets counts. 1 is the gradient of
    /// the loss, 0 the semi-gradient.
    pub phi: f64,
    /// `alpha`, the agents' learning rate.
    pub alpha: f64,
    /// `lambda` in [0, 1]: how much of a target is observed rather than predicted.
    pub lambda: f64,
    /// `rho` in [0, 1): inertia of the target network; none: targets are predicted by `theta` itself.
    pub rho: Option<f64>,
    /// The optimiser.
    pub optimizer: AdamW,
}
