//! What a GPU computes: the formulas of `shaders/probe.wgsl` at the cases of the operations.

use std::sync::Arc;

use meva_core::game::GameName;
use meva_core::random::{Purpose, Stream};
use meva_operations::adamw;
use meva_operations::bounds::Implementation;
use meva_operations::cases::{Case, Numbers};
use meva_operations::rollouts::{Rollouts, TURNS};
use meva_operations::{Operation, Output};

use crate::config::Config;
use crate::error::Result;
use crate::gpu::layout::STATE_SETS;
use crate::gpu::{Gpu, OptimizerStep, Plan, optimize, probe};

/// The implementation that represents an adapter in a report.
pub(super) fn implementation(gpu: &Gpu) -> Implementation {
    Implementation::Gpu {
        index: gpu.description.index,
        software: gpu.description.is_software(),
    }
}

/// The results of the probe, each ordered by point and then by player.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answers {
    /// `M` quantiles of each player.
    pub quantiles: Vec<f64>,
    /// Own gradients of the mean quantile.
    pub own_gradient: Vec<f64>,
    /// The same with flipped signs.
    pub masked_gradient: Vec<f64>,
    /// The game's values.
    pub value: Vec<f64>,
    /// The game's own gradients.
    pub naive: Vec<f64>,
    /// exp, tanh, sigmoid, GELU and its slope, of each player's first parameter.
    pub elementary: [Vec<f64>; 5],
}

/// A joint policy, player 0 first, with discounts and signs of the last hidden units.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub x: Vec<f64>,
    pub gamma: [f64; 2],
    pub mask: Vec<f64>,
}

/// Runs the probe at all points. `theta` holds one network after the other; each point of a sampled game has a stream.
///
/// # Errors
/// The device failed, or the GPU engine cannot evaluate the network.
pub(super) fn ask(
    gpu: &Arc<Gpu>,
    config: &Config,
    theta: &[f32],
    points: &[Point],
    streams: &[[u128; 2]],
) -> Result<Answers> {
    let plan = Plan::of(config, 1)?.on(gpu);
    // The device reads both players' numbers side by side.
    let side_by_side = |numbers: &[f64]| -> Vec<f32> {
        let (zero, one) = numbers.split_at(numbers.len() / 2);
        let pairs = zero.iter().zip(one);
        pairs.flat_map(|(zero, one)| [*zero as f32, *one as f32]).collect()
    };
    let mut asked = Vec::new();
    for Point { x, gamma, mask } in points {
        asked.extend(side_by_side(x));
        asked.extend(gamma.map(|gamma| gamma as f32));
        asked.extend(side_by_side(mask));
    }
    let (n, m) = (plan.layout.shape.parameters, plan.layout.shape.quantiles);
    let numbers = probe(gpu, &plan, theta, &asked, streams)?;
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

/// The configuration of a small network shared by both players of a game.
pub(super) fn config_of(game: &str) -> Result<Config> {
    let preset = match game.parse::<GameName>().ok().and_then(GameName::plane) {
        Some(_) => "logistic",
        None => "ipd",
    };
    let mut config = small(preset)?;
    config.set(&format!("game={game}"))?;
    config.set("networks=shared")?;
    Ok(config)
}

/// A small network, otherwise as in the preset.
pub(super) fn small(preset: &str) -> Result<Config> {
    let mut config = Config::preset(preset)?;
    let small = [
        "hidden=16",
        "residual_blocks=1",
        "quantiles=16",
        "batch=5",
        "steps=3",
        "stride=3",
    ];
    for change in small {
        config.set(change)?;
    }
    config.validate()?;
    Ok(config)
}

/// The update whose step of the optimiser is looked at alone, counted from 0.
const STEP: usize = 4;

/// The configuration that the optimiser is looked at with, which has a target network and weight decay.
fn optimized() -> Result<Config> {
    let mut config = small("ipd")?;
    config.set("networks=shared")?;
    config.set("schedule=constant")?;
    Ok(config)
}

/// The step of the optimiser that GPUs take alone.
///
/// # Errors
/// None; the configuration is valid.
pub(super) fn step() -> Result<adamw::Step> {
    let settings = optimized()?.settings();
    Ok(adamw::Step {
        optimizer: settings.optimizer,
        step: STEP as u32 + 1,
        rho: settings.rho.unwrap_or_default(),
    })
}

/// A GPU's results of [`step`]: each case is a parameter of a network whose others are 0.
fn optimizer(gpu: &Arc<Gpu>, operation: &dyn Operation, cases: &[Case]) -> Result<Vec<Numbers>> {
    let config = optimized()?;
    let plan = Plan::of(&config, 1)?.on(gpu);
    let len = plan.layout.len;
    let of = |name: &str| {
        let mut numbers = vec![0.0; len];
        for (number, case) in numbers.iter_mut().zip(cases) {
            *number = case.get(name)[0] as f32;
        }
        numbers
    };
    let mut state = [of("theta"), of("target"), of("m"), of("v")].concat();
    // A mean of squares.
    state[(STATE_SETS - 1) * len..].iter_mut().for_each(|v| *v = v.abs());
    let after = optimize(gpu, &plan, &state, &of("gradient"), &OptimizerStep::of(&config, STEP))?;
    let set = |index: usize| {
        after[index * len..][..cases.len()]
            .iter()
            .map(|number| f64::from(*number))
            .collect()
    };
    let given = [("theta", set(0)), ("target", set(1)), ("m", set(2)), ("v", set(3))];
    Ok(outputs(operation, cases.len(), &given))
}

/// A GPU's results for an operation at these cases; `None` if it does not implement it. Outputs that it lacks are empty.
///
/// # Errors
/// The device failed.
pub(super) fn answers(gpu: &Arc<Gpu>, operation: &dyn Operation, cases: &[Case]) -> Result<Option<Vec<Numbers>>> {
    let has = |name: &str| operation.outputs().iter().any(|output| output.name == name);
    let module = operation.module();
    if module == "elementary" {
        // Both players' parameters are used: a pair of inputs is one point.
        let inputs: Vec<f64> = cases.iter().flat_map(|case| case.get("x")).copied().collect();
        let answers = anywhere(gpu, &config_of("logistic")?, inputs.chunks_exact(2), &[])?;
        let [exp, tanh, sigmoid, gelu, slope] = answers.elementary;
        return Ok(Some(outputs(
            operation,
            cases.len(),
            &[
                ("exp", exp),
                ("tanh", tanh),
                ("sigmoid", sigmoid),
                ("gelu", gelu),
                ("gelu_slope", slope),
            ],
        )));
    }
    if module.starts_with("game::") && has("f") && has("gradient") {
        let answers = anywhere(
            gpu,
            &config_of(operation.subject())?,
            cases.iter().map(|case| case.get("x")),
            &[],
        )?;
        let given = [("f", answers.value), ("gradient", answers.naive)];
        return Ok(Some(outputs(operation, cases.len(), &given)));
    }
    if module == "game::rollouts"
        && let Some(Rollouts { episodes, .. }) = Rollouts::named(operation.subject())
    {
        let mut config = config_of("chicken")?;
        for change in [
            "estimator=rollouts",
            &format!("episodes={episodes}"),
            &format!("turns={TURNS}"),
        ] {
            config.set(change)?;
        }
        let streams: Vec<[u128; 2]> = cases
            .iter()
            .map(|case| Stream::generator(0, Purpose::Rollouts, case.get("seed")[0] as u64))
            .collect();
        let answers = anywhere(gpu, &config, cases.iter().map(|case| case.get("x")), &streams)?;
        let given = [("value", answers.value), ("own_gradients", answers.naive)];
        return Ok(Some(outputs(operation, cases.len(), &given)));
    }
    if module == "adamw" && has("theta") {
        return optimizer(gpu, operation, cases).map(Some);
    }
    if module == "meta_value" && has("quantiles") {
        let numbers = cases[0].tensors("parameters").flat_map(|(_, values)| values);
        let theta: Vec<f32> = numbers.map(|number| *number as f32).collect();
        let points: Vec<Point> = cases.iter().map(point).collect();
        let answers = ask(gpu, &config_of(operation.subject())?, &theta, &points, &[])?;
        return Ok(Some(outputs(
            operation,
            cases.len(),
            &[
                ("quantiles", answers.quantiles),
                ("gradient", answers.own_gradient),
                ("masked_gradient", answers.masked_gradient),
            ],
        )));
    }
    Ok(None)
}

fn point(case: &Case) -> Point {
    let gamma = case.get("gamma");
    Point {
        x: case.get("x").to_vec(),
        gamma: [gamma[0], gamma[1]],
        mask: case.get("mask").to_vec(),
    }
}

/// A GPU's results at joint policies where the network does not matter.
fn anywhere<'a>(
    gpu: &Arc<Gpu>,
    config: &Config,
    x: impl Iterator<Item = &'a [f64]>,
    streams: &[[u128; 2]],
) -> Result<Answers> {
    let layout = Plan::of(config, 1)?.layout;
    let points: Vec<Point> = x
        .map(|x| Point {
            x: x.to_vec(),
            gamma: [0.5; 2],
            mask: vec![1.0; 2 * config.hidden],
        })
        .collect();
    ask(gpu, config, &vec![0.0; layout.len], &points, streams)
}

/// Splits numbers that are ordered by point into the outputs that they belong to.
fn outputs(operation: &dyn Operation, cases: usize, given: &[(&str, Vec<f64>)]) -> Vec<Numbers> {
    let of = |output: &Output| match given.iter().find(|(name, _)| *name == output.name) {
        Some((_, numbers)) => Numbers {
            of_cases: numbers
                .chunks_exact(numbers.len() / cases)
                .map(<[f64]>::to_vec)
                .collect(),
            ..Numbers::default()
        },
        None => Numbers::default(),
    };
    operation.outputs().iter().map(of).collect()
}
