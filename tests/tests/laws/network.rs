//! Laws of the meta-value network.

use meva_core::dual::{along, tangents};
use meva_core::kernels::Portable;
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::scalar::Real;
use meva_core::{Dual, Lanes, Player, Players, Scalar};
use meva_tests::compare::{Check, Ledger, Scale};
use meva_tests::number::{Number, pack_row, pack_rows, unpack};
use meva_tests::tolerance::{Law, Precision};

use crate::{SIGMOID, TENTH, move_along, points, round, theta, wide};

const POINTS: u64 = 6;
const GAMMA: [f64; 2] = [0.35, 0.9];

/// Calls a law for both networks, in both precisions.
macro_rules! on_networks {
    ($law:ident) => {{
        let mut ledger = Ledger::default();
        $law::<f64, 1, 8, 1, 4>(TENTH, &mut ledger);
        $law::<f32, 1, 8, 1, 4>(TENTH, &mut ledger);
        $law::<f64, 5, 12, 2, 6>(SIGMOID, &mut ledger);
        $law::<f32, 5, 12, 2, 6>(SIGMOID, &mut ledger);
        ledger.finish();
    }};
}

type Hvp<T, const N: usize> = [[[T; N]; 2]; 2];

/// Both players' Hessians of the mean quantile times `v`.
fn hvp<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    network: &MetaValue<T, N, H, R, M>,
    x: &[[f64; N]; 2],
    v: &[[f64; N]; 2],
) -> Hvp<T, N> {
    let mut tape = Box::new(Tape::ZERO);
    let gamma = GAMMA.map(Dual::from_f64);
    network.forward(
        &Portable,
        &along(&round::<T, N>(x), &round(v)),
        &gamma,
        Players::Both,
        &mut tape,
    );
    Player::BOTH.map(|player| network.gradient(&Portable, player, &tape).map(|row| tangents(&row)))
}

/// The tape of a forward pass at `x`.
fn forward<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    network: &MetaValue<T, N, H, R, M>,
    x: &[[f64; N]; 2],
    gamma: [f64; 2],
) -> Box<Tape<T, N, H, R>> {
    let mut tape = Box::new(Tape::ZERO);
    network.forward(&Portable, &round(x), &gamma.map(T::round), Players::Both, &mut tape);
    tape
}

#[test]
fn hessians_are_symmetric_and_linear() {
    fn law<T: Real + Number, const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<T, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        let all = points::<N>(POINTS + 2);
        for window in all.windows(3) {
            let [x, u, v] = window else {
                unreachable!("windows of 3")
            };
            let (hu, hv) = (hvp(&network, x, u), hvp(&network, x, v));
            let both = core::array::from_fn(|i| core::array::from_fn(|k| 2.0 * u[i][k] - 3.0 * v[i][k]));
            let hb = hvp(&network, x, &both);
            for i in 0..2 {
                let label = format!("player {i} at {x:?}");
                let (hu, hv, hb) = (wide(&hu[i].concat()), wide(&hv[i].concat()), wide(&hb[i].concat()));
                let (u, v) = (u.concat(), v.concat());
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let size = u.iter().zip(&hv).map(|(a, b)| (a * b).abs()).sum::<f64>();
                let mut check = Check::new(Law::NetworkHessian, &label, vec![dot(&u, &hv)], vec![dot(&v, &hu)]);
                check.scale = Scale::RmsPlus(size);
                ledger.check(T::precision(), &check);
                let sum = hu.iter().zip(&hv).map(|(u, v)| 2.0 * u - 3.0 * v).collect();
                let mut check = Check::new(Law::NetworkHessian, &label, hb, sum);
                check.scale = Scale::RmsPlus(hu.iter().chain(&hv).map(|h| h.abs()).fold(0.0, f64::max));
                ledger.check(T::precision(), &check);
            }
        }
    }
    on_networks!(law);
}

/// Both players share one network: if they swap policies and discounts, quantiles and gradients are swapped, to the last bit.
#[test]
fn swapped_players_swap_everything() {
    fn law<T: Real + Number, const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<T, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        for x in points::<N>(POINTS) {
            let here = forward(&network, &x, GAMMA);
            let there = forward(&network, &[x[1], x[0]], [GAMMA[1], GAMMA[0]]);
            for player in Player::BOTH {
                let other = player.opponent();
                let label = format!("{player:?} at {x:?}");
                let (mut q, mut swapped) = ([T::ZERO; M], [T::ZERO; M]);
                network.quantiles(&Portable, player, &here, &mut q);
                network.quantiles(&Portable, other, &there, &mut swapped);
                ledger.identical(&label, &wide(&swapped), &wide(&q));
                let [a, b] = network.gradient(&Portable, player, &here);
                let swapped = network.gradient(&Portable, other, &there);
                ledger.identical(&label, &wide(&swapped.concat()), &wide(&[b, a].concat()));
            }
        }
    }
    on_networks!(law);
}

/// The own gradient is a row of the gradient, evaluating one player gives that player's part of evaluating both, a mask
/// of ones has no effect, and flipping all signs reverses the gradient.
#[test]
fn ways_to_the_same_gradient() {
    fn law<T: Real + Number, const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<T, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        for x in points::<N>(POINTS) {
            let both = forward(&network, &x, GAMMA);
            for player in Player::BOTH {
                let label = format!("{player:?} at {x:?}");
                let own = network.own_gradient(&Portable, player, None, &both);
                let row = network.gradient(&Portable, player, &both)[player.index()];
                ledger.identical(&label, &wide(&own), &wide(&row));
                let mut alone = Box::new(Tape::ZERO);
                let gamma = GAMMA.map(T::round);
                network.forward(&Portable, &round(&x), &gamma, Players::Only(player), &mut alone);
                let by_one = network.own_gradient(&Portable, player, None, &alone);
                ledger.identical(&label, &wide(&own), &wide(&by_one));
                let ones = network.own_gradient(&Portable, player, Some(&[T::ONE; H]), &both);
                ledger.identical(&label, &wide(&own), &wide(&ones));
                let flipped = network.own_gradient(&Portable, player, Some(&[-T::ONE; H]), &both);
                ledger.equal(&label, &wide(&own), &wide(&flipped.map(|d| -d)));
            }
        }
    }
    on_networks!(law);
}

#[test]
fn the_mean_is_that_of_the_quantiles() {
    fn law<T: Real + Number, const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<T, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        for x in points::<N>(POINTS) {
            let tape = forward(&network, &x, GAMMA);
            for player in Player::BOTH {
                let mut q = [T::ZERO; M];
                network.quantiles(&Portable, player, &tape, &mut q);
                let expected = wide(&q).iter().sum::<f64>() / M as f64;
                let got = network.mean(player, &tape).to_f64();
                let label = format!("{player:?} at {x:?}");
                let mut check = Check::new(Law::MeanOfQuantiles, label, vec![got], vec![expected]);
                check.scale = Scale::RmsPlus(wide(&q).iter().map(|q| q.abs()).fold(0.0, f64::max));
                ledger.check(T::precision(), &check);
            }
        }
    }
    on_networks!(law);
}

/// (f(x + h) - f(x - h)) / 2 h, with the error of order h^2 removed.
fn central(f: impl Fn(f64) -> f64) -> f64 {
    const H: f64 = 1e-3;
    let slope = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * slope(H / 2.0) - slope(H)) / 3.0
}

#[test]
fn gradients_are_limits_of_differences() {
    fn law<const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<f64, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        for x in points::<N>(POINTS) {
            let tape = forward(&network, &x, GAMMA);
            for player in Player::BOTH {
                let moved = |i: usize, k: usize, h: f64| {
                    let mut x = x;
                    x[i][k] += h;
                    network.mean(player, &forward(&network, &x, GAMMA))
                };
                let places = (0..2).flat_map(|i| (0..N).map(move |k| (i, k)));
                let expected = places.map(|(i, k)| central(|h| moved(i, k, h))).collect();
                let got = network.gradient(&Portable, player, &tape).concat();
                let label = format!("{player:?} at {x:?}");
                let mut check = Check::new(Law::FiniteDifference, label, got, expected);
                check.scale = Scale::RmsPlus(network.mean(player, &tape).abs());
                ledger.check(Precision::Double, &check);
            }
        }
    }
    let mut ledger = Ledger::default();
    law::<1, 8, 1, 4>(TENTH, &mut ledger);
    law::<5, 12, 2, 6>(SIGMOID, &mut ledger);
    ledger.finish();
}

/// Tensor by tensor, the derivative of a sum of quantiles along a random direction.
#[test]
fn parameter_gradients_are_limits_of_differences() {
    fn law<const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        type P<const N: usize, const H: usize, const R: usize, const M: usize> = Parameters<f64, N, H, R, M>;
        let theta = theta::<f64, N, H, R, M>();
        let mut stream = Stream::new(3, Purpose::Evaluation, 0);
        let dq = [(); 2].map(|()| [(); M].map(|()| stream.normal()));
        let sum = |theta: &P<N, H, R, M>, x: &[[f64; N]; 2]| {
            let network = MetaValue::new(theta, architecture);
            let tape = forward(&network, x, GAMMA);
            let mut sum = 0.0;
            for player in Player::BOTH {
                let mut q = [0.0; M];
                network.quantiles(&Portable, player, &tape, &mut q);
                sum += q.iter().zip(&dq[player.index()]).map(|(q, dq)| q * dq).sum::<f64>();
            }
            sum
        };
        for x in points::<N>(2) {
            let network = MetaValue::new(&theta, architecture);
            let mut gradient = Box::new(P::ZERO);
            network.vjp_parameters(
                &Portable,
                Players::Both,
                &forward(&network, &x, GAMMA),
                &dq,
                &mut gradient,
            );
            for (tensor, gradient) in gradient.iter() {
                let direction: Vec<f64> = gradient.iter().map(|_| stream.normal()).collect();
                let terms = direction.iter().zip(gradient).map(|(u, d)| u * d);
                let got = terms.clone().sum::<f64>();
                let expected = central(|h| {
                    let mut moved = theta.clone();
                    move_along(&mut moved, tensor, &direction, h);
                    sum(&moved, &x)
                });
                let label = format!("{tensor} at {x:?}");
                let mut check = Check::new(Law::ParameterFiniteDifference, label, vec![got], vec![expected]);
                check.scale = Scale::RmsPlus(terms.map(f64::abs).sum());
                ledger.check(Precision::Double, &check);
            }
        }
    }
    let mut ledger = Ledger::default();
    law::<1, 8, 1, 4>(TENTH, &mut ledger);
    law::<5, 12, 2, 6>(SIGMOID, &mut ledger);
    ledger.finish();
}

/// The parameter gradient for both players is the sum of those for each player.
#[test]
fn players_add() {
    fn law<T: Real + Number, const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<T, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        for x in points::<N>(2) {
            let tape = forward(&network, &x, GAMMA);
            let dq = [[T::ONE; M], [T::round(-0.5); M]];
            let mut both = Box::new(Parameters::ZERO);
            network.vjp_parameters(&Portable, Players::Both, &tape, &dq, &mut both);
            let mut one_by_one = Box::new(Parameters::ZERO);
            for player in Player::BOTH {
                network.vjp_parameters(&Portable, Players::Only(player), &tape, &dq, &mut one_by_one);
            }
            for (tensor, one_by_one, both) in one_by_one.zip(&both) {
                let label = format!("{tensor} at {x:?}");
                let (got, expected) = (wide(one_by_one), wide(both));
                ledger.check(T::precision(), &Check::new(Law::PlayersAdd, label, got, expected));
            }
        }
    }
    on_networks!(law);
}

/// A norm removes the mean: adding the same number to every bias before it does not change its output.
#[test]
fn norms_ignore_a_common_shift() {
    fn law<T: Real + Number, const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<T, N, H, R, M>();
        let mut shifted = theta.clone();
        for bias in [
            &mut shifted.policy.first.bias,
            &mut shifted.policy.residual[0].inner.dense.bias,
            &mut shifted.value.first.bias,
            &mut shifted.value.last.dense.bias,
        ] {
            *bias = bias.map(|b| b + T::ONE);
        }
        for x in points::<N>(POINTS) {
            let [got, expected] = [&shifted, &theta].map(|theta| {
                let network = MetaValue::new(theta, architecture);
                let tape = forward(&network, &x, GAMMA);
                let mut q = [T::ZERO; M];
                network.quantiles(&Portable, Player::One, &tape, &mut q);
                wide(&q)
            });
            let label = format!("{x:?}");
            ledger.check(T::precision(), &Check::new(Law::NormInvariance, label, got, expected));
        }
    }
    on_networks!(law);
}

/// Extreme policies, and discounts at both ends, give finite quantiles and gradients.
#[test]
fn extreme_inputs_stay_finite() {
    fn law<T: Real + Number, const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<T, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        for extreme in [-1000.0, -50.0, 0.0, 50.0, 1000.0] {
            for gamma in [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]] {
                let x = [[extreme; N], [1.0; N]];
                let tape = forward(&network, &x, gamma);
                for player in Player::BOTH {
                    let mut q = [T::ZERO; M];
                    network.quantiles(&Portable, player, &tape, &mut q);
                    let mut all = wide(&q);
                    all.extend(wide(&network.gradient(&Portable, player, &tape).concat()));
                    all.extend(wide(&hvp(&network, &x, &x)[player.index()].concat()));
                    // Comparing a number with itself checks that it is finite.
                    ledger.identical(&format!("{player:?} at {x:?}, gamma {gamma:?}"), &all, &all);
                }
            }
        }
    }
    on_networks!(law);
}

/// At the size used in training, 64 trajectories in lanes have the same bits as each alone.
#[test]
fn lanes_are_trajectories() {
    const W: usize = 64;
    fn law<const N: usize, const H: usize, const R: usize, const M: usize>(
        architecture: Architecture,
        ledger: &mut Ledger,
    ) {
        let theta = theta::<f32, N, H, R, M>();
        let network = MetaValue::new(&theta, architecture);
        let all = points::<N>(W as u64);
        let mut stream = Stream::new(4, Purpose::Discounts, 0);
        let gamma: Vec<[f64; 2]> = (0..W).map(|_| [stream.discount(), stream.discount()]).collect();
        let mut tape: Box<Tape<Lanes<W>, N, H, R>> = Box::new(Tape::ZERO);
        network.forward(
            &Portable,
            &pack_rows(|l| all[l]),
            &pack_row(|l| gamma[l]),
            Players::Both,
            &mut tape,
        );
        for player in Player::BOTH {
            let mut q = [Lanes::ZERO; M];
            network.quantiles(&Portable, player, &tape, &mut q);
            let own = network.own_gradient(&Portable, player, None, &tape);
            for l in 0..W {
                let alone = forward(&network, &all[l], gamma[l]);
                let mut expected = [0.0; M];
                network.quantiles(&Portable, player, &alone, &mut expected);
                ledger.identical(&format!("quantiles in lane {l}"), &unpack(&q, l), &wide(&expected));
                let expected = network.own_gradient(&Portable, player, None, &alone);
                ledger.identical(&format!("own gradient in lane {l}"), &unpack(&own, l), &wide(&expected));
            }
        }
    }
    let run = || {
        let mut ledger = Ledger::default();
        law::<1, 64, 1, 16>(TENTH, &mut ledger);
        law::<5, 64, 2, 32>(SIGMOID, &mut ledger);
        ledger.finish();
    };
    // A tape of 64 lanes takes megabytes of stack before the compiler has moved it to the heap.
    let thread = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(run)
        .expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
