//! A few updates of Algorithm 1 with each of the two published recipes.

use core::array::from_mut;
use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{self, Bootstrap, Exploration, Settings, State, Step, Trajectory};
use meva_core::game::{Game, IteratedMatrix, Logistic};
use meva_core::kernels::Kernels;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Real, Scalar};

use crate::bits::{Bits, Fnv, draw, draw_rows, inputs};
use crate::{AllKernels, Report, Wide};

const H: usize = 8;
const R: usize = 1;
const M: usize = 4;
/// `k + 1`.
const STEPS: usize = 4;
const UPDATES: usize = 5;

/// What training works in: large, so its owner says where it is.
pub struct Memory {
    plane: Numbers<1>,
    iterated: Numbers<5>,
}

struct Numbers<const N: usize> {
    narrow: Workspace<f32, N>,
    referee: Workspace<f64, N>,
    lanes: Workspace<Wide, N>,
}

struct Workspace<S: Scalar, const N: usize> {
    state: State<S::Real, N, H, R, M>,
    gradient: Parameters<S::Real, N, H, R, M>,
    groups: [Trajectory<S, N, H>; 2],
    steps: [Step<S, N, H, R, M>; STEPS],
}

impl Memory {
    /// Ready for use, any number of times.
    pub const ZERO: Self = Memory {
        plane: Numbers::ZERO,
        iterated: Numbers::ZERO,
    };
}

impl<const N: usize> Numbers<N> {
    const ZERO: Self = Numbers {
        narrow: Workspace::ZERO,
        referee: Workspace::ZERO,
        lanes: Workspace::ZERO,
    };
}

impl<S: Scalar, const N: usize> Workspace<S, N> {
    const ZERO: Self = Workspace {
        state: State::ZERO,
        gradient: Parameters::ZERO,
        // All zero, so that a static of it takes no room in flash.
        groups: [Trajectory {
            mask: [[S::ZERO; H]; 2],
            weight: S::ZERO,
            ..Trajectory::ZERO
        }; 2],
        steps: [Step::ZERO; STEPS],
    };
}

/// Both recipes on each scalar.
pub fn run<K: AllKernels>(kernels: &K, memory: &mut Memory, report: &mut Report) {
    let Memory { plane, iterated } = memory;
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
    let name = "algorithm1::update logistic";
    train(kernels, &Logistic, &logistic, &mut plane.narrow, name, report);
    train(kernels, &Logistic, &logistic, &mut plane.referee, name, report);
    train(kernels, &Logistic, &logistic, &mut plane.lanes, name, report);
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
    let (name, game) = (
        "algorithm1::update prisoners_dilemma",
        IteratedMatrix::PRISONERS_DILEMMA,
    );
    train(kernels, &game, &ipd, &mut iterated.narrow, name, report);
    train(kernels, &game, &ipd, &mut iterated.referee, name, report);
    train(kernels, &game, &ipd, &mut iterated.lanes, name, report);
}

fn train<S, G, K, const N: usize>(
    kernels: &K,
    game: &G,
    settings: &Settings,
    memory: &mut Workspace<S, N>,
    name: &'static str,
    report: &mut Report,
) where
    S: Bits + Scalar<Lane = <S as Scalar>::Real>,
    S::Real: Bits,
    G: Game<N>,
    K: Kernels<S>,
{
    let Workspace {
        state,
        gradient,
        groups,
        steps,
    } = memory;
    let mut fnv = Fnv::EMPTY;
    state.theta.initialize(&mut Stream::new(11, Purpose::Parameters, 0));
    state.target.copy_from(&state.theta);
    state.m.clear();
    state.v.clear();
    state.updates = 0;
    let stream = &mut inputs(6);
    for group in groups.iter_mut() {
        *group = Trajectory {
            x: draw_rows(stream, -3.0, 3.0),
            exploration_gamma: draw(stream, 0.0, 1.0),
            gamma: draw(stream, 0.0, 1.0),
            ..Trajectory::ZERO
        };
        for u in 0..H {
            for lane in 0..S::LANES {
                group.mask[u % 2][u].set_lane(lane, S::Lane::from_real(S::Real::round(stream.sign(0.25))));
            }
        }
    }
    for _ in 0..UPDATES {
        let (state, gradient) = (from_mut(state), from_mut(gradient));
        algorithm1::update(kernels, &mut &*game, settings, state, groups, steps, gradient).digest(&mut fnv);
    }
    for group in groups.iter() {
        fnv.take_all(group.x.as_flattened());
    }
    for index in 0..Parameters::<S::Real, N, H, R, M>::TENSORS {
        for part in [&*gradient, &state.theta, &state.target, &state.m, &state.v] {
            fnv.take_all(part.values(index));
        }
    }
    report(name, S::NAME, fnv.finish());
}
