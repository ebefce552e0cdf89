//! How far a meta-value may be trusted: what it predicts against what comes.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use meva::Error;
use meva::cpu::Cpu;
use meva::draws::Sampling;
use meva::follow::calibration::{self, Calibration, Terms};
use meva::limits::{product, room_for};
use meva_core::game::{AnyGame, GameVisitor, NamedGame};

use crate::arrays::array;
use crate::follow::{at_least_one, rate};
use crate::model::Model;
use crate::run::compute;

/// Calibrates a model on its game.
struct Calibrating<'a> {
    model: &'a meva::Model,
    gamma: f64,
    terms: Terms,
}

impl GameVisitor for Calibrating<'_> {
    type Output = meva::Result<Calibration>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Self::Output {
        calibration::calibrate(self.model, &game, Cpu::detect()?, self.gamma, &self.terms)
    }
}

/// The episodes from which agents estimate their gradients, if they do not know them exactly.
fn sampling(
    episodes: Option<usize>,
    turns: usize,
    seed: u64,
    game: AnyGame,
    pairs: usize,
) -> meva::Result<Option<Sampling>> {
    let Some(episodes) = episodes else { return Ok(None) };
    if let AnyGame::Plane(game) = game {
        return Err(Error::usage(format!("`{}` has no turns to sample", game.name())).hint("leave `episodes` out"));
    }
    at_least_one(episodes, "episodes")?;
    at_least_one(turns, "turns")?;
    let sampling = Sampling { episodes, turns, seed };
    room_for(sampling.bytes(pairs), "these episodes")?;
    Ok(Some(sampling))
}

/// What a model predicts for held-out starts and what agents then get, as a dictionary of numbers and arrays.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "they are named in Python")]
pub fn calibrate<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    gamma: f64,
    pairs: usize,
    steps: Option<usize>,
    given: Option<f64>,
    episodes: Option<usize>,
    turns: usize,
    seed: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let model = &model.get().0.model;
    let found = compute(py, || {
        at_least_one(pairs, "pairs")?;
        at_least_one(steps.unwrap_or(1), "steps")?;
        room_for(product([pairs, 12 * 5 * 8 + 128]), "these pairs")?;
        let game = model.config().any_game()?;
        let usual = Terms::of(model);
        let terms = Terms {
            pairs,
            steps,
            rate: rate(given.or(Some(usual.rate)), [], game)?,
            seed,
            sampling: sampling(episodes, turns, seed, game, pairs)?,
            ..usual
        };
        game.visit(Calibrating { model, gamma, terms })
    })?;
    let result = PyDict::new(py);
    result.set_item("gamma", found.gamma)?;
    result.set_item("steps", found.steps)?;
    result.set_item("bias", found.bias())?;
    result.set_item("spread", found.spread())?;
    result.set_item("rank_correlation", found.rank_correlation())?;
    result.set_item("verdict", found.verdict())?;
    result.set_item("diverged", found.diverged)?;
    let quantiles = [found.coverage.len()];
    result.set_item("levels", array(py, found.levels(), &quantiles)?)?;
    result.set_item("coverage", array(py, found.coverage, &quantiles)?)?;
    let finite = [found.predicted.len() / 2, 2];
    result.set_item("predicted", array(py, found.predicted, &finite)?)?;
    result.set_item("realised", array(py, found.realised, &finite)?)?;
    Ok(result)
}
