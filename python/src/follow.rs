//! Agents that follow learners: trajectories, basins, matches and leagues.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use meva::Error;
use meva::cpu::Cpu;
use meva::draws::Start;
use meva::follow::ascent::{Joint, Precision};
use meva::follow::fixed_points::{FixedPoint, Kind, fate, fixed_points, limit, usual_range};
use meva::follow::league::{Cell, Standing, Terms};
use meva::follow::plane::{self, Grid};
use meva::follow::play::{Fared, Match, Opponent, Side, play as meet};
use meva::follow::player::Entrant;
use meva::follow::preparation::Effort;
use meva::follow::starts::{place, starts as draw};
use meva::follow::{Agent, Ascent, Learner as Rule};
use meva::limits::{product, room_for};
use meva_core::game::{AnyGame, GameVisitor, NamedGame, PlaneGame};
use serde_json::{Value, json};

use crate::arrays::{Array, array, joints};
use crate::error::OrRaise;
use crate::games::Game;
use crate::learners::Learner;
use crate::run::compute;

/// A player of a game: a learner, or words that name one.
fn player(object: &Bound<PyAny>, game: AnyGame) -> PyResult<Entrant> {
    let py = object.py();
    if let Ok(learner) = object.cast::<Learner>() {
        let entrant = learner.get().entrant().or_raise(py)?;
        let fits = entrant.models.iter().all(|model| model.config().any_game() == Ok(game));
        if !fits {
            return Err(Error::usage(format!(
                "the models of `{}` were trained for another game",
                entrant.name
            ))
            .hint("a game with other payoffs or another discount is another game"))
            .or_raise(py);
        }
        if entrant.learner.strategy().is_some() && matches!(game, AnyGame::Plane(_)) {
            return Err(
                Error::usage("strategies are for iterated games, and this game has no turns")
                    .hint("play ipd, or name a learner"),
            )
            .or_raise(py);
        }
        return Ok(entrant);
    }
    let Ok(words) = object.extract::<String>() else {
        return Err(Error::usage(format!("{} is no player", object.repr()?))
            .hint("give a learner from meva.learners, or words such as \"lola:10\" or \"tit-for-tat\""))
        .or_raise(py);
    };
    compute(py, || Entrant::read(&words, game))
}

/// The rate at which players learn: the one that is given, that of their models, or the published one.
pub fn rate<'a>(given: Option<f64>, players: impl IntoIterator<Item = &'a Entrant>, game: AnyGame) -> meva::Result<f64> {
    let mut own = players
        .into_iter()
        .flat_map(|player| &player.models)
        .map(|model| model.config().alpha);
    let published = if game.parameters() == 1 { 1.0 } else { 2.0 };
    let rate = given.or_else(|| own.next()).unwrap_or(published);
    if rate.is_finite() && rate >= 0.0 {
        return Ok(rate);
    }
    Err(Error::usage(format!("a rate of {rate}")).hint("give a finite number that is at least 0"))
}

/// Refuses a count of 0.
pub fn at_least_one(count: usize, name: &str) -> meva::Result<()> {
    match count {
        0 => Err(Error::usage(format!("0 is too few for `{name}`")).hint("give at least 1")),
        _ => Ok(()),
    }
}

/// Follows two agents from each start.
struct Following<'a> {
    players: [&'a Entrant; 2],
    starts: &'a [f64],
    ascent: Ascent,
}

impl GameVisitor for Following<'_> {
    type Output = meva::Result<Vec<f64>>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> meva::Result<Vec<f64>> {
        let starts = joints::<f64, N>(self.starts);
        room_for(
            product([starts.len(), self.ascent.steps.saturating_add(1), 2, N, 16]),
            "these starts with these steps",
        )?;
        let learners = self.players.map(|player| player.learner);
        let agents: [Agent<N>; 2] = Agent::pair(learners, self.players.map(|player| player.models.first()))?;
        let starts = place(starts, learners)?;
        let paths = self.ascent.paths(agents, &game, Cpu::detect()?, &starts);
        Ok(paths.iter().flatten().flat_map(|x| x.as_flattened()).copied().collect())
    }
}

/// The joint policies along the paths of two agents: `[..., steps + 1, 2, N]`.
#[pyfunction]
pub fn follow<'py>(
    players: [Bound<'py, PyAny>; 2],
    game: &Bound<'py, Game>,
    starts: &Bound<'py, PyAny>,
    steps: usize,
    given: Option<f64>,
    precision: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, game) = (starts.py(), game.get().game);
    let [zero, one] = players;
    let (zero, one) = (player(&zero, game)?, player(&one, game)?);
    let n = game.parameters();
    let starts = Array::joint(starts, "starts", n)?;
    let shape = starts.with(&[steps.saturating_add(1), 2, n]);
    let starts = starts.wide();
    let numbers = compute(py, || {
        let precision: Precision = precision.parse()?;
        let ascent = Ascent {
            rate: rate(given, [&zero, &one], game)?,
            steps,
            precision,
        };
        game.visit(Following {
            players: [&zero, &one],
            starts: &starts,
            ascent,
        })
    })?;
    array(py, numbers, &shape)
}

/// Draws starts of a game.
struct Starts {
    count: usize,
    seed: u64,
}

impl GameVisitor for Starts {
    type Output = Vec<f64>;

    fn visit<const N: usize, G: NamedGame<N>>(self, _: G) -> Vec<f64> {
        let starts: Vec<Joint<N>> = draw(self.count, Match::published::<N>().start, self.seed);
        starts.iter().flat_map(|x| x.as_flattened()).copied().collect()
    }
}

/// Random starts, as in the published experiments: `[count, 2, N]`.
#[pyfunction]
pub fn starts<'py>(py: Python<'py>, game: &Bound<'py, Game>, count: usize, seed: u64) -> PyResult<Bound<'py, PyAny>> {
    let game = game.get().game;
    let numbers = compute(py, || {
        room_for(product([count, 2, game.parameters(), 16]), "these starts")?;
        Ok(game.visit(Starts { count, seed }))
    })?;
    array(py, numbers, &[count, 2, game.parameters()])
}

/// Which points of a grid lead to B: the cells, how many diverged, and a title.
#[pyfunction]
pub fn basins<'py>(
    players: [Bound<'py, PyAny>; 2],
    game: &Bound<'py, Game>,
    side: usize,
    range: f64,
    steps: usize,
    given: Option<f64>,
    precision: Option<&str>,
) -> PyResult<(Bound<'py, PyArray1<bool>>, usize, String)> {
    let (py, game) = (game.py(), game.get().game);
    let [zero, one] = players;
    let (zero, one) = (player(&zero, game)?, player(&one, game)?);
    let learners = [zero.learner, one.learner];
    let title = if learners[0].label() == learners[1].label() {
        Rule::title_of_both(learners)
    } else {
        format!("{} and {}", learners[0].title(), learners[1].title())
    };
    let basin = compute(py, || {
        let plane_game = PlaneGame::try_from(game).map_err(|_| {
            Error::usage("the joint policies of this game do not form a plane").hint(format!(
                "the games of one parameter per policy are {}",
                PlaneGame::NAMES.join(", ")
            ))
        })?;
        if !((2..=1000).contains(&side) && range.is_finite() && range > 0.0) {
            return Err(
                Error::usage(format!("a grid of {side} points along each side, up to {range}"))
                    .hint("give 2 to 1000 points and a positive range"),
            );
        }
        let models = [zero.models.first(), one.models.first()];
        let usual = plane::ascent(models[0].or(models[1]), steps);
        let precision = precision.map(str::parse).transpose()?;
        let ascent = Ascent {
            rate: rate(given, [&zero, &one], game)?,
            precision: precision.unwrap_or(usual.precision),
            steps,
        };
        let agents = Agent::pair(learners, models)?;
        Ok(plane::basin(
            agents,
            &plane_game,
            Cpu::detect()?,
            Grid { side, range },
            ascent,
        ))
    })?;
    Ok((PyArray1::from_vec(py, basin.cells), basin.diverged, title))
}

/// Whom player 0 meets.
enum Met {
    Itself,
    BestResponse,
    ExactResponse,
    Other(Entrant),
}

/// Plays one match.
struct Playing<'a> {
    first: &'a Entrant,
    met: &'a Met,
    pairs: usize,
    steps: usize,
    response_steps: usize,
    rate: f64,
    seed: u64,
}

impl<'a> GameVisitor for Playing<'a> {
    type Output = meva::Result<[Fared; 2]>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Self::Output {
        let how = Match {
            pairs: self.pairs,
            steps: self.steps,
            rate: self.rate,
            seed: self.seed,
            ..Match::published::<N>()
        };
        let side = |player: &'a Entrant| Side {
            learner: player.learner,
            models: &player.models,
        };
        let first = side(self.first);
        let opponent = match self.met {
            Met::Itself => Opponent::Itself,
            Met::BestResponse => Opponent::BestResponse {
                steps: self.response_steps,
            },
            Met::ExactResponse => Opponent::ExactResponse,
            Met::Other(other) => Opponent::Other(side(other)),
        };
        meet(&game, Cpu::detect()?, first, opponent, &how)
    }
}

/// How two players fare, as a dictionary of arrays.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "they are named in Python")]
pub fn play<'py>(
    game: &Bound<'py, Game>,
    first: &Bound<'py, PyAny>,
    against: &Bound<'py, PyAny>,
    pairs: usize,
    steps: usize,
    response_steps: Option<usize>,
    given: Option<f64>,
    seed: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let (py, game) = (game.py(), game.get().game);
    let first = player(first, game)?;
    let met = match against.extract::<String>().as_deref() {
        Ok("self") => Met::Itself,
        Ok("best-response") => Met::BestResponse,
        Ok("exact-response") => Met::ExactResponse,
        _ => Met::Other(player(against, game)?),
    };
    let fared = compute(py, || {
        at_least_one(pairs, "pairs")?;
        room_for(product([pairs, 12 * 5 * 8 + 128]), "these pairs")?;
        let other = if let Met::Other(other) = &met {
            Some(other)
        } else {
            None
        };
        let rate = rate(given, [&first].into_iter().chain(other), game)?;
        let response_steps = response_steps.unwrap_or(steps);
        game.visit(Playing {
            first: &first,
            met: &met,
            pairs,
            steps,
            response_steps,
            rate,
            seed,
        })
    })?;
    let result = PyDict::new(py);
    let both = |of: &dyn Fn(&Fared) -> Vec<f64>| -> PyResult<Bound<'py, PyAny>> {
        let rows = fared.each_ref().map(of);
        let lengths = [2, rows[0].len()];
        array(py, rows.concat(), if lengths[1] == 1 { &[2] } else { &lengths })
    };
    result.set_item("mean", both(&|fared| vec![fared.pooled.mean])?)?;
    result.set_item("error", both(&|fared| vec![fared.pooled.error])?)?;
    let by_seed: Vec<f64> = fared.iter().flat_map(|fared| fared.by_seed.iter().copied()).collect();
    result.set_item("by_seed", array(py, by_seed, &[2, fared[0].by_seed.len()])?)?;
    result.set_item("quantiles", both(&|fared| fared.quantiles.to_vec())?)?;
    result.set_item("diverged", fared[0].diverged)?;
    if let [Some(_), Some(_)] = fared.each_ref().map(|fared| fared.style) {
        let style = |fared: &Fared| fared.style.into_iter();
        result.set_item(
            "tit_for_tat",
            both(&|fared| style(fared).map(|style| style.tit_for_tat).collect())?,
        )?;
        result.set_item(
            "cooperation",
            both(&|fared| style(fared).flat_map(|style| style.cooperation).collect())?,
        )?;
    }
    Ok(result)
}

/// Looks for fixed points.
struct Resting<'a> {
    player: &'a Entrant,
    rate: f64,
    starts: usize,
    range: Option<f64>,
    seed: u64,
}

impl GameVisitor for Resting<'_> {
    type Output = meva::Result<Value>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Self::Output {
        let range = self.range.unwrap_or(usual_range::<N>());
        if !(range.is_finite() && range >= 0.0) {
            return Err(Error::usage(format!("a range of {range}")).hint("give a finite number that is at least 0"));
        }
        let each = size_of::<Joint<N>>() + size_of::<FixedPoint<N>>();
        room_for(product([self.starts, each]), "these starts")?;
        let (limit, rate) = (limit(range), self.rate);
        let starts: Vec<Joint<N>> = draw(self.starts, Start::Uniform(range), self.seed);
        let agents: [Agent<N>; 2] = Agent::both(self.player.learner, self.player.models.first())?;
        let own = fixed_points([Agent::NAIVE; 2], &game, &starts, limit);
        let points = fixed_points(agents, &game, &starts, limit);
        let stable = own.iter().filter(|point| point.kind == Kind::Stable);
        let fates: Vec<Value> = stable
            .map(|point| fate(agents, &game, point, &starts, limit).json(point))
            .collect();
        let list = |points: &[FixedPoint<N>]| points.iter().map(|point| point.json(rate)).collect::<Vec<_>>();
        Ok(json!({ "rate": rate, "game": list(&own), "learner": list(&points), "fates": fates }))
    }
}

/// The fixed points of naive learning and of a learner, and what becomes of the stable ones of the former, as JSON.
#[pyfunction]
pub fn stability<'py>(
    game: &Bound<'py, Game>,
    learner: &Bound<'py, PyAny>,
    given: Option<f64>,
    starts: usize,
    range: Option<f64>,
    seed: u64,
) -> PyResult<String> {
    let (py, game) = (game.py(), game.get().game);
    let player = player(learner, game)?;
    compute(py, || {
        at_least_one(starts, "starts")?;
        if player.learner.strategy().is_some() {
            return Err(
                Error::usage(format!("`{}` is a strategy, which does not learn", player.name)).hint("give a learner"),
            );
        }
        if player.models.len() > 1 {
            let count = player.models.len();
            return Err(Error::usage(format!("`{}` follows {count} models", player.name))
                .hint("give a learner of one: each has fixed points of its own"));
        }
        // As the command says: 1 for learners that have no model.
        let rate = rate(
            given.or_else(|| player.models.is_empty().then_some(1.0)),
            [&player],
            game,
        )?;
        let found = game.visit(Resting {
            player: &player,
            rate,
            starts,
            range,
            seed,
        })?;
        Ok(found.to_string())
    })
}

/// Lets players meet.
struct Meeting<'a> {
    players: &'a [Entrant],
    pairs: usize,
    steps: usize,
    rate: f64,
    seed: u64,
    seeds: usize,
}

impl GameVisitor for Meeting<'_> {
    type Output = meva::Result<meva::follow::league::League>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Self::Output {
        let start: Start = Match::published::<N>().start;
        let Meeting {
            players,
            pairs,
            steps,
            rate,
            seed,
            seeds,
        } = self;
        let terms = Terms {
            pairs,
            steps,
            rate,
            start,
            seed,
            seeds,
            sampling: None,
            effort: Effort::USUAL,
        };
        meva::follow::league::league(&game, Cpu::detect()?, players, &terms, |_, _| ())
    }
}

/// Every player against every other, as a dictionary of arrays.
#[pyfunction]
pub fn league<'py>(
    game: &Bound<'py, Game>,
    players: Vec<Bound<'py, PyAny>>,
    pairs: usize,
    steps: usize,
    given: Option<f64>,
    seed: u64,
    seeds: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let (py, game) = (game.py(), game.get().game);
    let players = players
        .iter()
        .map(|object| player(object, game))
        .collect::<PyResult<Vec<_>>>()?;
    let played = compute(py, || {
        at_least_one(pairs, "pairs")?;
        at_least_one(seeds.unwrap_or(1), "seeds")?;
        room_for(product([pairs, 12 * 5 * 8 + 128]), "these pairs")?;
        let most = players.iter().map(|player| player.models.len()).max();
        game.visit(Meeting {
            players: &players,
            pairs,
            steps,
            rate: rate(given, &players, game)?,
            seed,
            seeds: seeds.or(most).unwrap_or(1).max(1),
        })
    })?;
    let count = played.players.len();
    let result = PyDict::new(py);
    let cells = |of: &dyn Fn(&Cell) -> Vec<f64>, last: &[usize]| {
        let numbers = played.cells.iter().flatten().flat_map(of).collect();
        array(py, numbers, &[&[count, count], last].concat())
    };
    let missing = [f64::NAN; 2];
    result.set_item("players", &played.players)?;
    result.set_item("returns", cells(&|cell| vec![cell.mean], &[])?)?;
    result.set_item("interquartile", cells(&|cell| vec![cell.interquartile], &[])?)?;
    result.set_item(
        "interval",
        cells(&|cell| cell.interval.unwrap_or(missing).to_vec(), &[2])?,
    )?;
    result.set_item("diverged", cells(&|cell| vec![cell.diverged as f64], &[])?)?;
    let by_seed: Vec<Vec<Vec<f64>>> = played
        .cells
        .iter()
        .map(|row| row.iter().map(|cell| cell.by_seed.clone()).collect())
        .collect();
    result.set_item("by_seed", by_seed)?;
    let standings = |of: &dyn Fn(&Standing) -> Option<f64>| {
        let numbers = played
            .standings
            .iter()
            .map(|standing| of(standing).unwrap_or(f64::NAN))
            .collect();
        array(py, numbers, &[count])
    };
    result.set_item("mean", standings(&|standing| Some(standing.mean))?)?;
    result.set_item("exploitability", standings(&|standing| standing.exploitability)?)?;
    result.set_item("best_response", standings(&|standing| standing.response)?)?;
    result.set_item("extortion", standings(&|standing| standing.extortion)?)?;
    Ok(result)
}
