//! Games on arrays of joint policies.

use std::hint::black_box;
use std::time::Instant;

use pyo3::prelude::*;

use meva::Error;
use meva::config::unknown;
use meva::draws::Sampling;
use meva::limits::{product, room_for};
use meva_core::game::rollouts::Episode;
use meva_core::game::{AnyGame, Estimator, GameName, GameVisitor, IteratedMatrix, NamedGame, Rollouts};
use meva_core::jacobian::Blocks;
use meva_core::random::{Purpose, Stream};
use meva_core::{Game as _, Player, nalgebra};

use crate::arrays::{Array, Number, Numbers, array_of, fill, joints, players};
use crate::error::OrRaise;
use crate::run::compute;

/// A two-player differentiable game (section 2 of the paper).
#[pyclass(frozen, module = "meva")]
#[derive(Clone)]
pub struct Game {
    name: GameName,
    pub game: AnyGame,
}

/// What a game is made of: its name, payoffs of its own, and its discount.
type Arguments = (String, Option<[[f64; 2]; 4]>, Option<f64>);

/// What is computed of a game.
#[derive(Clone, Copy)]
enum Wanted {
    Value,
    ValueOfProbabilities,
    OwnGradients,
    Gradient(&'static [Player]),
    Hvp(&'static [Player]),
    Hessian(&'static [Player]),
    Jacobian,
}

impl Wanted {
    /// The shape of the result for each joint policy.
    fn shape(self, n: usize, is_single: bool) -> Vec<usize> {
        let of_players = |rest: &[usize]| {
            if is_single {
                rest.to_vec()
            } else {
                [&[2], rest].concat()
            }
        };
        match self {
            Wanted::Value | Wanted::ValueOfProbabilities => vec![2],
            Wanted::OwnGradients => vec![2, n],
            Wanted::Gradient(_) | Wanted::Hvp(_) => of_players(&[2, n]),
            Wanted::Hessian(_) => of_players(&[2, n, 2, n]),
            Wanted::Jacobian => vec![2, n, 2, n],
        }
    }
}

/// Computes it at joint policies `x`, with `v` beside them for Hessian-vector products.
struct At<'a, S> {
    wanted: Wanted,
    each: usize,
    x: &'a [S],
    v: &'a [S],
}

impl<S: Number> GameVisitor for At<'_, S> {
    type Output = Vec<S>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Vec<S> {
        let (x, v) = (joints::<S, N>(self.x), joints::<S, N>(self.v));
        fill(x.len(), self.each, |k, result: &mut [S]| match self.wanted {
            Wanted::Value => result.copy_from_slice(&game.value(&x[k])),
            Wanted::ValueOfProbabilities => {
                // Only iterated games have them, and their policies have five parameters.
                if let (Ok(game), Some(p)) = (IteratedMatrix::try_from(game.into()), joints::<S, 5>(self.x).get(k)) {
                    result.copy_from_slice(&game.value_of_probabilities(p));
                }
            }
            Wanted::OwnGradients => result.copy_from_slice(game.own_gradients(&x[k]).as_flattened()),
            Wanted::Gradient(players) => {
                for (player, result) in players.iter().zip(result.chunks_exact_mut(2 * N)) {
                    result.copy_from_slice(game.gradient(*player, &x[k]).as_flattened());
                }
            }
            Wanted::Hvp(players) => {
                for (player, result) in players.iter().zip(result.chunks_exact_mut(2 * N)) {
                    result.copy_from_slice(game.hvp(*player, &x[k], &v[k]).as_flattened());
                }
            }
            Wanted::Hessian(players) => {
                for (player, result) in players.iter().zip(result.chunks_exact_mut(4 * N * N)) {
                    write_blocks(&game.hessian(*player, &x[k]), result);
                }
            }
            // A row of the naive field's Jacobian is that of the player's own Hessian.
            Wanted::Jacobian => {
                for (player, result) in Player::BOTH.iter().zip(result.chunks_exact_mut(2 * N * N)) {
                    write_rows(&game.hessian(*player, &x[k])[player.index()], result);
                }
            }
        })
    }
}

/// A matrix over joint policies, row-major: `[2, N, 2, N]`.
pub fn write_blocks<S: Number, const N: usize>(blocks: &Blocks<S, N>, result: &mut [S]) {
    for (blocks, result) in blocks.iter().zip(result.chunks_exact_mut(2 * N * N)) {
        write_rows(blocks, result);
    }
}

/// The rows of one player, row-major: `[N, 2, N]`.
fn write_rows<S: Number, const N: usize>(blocks: &[nalgebra::SMatrix<S, N, N>; 2], result: &mut [S]) {
    for (m, row) in result.chunks_exact_mut(2 * N).enumerate() {
        for (j, row) in row.chunks_exact_mut(N).enumerate() {
            for (n, number) in row.iter_mut().enumerate() {
                *number = blocks[j][(m, n)];
            }
        }
    }
}

impl Game {
    fn at<'py>(
        &self,
        wanted: Wanted,
        is_single: bool,
        x: &Bound<'py, PyAny>,
        v: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, game, n) = (x.py(), self.game, self.game.parameters());
        let x = Array::joint(x, "x", n)?;
        let v = v.map(|v| Array::joint(v, "v", n)).transpose()?;
        if let Some(v) = v.as_ref().filter(|v| v.shape != x.shape) {
            return Err(
                Error::usage(format!("`v` has the shape {:?}, and `x` has {:?}", v.shape, x.shape))
                    .hint("give a direction for each joint policy"),
            )
            .or_raise(py);
        }
        let last = wanted.shape(n, is_single);
        let (shape, each) = (x.with(&last), last.iter().product());
        let numbers = compute(py, move || {
            Ok(match (x.numbers, v.map(|v| v.numbers)) {
                (Numbers::F32(x), None) => single(game, wanted, each, &x, &[]),
                (Numbers::F32(x), Some(Numbers::F32(v))) => single(game, wanted, each, &x, &v),
                (Numbers::F64(x), None) => double(game, wanted, each, &x, &[]),
                (x, v) => double(game, wanted, each, &widened(x), &v.map(widened).unwrap_or_default()),
            })
        })?;
        array_of(py, numbers, &shape)
    }
}

fn widened(numbers: Numbers) -> Vec<f64> {
    Array {
        shape: Vec::new(),
        numbers,
    }
    .wide()
}

fn single(game: AnyGame, wanted: Wanted, each: usize, x: &[f32], v: &[f32]) -> Numbers {
    Numbers::F32(game.visit(At { wanted, each, x, v }))
}

fn double(game: AnyGame, wanted: Wanted, each: usize, x: &[f64], v: &[f64]) -> Numbers {
    Numbers::F64(game.visit(At { wanted, each, x, v }))
}

#[pymethods]
impl Game {
    #[new]
    #[pyo3(signature = (name, payoffs=None, discount=None))]
    fn new(py: Python, name: &str, payoffs: Option<[[f64; 2]; 4]>, discount: Option<f64>) -> PyResult<Self> {
        let read = || -> meva::Result<Self> {
            let name: GameName = name
                .parse()
                .map_err(|_| unknown("game", name, GameName::NAMES.iter().copied()))?;
            if let (Some(_), Some(game)) = (discount, name.plane()) {
                return Err(Error::usage(format!("`{game}` is not iterated and has no discount"))
                    .hint("leave the discount out"));
            }
            let game = AnyGame::of(name, payoffs, discount.unwrap_or(IteratedMatrix::DISCOUNT))?;
            Ok(Game { name, game })
        };
        read().or_raise(py)
    }

    /// The game's name.
    #[getter]
    fn name(&self) -> &'static str {
        self.name.name()
    }

    /// `N`, how many parameters a policy has.
    #[getter]
    fn parameters(&self) -> usize {
        self.game.parameters()
    }

    /// An iterated game's payoffs per turn: rows DD, DC, CD, CC, player 0's action first; columns players.
    #[getter]
    fn payoffs<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let matrix = IteratedMatrix::try_from(self.game).ok();
        let rows = |game: IteratedMatrix| array_of(py, Numbers::F64(game.payoffs.as_flattened().to_vec()), &[4, 2]);
        matrix.map(rows).transpose()
    }

    /// `delta`, how much an iterated game's next turn counts.
    #[getter]
    fn discount(&self) -> Option<f64> {
        IteratedMatrix::try_from(self.game).ok().map(|game| game.discount)
    }

    /// Both players' returns, `f(x)`: `x[..., 2, N]` gives `[..., 2]`.
    ///
    /// Returns of iterated games are normalised, `(1 - delta)` times the discounted sum (appendix A).
    fn value<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Value, true, x, None)
    }

    /// Both players' returns in an iterated game where policies are probabilities of cooperating, which may be 0 and 1:
    /// `p[..., 2, 5]` gives `[..., 2]`.
    fn value_of_probabilities<'py>(&self, p: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = p.py();
        if IteratedMatrix::try_from(self.game).is_err() {
            return Err(Error::usage(format!(
                "`{}` is not iterated: its policies are no probabilities",
                self.name
            ))
            .hint("use value(x)"))
            .or_raise(py);
        }
        let array = Array::joint(p, "p", 5)?;
        if let Some(number) = array.wide().into_iter().find(|p| !(0.0..=1.0).contains(p)) {
            return Err(
                Error::usage(format!("{number} is not a probability: it is outside [0, 1]"))
                    .hint("value(x) takes log-odds"),
            )
            .or_raise(py);
        }
        self.at(Wanted::ValueOfProbabilities, true, p, None)
    }

    /// The simultaneous gradient (eq. 1), `g_i = d f_i / d x_i`: `x[..., 2, N]` gives `[..., 2, N]`.
    fn own_gradients<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::OwnGradients, true, x, None)
    }

    /// A player's gradient over the joint policy, `d f_i / d (x_0, x_1)`: `x[..., 2, N]` gives `[..., 2, N]`; without a
    /// `player`, both players' gradients `[..., 2, 2, N]`, the player whose return it is first.
    #[pyo3(signature = (x, player=None))]
    fn gradient<'py>(&self, x: &Bound<'py, PyAny>, player: Option<i64>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Gradient(players(x.py(), player)?), player.is_some(), x, None)
    }

    /// The product of the Hessian of `f_i` over the joint policy with `v`, which has the shape of `x`: `[..., 2, N]`; without a
    /// `player`, both players' `[..., 2, 2, N]`.
    #[pyo3(signature = (x, v, player=None))]
    fn hvp<'py>(
        &self,
        x: &Bound<'py, PyAny>,
        v: &Bound<'py, PyAny>,
        player: Option<i64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Hvp(players(x.py(), player)?), player.is_some(), x, Some(v))
    }

    /// The Hessian of `f_i` over the joint policy: `x[..., 2, N]` gives `[..., 2, N, 2, N]`; without a `player`, both players'
    /// `[..., 2, 2, N, 2, N]`.
    #[pyo3(signature = (x, player=None))]
    fn hessian<'py>(&self, x: &Bound<'py, PyAny>, player: Option<i64>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Hessian(players(x.py(), player)?), player.is_some(), x, None)
    }

    /// The Jacobian of the simultaneous gradient, `d g_i / d x_j`: `x[..., 2, N]` gives `[..., 2, N, 2, N]`.
    fn jacobian<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Jacobian, true, x, None)
    }

    /// Both players' returns and own gradients in an iterated game, estimated from `episodes` of `turns` turns by REINFORCE with the mean
    /// of the other episodes as a baseline: `x[..., 2, 5]` gives `[..., 2]` and `[..., 2, 5]`, in double precision.
    ///
    /// The same `seed` plays the same episodes. Estimates differ from `value` and `own_gradients` by chance, and by at most `delta ** turns`
    /// times the range of the payoffs.
    #[pyo3(signature = (x, episodes=Sampling::USUAL.episodes, turns=Sampling::USUAL.turns, seed=0))]
    fn estimate<'py>(
        &self,
        x: &Bound<'py, PyAny>,
        episodes: usize,
        turns: usize,
        seed: u64,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let py = x.py();
        let array = Array::joint(x, "x", self.game.parameters())?;
        let (values, gradients) = (array.with(&[2]), array.with(&[2, 5]));
        let x = array.wide();
        let numbers = compute(py, || {
            let game = IteratedMatrix::try_from(self.game).map_err(|_| {
                Error::usage(format!("`{}` is not iterated: it has no episodes", self.name)).hint("use value(x)")
            })?;
            for (count, name) in [(episodes, "episodes"), (turns, "turns")] {
                if count == 0 {
                    return Err(Error::usage(format!("0 is too few for `{name}`")).hint("give at least 1"));
                }
            }
            let x = joints::<f64, 5>(&x);
            room_for(
                product([rayon::current_num_threads(), episodes, size_of::<Episode>()]) + product([x.len(), 12, 16]),
                "these episodes",
            )?;
            Ok(fill(x.len(), 12, |k, result: &mut [f64]| {
                let mut rollouts = Rollouts {
                    game: &game,
                    length: turns,
                    episodes: &mut vec![Episode::START; episodes],
                    streams: &mut [Stream::new(seed, Purpose::Rollouts, k as u64)],
                };
                let (value, gradient) = rollouts.estimate(&x[k]);
                result[..2].copy_from_slice(&value);
                result[2..].copy_from_slice(gradient.as_flattened());
            }))
        })?;
        let rows = numbers.as_chunks::<12>().0.iter();
        let (mut value, mut gradient) = (Vec::new(), Vec::new());
        for row in rows {
            value.extend_from_slice(&row[..2]);
            gradient.extend_from_slice(&row[2..]);
        }
        Ok((
            array_of(py, Numbers::F64(value), &values)?,
            array_of(py, Numbers::F64(gradient), &gradients)?,
        ))
    }

    fn __repr__(&self) -> String {
        match (self.name, self.game) {
            (GameName::Matrix, AnyGame::IteratedMatrix(game)) => {
                format!(
                    "meva.Game('matrix', payoffs={:?}, discount={})",
                    game.payoffs, game.discount
                )
            }
            (name, AnyGame::IteratedMatrix(game)) => format!("meva.Game('{name}', discount={})", game.discount),
            (name, AnyGame::Plane(_)) => format!("meva.Game('{name}')"),
        }
    }

    fn __eq__(&self, other: &Bound<PyAny>) -> bool {
        other.cast::<Game>().is_ok_and(|other| other.get().game == self.game)
    }

    fn __hash__(&self) -> u64 {
        let AnyGame::IteratedMatrix(game) = self.game else {
            return self.game.code().into();
        };
        let numbers = game.payoffs.as_flattened().iter().chain([&game.discount]);
        // Zeros of either sign are equal.
        numbers.fold(2, |hash: u64, number| hash.rotate_left(7) ^ (number + 0.0).to_bits())
    }

    /// Pickles as the call that makes it again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Arguments)> {
        let matrix = IteratedMatrix::try_from(self.game).ok();
        let payoffs = matrix
            .filter(|_| self.name == GameName::Matrix)
            .map(|game| game.payoffs);
        let class = py.get_type::<Game>().into_any();
        Ok((
            class,
            (self.name.name().to_owned(), payoffs, matrix.map(|game| game.discount)),
        ))
    }
}

/// How many seconds Rust's own loop, on one thread, takes for the value and the own gradients of these joint policies of the iterated
/// prisoner's dilemma: what Python's calls are compared with.
#[pyfunction]
pub fn _loop_seconds(py: Python, x: &Bound<PyAny>) -> PyResult<[f64; 2]> {
    let x = Array::joint(x, "x", 5)?.wide();
    compute(py, || {
        let (game, x) = (IteratedMatrix::PRISONERS_DILEMMA, joints::<f64, 5>(&x));
        let start = Instant::now();
        let values: Vec<[f64; 2]> = x.iter().map(|x| game.value(x)).collect();
        let value = start.elapsed();
        let start = Instant::now();
        let gradients: Vec<[[f64; 5]; 2]> = x.iter().map(|x| game.own_gradients(x)).collect();
        let seconds = [value, start.elapsed()].map(|time| time.as_secs_f64());
        black_box((values, gradients));
        Ok(seconds)
    })
}
