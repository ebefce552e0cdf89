//! How far a meta-value may be trusted: what it predicts where agents start, against what they then get.
//!
//! Two agents follow the model from starts that it was not trained on. The meta-value of a start is the normalised
//! discounted sum of the returns along the path that follows (equation 9), `(1 - gamma) sum_t gamma^t f_i(x(t))`; that of a
//! correction `U` starts with the step after. Learning from a start is deterministic where the game is known exactly, so
//! the outcome of a start is a number, which a sound meta-value predicts.
//!
//! ```no_run
//! use meva::cpu::Cpu;
//! use meva::follow::calibration::{Terms, calibrate};
//! use meva::model::Model;
//! use meva_core::game::PlaneGame;
//!
//! let model = Model::load("runs/logistic-seed-0".as_ref())?;
//! let at = calibrate(&model, &PlaneGame::Logistic, Cpu::detect()?, 0.95, &Terms::of(&model))?;
//! println!("rank correlation {:.3}, bias {:.3}", at.rank_correlation(), at.bias());
//! # Ok::<(), meva::error::Error>(())
//! ```

use meva_core::Player;

use crate::config::Algorithm;
use crate::cpu::Cpu;
use crate::cpu::estimate::Playable;
use crate::draws::{Sampling, Start};
use crate::error::{Error, Result};
use crate::follow::ascent::{Agent, Ascent, Joint, Precision};
use crate::follow::learner::Learner;
use crate::follow::play::Mean;
use crate::follow::starts::starts;
use crate::follow::statistics;
use crate::model::Model;

/// What is left out of the sum of discounted returns, relative to a constant return: the path ends where `gamma^steps` is
/// smaller than this, and agents count as staying where they are.
const REMAINDER: f64 = 1e-3;

/// From where, how far and how fast the agents learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Pairs of agents, at least 1.
    pub pairs: usize,
    /// Steps that they learn; as many as the discount asks for, unless given.
    pub steps: Option<usize>,
    /// Their learning rate.
    pub rate: f64,
    /// How initial policies are drawn.
    pub start: Start,
    /// The seed of the starts.
    pub seed: u64,
    /// How naive gradients are estimated, if they are not exact.
    pub sampling: Option<Sampling>,
}

impl Terms {
    /// 256 pairs, from starts that are distributed as in the model's training but drawn from a stream of their own.
    pub fn of(model: &Model) -> Self {
        let config = model.config();
        Terms {
            pairs: 256,
            steps: None,
            rate: config.alpha,
            start: config.starts(),
            seed: 0,
            sampling: None,
        }
    }
}

/// A meta-value's predictions at one discount beside what came, for both players of each pair that did not diverge.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Both players' discount.
    pub gamma: f64,
    /// Steps that the agents learned.
    pub steps: usize,
    /// The predicted mean, by pair and player.
    pub predicted: Vec<f64>,
    /// The realised sum of discounted returns, likewise.
    pub realised: Vec<f64>,
    /// For each quantile, the share of the realised sums that lie below it; `(i + 1/2) / M` would be perfect.
    pub coverage: Vec<f64>,
    /// How many pairs diverged: they are left out of everything else.
    pub diverged: usize,
}

impl Calibration {
    /// Mean of what was predicted minus what came.
    pub fn bias(&self) -> f64 {
        mean(&self.predicted) - mean(&self.realised)
    }

    /// Spearman's rank correlation of what was predicted with what came; NaN if either is the same everywhere.
    pub fn rank_correlation(&self) -> f64 {
        statistics::rank_correlation(&self.predicted, &self.realised)
    }

    /// The standard deviation of what came: how much there is to predict.
    pub fn spread(&self) -> f64 {
        let centre = mean(&self.realised);
        let squares: Vec<f64> = self.realised.iter().map(|y| (y - centre) * (y - centre)).collect();
        libm::sqrt(mean(&squares))
    }

    /// The level of each quantile, `(i + 1/2) / M`.
    pub fn levels(&self) -> Vec<f64> {
        let count = self.coverage.len() as f64;
        (0..self.coverage.len()).map(|i| (i as f64 + 0.5) / count).collect()
    }

    /// What the numbers mean for somebody who follows the gradient of this meta-value.
    pub fn verdict(&self) -> &'static str {
        let (rank, spread) = (self.rank_correlation(), self.spread());
        if spread < 0.01 || rank.is_nan() {
            "all starts fare alike: there is nothing to rank"
        } else if rank < 0.0 {
            "ranks starts the wrong way round: worse than no meta-value"
        } else if rank < 0.5 {
            "does not know which starts fare better: no guide"
        } else if self.bias().abs() > spread {
            "ranks starts, but is off by more than they differ"
        } else if rank < 0.9 {
            "ranks starts roughly as they fare"
        } else {
            "ranks starts as they fare"
        }
    }
}

fn mean(numbers: &[f64]) -> f64 {
    Mean::of(numbers).mean
}

/// The returns along a path, discounted.
#[derive(Clone, Default)]
struct Sum {
    steps: usize,
    weight: [f64; 2],
    sum: [f64; 2],
    last: [f64; 2],
}

impl Sum {
    /// Adds the next return.
    fn add(&mut self, gamma: f64, value: [f64; 2]) {
        for i in 0..2 {
            if self.steps == 0 {
                self.weight[i] = 1.0;
            }
            self.sum[i] += (1.0 - gamma) * self.weight[i] * value[i];
            self.weight[i] *= gamma;
        }
        self.last = value;
        self.steps += 1;
    }

    /// The whole sum, as if the agents stayed where they are.
    fn total(&self) -> [f64; 2] {
        [0, 1].map(|i| self.sum[i] + self.weight[i] * self.last[i])
    }
}

/// Lets pairs of agents follow a model, both with this discount, and compares what it predicts for their starts with what
/// they get.
///
/// # Errors
/// The model is COLA's; the discount is not in `[0, 1)`, or so near to 1 that no number of steps would do; the model is not
/// for policies of `N` parameters; every pair diverged.
pub fn calibrate<const N: usize, G: Playable<N>>(
    model: &Model,
    game: &G,
    cpu: Cpu,
    gamma: f64,
    terms: &Terms,
) -> Result<Calibration> {
    if model.config().algorithm == Algorithm::Cola {
        return Err(
            Error::usage("this is COLA's model: it predicts steps, not returns").hint("give a run of a meta-value")
        );
    }
    check_discount(gamma)?;
    let steps = terms.steps.map_or_else(|| horizon(gamma), Ok)?;
    let ascent = Ascent {
        rate: terms.rate,
        steps,
        precision: Precision::F32,
    };
    let agents = Agent::both(Learner::MetaValue { gamma }, Some(model))?;
    let from: Vec<Joint<N>> = starts(terms.pairs, terms.start, terms.seed);
    // The meta-value of a correction leaves out the return where agents start.
    let after = usize::from(model.config().field.is_correction());
    let add = |(passed, sum): &mut (usize, Sum), x: Joint<N>| {
        if *passed >= after {
            sum.add(gamma, game.value(&x));
        }
        *passed += 1;
    };
    let sums = ascent.fold(agents, game, terms.sampling, cpu, &from, add);
    let network = model.network::<N>()?;
    let (mut predicted, mut realised) = (Vec::new(), Vec::new());
    let mut below = vec![0_usize; model.shape().quantiles];
    let mut diverged = 0;
    for (x, (_, sum)) in from.iter().zip(sums) {
        let total = sum.total();
        if !total.iter().all(|number| number.is_finite()) {
            diverged += 1;
            continue;
        }
        for player in Player::BOTH {
            let quantiles = network.quantiles(player, x, &[gamma; 2]);
            let came = total[player.index()];
            for (below, quantile) in below.iter_mut().zip(&quantiles) {
                *below += usize::from(came < *quantile);
            }
            predicted.push(mean(&quantiles));
            realised.push(came);
        }
    }
    if realised.is_empty() {
        return Err(Error::diverged(format!(
            "all {diverged} pairs diverged: their returns are infinite or NaN"
        )));
    }
    let all = realised.len() as f64;
    Ok(Calibration {
        gamma,
        steps,
        predicted,
        realised,
        coverage: below.into_iter().map(|count| count as f64 / all).collect(),
        diverged,
    })
}

/// Checks that returns have a discounted sum at this discount.
///
/// # Errors
/// It is not in `[0, 1)`.
pub fn check_discount(gamma: f64) -> Result<()> {
    if (0.0..1.0).contains(&gamma) {
        return Ok(());
    }
    Err(Error::usage(format!("no sum of returns has a discount of {gamma}"))
        .hint("give a discount of at least 0 and below 1"))
}

/// How many steps a discount asks for.
fn horizon(gamma: f64) -> Result<usize> {
    if gamma > 0.9999 {
        return Err(
            Error::usage(format!("a discount of {gamma} looks too far ahead to be waited for"))
                .hint("say how many steps the agents shall learn"),
        );
    }
    Ok(if gamma == 0.0 {
        1
    } else {
        (libm::log(REMAINDER) / libm::log(gamma)).ceil() as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::training::trainer::Trainer;
    use meva_core::Game;
    use meva_core::game::{IteratedMatrix, PlaneGame};

    fn untrained(preset: &str, changes: &[&str]) -> Model {
        let mut config = Config::preset(preset).unwrap();
        for change in [&["hidden=16", "residual_blocks=1", "quantiles=16"], changes].concat() {
            config.set(change).unwrap();
        }
        Trainer::new(&config).unwrap().model()
    }

    /// The sum of a path, by the definition.
    fn by_hand(path: &[Joint<1>], gamma: f64, after: usize, player: usize) -> f64 {
        let value = |x: &Joint<1>| PlaneGame::Logistic.value(x)[player];
        let mut sum = 0.0;
        for (t, x) in path[after..].iter().enumerate() {
            sum += (1.0 - gamma) * libm::pow(gamma, t as f64) * value(x);
        }
        sum + libm::pow(gamma, (path.len() - after) as f64) * value(&path[path.len() - 1])
    }

    #[test]
    fn sums_are_those_of_the_definition() {
        for (field, after) in [("v", 0), ("u", 1)] {
            let model = untrained("logistic", &[&format!("field={field}")]);
            let (gamma, cpu) = (0.9, Cpu::detect().unwrap());
            let terms = Terms {
                pairs: 3,
                ..Terms::of(&model)
            };
            let found = calibrate(&model, &PlaneGame::Logistic, cpu, gamma, &terms).unwrap();
            assert_eq!((found.steps, found.diverged), (66, 0));
            let ascent = Ascent {
                rate: terms.rate,
                steps: 66,
                precision: Precision::F32,
            };
            let agents = Agent::both(Learner::MetaValue { gamma }, Some(&model)).unwrap();
            let from = starts(3, terms.start, terms.seed);
            let paths = ascent.paths(agents, &PlaneGame::Logistic, cpu, &from);
            for (pair, path) in paths.iter().enumerate() {
                for player in 0..2 {
                    let (ours, expected) = (found.realised[2 * pair + player], by_hand(path, gamma, after, player));
                    assert!((ours - expected).abs() < 1e-12, "{field}: {ours} {expected}");
                }
            }
        }
    }

    /// A prediction that is what came has rank correlation 1 and no bias.
    #[test]
    fn what_is_right_is_called_right() {
        let realised: Vec<f64> = (0..20).map(|k| f64::from(k * k)).collect();
        let of = |predicted: Vec<f64>| Calibration {
            gamma: 0.5,
            steps: 1,
            predicted,
            realised: realised.clone(),
            coverage: vec![0.5],
            diverged: 0,
        };
        let right = of(realised.clone());
        assert_eq!((right.rank_correlation(), right.bias()), (1.0, 0.0));
        assert_eq!(right.verdict(), "ranks starts as they fare");
        assert_eq!(right.levels(), [0.5]);
        let reversed = of(realised.iter().map(|y| -y).collect());
        assert_eq!(reversed.rank_correlation(), -1.0);
        assert!(reversed.verdict().contains("worse than no meta-value"));
        let shifted = of(realised.iter().map(|y| y + 1e4).collect());
        assert!(shifted.verdict().contains("off by more"), "{}", shifted.verdict());
        assert!((shifted.bias() - 1e4).abs() < 1e-9);
    }

    #[test]
    fn discounts_without_a_horizon_are_refused() {
        let model = untrained("ipd", &[]);
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let terms = Terms::of(&model);
        let at = |gamma| calibrate(&model, &game, Cpu::detect().unwrap(), gamma, &terms);
        // A number of steps makes no discount of it.
        let few = Terms {
            steps: Some(1),
            ..terms
        };
        let one = calibrate(&model, &game, Cpu::detect().unwrap(), 1.0, &few);
        assert!(one.is_err_and(|error| error.to_string().contains("no sum of returns")));
        for gamma in [1.0, -0.1, f64::NAN, 1.5] {
            assert!(at(gamma).is_err_and(|error| error.to_string().contains("no sum of returns")));
        }
        assert!(at(0.999_999).is_err_and(|error| error.to_string().contains("too far ahead")));
        assert_eq!((horizon(0.0).unwrap(), horizon(0.99).unwrap()), (1, 688));
    }
}
