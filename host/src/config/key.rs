//! The keys of a configuration.

use std::fmt;

/// Every key in the order of the file, with a note on its meaning.
pub const KEYS: [(&str, &str); 36] = [
    ("preset", "where absent keys come from"),
    ("version", "of the program that wrote this"),
    ("algorithm", "meva or cola"),
    ("game", "logistic, tandem, ipd, imp, chicken or matrix"),
    ("payoffs", "of game matrix: rows DD, DC, CD, CC, a column per player"),
    ("discount", "delta, inside iterated games"),
    ("estimator", "of returns and naive gradients: exact or rollouts"),
    ("rollouts", "episodes per estimate, with estimator rollouts"),
    ("rollout_length", "turns per episode, with estimator rollouts"),
    ("outer", "outer iterations"),
    ("batch", "trajectories side by side"),
    ("seed", "of every random draw"),
    ("alpha", "the agents' learning rate"),
    ("alpha_max", "COLA's longest imagined step"),
    ("steps", "T, steps of an outer iteration, a multiple of stride"),
    ("stride", "k, steps of a rollout"),
    ("lambda", "how much of a target is observed, 0 to 1"),
    ("rho", "inertia of the target network, below 1, or \"none\""),
    ("eta", "the network's learning rate"),
    ("schedule", "of eta: constant, linear or cosine, the latter two to zero"),
    ("beta1", "decay of the first moment"),
    ("beta2", "decay of the second moment"),
    ("epsilon", "added to the root of the second moment"),
    ("weight_decay", "times eta"),
    ("field", "what agents follow: v, u or u-normalized"),
    ("exploration", "none or sign-flips"),
    ("flip_probability", "per unit and player, of sign-flips"),
    ("bootstrap", "semi-gradient or residual"),
    (
        "phi",
        "how much of the residual gradient through targets counts, 0 to 1",
    ),
    ("parameters", "shared by the players or separate"),
    ("hidden", "H, units of a layer"),
    ("residual_blocks", "R, in each of the two networks"),
    ("quantiles", "M"),
    ("last_activation", "gelu or tanh"),
    ("start", "of policies: uniform on [-scale, scale], or normal"),
    ("scale", "half the width, or the deviation"),
];

/// Keys that a file without preset may leave out.
pub(super) const OPTIONAL: [&str; 11] = [
    "preset",
    "version",
    "algorithm",
    "payoffs",
    "discount",
    "estimator",
    "rollouts",
    "rollout_length",
    "phi",
    "alpha_max",
    "rho",
];

/// COLA's longest imagined step in the paper.
pub(super) fn alpha_max() -> f64 {
    10.0
}

/// The whole residual gradient, where nobody says.
pub(super) fn phi() -> f64 {
    1.0
}

/// Episodes per estimate, where nobody says.
pub(super) fn rollouts() -> usize {
    16
}

/// Turns per episode, where nobody says: what comes later weighs less than 2 % at the usual discount.
pub(super) fn rollout_length() -> usize {
    100
}

/// Where a number must lie.
#[derive(Clone, Copy)]
pub(super) enum Range {
    Positive,
    NotNegative,
    Unit,
    BelowOne,
}

impl Range {
    pub(super) fn contains(self, value: f64) -> bool {
        let value = value as f32;
        match self {
            Range::Positive => value > 0.0 && value.is_finite(),
            Range::NotNegative => value >= 0.0 && value.is_finite(),
            Range::Unit => (0.0..=1.0).contains(&value),
            Range::BelowOne => (0.0..1.0).contains(&value),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Range::Positive => "positive and finite",
            Range::NotNegative => "at least 0 and finite",
            Range::Unit => "from 0 to 1",
            Range::BelowOne => "at least 0 and below 1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::presets::ipd;

    #[test]
    fn keys_are_those_of_the_configuration() {
        let config = Config {
            payoffs: Some([[0.0; 2]; 4]),
            ..ipd()
        };
        let mut known: Vec<_> = KEYS.iter().map(|(key, _)| *key).collect();
        known.sort_unstable();
        let table = config.to_table().unwrap();
        let mut keys: Vec<_> = table.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, known);
    }
}
