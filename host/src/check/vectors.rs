//! The engines against float64 numbers from outside, in the files that `tests/vectors/README.md` describes.
//!
//! Numbers of all cases of a game, of a learner with one step, or of a network are judged together. Of `algorithm1.json` the
//! loss, the gradient and the state after the update are compared, not the path in between.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{Bootstrap, Exploration, Settings, State};
use meva_core::game::AnyGame;
use meva_core::kernels::{Kernels, Portable};
use meva_core::learner::meta_value::Field;
use meva_core::learner::{LearnerName, cola};
use meva_core::meta_value::{Architecture, Input, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::{Dual, Game, Real};

use super::condition::{Nudge, sensitivities};
use super::games::{self, BuiltIn, GAMES, Nudged};
use super::gpu::{self, engine_of};
use super::json::{Item, read};
use super::network::{self, Objective, numbers, rounded};
use super::packed::{Packed, pack, pack_rows};
use super::pieces::{self, Descent, Predicted, Rollout};
use super::report::{Basis, Engine, Report};
use super::tolerance::{Operation, Spread};
use super::update::{self, Draw};
use crate::cpu::Cpu;
use crate::cpu::Number;
use crate::error::{Error, Result};
use crate::follow::ascent::Precision;
use crate::gpu::Gpu;

type Reader = fn(&mut Held, &[Item]) -> Result<()>;

/// What each file is read by.
const FILES: [(&str, Reader); 8] = [
    ("games.json", games_of),
    ("learners.json", learners),
    ("network.json", networks),
    ("quantile_huber.json", losses),
    ("lambda_returns.json", returns),
    ("adamw.json", optimizers),
    ("algorithm1.json", updates),
    ("cola.json", colas),
];

/// The report, and what computes besides `f64` and `f32`.
struct Held<'a> {
    report: &'a mut Report,
    cpu: Cpu,
    gpus: &'a [Arc<Gpu>],
}

/// Holds the CPU's engines, and for games these adapters, against the files of a folder. Files that are not JSON are passed
/// over, and a note tells which of the known ones are not there.
///
/// # Errors
/// The folder cannot be read or has no file of vectors; a file has another name or is malformed; a device failed.
pub fn check(report: &mut Report, folder: &Path, gpus: &[Arc<Gpu>]) -> Result<()> {
    let unreadable = |cause| Error::io("read the folder", folder, cause);
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            found.insert(name);
        }
    }
    let names = || FILES.map(|(name, _)| name).join(", ");
    if let Some(unknown) = found.iter().find(|name| FILES.iter().all(|(known, _)| known != name)) {
        return Err(Error::usage("no operation has vectors in a file of this name")
            .at(folder.join(unknown).display())
            .hint(format!("there are {}", names())));
    }
    if found.is_empty() {
        return Err(Error::usage("there are no vectors in this folder")
            .at(folder.display())
            .hint(format!("files of vectors are {}", names())));
    }
    let cpu = Cpu::detect()?;
    for (name, reader) in FILES {
        if !found.contains(name) {
            report.notes.push(format!("{name} is not in the folder"));
            continue;
        }
        let path = folder.join(name);
        let value = read(&path)?;
        let mut held = Held {
            report: &mut *report,
            cpu,
            gpus,
        };
        Item::whole(&value)
            .get("cases")
            .and_then(|cases| cases.items())
            .and_then(|cases| reader(&mut held, &cases))
            .map_err(|error| error.at(path.display()))?;
    }
    report.notes.push(
        "f64 is held to what the vectors promise; GPUs have vectors for games alone, since no network of the vectors' shapes is \
         compiled for them"
            .into(),
    );
    Ok(())
}

impl Held<'_> {
    fn compare<const K: usize>(
        &mut self,
        subject: &str,
        operations: [Operation; K],
        engine: Engine,
        got: &[Vec<f64>; K],
        expected: &[Vec<f64>; K],
        sensitivity: &[f64; K],
    ) {
        let basis = Basis::Outside(Precision::F64);
        self.report.compare(
            subject,
            operations,
            (engine, basis),
            got,
            expected,
            &Spread::counted(*sensitivity),
        );
    }
}

/// What the cases have under these keys, each with as many numbers as it must have.
fn expected<const K: usize>(cases: &[Item], keys: [(&str, usize); K]) -> Result<[Vec<f64>; K]> {
    let mut expected = [(); K].map(|()| Vec::new());
    for case in cases {
        for (numbers, (key, count)) in expected.iter_mut().zip(keys) {
            numbers.extend(case.get(key)?.counted(count)?);
        }
    }
    Ok(expected)
}

/// The game that a case names.
fn game_of(case: &Item) -> Result<BuiltIn> {
    case.get("game")?.choice(&GAMES.map(|game| (game.vector_name, game)))
}

/// Cases by what `key` makes of them, in the order of first appearance.
fn groups<'a, 'b, T: PartialEq>(
    cases: &'b [Item<'a>],
    key: impl Fn(&Item<'a>) -> Result<T>,
) -> Result<Vec<(T, Vec<Item<'a>>)>> {
    let mut groups: Vec<(T, Vec<Item>)> = Vec::new();
    for case in cases {
        let key = key(case)?;
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(case.clone()),
            None => groups.push((key, vec![case.clone()])),
        }
    }
    Ok(groups)
}

fn by_name<'a>(cases: &[Item<'a>]) -> Result<Vec<(BuiltIn, Vec<Item<'a>>)>> {
    let by_name = groups(cases, |case| Ok(game_of(case)?.name))?;
    by_name
        .into_iter()
        .map(|(_, group)| Ok((game_of(&group[0])?, group)))
        .collect()
}

fn games_of(held: &mut Held, cases: &[Item]) -> Result<()> {
    fn of<G: Game<N> + Nudged, const N: usize>(held: &mut Held, of: &BuiltIn, game: &G, cases: &[Item]) -> Result<()> {
        let points: Vec<games::Point<N>> = cases
            .iter()
            .map(|case| {
                Ok(games::Point {
                    x: case.get("x")?.rows()?,
                    v: case.get("v")?.rows()?,
                })
            })
            .collect::<Result<_>>()?;
        let expected = expected(
            cases,
            [("f", 2), ("gradient", 2 * N), ("jacobian", 4 * N), ("hvp", 4 * N)],
        )?;
        let sensitivity = games::output_sensitivities(game, &points);
        for (engine, got) in [
            (Engine::F64, games::outputs::<f64, _, N>(game, &points)),
            (Engine::F32, games::outputs::<f32, _, N>(game, &points)),
            (Engine::Lanes, games::outputs::<Number, _, N>(game, &points)),
        ] {
            held.compare(of.name, games::OPERATIONS, engine, &got, &expected, &sensitivity);
        }
        let [value, own, ..] = expected;
        for gpu in held.gpus {
            let answers = gpu::game(gpu, of, points.iter().map(|point| point.x))?;
            let operations = [Operation::Value, Operation::OwnGradient];
            let got = [answers.value, answers.naive];
            let (expected, sensitivity) = ([value.clone(), own.clone()], [sensitivity[0], sensitivity[1]]);
            held.compare(of.name, operations, engine_of(gpu), &got, &expected, &sensitivity);
        }
        Ok(())
    }
    for (built_in, cases) in by_name(cases)? {
        match built_in.game {
            AnyGame::Plane(game) => of::<_, 1>(held, &built_in, &game, &cases)?,
            AnyGame::IteratedMatrix(game) => of::<_, 5>(held, &built_in, &game, &cases)?,
        }
    }
    Ok(())
}

fn learners(held: &mut Held, cases: &[Item]) -> Result<()> {
    const LEARNERS: [(&str, LearnerName); 5] = [
        ("lookahead", LearnerName::LookAhead),
        ("lola", LearnerName::Lola),
        ("lola_taylor", LearnerName::LolaTaylor),
        ("hola2", LearnerName::Hola2),
        ("hola3", LearnerName::Hola3),
    ];
    fn of<G: Game<N> + Nudged, const N: usize>(
        held: &mut Held,
        name: &str,
        alpha: f64,
        game: &G,
        cases: &[Item],
    ) -> Result<()> {
        let subject = format!("{name} alpha {alpha}");
        let points: Vec<games::Point<N>> = cases
            .iter()
            .map(|case| {
                Ok(games::Point {
                    x: case.get("x")?.rows()?,
                    v: [[0.0; N]; 2],
                })
            })
            .collect::<Result<_>>()?;
        for (key, learner) in LEARNERS {
            let expected = expected(cases, [(key, 2 * N)])?;
            let operation = [Operation::Learner(learner)];
            let learner = (learner, alpha);
            let sensitivity = games::field_sensitivity(learner, game, &points);
            for (engine, got) in [
                (Engine::F64, games::fields::<f64, _, N>(learner, game, &points)),
                (Engine::F32, games::fields::<f32, _, N>(learner, game, &points)),
            ] {
                held.compare(&subject, operation, engine, &got, &expected, &sensitivity);
            }
        }
        Ok(())
    }
    for (built_in, cases) in by_name(cases)? {
        for (alpha, cases) in groups(&cases, |case| case.get("alpha")?.number())? {
            match built_in.game {
                AnyGame::Plane(game) => of::<_, 1>(held, built_in.name, alpha, &game, &cases)?,
                AnyGame::IteratedMatrix(game) => of::<_, 5>(held, built_in.name, alpha, &game, &cases)?,
            }
        }
    }
    Ok(())
}

/// Sizes and architecture of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    /// `N, H, R, M`.
    sizes: [usize; 4],
    architecture: Architecture,
}

impl Shape {
    fn of(case: &Item) -> Result<Self> {
        let shape = case.get("shape")?;
        let size = |key: &str| shape.get(key)?.count();
        Ok(Shape {
            sizes: [size("n")?, size("H")?, size("R")?, size("M")?],
            architecture: Architecture {
                input: shape
                    .get("input")?
                    .choice(&[("tenth", Input::Tenth), ("sigmoid", Input::Sigmoid)])?,
                last_activation: shape
                    .get("final")?
                    .choice(&[("gelu", Activation::Gelu), ("tanh", Activation::Tanh)])?,
            },
        })
    }

    fn unknown(&self, case: &Item, known: &str) -> Result<()> {
        let [n, h, r, m] = self.sizes;
        Err(case
            .get("shape")?
            .error(format_args!(
                "no network with n = {n}, H = {h}, R = {r}, M = {m} is compiled in"
            ))
            .hint(format!("there are {known}")))
    }
}

const SHAPES: &str = "n = 1, H = 8, R = 1, M = 4 and n = 5, H = 12, R = 2, M = 6";
const COLA_SHAPES: &str = "n = 1, H = 8, R = 1, M = 1 and n = 5, H = 12, R = 2, M = 5";

/// Parameters by the names of their tensors; every name must be used.
fn parameters<const N: usize, const H: usize, const R: usize, const M: usize>(
    named: &Item,
) -> Result<Box<Parameters<f64, N, H, R, M>>> {
    let mut parameters = Box::new(Parameters::ZERO);
    let mut used = BTreeSet::new();
    for index in 0..Parameters::<f64, N, H, R, M>::TENSORS {
        let at = Parameters::<f64, N, H, R, M>::tensor(index);
        let name = at.to_string();
        let whole = named.get(&name)?.counted(at.rows * at.of_columns)?;
        let rows = whole.chunks_exact(at.of_columns);
        let own = rows.flat_map(|row| &row[at.first_column..at.first_column + at.columns]);
        let values = Parameters::values_mut(&mut *parameters, index);
        for (value, number) in values.iter_mut().zip(own) {
            *value = *number;
        }
        used.insert(name);
    }
    match named.keys()?.into_iter().find(|name| !used.contains(*name)) {
        Some(name) => Err(named.error(format_args!("the network has no tensor `{name}`"))),
        None => Ok(parameters),
    }
}

/// A network at a point.
struct NetworkCase<const N: usize, const H: usize, const R: usize, const M: usize> {
    theta: Box<Parameters<f64, N, H, R, M>>,
    point: network::Point<N, H, M>,
}

/// What is compared of a network: values and derivatives by policies, and the loss with its gradient.
const NETWORK: [Operation; 8] = [
    Operation::Quantiles,
    Operation::NetworkOwnGradient,
    Operation::NetworkMaskedGradient,
    Operation::NetworkGradient,
    Operation::NetworkHvp,
    Operation::NetworkFieldJvp,
    Operation::NetworkLoss,
    Operation::NetworkLossGradient,
];

fn networks(held: &mut Held, cases: &[Item]) -> Result<()> {
    fn outputs<S, K, const N: usize, const H: usize, const R: usize, const M: usize>(
        kernels: &K,
        architecture: Architecture,
        cases: &[NetworkCase<N, H, R, M>],
    ) -> [Vec<f64>; 8]
    where
        S: Packed,
        K: Kernels<S> + Kernels<Dual<S>>,
    {
        let mut all = [(); 8].map(|()| Vec::new());
        for NetworkCase { theta, point } in cases {
            let theta = rounded::<S::Real, N, H, R, M>(theta);
            let points = [*point];
            let outputs = network::outputs::<S, K, N, H, R, M>(kernels, &theta, architecture, &points);
            let huber = Objective::QuantileHuber;
            let loss = network::objective::<S, K, N, H, R, M>(kernels, huber, &theta, architecture, &points);
            for (all, numbers) in all.iter_mut().zip(outputs.into_iter().take(6).chain(loss)) {
                all.extend(numbers);
            }
        }
        all
    }
    fn of<const N: usize, const H: usize, const R: usize, const M: usize>(
        held: &mut Held,
        architecture: Architecture,
        items: &[Item],
    ) -> Result<()> {
        let cases: Vec<NetworkCase<N, H, R, M>> = items
            .iter()
            .map(|case| {
                Ok(NetworkCase {
                    theta: parameters(&case.get("parameters")?)?,
                    point: network::Point {
                        x: case.get("x")?.rows()?,
                        gamma: case.get("gamma")?.row()?,
                        v: case.get("v")?.rows()?,
                        mask: case.get("mask")?.rows()?,
                        y: case.get("y")?.rows()?,
                    },
                })
            })
            .collect::<Result<_>>()?;
        let [quantiles, own, masked, gradient, hvp, jvp, loss] = expected(
            items,
            [
                ("quantiles", 2 * M),
                ("gradient", 2 * N),
                ("masked_gradient", 2 * N),
                ("jacobian", 4 * N),
                ("hvp", 4 * N),
                ("field_jvp", 2 * N),
                ("loss", 1),
            ],
        )?;
        let mut by_theta = Vec::new();
        for case in items {
            by_theta.extend(numbers(&*parameters::<N, H, R, M>(&case.get("loss_gradient")?)?));
        }
        let expected = [quantiles, own, masked, gradient, hvp, jvp, loss, by_theta];
        let sensitivity = sensitivities(|nudge| {
            let mut moved = |case: &NetworkCase<N, H, R, M>| NetworkCase {
                theta: nudge.parameters(&case.theta),
                point: case.point.nudged(nudge),
            };
            let moved: Vec<_> = cases.iter().map(&mut moved).collect();
            outputs::<f64, _, N, H, R, M>(&Portable, architecture, &moved)
        });
        let subject = subject(N);
        for (engine, got) in [
            (
                Engine::F64,
                outputs::<f64, _, N, H, R, M>(&Portable, architecture, &cases),
            ),
            (
                Engine::F32,
                outputs::<f32, _, N, H, R, M>(&Portable, architecture, &cases),
            ),
            (
                Engine::Lanes,
                outputs::<Number, _, N, H, R, M>(&held.cpu, architecture, &cases),
            ),
        ] {
            held.compare(subject, NETWORK, engine, &got, &expected, &sensitivity);
        }
        Ok(())
    }
    for (shape, cases) in groups(cases, Shape::of)? {
        match shape.sizes {
            [1, 8, 1, 4] => of::<1, 8, 1, 4>(held, shape.architecture, &cases)?,
            [5, 12, 2, 6] => of::<5, 12, 2, 6>(held, shape.architecture, &cases)?,
            _ => shape.unknown(&cases[0], SHAPES)?,
        }
    }
    Ok(())
}

/// How networks are told apart in the report.
fn subject(parameters: usize) -> &'static str {
    if parameters == 1 { "plane" } else { "iterated" }
}

/// Calls a function generic over the number of quantiles.
macro_rules! with_quantiles {
    ($case:expr, $count:expr, $function:ident($($argument:expr),*)) => {
        match $count {
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            4 => $function::<4>($($argument),*),
            5 => $function::<5>($($argument),*),
            16 => $function::<16>($($argument),*),
            other => Err($case
                .error(format_args!("{other} quantiles are not compiled in"))
                .hint("there are 1, 2, 3, 4, 5 and 16")),
        }
    };
}

/// Numbers that several groups of cases contribute to: by engine what they are, what they should be, and their condition.
struct Pool<const K: usize> {
    got: BTreeMap<usize, (Engine, [Vec<f64>; K])>,
    expected: [Vec<f64>; K],
    sensitivity: [f64; K],
}

impl<const K: usize> Pool<K> {
    fn new() -> Self {
        Pool {
            got: BTreeMap::new(),
            expected: [(); K].map(|()| Vec::new()),
            sensitivity: [0.0; K],
        }
    }

    /// Adds a group; the worst condition counts.
    fn add(
        &mut self,
        engines: impl IntoIterator<Item = (Engine, [Vec<f64>; K])>,
        expected: [Vec<f64>; K],
        sensitivity: [f64; K],
    ) {
        for (index, (engine, numbers)) in engines.into_iter().enumerate() {
            let (_, got) = self
                .got
                .entry(index)
                .or_insert_with(|| (engine, [(); K].map(|()| Vec::new())));
            for (got, numbers) in got.iter_mut().zip(numbers) {
                got.extend(numbers);
            }
        }
        for k in 0..K {
            self.expected[k].extend(&expected[k]);
            // A loss of zero has no condition; others speak for it.
            self.sensitivity[k] = self.sensitivity[k].max(sensitivity[k]);
        }
    }

    fn compare(self, held: &mut Held, subject: &str, operations: [Operation; K]) {
        for (engine, got) in self.got.values() {
            held.compare(subject, operations, *engine, got, &self.expected, &self.sensitivity);
        }
    }
}

fn losses(held: &mut Held, cases: &[Item]) -> Result<()> {
    fn of<const M: usize>(pool: &mut Pool<2>, cpu: Cpu, cases: &[Item]) -> Result<()> {
        let points: Vec<Predicted<M>> = cases
            .iter()
            .map(|case| {
                Ok(Predicted {
                    q: case.get("q")?.row()?,
                    y: case.get("y")?.row()?,
                })
            })
            .collect::<Result<_>>()?;
        let sensitivity = sensitivities(|nudge| {
            let moved: Vec<_> = points.iter().map(|point| point.nudged(nudge)).collect();
            pieces::losses::<f64, _, M>(&Portable, &moved)
        });
        let engines = [
            (Engine::F64, pieces::losses::<f64, _, M>(&Portable, &points)),
            (Engine::F32, pieces::losses::<f32, _, M>(&Portable, &points)),
            (Engine::Lanes, pieces::losses::<Number, _, M>(&cpu, &points)),
        ];
        pool.add(engines, expected(cases, [("loss", 1), ("gradient", M)])?, sensitivity);
        Ok(())
    }
    let mut pool = Pool::new();
    for (count, cases) in groups(cases, |case| Ok(case.get("q")?.items()?.len()))? {
        with_quantiles!(cases[0], count, of(&mut pool, held.cpu, &cases))?;
    }
    pool.compare(held, "", pieces::LOSS);
    Ok(())
}

fn returns(held: &mut Held, cases: &[Item]) -> Result<()> {
    fn of<const M: usize>(pool: &mut Pool<1>, cases: &[Item]) -> Result<()> {
        for case in cases {
            let rewards = case.get("rewards")?.numbers()?;
            let rows = case.get("bootstrap")?.items()?;
            if rows.len() != rewards.len() {
                return Err(case.error(format_args!("{} rewards, but {} bootstraps", rewards.len(), rows.len())));
            }
            let rollout = [Rollout::<M> {
                bootstrap: rows.iter().map(Item::row).collect::<Result<_>>()?,
                gamma: case.get("gamma")?.number()?,
                lambda: case.get("lambda")?.number()?,
                rewards,
            }];
            let sensitivity = sensitivities(|nudge| pieces::returns::<f64, M>(&[rollout[0].nudged(nudge)]));
            let engines = [
                (Engine::F64, pieces::returns::<f64, M>(&rollout)),
                (Engine::F32, pieces::returns::<f32, M>(&rollout)),
                (Engine::Lanes, pieces::returns::<Number, M>(&rollout)),
            ];
            let count = rollout[0].rewards.len() * M;
            pool.add(
                engines,
                expected(std::slice::from_ref(case), [("targets", count)])?,
                sensitivity,
            );
        }
        Ok(())
    }
    let mut pool = Pool::new();
    let quantiles = |case: &Item| Ok(case.get("bootstrap")?.items()?[0].items()?.len());
    for (count, cases) in groups(cases, quantiles)? {
        with_quantiles!(cases[0], count, of(&mut pool, &cases))?;
    }
    pool.compare(held, "", [Operation::LambdaReturn]);
    Ok(())
}

fn optimizers(held: &mut Held, cases: &[Item]) -> Result<()> {
    let mut pool = Pool::new();
    for case in cases {
        let hp = case.get("hp")?;
        let number = |key: &str| hp.get(key)?.number();
        let theta = case.get("theta")?.numbers()?;
        let gradients = case.get("gradients")?.items()?;
        let descent = Descent {
            optimizer: AdamW {
                eta: number("lr")?,
                beta1: number("beta1")?,
                beta2: number("beta2")?,
                epsilon: number("eps")?,
                weight_decay: number("decay")?,
            },
            gradients: gradients
                .iter()
                .map(|gradient| gradient.counted(theta.len()))
                .collect::<Result<_>>()?,
            theta,
        };
        let count = descent.theta.len();
        let [trajectory, m, v] = expected(
            std::slice::from_ref(case),
            [("trajectory", gradients.len() * count), ("m", count), ("v", count)],
        )?;
        let engines = [
            (Engine::F64, pieces::descend::<f64>(&descent)),
            (Engine::F32, pieces::descend::<f32>(&descent)),
        ];
        let sensitivity = sensitivities(|nudge| pieces::descend::<f64>(&descent.nudged(nudge)));
        pool.add(engines, [trajectory, [m, v].concat()], sensitivity);
    }
    pool.compare(held, "", [Operation::AdamWTheta, Operation::AdamWMoments]);
    Ok(())
}

/// An update from given draws.
struct UpdateCase<const N: usize, const H: usize, const R: usize, const M: usize> {
    settings: Settings,
    stride: usize,
    updates: u32,
    /// `theta`, `theta_bar`, `m`, `v`.
    state: [Box<Parameters<f64, N, H, R, M>>; 4],
    draws: Vec<Draw<N, H>>,
}

const UPDATE: [Operation; 5] = [
    Operation::UpdateLoss,
    Operation::UpdateGradient,
    Operation::UpdateTheta,
    Operation::UpdateTarget,
    Operation::UpdateMoments,
];

impl<const N: usize, const H: usize, const R: usize, const M: usize> UpdateCase<N, H, R, M> {
    fn read(case: &Item, architecture: Architecture) -> Result<Self> {
        let hp = case.get("hp")?;
        let number = |key: &str| hp.get(key)?.number();
        let value = case.get("kind")?.choice(&[("v", true), ("u", false)])?;
        let field = hp
            .get("field")?
            .choice(&[("algorithm1", Field::U), ("normalized", Field::UNormalized)])?;
        let moments = case.get("moments")?;
        let draws = case.get("draws")?;
        let rows = |key: &str| draws.get(key)?.items();
        let (x, mask) = (rows("x")?, rows("mask")?);
        let (explore, gamma) = (rows("gamma_explore")?, rows("gamma")?);
        if [&mask, &explore, &gamma].iter().any(|rows| rows.len() != x.len()) {
            return Err(draws.error("there must be as many of x, mask, gamma_explore and gamma"));
        }
        let step = hp.get("step")?.count()?;
        let stride = hp.get("k")?.count()?;
        if step == 0 || stride == 0 {
            return Err(hp.error("`step` and `k` count from 1"));
        }
        Ok(UpdateCase {
            settings: Settings {
                architecture,
                field: if value { Field::V } else { field },
                exploration: if value {
                    Exploration::None
                } else {
                    Exploration::SignFlips
                },
                bootstrap: Bootstrap::SemiGradient,
                phi: 1.0,
                alpha: number("alpha")?,
                lambda: number("lambda")?,
                rho: Some(number("rho")?).filter(|rho| *rho > 0.0),
                optimizer: AdamW {
                    eta: number("eta")?,
                    beta1: number("beta1")?,
                    beta2: number("beta2")?,
                    epsilon: number("epsilon")?,
                    weight_decay: number("weight_decay")?,
                },
            },
            stride,
            updates: u32::try_from(step - 1).map_err(|_| hp.error("`step` is too large"))?,
            state: [
                parameters(&case.get("theta")?)?,
                parameters(&case.get("target")?)?,
                parameters(&moments.get("m")?)?,
                parameters(&moments.get("v")?)?,
            ],
            draws: (0..x.len())
                .map(|b| {
                    Ok(Draw {
                        x: x[b].rows()?,
                        exploration_gamma: explore[b].row()?,
                        mask: mask[b].rows()?,
                        gamma: gamma[b].row()?,
                    })
                })
                .collect::<Result<_>>()?,
        })
    }

    fn expected(case: &Item) -> Result<[Vec<f64>; 5]> {
        let after = case.get("after")?;
        let of = |key: &str| -> Result<_> { Ok(numbers(&*parameters::<N, H, R, M>(&after.get(key)?)?)) };
        Ok([
            vec![after.get("loss")?.number()?],
            of("grad")?,
            of("theta")?,
            of("target")?,
            [of("m")?, of("v")?].concat(),
        ])
    }

    fn run<S: Packed, K: Kernels<S>, G: Game<N>>(&self, kernels: &K, game: &G) -> [Vec<f64>; 5] {
        let mut state = Box::new(State::<S::Real, N, H, R, M>::ZERO);
        let [theta, target, m, v] = &self.state;
        state.theta = *rounded(theta);
        state.target = *rounded(target);
        state.m = *rounded(m);
        state.v = *rounded(v);
        state.updates = self.updates;
        let settings = (&self.settings, self.stride);
        let (loss, gradient) = update::update::<S, K, G, N, H, R, M>(kernels, game, settings, &mut state, &self.draws);
        [
            vec![loss],
            numbers(&*gradient),
            numbers(&state.theta),
            numbers(&state.target),
            [numbers(&state.m), numbers(&state.v)].concat(),
        ]
    }

    fn nudged(&self, nudge: &mut Nudge) -> Self {
        let [theta, target, m, v] = &self.state;
        UpdateCase {
            settings: self.settings,
            stride: self.stride,
            updates: self.updates,
            state: [theta, target, m, v].map(|parameters| nudge.parameters(parameters)),
            draws: self.draws.iter().map(|draw| draw.nudged(nudge)).collect(),
        }
    }
}

fn updates(held: &mut Held, cases: &[Item]) -> Result<()> {
    fn of<G: Game<N> + Nudged, const N: usize, const H: usize, const R: usize, const M: usize>(
        held: &mut Held,
        name: &str,
        game: &G,
        architecture: Architecture,
        items: &[Item],
    ) -> Result<()> {
        for item in items {
            let case = UpdateCase::<N, H, R, M>::read(item, architecture)?;
            let expected = UpdateCase::<N, H, R, M>::expected(item)?;
            let sensitivity =
                sensitivities(|nudge| case.nudged(nudge).run::<f64, _, _>(&Portable, &game.nudged(nudge)));
            for (engine, got) in [
                (Engine::F64, case.run::<f64, _, _>(&Portable, game)),
                (Engine::F32, case.run::<f32, _, _>(&Portable, game)),
                (Engine::Lanes, case.run::<Number, _, _>(&held.cpu, game)),
            ] {
                held.compare(name, UPDATE, engine, &got, &expected, &sensitivity);
            }
        }
        Ok(())
    }
    for (built_in, cases) in by_name(cases)? {
        for (shape, cases) in groups(&cases, Shape::of)? {
            let (name, architecture) = (built_in.name, shape.architecture);
            match (built_in.game, shape.sizes) {
                (AnyGame::Plane(game), [1, 8, 1, 4]) => of::<_, 1, 8, 1, 4>(held, name, &game, architecture, &cases)?,
                (AnyGame::IteratedMatrix(game), [5, 12, 2, 6]) => {
                    of::<_, 5, 12, 2, 6>(held, name, &game, architecture, &cases)?;
                }
                _ => shape.unknown(&cases[0], SHAPES)?,
            }
        }
    }
    Ok(())
}

/// COLA's network at a point; it has as many outputs as policies have parameters.
struct ColaCase<const N: usize, const H: usize, const R: usize> {
    theta: Box<Parameters<f64, N, H, R, N>>,
    x: [[f64; N]; 2],
    alpha: f64,
}

const COLA: [Operation; 4] = [
    Operation::ColaStep,
    Operation::ColaTarget,
    Operation::ColaLoss,
    Operation::ColaLossGradient,
];

fn colas(held: &mut Held, cases: &[Item]) -> Result<()> {
    fn run<S, K, G, const N: usize, const H: usize, const R: usize>(
        kernels: &K,
        game: &G,
        architecture: Architecture,
        case: &ColaCase<N, H, R>,
    ) -> [Vec<f64>; 4]
    where
        S: Packed,
        K: Kernels<S> + Kernels<Dual<S>>,
        G: Game<N>,
    {
        let theta = rounded::<S::Real, N, H, R, N>(&case.theta);
        let network = MetaValue::new(&theta, architecture);
        let x: [[S; N]; 2] = pack_rows(|_| case.x);
        let alpha = S::from_f64(case.alpha);
        // All lanes are alike, and only the first weighs anything.
        let weight = pack(|l| if l == 0 { 1.0 } else { 0.0 });
        let (mut tape, mut dual_tape) = (Box::new(Tape::ZERO), Box::new(Tape::ZERO));
        let (mut gradient, mut dual_gradient) = (Box::new(Parameters::ZERO), Box::new(Parameters::ZERO));
        let steps = cola::steps(kernels, &network, &x, alpha, &mut tape);
        let targets = cola::targets(kernels, game, &network, &x, alpha, &steps, &tape);
        let loss = cola::loss_and_gradient(
            kernels,
            game,
            &network,
            &x,
            alpha,
            weight,
            &mut tape,
            &mut dual_tape,
            &mut dual_gradient,
            &mut gradient,
        );
        let first = |numbers: &[S]| {
            numbers
                .iter()
                .map(|number| number.lane(0).to_f64())
                .collect::<Vec<f64>>()
        };
        [
            first(&steps.concat()),
            first(&targets.concat()),
            first(&[loss]),
            numbers(&*gradient),
        ]
    }
    fn of<G: Game<N> + Nudged, const N: usize, const H: usize, const R: usize>(
        held: &mut Held,
        name: &str,
        game: &G,
        architecture: Architecture,
        items: &[Item],
    ) -> Result<()> {
        let mut pool = Pool::new();
        for item in items {
            let case = ColaCase::<N, H, R> {
                theta: parameters(&item.get("parameters")?)?,
                x: item.get("x")?.rows()?,
                alpha: item.get("alpha")?.number()?,
            };
            let [steps, targets, loss] = expected(
                std::slice::from_ref(item),
                [("ghat", 2 * N), ("target", 2 * N), ("loss", 1)],
            )?;
            let gradient = numbers(&*parameters::<N, H, R, N>(&item.get("loss_gradient")?)?);
            let sensitivity = sensitivities(|nudge| {
                let moved = ColaCase {
                    theta: nudge.parameters(&case.theta),
                    x: nudge.rows(&case.x),
                    alpha: nudge.number(case.alpha),
                };
                run::<f64, _, _, N, H, R>(&Portable, &game.nudged(nudge), architecture, &moved)
            });
            let engines = [
                (
                    Engine::F64,
                    run::<f64, _, _, N, H, R>(&Portable, game, architecture, &case),
                ),
                (
                    Engine::F32,
                    run::<f32, _, _, N, H, R>(&Portable, game, architecture, &case),
                ),
                (
                    Engine::Lanes,
                    run::<Number, _, _, N, H, R>(&held.cpu, game, architecture, &case),
                ),
            ];
            pool.add(engines, [steps, targets, loss, gradient], sensitivity);
        }
        pool.compare(held, name, COLA);
        Ok(())
    }
    for (built_in, cases) in by_name(cases)? {
        for (shape, cases) in groups(&cases, Shape::of)? {
            let (name, architecture) = (built_in.name, shape.architecture);
            match (built_in.game, shape.sizes) {
                (AnyGame::Plane(game), [1, 8, 1, 1]) => of::<_, 1, 8, 1>(held, name, &game, architecture, &cases)?,
                (AnyGame::IteratedMatrix(game), [5, 12, 2, 5]) => {
                    of::<_, 5, 12, 2>(held, name, &game, architecture, &cases)?
                }
                _ => shape.unknown(&cases[0], COLA_SHAPES)?,
            }
        }
    }
    Ok(())
}
