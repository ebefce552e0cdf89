//! The stages of an update, and the probe.

/// A stage: a shader with an entry point, named after the operation of the core that it mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Explores and rolls out.
    RollOut,
    /// Predicts with the target network.
    Bootstrap,
    /// Forms targets, losses and the adjoints of the quantiles.
    FormTargets,
    /// Backpropagates the adjoints through the networks.
    VjpParameters,
    /// Evaluates COLA's consistency loss, and passes its gradient back.
    Cola,
    /// Sums outer products.
    DenseVjpWeight,
    /// Takes a step of the optimiser.
    AdamW,
    /// Evaluates every formula at given points.
    Probe,
}

impl Stage {
    /// All stages.
    pub const ALL: [Stage; 8] = [
        Stage::RollOut,
        Stage::Bootstrap,
        Stage::FormTargets,
        Stage::VjpParameters,
        Stage::Cola,
        Stage::DenseVjpWeight,
        Stage::AdamW,
        Stage::Probe,
    ];

    /// The stem of its file.
    pub fn name(self) -> &'static str {
        match self {
            Stage::RollOut => "roll_out",
            Stage::Bootstrap => "bootstrap",
            Stage::FormTargets => "form_targets",
            Stage::VjpParameters => "vjp_parameters",
            Stage::Cola => "cola",
            Stage::DenseVjpWeight => "dense_vjp_weight",
            Stage::AdamW => "adamw",
            Stage::Probe => "probe",
        }
    }
}
