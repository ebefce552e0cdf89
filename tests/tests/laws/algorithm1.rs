//! Laws of the update.

use meva_core::adamw::AdamW;
use meva_core::algorithm1::{
    self, Algorithm1, Bootstrap, Exploration, Opponents, Rollout, Rule, Settings, State, Step, Trajectory,
};
use meva_core::arithmetic::Separate;
use meva_core::game::{IteratedMatrix, Logistic};
use meva_core::kernels::Portable;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{MetaValue, Tape};
use meva_core::networks::Networks;
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::scalar::Real;
use meva_core::{Lanes, Player, Players, Scalar, lambda_return, quantile_huber};
use meva_tests::compare::{Check, Ledger, Scale};
use meva_tests::number::Number;
use meva_tests::tolerance::{Law, Precision};
use std::array::{from_mut, from_ref};

use crate::{SIGMOID, TENTH, move_along, theta, wide};

const H: usize = 8;
const R: usize = 1;
const M: usize = 4;
const GAME: IteratedMatrix = IteratedMatrix::PRISONERS_DILEMMA;

/// U on an iterated game, with exploration and a target network.
const SETTINGS: Settings = Settings {
    architecture: SIGMOID,
    field: Field::U,
    exploration: Exploration::SignFlips,
    bootstrap: Bootstrap::SemiGradient,
    phi: 1.0,
    alpha: 1.0,
    lambda: 0.9,
    rho: Some(0.99),
    optimizer: AdamW {
        eta: 1e-3,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weight_decay: 1e-2,
    },
};

type Theta<T> = Parameters<T, 5, H, R, M>;

fn state<T: Real>() -> Box<State<T, 5, H, R, M>> {
    let mut state = Box::new(State::ZERO);
    state.theta.copy_from(&theta());
    state.target.copy_from(&theta());
    for value in state.target.numbers_mut() {
        *value = *value * T::round(0.9);
    }
    state
}

fn trajectory<T: Real>(index: u64) -> Trajectory<T, 5, H> {
    let mut stream = Stream::new(6, Purpose::Policies, index);
    Trajectory {
        x: [(); 2].map(|()| [(); 5].map(|()| T::round(stream.normal()))),
        exploration_gamma: [(); 2].map(|()| T::round(stream.discount())),
        mask: [(); 2].map(|()| [(); H].map(|()| T::round(stream.sign(0.25)))),
        gamma: [(); 2].map(|()| T::round(stream.discount())),
        weight: T::ONE,
    }
}

/// Fills lanes with trajectories; those beyond the batch have weight 0.
fn lanes<const W: usize>(
    batch: &[Trajectory<f32, 5, H>],
    idle: &Trajectory<f32, 5, H>,
) -> Vec<Trajectory<Lanes<W>, 5, H>> {
    let group = |chunk: &[Trajectory<f32, 5, H>]| {
        let mut group: Trajectory<Lanes<W>, 5, H> = Trajectory::ZERO;
        for l in 0..W {
            let from = chunk.get(l).unwrap_or(idle);
            for i in 0..2 {
                for k in 0..5 {
                    group.x[i][k].set_lane(l, from.x[i][k]);
                }
                for u in 0..H {
                    group.mask[i][u].set_lane(l, from.mask[i][u]);
                }
                group.gamma[i].set_lane(l, from.gamma[i]);
                group.exploration_gamma[i].set_lane(l, from.exploration_gamma[i]);
            }
            group.weight.set_lane(l, if l < chunk.len() { 1.0 } else { 0.0 });
        }
        group
    };
    batch.chunks(W).map(group).collect()
}

/// Loss and gradient of a batch.
fn gradient<S: Number>(settings: &Settings, groups: &[Trajectory<S, 5, H>]) -> (f64, Box<Theta<S::Real>>) {
    let mut state = state();
    let mut steps = vec![Step::<S, 5, M>::ZERO; 4];
    let mut gradient = Box::new(Parameters::ZERO);
    let mut groups = groups.to_vec();
    let loss = algorithm1::update(
        &Portable,
        &mut { GAME },
        settings,
        from_mut(&mut *state),
        &mut groups,
        &mut Rollout {
            steps: &mut steps,
            tapes: &mut [[Tape::ZERO]; 4],
        },
        from_mut(&mut *gradient),
    );
    (loss.to_f64(), gradient)
}

/// Groups with weight 0 and rollouts without steps have no effect and leave everything unchanged.
#[test]
fn nothing_to_learn_changes_nothing() {
    fn law<T: Real + Number>() {
        let mut weightless = trajectory::<T>(0);
        weightless.weight = T::ZERO;
        let cases: [(&str, Vec<Trajectory<T, 5, H>>, usize); 5] = [
            ("no group", vec![], 4),
            ("no weight", vec![weightless, weightless], 4),
            ("one step", vec![trajectory(0)], 1),
            ("no step", vec![trajectory(0)], 0),
            ("nothing at all", vec![], 0),
        ];
        for (label, mut groups, length) in cases {
            let mut state = state::<T>();
            let (before, start) = (state.clone(), groups.clone());
            let mut steps = vec![Step::<T, 5, M>::ZERO; length];
            let mut gradient = Box::new(Parameters::ZERO);
            let loss = algorithm1::update(
                &Portable,
                &mut { GAME },
                &SETTINGS,
                from_mut(&mut *state),
                &mut groups,
                &mut Rollout {
                    steps: &mut steps,
                    tapes: &mut [[Tape::ZERO]; 4],
                },
                from_mut(&mut *gradient),
            );
            assert!(loss == T::ZERO, "{label}: loss {loss:?}");
            assert!(state == before && state.updates == 0, "{label}: the state has changed");
            assert!(groups == start, "{label}: trajectories have moved");
        }
    }
    law::<f64>();
    law::<f32>();
}

/// The contents of a lane with weight 0 do not matter, nor does a whole group of them.
#[test]
fn idle_lanes_do_not_matter() {
    let mut ledger = Ledger::default();
    let batch: Vec<_> = (0..3).map(trajectory).collect();
    let (loss, expected) = gradient(&SETTINGS, &lanes::<4>(&batch, &trajectory(77)));
    let mut more = lanes::<4>(&batch, &trajectory(78));
    more.extend(lanes::<4>(&[], &trajectory(79)));
    let mut idle = lanes::<4>(&[trajectory(80)], &trajectory(81));
    idle[0].weight = Lanes::ZERO;
    more.extend(idle);
    let (same_loss, same) = gradient(&SETTINGS, &more);
    ledger.equal("loss", &[same_loss], &[loss]);
    for (tensor, same, expected) in same.zip(&expected) {
        ledger.equal(&tensor.to_string(), &wide(same), &wide(expected));
    }
    ledger.finish();
}

/// The loss and gradient of a batch are the means of those of batches of one.
#[test]
fn a_batch_is_a_mean() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        let batch: Vec<Trajectory<T, 5, H>> = (0..5).map(trajectory).collect();
        let (loss, whole) = gradient(&SETTINGS, &batch);
        let singles: Vec<_> = batch.chunks(1).map(|one| gradient(&SETTINGS, one)).collect();
        let mean_loss = singles.iter().map(|(loss, _)| loss).sum::<f64>() / 5.0;
        ledger.check(
            T::precision(),
            &Check::new(Law::BatchMean, "loss", vec![loss], vec![mean_loss]),
        );
        let mut singles: Vec<_> = singles.iter().map(|(_, single)| single.iter()).collect();
        for (tensor, whole) in whole.iter() {
            let mut mean = vec![0.0; tensor.len()];
            let mut size: f64 = 0.0;
            for (_, single) in singles.iter_mut().filter_map(Iterator::next) {
                for (mean, value) in mean.iter_mut().zip(wide(single)) {
                    *mean += value / 5.0;
                    size = size.max(value.abs());
                }
            }
            let mut check = Check::new(Law::BatchMean, tensor.to_string(), wide(whole), mean);
            check.scale = Scale::RmsPlus(size);
            ledger.check(T::precision(), &check);
        }
    }
    let mut ledger = Ledger::default();
    law::<f64>(&mut ledger);
    law::<f32>(&mut ledger);
    ledger.finish();
}

/// Five trajectories are not a whole number of groups of 2, 4 or 64 lanes; the batch gives the same result.
#[test]
fn lanes_learn_what_trajectories_learn() {
    let mut ledger = Ledger::default();
    let batch: Vec<_> = (0..5).map(trajectory).collect();
    let (loss, alone) = gradient::<f32>(&SETTINGS, &batch);
    let mut compare = |width: usize, (got_loss, got): (f64, Box<Theta<f32>>)| {
        let label = format!("{width} lanes");
        ledger.check(
            Precision::Single,
            &Check::new(Law::LaneOrder, label, vec![got_loss], vec![loss]),
        );
        for (tensor, got, expected) in got.zip(&alone) {
            let label = format!("{width} lanes, {tensor}");
            ledger.check(
                Precision::Single,
                &Check::new(Law::LaneOrder, label, wide(got), wide(expected)),
            );
        }
    };
    compare(1, gradient(&SETTINGS, &lanes::<1>(&batch, &batch[0])));
    compare(2, gradient(&SETTINGS, &lanes::<2>(&batch, &batch[0])));
    compare(4, gradient(&SETTINGS, &lanes::<4>(&batch, &batch[0])));
    compare(64, gradient(&SETTINGS, &lanes::<64>(&batch, &batch[0])));
    ledger.finish();
}

/// A target network that equals the parameters predicts what they predict.
#[test]
fn a_target_network_without_lag_is_none() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        let run = |rho| {
            let settings = Settings { rho, ..SETTINGS };
            let mut state = state::<T>();
            let theta = state.theta;
            state.target.copy_from(&theta);
            let mut groups = [trajectory::<T>(1), trajectory(2)];
            let mut steps = vec![Step::<T, 5, M>::ZERO; 4];
            let mut gradient = Box::new(Parameters::ZERO);
            algorithm1::update(
                &Portable,
                &mut { GAME },
                &settings,
                from_mut(&mut *state),
                &mut groups,
                &mut Rollout {
                    steps: &mut steps,
                    tapes: &mut [[Tape::ZERO]; 4],
                },
                from_mut(&mut *gradient),
            );
            state
        };
        let (none, lagging) = (run(None), run(Some(0.5)));
        for parameters in [&lagging.theta, &none.target] {
            for (tensor, got, expected) in parameters.zip(&none.theta) {
                ledger.identical(&tensor.to_string(), &wide(got), &wide(expected));
            }
        }
    }
    let mut ledger = Ledger::default();
    law::<f64>(&mut ledger);
    law::<f32>(&mut ledger);
    ledger.finish();
}

/// Steps of one rollout.
fn roll<T: Real>(settings: &Settings, gamma: f64) -> (Trajectory<T, 5, H>, Vec<Step<T, 5, M>>) {
    let state = state::<T>();
    let mut group = trajectory::<T>(3);
    group.gamma = [T::round(gamma); 2];
    let mut steps = vec![Step::ZERO; 4];
    let mut gradient = Box::new(Parameters::ZERO);
    let share = T::round(0.125);
    Algorithm1::new(&Portable, settings, from_ref(&*state)).learn(
        &mut { GAME },
        &mut group,
        share,
        &mut Rollout {
            steps: &mut steps,
            tapes: &mut [[Tape::ZERO]; 4],
        },
        from_mut(&mut *gradient),
    );
    (group, steps)
}

/// With gamma 0 targets are the reward alone, f(x(t)) for V and f(x(t+1)) for U; with gamma 1 and lambda 0, the next
/// prediction alone.
#[test]
fn targets_at_the_ends_of_gamma() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        for (field, ahead) in [(Field::V, 0), (Field::U, 1), (Field::UNormalized, 1)] {
            let settings = Settings {
                field,
                lambda: 0.0,
                ..SETTINGS
            };
            let (_, steps) = roll::<T>(&settings, 0.0);
            for t in 0..3 {
                for i in 0..2 {
                    let reward = [steps[t + ahead].value[i]; M];
                    ledger.equal(
                        &format!("{field:?}, gamma 0"),
                        &wide(&steps[t].targets[i]),
                        &wide(&reward),
                    );
                }
            }
            let (_, steps) = roll::<T>(&settings, 1.0);
            for t in 0..3 {
                let (got, expected) = (steps[t].targets.concat(), steps[t + 1].bootstrap.concat());
                ledger.equal(&format!("{field:?}, gamma 1"), &wide(&got), &wide(&expected));
            }
        }
    }
    let mut ledger = Ledger::default();
    law::<f64>(&mut ledger);
    law::<f32>(&mut ledger);
    ledger.finish();
}

/// Agents that do not learn stay where they are. Without exploration the next rollout starts where this one ends; with
/// exploration, rollouts branch off.
#[test]
fn where_trajectories_go() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        let start = wide(&trajectory::<T>(3).x.concat());
        let still = Settings { alpha: 0.0, ..SETTINGS };
        let (group, steps) = roll::<T>(&still, 0.5);
        for step in &steps {
            ledger.identical("alpha 0", &wide(&step.x.concat()), &start);
        }
        ledger.identical("alpha 0", &wide(&group.x.concat()), &start);
        let (group, steps) = roll::<T>(&SETTINGS, 0.5);
        ledger.identical("explored", &wide(&group.x.concat()), &wide(&steps[0].x.concat()));
        assert_ne!(wide(&group.x.concat()), start, "exploration moves");
        let on_policy = Settings {
            exploration: Exploration::None,
            ..SETTINGS
        };
        let (group, steps) = roll::<T>(&on_policy, 0.5);
        ledger.identical("unexplored", &wide(&steps[0].x.concat()), &start);
        ledger.identical("unexplored", &wide(&group.x.concat()), &wide(&steps[3].x.concat()));
    }
    let mut ledger = Ledger::default();
    law::<f64>(&mut ledger);
    law::<f32>(&mut ledger);
    ledger.finish();
}

/// The residual gradient is the derivative of the whole loss with respect to the parameters, including through the
/// targets that they predict; the path is held constant. Against an opponent the loss is that of the learner alone. Finite
/// differences along one direction per tensor.
#[test]
fn residual_gradients_are_derivatives_of_the_whole_loss() {
    const K: usize = 3;
    type Tiny = Parameters<f64, 1, 4, 1, 2>;
    let mut ledger = Ledger::default();
    for (field, lambda, movers) in [
        (Field::V, 0.0, [0.0, 0.0]),
        (Field::V, 0.7, [0.0, 0.0]),
        (Field::V, 1.0, [0.0, 0.0]),
        (Field::U, 0.9, [0.0, 0.0]),
        (Field::V, 0.0, [0.0, 1.0]),
        (Field::U, 0.9, [2.0, 0.0]),
    ] {
        let learns = movers.map(|mover| mover == 0.0);
        let settings = Settings {
            architecture: TENTH,
            field,
            exploration: Exploration::None,
            bootstrap: Bootstrap::Residual,
            lambda,
            rho: None,
            ..SETTINGS
        };
        let parameters = theta::<f64, 1, 4, 1, 2>();
        let gamma = [0.6, 0.95];
        let start = Trajectory {
            x: [[2.0], [-1.5]],
            gamma,
            ..Trajectory::ZERO
        };
        let learners = learns.iter().filter(|learns| **learns).count() as f64;
        let share = algorithm1::share(learners / 2.0, K + 1).expect("steps");
        let run = |settings: &Settings| {
            let mut steps = vec![Step::<f64, 1, 2>::ZERO; K + 1];
            let mut gradient = Box::new(Tiny::ZERO);
            let group = &mut start.clone();
            let algorithm1 = Algorithm1 {
                kernels: &Portable,
                settings,
                theta: Networks::new([&*parameters], TENTH),
                target: None,
            };
            let gradients = from_mut(&mut *gradient);
            let rules = &mut [Rule::Naive, Rule::Fixed];
            let loss = algorithm1.learn_against(
                &mut Opponents { movers, rules },
                &mut Logistic,
                group,
                share,
                &mut Rollout {
                    steps: &mut steps,
                    tapes: &mut [[Tape::ZERO]; K + 1],
                },
                gradients,
            );
            (loss, gradient, steps)
        };
        let (loss, gradient, steps) = run(&settings);
        // The loss on the same path, step by step from the formulas.
        let whole = |theta: &Tiny| {
            let network = MetaValue::new(theta, TENTH);
            let predictions: Vec<[[f64; 2]; 2]> = steps
                .iter()
                .map(|step| {
                    let mut tape = Tape::ZERO;
                    network.forward(&Portable, &step.x, &gamma, Players::Both, &mut tape);
                    Player::BOTH.map(|player| {
                        let mut q = [0.0; 2];
                        network.quantiles(&Portable, player, &tape, &mut q);
                        q
                    })
                })
                .collect();
            let mut loss = 0.0;
            for i in (0..2).filter(|i| learns[*i]) {
                let mut y = predictions[K][i];
                for t in (0..K).rev() {
                    let reward = steps[if field.is_correction() { t + 1 } else { t }].value[i];
                    lambda_return::step(reward, &predictions[t + 1][i], gamma[i], lambda, &mut y);
                    loss += share * quantile_huber::value_and_gradient(Separate, &predictions[t][i], &y, &mut [0.0; 2]);
                }
            }
            loss
        };
        let label = format!("{field:?}, lambda {lambda}, movers {movers:?}");
        ledger.check(
            Precision::Double,
            &Check::new(Law::LossByHand, &label, vec![loss], vec![whole(&parameters)]),
        );
        let (_, semi, _) = run(&Settings {
            bootstrap: Bootstrap::SemiGradient,
            ..settings
        });
        assert!(semi != gradient, "{label}: the targets carry no gradient");
        let mut stream = Stream::new(7, Purpose::Evaluation, 0);
        for (tensor, gradient) in gradient.iter() {
            let direction: Vec<f64> = gradient.iter().map(|_| stream.normal()).collect();
            let terms = direction.iter().zip(gradient).map(|(u, d)| u * d);
            let got: f64 = terms.clone().sum();
            let slope = |h: f64| {
                let at = |h: f64| {
                    let mut moved = parameters.clone();
                    move_along(&mut moved, tensor, &direction, h);
                    whole(&moved)
                };
                (at(h) - at(-h)) / (2.0 * h)
            };
            let h = 1e-4;
            let expected = (4.0 * slope(h / 2.0) - slope(h)) / 3.0;
            let label = format!("{label}, {tensor}");
            let mut check = Check::new(Law::ParameterFiniteDifference, label, vec![got], vec![expected]);
            check.scale = Scale::RmsPlus(terms.map(f64::abs).sum::<f64>() + loss);
            ledger.check(Precision::Double, &check);
        }
    }
    ledger.finish();
}

/// Players with a network each follow their own: with two copies of one network they take the same path as players that
/// share it, and the two gradients add up to the shared one. The outputs of one player's network never affect the
/// other's targets or gradient.
#[test]
fn networks_of_their_own() {
    let shared = state::<f64>();
    let run = |settings: &Settings, states: &[State<f64, 5, H, R, M>; 2]| {
        let mut group = trajectory::<f64>(3);
        let mut steps = vec![Step::<f64, 5, M>::ZERO; 4];
        let mut gradients = Box::new([Parameters::ZERO; 2]);
        let algorithm1 = Algorithm1::new(&Portable, settings, states);
        let loss = algorithm1.learn(
            &mut { GAME },
            &mut group,
            0.125,
            &mut Rollout {
                steps: &mut steps,
                tapes: &mut [[Tape::ZERO; 2]; 4],
            },
            &mut gradients,
        );
        (loss, group, steps, gradients)
    };
    let residual = Settings {
        rho: None,
        bootstrap: Bootstrap::Residual,
        field: Field::V,
        ..SETTINGS
    };
    for settings in [SETTINGS, residual] {
        let copies = Box::new([*shared; 2]);
        let (loss, group, steps, gradients) = run(&settings, &copies);

        let mut together = trajectory::<f64>(3);
        let mut shared_steps = vec![Step::<f64, 5, M>::ZERO; 4];
        let mut gradient = Box::new(Theta::<f64>::ZERO);
        let shared_loss = Algorithm1::new(&Portable, &settings, from_ref(&*shared)).learn(
            &mut { GAME },
            &mut together,
            0.125,
            &mut Rollout {
                steps: &mut shared_steps,
                tapes: &mut [[Tape::ZERO]; 4],
            },
            from_mut(&mut *gradient),
        );
        assert_eq!((loss, group.x), (shared_loss, together.x));
        for (step, shared) in steps.iter().zip(&shared_steps) {
            assert_eq!((step.x, step.targets), (shared.x, shared.targets));
        }
        let mut ledger = Ledger::default();
        for ((tensor, zero, one), (_, both)) in gradients[0].zip(&gradients[1]).zip(gradient.iter()) {
            let sum = zero.iter().zip(one).map(|(a, b)| a + b).collect();
            ledger.check(
                Precision::Double,
                &Check::new(Law::Residual, tensor.to_string(), sum, both.to_vec()),
            );
        }
        ledger.finish();

        // A different network for player 1, and a path that is held fixed: no exploration, and steps too short to matter.
        let held = Settings {
            exploration: Exploration::None,
            alpha: 1e-300,
            ..settings
        };
        let mut others = copies.clone();
        for value in others[1].theta.numbers_mut() {
            *value *= 0.5;
        }
        let ((_, _, before, old), (_, _, after, new)) = (run(&held, &copies), run(&held, &others));
        assert_ne!(before[0].quantiles[1], after[0].quantiles[1]);
        assert!(old[0] == new[0], "player 0's gradient hangs on player 1's network");
        assert!(old[1] != new[1]);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.targets[0], after.targets[0]);
        }
    }
}

/// Between the semi-gradient and the residual gradient, phi interpolates linearly.
#[test]
fn phi_mixes_the_two_gradients() {
    let of = |bootstrap, phi| {
        let settings = Settings {
            rho: None,
            bootstrap,
            phi,
            ..SETTINGS
        };
        gradient::<f64>(&settings, &[trajectory(0), trajectory(4)])
    };
    let (semi_loss, semi) = of(Bootstrap::SemiGradient, 1.0);
    let (loss, residual) = of(Bootstrap::Residual, 1.0);
    let (none_loss, none) = of(Bootstrap::Residual, 0.0);
    assert!(semi != residual, "the law would compare equal things");
    assert_eq!((semi_loss, none_loss), (loss, loss));
    let mut ledger = Ledger::default();
    let (mixed_loss, mixed) = of(Bootstrap::Residual, 0.25);
    assert_eq!(mixed_loss, loss);
    for ((tensor, semi, residual), (_, mixed, none)) in semi.zip(&residual).zip(mixed.zip(&none)) {
        let label = tensor.to_string();
        let line = semi.iter().zip(residual).map(|(a, b)| 0.75 * a + 0.25 * b).collect();
        for (got, expected) in [(mixed, line), (none, semi.to_vec())] {
            ledger.check(
                Precision::Double,
                &Check::new(Law::Residual, &label, got.to_vec(), expected),
            );
        }
    }
    ledger.finish();
}
