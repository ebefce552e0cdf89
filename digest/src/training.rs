//! A few updates of Algorithm 1: the two published recipes, returns from sampled episodes, and a network for each player.

use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{self, Bootstrap, Exploration, Settings, Trajectory};
use meva_core::game::rollouts::Episode;
use meva_core::game::{Estimator, IteratedMatrix, Logistic, Rollouts};
use meva_core::kernels::Kernels;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input};
use meva_core::parameters::Parameters;
use meva_core::{Real, Scalar};

use crate::bits::{Bits, Fnv, draw, draw_rows, inputs};
use crate::games::streams;
use crate::{AllKernels, Report, Wide};

const H: usize = 8;
const R: usize = 1;
const M: usize = 4;
/// `k + 1`.
const STEPS: usize = 4;
const UPDATES: usize = 5;

/// The working memory for training: large, so its owner decides where it is.
pub struct Memory {
    plane: Numbers<1, 1>,
    iterated: Numbers<5, 1>,
    separate: Numbers<5, 2>,
}

struct Numbers<const N: usize, const P: usize> {
    narrow: Workspace<f32, N, P>,
    referee: Workspace<f64, N, P>,
    lanes: Workspace<Wide, N, P>,
}

type Workspace<S, const N: usize, const P: usize> = algorithm1::Workspace<S, N, H, R, M, STEPS, 2, P>;

impl Memory {
    /// Makes it ready for use; may be called any number of times.
    pub const ZERO: Self = Memory {
        plane: Numbers::ZERO,
        iterated: Numbers::ZERO,
        separate: Numbers::ZERO,
    };
}

impl<const N: usize, const P: usize> Numbers<N, P> {
    const ZERO: Self = Numbers {
        narrow: Workspace::ZERO,
        referee: Workspace::ZERO,
        lanes: Workspace::ZERO,
    };
}

/// Every recipe, for each scalar.
pub fn run<K: AllKernels>(kernels: &K, memory: &mut Memory, report: &mut Report) {
    macro_rules! train {
        ($name:literal, $memory:ident, $settings:expr, $game:expr) => {
            train(
                kernels,
                &mut $game,
                $settings,
                &mut memory.$memory.narrow,
                $name,
                report,
            );
            train(
                kernels,
                &mut $game,
                $settings,
                &mut memory.$memory.referee,
                $name,
                report,
            );
            train(
                kernels,
                &mut $game,
                $settings,
                &mut memory.$memory.lanes,
                $name,
                report,
            );
        };
    }
    let logistic = Settings {
        architecture: Architecture {
            input: Input::Tenth,
            last_activation: Activation::Gelu,
        },
        field: Field::V,
        exploration: Exploration::None,
        bootstrap: Bootstrap::Residual,
        phi: 1.0,
        alpha: 1.0,
        lambda: 0.0,
        rho: None,
        optimizer: AdamW {
            eta: 1e-3,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
        },
    };
    train!("algorithm1::update logistic", plane, &logistic, Logistic);
    let ipd = Settings {
        architecture: Architecture {
            input: Input::Sigmoid,
            last_activation: Activation::Tanh,
        },
        field: Field::U,
        exploration: Exploration::SignFlips,
        bootstrap: Bootstrap::SemiGradient,
        phi: 1.0,
        alpha: 2.0,
        lambda: 0.9,
        rho: Some(0.99),
        optimizer: AdamW {
            eta: 1e-4,
            weight_decay: 1e-2,
            ..logistic.optimizer
        },
    };
    let mut game = IteratedMatrix::PRISONERS_DILEMMA;
    train!("algorithm1::update prisoners_dilemma", iterated, &ipd, game);
    let sampled = Settings {
        field: Field::UNormalized,
        bootstrap: Bootstrap::Residual,
        rho: None,
        ..ipd
    };
    train!(
        "algorithm1::update sampled",
        iterated,
        &sampled,
        Rollouts {
            game: &game,
            length: 6,
            episodes: &mut [Episode::START; 3],
            streams: &mut streams(),
        }
    );
    let mut game = IteratedMatrix::MATCHING_PENNIES;
    train!("algorithm1::update separate", separate, &ipd, game);
}

fn train<S, E, K, const N: usize, const P: usize>(
    kernels: &K,
    game: &mut E,
    settings: &Settings,
    memory: &mut Workspace<S, N, P>,
    name: &'static str,
    report: &mut Report,
) where
    S: Bits + Scalar<Lane = <S as Scalar>::Real>,
    S::Real: Bits,
    E: Estimator<S, N>,
    K: Kernels<S>,
{
    let mut fnv = Fnv::EMPTY;
    memory.initialize(11);
    let stream = &mut inputs(6);
    for group in &mut memory.groups {
        *group = Trajectory {
            x: draw_rows(stream, -3.0, 3.0),
            exploration_gamma: draw(stream, 0.0, 1.0),
            gamma: draw(stream, 0.0, 1.0),
            ..Trajectory::ZERO
        };
        for u in 0..H {
            group.mask[u % 2][u] = S::from_lanes(|_| S::Lane::from_real(S::Real::round(stream.sign(0.25))));
        }
    }
    for _ in 0..UPDATES {
        memory.update(kernels, game, settings).digest(&mut fnv);
    }
    for group in &memory.groups {
        fnv.take_all(group.x.as_flattened());
    }
    for (state, gradient) in memory.states.iter().zip(&memory.gradients) {
        let mut parts = [gradient, &state.theta, &state.target, &state.m, &state.v].map(Parameters::iter);
        for _ in Parameters::<S::Real, N, H, R, M>::tensors() {
            for (_, values) in parts.iter_mut().filter_map(Iterator::next) {
                fnv.take_all(values);
            }
        }
    }
    report(name, S::NAME, fnv.finish());
}
