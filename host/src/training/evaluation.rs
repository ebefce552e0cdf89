//! How good a model is while it is still being trained: a few numbers that take a fraction of a second.
//!
//! On the Logistic Game, the share of a grid's points from which agents reach B. On other games, both players' mean returns in
//! self-play.

use std::slice;

use meva_core::game::{GameVisitor, NamedGame, PlaneGame};

use crate::config::Algorithm;
use crate::cpu::Cpu;
use crate::error::{Kind, Result};
use crate::follow::plane::{Grid, ascent, basin};
use crate::follow::play::{Match, Opponent, Side, play};
use crate::follow::{Agent, Learner};
use crate::model::Model;

/// The grid of starts: coarser than the published one, of which it is every other point.
const GRID: Grid = Grid { side: 15, range: 10.0 };
/// Pairs that play.
const PAIRS: usize = 64;
/// Steps that agents take.
const STEPS: usize = 100;

/// The settings at which models are evaluated: discounts, or lengths of COLA's imagined step.
fn settings(algorithm: Algorithm) -> [f64; 3] {
    match algorithm {
        Algorithm::Meva => [0.9, 0.95, 0.99],
        Algorithm::Cola => [1.0, 5.0, 10.0],
    }
}

/// The names of the [scores] of a model for this game and algorithm, in their order.
pub fn names(is_logistic: bool, algorithm: Algorithm) -> Vec<String> {
    let setting = match algorithm {
        Algorithm::Meva => "gamma",
        Algorithm::Cola => "alpha",
    };
    let players: &[&str] = if is_logistic {
        &["share_in_b"]
    } else {
        &["return_0", "return_1"]
    };
    let of = |value: f64| players.iter().map(move |what| format!("{what}_{setting}_{value}"));
    settings(algorithm).into_iter().flat_map(of).collect()
}

/// The scores of a model, in the order of its [names]. Where every pair diverges, returns are NaN.
///
/// ```
/// use meva::{Config, Trainer, training::evaluation};
///
/// let mut config = Config::preset("logistic")?;
/// config.set("hidden=16")?;
/// let model = Trainer::new(&config)?.model();
/// let scores = evaluation::scores(&model)?;
/// assert_eq!(scores.len(), evaluation::names(true, config.algorithm).len());
/// assert!(scores.iter().all(|share| (0.0..=1.0).contains(share)));
/// # Ok::<(), meva::Error>(())
/// ```
///
/// # Errors
/// The game is custom: only the program that trains on it has it.
pub fn scores(model: &Model) -> Result<Vec<f64>> {
    let game = model.config().any_game()?;
    let settings = settings(model.config().algorithm);
    let scores = settings.into_iter().map(|setting| {
        let learner = Learner::of(model, setting);
        if let Some(game @ PlaneGame::Logistic) = model.game() {
            let agents = Agent::both(learner, Some(model))?;
            let basin = basin(agents, game, Cpu::detect()?, GRID, ascent(Some(model), 2 * STEPS));
            return Ok(vec![basin.count() as f64 / basin.cells.len() as f64]);
        }
        game.visit(SelfPlay { model, learner })
    });
    Ok(scores.collect::<Result<Vec<_>>>()?.concat())
}

/// Both players' mean returns.
struct SelfPlay<'a> {
    model: &'a Model,
    learner: Learner,
}

impl GameVisitor for SelfPlay<'_> {
    type Output = Result<Vec<f64>>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Result<Vec<f64>> {
        let config = self.model.config();
        let how = Match {
            pairs: PAIRS,
            steps: STEPS,
            rate: config.alpha,
            start: config.starts(),
            ..Match::published::<N>()
        };
        let side = Side {
            learner: self.learner,
            models: slice::from_ref(self.model),
        };
        match play(&game, Cpu::detect()?, side, Opponent::Itself, &how) {
            Ok(players) => Ok(players.iter().map(|fared| fared.pooled.mean).collect()),
            Err(error) if error.kind() == Kind::Diverged => Ok(vec![f64::NAN; 2]),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::training::Trainer;

    #[test]
    fn every_game_has_scores_with_names() {
        for (preset, changes) in [
            ("ipd", &["hidden=16", "residual_blocks=1", "quantiles=16"][..]),
            ("imp", &["hidden=16", "residual_blocks=1", "quantiles=16"]),
            ("cola", &[]),
            ("logistic", &["hidden=16", "game=tandem"]),
        ] {
            let mut config = Config::preset(preset).unwrap();
            for change in changes {
                config.set(change).unwrap();
            }
            let model = Trainer::new(&config).unwrap().model();
            let names = names(preset == "cola", config.algorithm);
            let scores = scores(&model).unwrap();
            assert_eq!(scores.len(), names.len(), "{preset}: {names:?}");
            assert!(scores.iter().all(|score| score.is_finite()), "{preset}: {scores:?}");
        }
        assert_eq!(names(true, Algorithm::Cola)[1], "share_in_b_alpha_5");
        assert_eq!(names(false, Algorithm::Meva)[5], "return_1_gamma_0.99");
    }
}
