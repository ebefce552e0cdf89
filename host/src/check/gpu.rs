//! What a GPU computes: the formulas of `shaders/probe.wgsl` at given points, and one update of Algorithm 1.

use std::sync::Arc;

use meva_core::game::{AnyGame, PlaneGame};
use meva_core::kernels::Portable;
use meva_core::{Game, game::IteratedMatrix};

use super::games::{BuiltIn, GAMES, Nudged};
use super::report::{Basis, Engine, Report};
use super::stochastic::{Stochastic, deviations};
use super::tolerance::{Operation, Spread};
use super::{elementary, games, network, update};
use crate::config::Config;
use crate::error::Result;
use crate::gpu::{Gpu, OptimizerStep, OuterDraws, Plan, Updater, probe};

/// The engine that an adapter is in a report.
pub fn engine_of(gpu: &Gpu) -> Engine {
    Engine::Gpu {
        index: gpu.description.index,
        software: gpu.description.is_software(),
    }
}

/// What the probe answers, each point by point, players one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// `M` quantiles of each player.
    pub quantiles: Vec<f64>,
    /// Own gradients of the mean quantile.
    pub own_gradient: Vec<f64>,
    /// The same with signs flipped.
    pub masked_gradient: Vec<f64>,
    /// The game's values.
    pub value: Vec<f64>,
    /// The game's own gradients.
    pub naive: Vec<f64>,
    /// exp, tanh, sigmoid, GELU and its slope, of each player's first parameter.
    pub elementary: [Vec<f64>; 5],
}

/// Asks a GPU for everything at once: joint policies with discounts and signs of the last hidden units. `theta` is one network
/// after the other.
///
/// # Errors
/// The device failed, or the GPU engine cannot evaluate the network.
pub fn ask<const N: usize, const H: usize>(
    gpu: &Arc<Gpu>,
    config: &Config,
    theta: &[f32],
    points: impl IntoIterator<Item = ([[f64; N]; 2], [f64; 2], [[f64; H]; 2])>,
) -> Result<Answers> {
    let plan = Plan::of(config, 1)?;
    let mut asked = Vec::new();
    for (x, gamma, mask) in points {
        asked.extend((0..N).flat_map(|n| [x[0][n] as f32, x[1][n] as f32]));
        asked.extend(gamma.map(|gamma| gamma as f32));
        asked.extend((0..H).flat_map(|u| [mask[0][u] as f32, mask[1][u] as f32]));
    }
    let (n, m) = (plan.layout.shape.parameters, plan.layout.shape.quantiles);
    let numbers = probe(gpu, &plan, theta, &asked)?;
    let mut answers = Answers::default();
    for point in numbers.chunks_exact(2 * (m + 3 * n + 6)) {
        let mut rest = point;
        let mut take = |count: usize, to: &mut Vec<f64>| {
            let (own, later) = rest.split_at(2 * count);
            rest = later;
            for player in 0..2 {
                to.extend(own.iter().skip(player).step_by(2).map(|number| f64::from(*number)));
            }
        };
        take(m, &mut answers.quantiles);
        take(n, &mut answers.own_gradient);
        take(n, &mut answers.masked_gradient);
        take(1, &mut answers.value);
        take(n, &mut answers.naive);
        answers.elementary.iter_mut().for_each(|function| take(1, function));
    }
    Ok(answers)
}

/// The configuration of a small network that both players of a built-in game share.
fn config_of(built_in: &BuiltIn) -> Result<Config> {
    let mut config = match built_in.name {
        "tandem" => network::config("logistic")?,
        preset => network::config(preset)?,
    };
    if built_in.name == "tandem" {
        config.set("game=tandem")?;
    }
    config.set("networks=shared")?;
    Ok(config)
}

/// Values and own gradients of a built-in game on a GPU.
///
/// # Errors
/// The device failed.
pub fn game<const N: usize>(
    gpu: &Arc<Gpu>,
    built_in: &BuiltIn,
    x: impl IntoIterator<Item = [[f64; N]; 2]>,
) -> Result<Answers> {
    let theta: Vec<f32> = network::numbers(&*network::theta::<N, 16, 1, 16>())
        .iter()
        .map(|number| *number as f32)
        .collect();
    let points = x.into_iter().map(|x| (x, [0.5; 2], [[1.0; 16]; 2]));
    ask(gpu, &config_of(built_in)?, &theta, points)
}

/// Everything that this adapter computes.
///
/// # Errors
/// The device failed.
pub fn check(report: &mut Report, gpu: &Arc<Gpu>) -> Result<()> {
    for built_in in GAMES {
        match built_in.game {
            AnyGame::Plane(game) => check_game::<PlaneGame, 1>(report, gpu, &built_in, &game)?,
            AnyGame::IteratedMatrix(game) => check_game::<IteratedMatrix, 5>(report, gpu, &built_in, &game)?,
        }
    }
    // Both players' parameters serve: pairs of inputs are points.
    let inputs = elementary::inputs();
    let pairs = inputs.chunks_exact(2).map(|pair| [[pair[0]], [pair[1]]]);
    let answers = game::<1>(gpu, &GAMES[0], pairs)?;
    elementary::compare(report, engine_of(gpu), &inputs, &answers.elementary);
    Ok(())
}

fn check_game<G: Game<N> + Nudged, const N: usize>(
    report: &mut Report,
    gpu: &Arc<Gpu>,
    built_in: &BuiltIn,
    game: &G,
) -> Result<()> {
    let against = (engine_of(gpu), Basis::Reference);
    let config = config_of(built_in)?;
    let points = games::points::<N>();
    let reference = games::outputs::<f64, _, N>(game, &points);
    let spread = Spread {
        sensitivities: games::output_sensitivities(game, &points),
        deviations: deviations(games::RUNS, &reference, || {
            games::outputs::<Stochastic, _, N>(game, &points)
        }),
    };
    let [value, own, ..] = reference;
    let answers = self::game(gpu, built_in, points.iter().map(|point| point.x))?;
    let operations = [Operation::Value, Operation::OwnGradient];
    let got = [answers.value, answers.naive];
    report.compare(
        built_in.name,
        operations,
        against,
        &got,
        &[value, own],
        &spread.of([0, 1]),
    );
    // One network for each number of parameters, as on the CPU.
    if !["logistic", "ipd"].contains(&built_in.name) {
        return Ok(());
    }
    let theta = network::theta::<N, 16, 1, 16>();
    let architecture = config.architecture();
    let points = network::points::<N, 16, 16>();
    let reference = network::outputs::<f64, _, N, 16, 1, 16>(&Portable, &theta, architecture, &points);
    let stochastic = network::rounded::<Stochastic, N, 16, 1, 16>(&theta);
    let spread = Spread {
        sensitivities: network::output_sensitivities(&theta, architecture, &points),
        deviations: deviations(network::RUNS, &reference, || {
            network::outputs::<Stochastic, _, N, 16, 1, 16>(&Portable, &stochastic, architecture, &points)
        }),
    };
    let [quantiles, own, masked, ..] = reference;
    let numbers = network::numbers(&*theta);
    let single: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
    let asked = points.iter().map(|point| (point.x, point.gamma, point.mask));
    let answers = ask(gpu, &config, &single, asked)?;
    let operations = [
        Operation::Quantiles,
        Operation::NetworkOwnGradient,
        Operation::NetworkMaskedGradient,
    ];
    let got = [answers.quantiles, answers.own_gradient, answers.masked_gradient];
    report.compare(
        built_in.name,
        operations,
        against,
        &got,
        &[quantiles, own, masked],
        &spread.of([0, 1, 2]),
    );

    let (expected, spread) = update::reference::<G, N, 16, 1, 16>(game, &config);
    let mut updater = Updater::new(Arc::clone(gpu), Plan::of(&config, 1)?, 1)?;
    updater.set_state(0, &update::start(&numbers));
    let draws = OuterDraws::of(std::slice::from_ref(&config), 0)?;
    let losses = updater.run(&[draws], &[OptimizerStep::of(&config, 0)])?;
    let state = updater.state(0)?;
    let (theta, first_moments) = (&state[..numbers.len()], &state[2 * numbers.len()..3 * numbers.len()]);
    let got = update::results(&config, losses[0], first_moments, theta);
    report.compare(built_in.name, update::OPERATIONS, against, &got, &expected, &spread);
    Ok(())
}
