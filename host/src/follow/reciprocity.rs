//! Do learners cooperate, can they be exploited, and do they shape a naive opponent? The curves of Figure 3, on the
//! iterated prisoner's dilemma.
//!
//! A seed's pairs start from the same standard normal policies at every setting. They learn together. Then player 0 of
//! each pair is held fixed, and player 1 starts anew and climbs towards its best response: what a learner would find. Beside it,
//! player 1 is an exact best response, which no learner exceeds. Separately, from the original starts, player 0 learns against
//! a naive player 1. Seed `k` makes the same draws as `meva play ipd --seed k`.

use meva_core::Player;
use meva_core::choice;
use meva_core::game::{AnyGame, IteratedMatrix};
use meva_core::learner::LearnerName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::config::Algorithm;
use crate::cpu::Cpu;
use crate::draws::Start;
use crate::error::{Error, Result};
use crate::follow::ascent::{Agent, Ascent, Joint, Precision};
use crate::follow::learner::Learner;
use crate::follow::play::{Spread, best_responses, exact_responses, measure};
use crate::follow::starts::starts;
use crate::model::Model;

/// The meta-discounts of Figure 3a.
pub const GAMMAS: [f64; 9] = [0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];
/// The lengths of LOLA's imagined step in Figure 3b.
pub const ALPHAS: [f64; 10] = [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];
/// LOLA's learning rate: the one that the paper uses for meta-value learners.
pub const RATE: f64 = 2.0;

/// A curve of Figure 3: a mean return per step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Both agents that learn together.
    SelfPlay,
    /// The agent that is held fixed, against its best response.
    Held,
    /// The best response.
    Response,
    /// The agent that learns against a naive learner.
    Shaper,
    /// The naive learner.
    Naive,
    /// The agent that is held fixed, against an exact best response.
    HeldExactly,
    /// The exact best response.
    ExactResponse,
}

// In the order of `Returns`.
choice! { Curve, "curve":
    SelfPlay = "self_play",
    Held = "against_response",
    Response = "response",
    Shaper = "against_naive",
    Naive = "naive",
    HeldExactly = "against_exact_response",
    ExactResponse = "exact_response",
}

impl Curve {
    /// The curve in words, for a learner with this name.
    pub fn title(self, learner: &str) -> String {
        match self {
            Curve::SelfPlay => format!("{learner} in self-play"),
            Curve::Held => format!("{learner} against its best response"),
            Curve::Response => format!("Best response to {learner}"),
            Curve::Shaper => format!("{learner} against a naive learner"),
            Curve::Naive => format!("Naive learner against {learner}"),
            Curve::HeldExactly => format!("{learner} against an exact best response"),
            Curve::ExactResponse => format!("Exact best response to {learner}"),
        }
    }
}

/// Mean returns per step at one setting, by [`Curve`]; from -3 to 0, with -2 for mutual defection and -1 for cooperation.
pub type Returns = [f64; 7];

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocol {
    /// Pairs of agents for each seed, at least 1.
    pub pairs: usize,
    /// Steps that two agents learn together.
    pub steps: usize,
    /// Steps of the best response.
    pub response_steps: usize,
}

impl Protocol {
    /// The size of the paper's Figure 3.
    pub const PUBLISHED: Protocol = Protocol {
        pairs: 256,
        steps: 500,
        response_steps: 500,
    };
}

/// Checks that a model can have curves in Figure 3a: it must be a meta-value of the iterated prisoner's dilemma.
///
/// # Errors
/// The model is not a meta-value, or was trained for a game other than the iterated prisoner's dilemma.
pub fn check(model: &Model) -> Result<()> {
    let config = model.config();
    let game = match (config.any_game()?, config.game.name()) {
        (AnyGame::IteratedMatrix(game), _) if game == IteratedMatrix::PRISONERS_DILEMMA => None,
        (AnyGame::IteratedMatrix(game), "ipd") => Some(format!("`ipd` with a discount of {}", game.discount)),
        (_, name) => Some(format!("`{name}`")),
    };
    if let Some(game) = game {
        return Err(Error::usage(format!(
            "the model was trained for another game than the iterated prisoner's dilemma, {game}"
        ))
        .hint("train one with `meva train ipd`"));
    }
    match config.algorithm {
        Algorithm::Meva => Ok(()),
        Algorithm::Cola => Err(Error::usage("the model is COLA's, which has no meta-discount")
            .hint("train a meta-value with `meva train ipd`")),
    }
}

/// Measures the pairs of a learner for one seed, at its model's learning rate or, if it has no model, at [`RATE`].
///
/// # Errors
/// As [`Agent::pair`], or every pair diverged.
pub fn returns(cpu: Cpu, learner: Learner, model: Option<&Model>, protocol: Protocol, seed: u64) -> Result<Returns> {
    let game = IteratedMatrix::PRISONERS_DILEMMA;
    let ascent = Ascent {
        rate: model.map_or(RATE, |model| model.config().alpha),
        steps: protocol.steps,
        precision: Precision::F32,
    };
    let response = Ascent {
        steps: protocol.response_steps,
        ..ascent
    };
    let draw = |seed| starts(protocol.pairs, Start::Normal(1.0), seed);
    let first = draw(seed);
    let together = ascent.ends(Agent::both(learner, model)?, &game, cpu, &first);
    let exact = exact_responses(&game, &together)?;
    let held = best_responses(&game, cpu, &together, &draw(!seed), response);
    let shaped = ascent.ends(
        Agent::pair([learner, Learner::NAIVE], [model, None])?,
        &game,
        cpu,
        &first,
    );
    let means = |ends: Vec<Joint<5>>, certain: &[Player]| -> Result<[f64; 2]> {
        let fared = measure(&game, &[ends], certain).map_err(|error| error.at(learner.title()))?;
        if fared[0].diverged > 0 {
            log::warn!(
                "{}: {} of {} pairs diverged and are left out",
                learner.title(),
                fared[0].diverged,
                protocol.pairs
            );
        }
        Ok(fared.map(|fared| fared.pooled.mean))
    };
    let ([first, second], [held, response], [shaper, naive]) =
        (means(together, &[])?, means(held, &[])?, means(shaped, &[])?);
    let [held_exactly, exact] = means(exact, &[Player::One])?;
    Ok([
        (first + second) / 2.0,
        held,
        response,
        shaper,
        naive,
        held_exactly,
        exact,
    ])
}

/// The curves over a learner's settings, seed by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The learner at each setting.
    pub learners: Vec<Learner>,
    /// By seed and setting.
    pub by_seed: Vec<Vec<Returns>>,
}

/// The meta-value learners of Figure 3a.
pub fn meta_value_learners() -> Vec<Learner> {
    GAMMAS.map(|gamma| Learner::MetaValue { gamma }).into()
}

/// The LOLA learners of Figure 3b.
pub fn lola_learners() -> Vec<Learner> {
    let name = LearnerName::Lola;
    ALPHAS.map(|alpha| Learner::Formula { name, alpha }).into()
}

impl Sweep {
    /// `gamma` or `alpha` along the curves.
    pub fn settings(&self) -> Vec<f64> {
        self.learners.iter().map(|learner| learner.setting()).collect()
    }

    /// A curve's return at a setting, by seed.
    pub fn returns(&self, curve: Curve, setting: usize) -> Vec<f64> {
        self.by_seed
            .iter()
            .map(|returns| returns[setting][curve as usize])
            .collect()
    }

    /// In machine-readable form: each curve's mean over seeds and its returns by seed, over the settings.
    pub fn json(&self) -> Value {
        let settings = || 0..self.learners.len();
        let curve = |curve: Curve| {
            let mean: Vec<f64> = settings().map(|k| Spread::of(&self.returns(curve, k)).mean).collect();
            let by_seed: Vec<Vec<f64>> = self
                .by_seed
                .iter()
                .map(|returns| returns.iter().map(|returns| returns[curve as usize]).collect())
                .collect();
            (curve.name().to_string(), json!({ "mean": mean, "by_seed": by_seed }))
        };
        Value::Object(Curve::ALL.into_iter().map(curve).collect::<Map<_, _>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Protocol = Protocol {
        pairs: 8,
        steps: 200,
        response_steps: 200,
    };

    /// LOLA at 0 is naive: everyone defects, and no agent differs from a naive learner.
    #[test]
    fn lola_without_foresight_defects() {
        let lola = lola_learners()[0];
        let returns = returns(Cpu::detect().unwrap(), lola, None, SMALL, 3).unwrap();
        let [self_play, held, response, shaper, naive, held_exactly, exact] = returns;
        assert!(self_play < -1.9 && response < -1.9, "{returns:?}");
        assert!(held < -1.9 && held_exactly < -1.9, "{returns:?}");
        // No response exceeds the exact one, up to what policies are rounded by while they are followed.
        assert!(exact >= response - 1e-6 && exact < -1.9, "{returns:?}");
        assert!(((shaper + naive) / 2.0 - self_play).abs() < 1e-6, "{returns:?}");
    }

    #[test]
    fn the_mean_is_over_seeds() {
        let sweep = Sweep {
            learners: vec![Learner::MetaValue { gamma: 0.5 }],
            by_seed: vec![
                vec![[-1.0, 0.0, 0.0, 0.0, -4.0, 0.0, -1.0]],
                vec![[-2.0, 0.0, 0.0, 0.0, -2.0, 0.0, -3.0]],
            ],
        };
        assert_eq!(sweep.returns(Curve::Naive, 0), [-4.0, -2.0]);
        let json = sweep.json();
        assert_eq!(
            json["self_play"],
            json!({ "mean": [-1.5], "by_seed": [[-1.0], [-2.0]] })
        );
        assert_eq!(json["naive"]["mean"], json!([-3.0]));
        assert_eq!(json["exact_response"]["mean"], json!([-2.0]));
    }
}
