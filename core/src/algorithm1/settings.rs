//! The settings of an update, one enum for each option.

use crate::adamw::AdamW;
use crate::choice::choice;
use crate::learner::meta_value::Field;
use crate::meta_value::Architecture;

/// Where the gradient of the loss flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// Targets are constants.
    SemiGradient,
    /// Targets are also differentiated, with respect to the parameters that predict them, and a fraction
    /// [`Settings::phi`] of that gradient is followed (Baird, 1995); needs a model without a target network.
    Residual,
}

choice! { Bootstrap, "bootstrap":
    SemiGradient = "semi-gradient",
    Residual = "residual",
}

/// How the starts for the rollouts are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exploration {
    /// A rollout starts at the trajectory's current position, and the next one starts where it ended.
    None,
    /// The trajectory follows only the network's gradient, with the signs of its last hidden units flipped by a mask
    /// (section 4.3, footnote 2); rollouts branch off from it.
    SignFlips,
}

choice! { Exploration, "exploration":
    None = "none",
    SignFlips = "sign-flips",
}

/// The settings of an update, apart from its sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The network's input and last activation.
    pub architecture: Architecture,
    /// What the network models and agents follow.
    pub field: Field,
    /// How the starts for the rollouts are found.
    pub exploration: Exploration,
    /// Where the gradient of the loss flows.
    pub bootstrap: Bootstrap,
    /// `phi` in [0, 1], with [`Bootstrap::Residual`]: the fraction of the gradient through the targets that counts. 1
    /// is the gradient of the loss, 0 the semi-gradient.
    pub phi: f64,
    /// `alpha`, the agents' learning rate.
    pub alpha: f64,
    /// `lambda` in [0, 1]: how much of a target is observed rather than predicted.
    pub lambda: f64,
    /// `rho` in [0, 1): inertia of the target network; `None`: targets are predicted with `theta` itself.
    pub rho: Option<f64>,
    /// The optimiser.
    pub optimizer: AdamW,
}

impl Settings {
    /// Whether a target needs no more than the next step's prediction: `lambda = 0`, without a target network.
    pub fn is_one_step(&self) -> bool {
        self.lambda == 0.0 && self.rho.is_none()
    }

    /// How many tapes an update of `k` steps fills: two if targets need only the next prediction, otherwise `k + 1`.
    pub fn tapes(&self, k: usize) -> usize {
        if self.is_one_step() { 2 } else { k.saturating_add(1) }
    }
}
