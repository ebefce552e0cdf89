//! The meta-value network: quantiles, derivatives by policies and by parameters.

use std::array::from_ref;

use meva_core::dual::{along as dual_along, tangents};
use meva_core::game::AnyGame;
use meva_core::kernels::{Kernels, Portable};
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Dual, Player, Players, Real, Scalar};

use super::condition::{Nudge, rms, sensitivities};
use super::differences::{along, central, central_of, deviation, moved};
use super::games::{POINTS, direction, policy};
use super::packed::{Packed, in_lanes, pack, pack_row, pack_rows};
use super::report::{Basis, Derivative, Engine, Report};
use super::stochastic::{Stochastic, deviations};
use super::tolerance::{Operation, Spread};
use crate::config::Config;
use crate::cpu::Cpu;
use crate::cpu::Number;
use crate::error::Result;

/// What a network is evaluated at.
#[derive(Clone, Copy, Debug)]
pub struct Point<const N: usize, const H: usize, const M: usize> {
    /// The joint policy.
    pub x: [[f64; N]; 2],
    /// The discounts.
    pub gamma: [f64; 2],
    /// The direction of second derivatives.
    pub v: [[f64; N]; 2],
    /// Signs of the last hidden units.
    pub mask: [[f64; H]; 2],
    /// Targets of the quantiles, or their adjoints.
    pub y: [[f64; M]; 2],
}

impl<const N: usize, const H: usize, const M: usize> Point<N, H, M> {
    /// The point, moved; signs stay.
    pub fn nudged(&self, nudge: &mut Nudge) -> Self {
        Point {
            x: nudge.rows(&self.x),
            gamma: self.gamma.map(|gamma| nudge.number(gamma)),
            v: nudge.rows(&self.v),
            mask: self.mask,
            y: nudge.rows(&self.y),
        }
    }
}

/// The points that networks are compared at.
pub fn points<const N: usize, const H: usize, const M: usize>() -> Vec<Point<N, H, M>> {
    let mut stream = Stream::new(2, Purpose::Evaluation, N as u64);
    let mut point = || Point {
        x: policy(&mut stream),
        gamma: [(); 2].map(|()| f64::from(stream.discount() as f32)),
        v: direction(&mut stream),
        mask: [(); 2].map(|()| [(); H].map(|()| stream.sign(0.25))),
        y: direction(&mut stream),
    };
    (0..POINTS).map(|_| point()).collect()
}

/// Runs in numbers that round at random.
pub const RUNS: u64 = 2;
/// The same where one number comes of all points.
const RUNS_OF_SUMS: u64 = 8;

/// What is compared, in the order of [`outputs`].
pub const OPERATIONS: [Operation; 7] = [
    Operation::Quantiles,
    Operation::NetworkOwnGradient,
    Operation::NetworkMaskedGradient,
    Operation::NetworkGradient,
    Operation::NetworkHvp,
    Operation::NetworkFieldJvp,
    Operation::NetworkJacobian,
];

/// Parameters in another precision.
pub fn rounded<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &Parameters<f64, N, H, R, M>,
) -> Box<Parameters<T, N, H, R, M>> {
    let mut rounded = Box::new(Parameters::ZERO);
    for index in 0..Parameters::<f64, N, H, R, M>::TENSORS {
        let values = Parameters::values_mut(&mut *rounded, index);
        for (rounded, value) in values.iter_mut().zip(theta.values(index)) {
            *rounded = T::round(*value);
        }
    }
    rounded
}

/// The numbers of parameters, tensor by tensor.
pub fn numbers<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &Parameters<T, N, H, R, M>,
) -> Vec<f64> {
    (0..Parameters::<T, N, H, R, M>::TENSORS)
        .flat_map(|index| theta.values(index).iter().map(|value| value.to_f64()))
        .collect()
}

/// Quantiles; own gradients, plain and masked, and gradients of the mean quantile; its Hessians times `v`; the derivative
/// of the own gradients along `v`, and their whole Jacobian, column by column.
pub fn outputs<S, K, const N: usize, const H: usize, const R: usize, const M: usize>(
    kernels: &K,
    theta: &Parameters<S::Real, N, H, R, M>,
    architecture: Architecture,
    points: &[Point<N, H, M>],
) -> [Vec<f64>; 7]
where
    S: Packed,
    K: Kernels<S> + Kernels<Dual<S>>,
{
    let network = MetaValue::new(theta, architecture);
    let (mut tape, mut dual_tape) = (Box::new(Tape::ZERO), Box::new(Tape::ZERO));
    in_lanes(points, |group| {
        let x: [[S; N]; 2] = pack_rows(|l| group[l].x);
        let v: [[S; N]; 2] = pack_rows(|l| group[l].v);
        let gamma: [S; 2] = pack_row(|l| group[l].gamma);
        let mask: [[S; H]; 2] = pack_rows(|l| group[l].mask);
        network.forward(kernels, &x, &gamma, Players::Both, &mut tape);
        let mut quantiles = [[S::ZERO; M]; 2];
        for player in Player::BOTH {
            network.quantiles(kernels, player, &tape, &mut quantiles[player.index()]);
        }
        let own = |mask: Option<&[[S; H]; 2]>| {
            Player::BOTH.map(|p| network.own_gradient(kernels, p, mask.map(|mask| &mask[p.index()]), &tape))
        };
        let (plain, masked) = (own(None), own(Some(&mask)));
        let gradient = Player::BOTH.map(|player| network.gradient(kernels, player, &tape));

        let dual_gamma = gamma.map(|gamma| Dual::new(gamma, S::ZERO));
        let forward = |direction: &[[S; N]; 2], tape: &mut Tape<Dual<S>, N, H, R>| {
            network.forward(kernels, &dual_along(&x, direction), &dual_gamma, Players::Both, tape);
        };
        forward(&v, &mut dual_tape);
        let hvp = Player::BOTH.map(|player| {
            let gradient = network.gradient(kernels, player, &dual_tape);
            gradient.map(|row| tangents(&row))
        });
        let of_field = |tape: &Tape<Dual<S>, N, H, R>| {
            Player::BOTH.map(|player| tangents(&network.own_gradient(kernels, player, None, tape)))
        };
        let jvp = of_field(&dual_tape);
        let mut jacobian = Vec::new();
        for i in 0..2 {
            for n in 0..N {
                let mut unit = [[S::ZERO; N]; 2];
                unit[i][n] = S::ONE;
                forward(&unit, &mut dual_tape);
                jacobian.extend(of_field(&dual_tape).concat());
            }
        }
        [
            quantiles.concat(),
            plain.concat(),
            masked.concat(),
            gradient.concat().concat(),
            hvp.concat().concat(),
            jvp.concat(),
            jacobian,
        ]
    })
}

/// What the parameters are differentiated of: the mean over points and players of
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// the quantiles times `y`,
    Linear,
    /// the quantile Huber loss of the quantiles against `y`.
    QuantileHuber,
}

/// The objective, and its gradient by the parameters, tensor by tensor.
pub fn objective<S, K, const N: usize, const H: usize, const R: usize, const M: usize>(
    kernels: &K,
    objective: Objective,
    theta: &Parameters<S::Real, N, H, R, M>,
    architecture: Architecture,
    points: &[Point<N, H, M>],
) -> [Vec<f64>; 2]
where
    S: Packed,
    K: Kernels<S>,
{
    let network = MetaValue::new(theta, architecture);
    let mut tape = Box::new(Tape::ZERO);
    let mut gradient = Box::new(Parameters::<S::Real, N, H, R, M>::ZERO);
    let mut total = S::Real::ZERO;
    let share = 0.5 / points.len() as f64;
    for group in points.chunks(S::LANES) {
        let at = |l: usize| group.get(l).unwrap_or(&group[0]);
        // Lanes beyond the last point weigh nothing.
        let weight: S = pack(|l| if l < group.len() { share } else { 0.0 });
        let x: [[S; N]; 2] = pack_rows(|l| at(l).x);
        let y: [[S; M]; 2] = pack_rows(|l| at(l).y);
        network.forward(kernels, &x, &pack_row(|l| at(l).gamma), Players::Both, &mut tape);
        let mut dq = [[S::ZERO; M]; 2];
        for player in Player::BOTH {
            let i = player.index();
            let mut q = [S::ZERO; M];
            network.quantiles(kernels, player, &tape, &mut q);
            let mut value = S::ZERO;
            match objective {
                Objective::Linear => {
                    for m in 0..M {
                        value += q[m] * y[i][m];
                    }
                    dq[i] = y[i];
                }
                Objective::QuantileHuber => value = kernels.quantile_huber(&q, &y[i], &mut dq[i]),
            }
            total += (weight * value).sum_lanes();
            dq[i] = dq[i].map(|dq| weight * dq);
        }
        network.vjp_parameters(kernels, Players::Both, &tape, &dq, &mut gradient);
    }
    [vec![total.to_f64()], numbers(&gradient)]
}

/// What duals and differences give.
const DERIVATIVES: [Operation; 3] = [
    Operation::NetworkOwnGradient,
    Operation::NetworkGradient,
    Operation::NetworkHvp,
];

/// By the mean quantile on dual numbers, forward alone.
fn by_duals<S: Packed, const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &Parameters<S::Real, N, H, R, M>,
    architecture: Architecture,
    points: &[Point<N, H, M>],
) -> [Vec<f64>; 3] {
    let network = MetaValue::new(theta, architecture);
    let mut tape = Box::new(Tape::<Dual<Dual<S>>, N, H, R>::ZERO);
    in_lanes(points, |group| {
        let x: [[S; N]; 2] = pack_rows(|l| group[l].x);
        let v: [[S; N]; 2] = pack_rows(|l| group[l].v);
        let gamma: [S; 2] = pack_row(|l| group[l].gamma);
        let gamma = gamma.map(|gamma| Dual::new(Dual::new(gamma, S::ZERO), Dual::ZERO));
        let inner = dual_along(&x, &v);
        let (mut gradient, mut hvp) = ([[[S::ZERO; N]; 2]; 2], [[[S::ZERO; N]; 2]; 2]);
        for i in 0..2 {
            for n in 0..N {
                let mut unit = [[Dual::ZERO; N]; 2];
                unit[i][n] = Dual::ONE;
                network.forward(&Portable, &dual_along(&inner, &unit), &gamma, Players::Both, &mut tape);
                for player in Player::BOTH {
                    let Dual { value, tangent } = network.mean(player, &tape).tangent;
                    (gradient[player.index()][i][n], hvp[player.index()][i][n]) = (value, tangent);
                }
            }
        }
        let own = [gradient[0][0], gradient[1][1]];
        [own.concat(), gradient.concat().concat(), hvp.concat().concat()]
    })
}

/// By differences of mean quantiles and of their gradients.
fn by_differences<const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &Parameters<f64, N, H, R, M>,
    architecture: Architecture,
    points: &[Point<N, H, M>],
) -> ([Vec<f64>; 3], [Vec<f64>; 1]) {
    let network = MetaValue::new(theta, architecture);
    let (mut own, mut gradient, mut hvp, mut jacobian) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let forward = |x: &[[f64; N]; 2], gamma: &[f64; 2]| {
        let mut tape = Tape::ZERO;
        network.forward(&Portable, x, gamma, Players::Both, &mut tape);
        tape
    };
    for Point { x, gamma, v, .. } in points {
        for player in Player::BOTH {
            for i in 0..2 {
                for n in 0..N {
                    let slope = central(|h| network.mean(player, &forward(&moved(x, i, n, h), gamma)));
                    gradient.push(slope);
                    if i == player.index() {
                        own.push(slope);
                    }
                }
            }
            for i in 0..2 {
                let row = |h| network.gradient(&Portable, player, &forward(&along(x, v, h), gamma))[i];
                hvp.extend(central_of(row));
            }
        }
        for i in 0..2 {
            for n in 0..N {
                for player in Player::BOTH {
                    let field = |h| {
                        let tape = forward(&moved(x, i, n, h), gamma);
                        network.own_gradient(&Portable, player, None, &tape)
                    };
                    jacobian.extend(central_of(field));
                }
            }
        }
    }
    ([own, gradient, hvp], [jacobian])
}

/// A small network as the preset has it otherwise.
pub fn config(preset: &str) -> Result<Config> {
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

/// The parameters that networks are compared with: numbers that `f32` holds.
pub fn theta<const N: usize, const H: usize, const R: usize, const M: usize>() -> Box<Parameters<f64, N, H, R, M>> {
    let mut theta = Box::new(Parameters::<f32, N, H, R, M>::ZERO);
    theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
    let mut wide = Box::new(Parameters::ZERO);
    for index in 0..Parameters::<f32, N, H, R, M>::TENSORS {
        let values = Parameters::values_mut(&mut *wide, index);
        for (wide, value) in values.iter_mut().zip(theta.values(index)) {
            *wide = f64::from(*value);
        }
    }
    wide
}

/// Small networks of one and of five parameters per policy on the CPU's engines.
///
/// # Errors
/// The variable that forces an instruction set names none.
pub fn check(report: &mut Report) -> Result<()> {
    for preset in ["logistic", "ipd"] {
        let config = config(preset)?;
        match config.any_game()? {
            AnyGame::Plane(_) => check_network::<1, 16, 1, 16>(report, preset, config.architecture())?,
            AnyGame::IteratedMatrix(_) => check_network::<5, 16, 1, 16>(report, preset, config.architecture())?,
        }
    }
    Ok(())
}

fn check_network<const N: usize, const H: usize, const R: usize, const M: usize>(
    report: &mut Report,
    subject: &str,
    architecture: Architecture,
) -> Result<()> {
    let cpu = Cpu::detect()?;
    let points = points::<N, H, M>();
    let theta = theta::<N, H, R, M>();
    let single = rounded::<f32, N, H, R, M>(&theta);
    let reference = outputs::<f64, _, N, H, R, M>(&Portable, &theta, architecture, &points);
    let sensitivity = output_sensitivities(&theta, architecture, &points);
    let derived = [1, 3, 4].map(|k: usize| reference[k].clone());
    let stochastic = rounded::<Stochastic, N, H, R, M>(&theta);
    let spread = Spread {
        sensitivities: sensitivity,
        deviations: deviations(RUNS, &reference, || {
            outputs::<Stochastic, _, N, H, R, M>(&Portable, &stochastic, architecture, &points)
        }),
    };
    let derived_spread = spread.of([1, 3, 4]);
    let dual_spread = derived_spread.deviating(deviations(RUNS, &derived, || {
        by_duals::<Stochastic, N, H, R, M>(&stochastic, architecture, &points)
    }));
    let duals = Basis::Derived(Derivative::Duals);
    for (engine, spread, got) in [
        (
            Engine::F64,
            dual_spread.and(&derived_spread),
            by_duals::<f64, N, H, R, M>(&theta, architecture, &points),
        ),
        (
            Engine::F32,
            dual_spread,
            by_duals::<f32, N, H, R, M>(&single, architecture, &points),
        ),
    ] {
        report.compare(subject, DERIVATIVES, (engine, duals), &got, &derived, &spread);
    }
    let differences = (Engine::F64, Basis::Derived(Derivative::Differences));
    let spread_of_differences = derived_spread.deviating([
        deviation(&reference[0], spread.deviations[0], &derived[0]),
        deviation(&reference[0], spread.deviations[0], &derived[1]),
        deviation(&derived[1], spread.deviations[3], &derived[2]),
    ]);
    let (got, jacobian) = by_differences(&theta, architecture, &points);
    report.compare(
        subject,
        DERIVATIVES,
        differences,
        &got,
        &derived,
        &spread_of_differences,
    );
    let expected = [reference[6].clone()];
    report.compare(
        subject,
        [Operation::NetworkJacobian],
        differences,
        &jacobian,
        &expected,
        &spread
            .of([6])
            .deviating([deviation(&reference[1], spread.deviations[1], &reference[6])]),
    );
    for (engine, got) in [
        (
            Engine::F32,
            outputs::<f32, _, N, H, R, M>(&Portable, &single, architecture, &points),
        ),
        (
            Engine::Lanes,
            outputs::<Number, _, N, H, R, M>(&cpu, &single, architecture, &points),
        ),
    ] {
        report.compare(
            subject,
            OPERATIONS,
            (engine, Basis::Reference),
            &got,
            &reference,
            &spread,
        );
    }

    let linear = Objective::Linear;
    let reference = objective::<f64, _, N, H, R, M>(&Portable, linear, &theta, architecture, &points);
    let spread = Spread {
        sensitivities: sensitivities(|nudge| {
            let moved: Vec<_> = points.iter().map(|point| point.nudged(nudge)).collect();
            objective::<f64, _, N, H, R, M>(&Portable, linear, &nudge.parameters(&theta), architecture, &moved)
        }),
        deviations: deviations(RUNS_OF_SUMS, &reference, || {
            objective::<Stochastic, _, N, H, R, M>(&Portable, linear, &stochastic, architecture, &points)
        }),
    };
    let vjp = [Operation::NetworkVjp];
    let [value, gradient] = reference;
    let (got, expected) = vjp_by_differences(&theta, architecture, &points, &gradient);
    let by_vjp = spread.of([1]);
    let spread_of_differences = by_vjp.deviating([deviation(&value, spread.deviations[0], &expected)]);
    report.compare(subject, vjp, differences, &[got], &[expected], &spread_of_differences);
    for (engine, [_, got]) in [
        (
            Engine::F32,
            objective::<f32, _, N, H, R, M>(&Portable, linear, &single, architecture, &points),
        ),
        (
            Engine::Lanes,
            objective::<Number, _, N, H, R, M>(&cpu, linear, &single, architecture, &points),
        ),
    ] {
        report.compare(
            subject,
            vjp,
            (engine, Basis::Reference),
            &[got],
            from_ref(&gradient),
            &by_vjp,
        );
    }
    Ok(())
}

/// The [sensitivities] of [`outputs`].
pub fn output_sensitivities<const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &Parameters<f64, N, H, R, M>,
    architecture: Architecture,
    points: &[Point<N, H, M>],
) -> [f64; 7] {
    sensitivities(|nudge| {
        let moved: Vec<_> = points.iter().map(|point| point.nudged(nudge)).collect();
        outputs::<f64, _, N, H, R, M>(&Portable, &nudge.parameters(theta), architecture, &moved)
    })
}

/// Tensor by tensor, the derivative of the linear objective along a random direction of length 1: as a difference, and by the gradient.
fn vjp_by_differences<const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &Parameters<f64, N, H, R, M>,
    architecture: Architecture,
    points: &[Point<N, H, M>],
    mut gradient: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let mut stream = Stream::new(3, Purpose::Evaluation, 0);
    let (mut got, mut expected) = (Vec::new(), Vec::new());
    for index in 0..Parameters::<f64, N, H, R, M>::TENSORS {
        let direction: Vec<f64> = theta.values(index).iter().map(|_| stream.normal()).collect();
        let length = rms(&direction) * (direction.len() as f64).sqrt();
        let direction: Vec<f64> = direction.iter().map(|u| u / length).collect();
        let (own, rest) = gradient.split_at(direction.len());
        gradient = rest;
        expected.push(own.iter().zip(&direction).map(|(d, u)| d * u).sum());
        got.push(central(|h| {
            let mut moved = Box::new(*theta);
            for (value, u) in moved.values_mut(index).iter_mut().zip(&direction) {
                *value += h * u;
            }
            let [value, _] =
                objective::<f64, _, N, H, R, M>(&Portable, Objective::Linear, &moved, architecture, points);
            value[0]
        }));
    }
    (got, expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One weight of thousands that is off by 4e-6 is seen; a count of roundings alone would let it pass.
    #[test]
    fn a_weight_slightly_off_is_seen() {
        const N: usize = 1;
        const H: usize = 16;
        const R: usize = 1;
        const M: usize = 16;
        let architecture = config("logistic").unwrap().architecture();
        let (points, theta) = (points::<N, H, M>(), theta::<N, H, R, M>());
        let reference = outputs::<f64, _, N, H, R, M>(&Portable, &theta, architecture, &points);
        let stochastic = rounded::<Stochastic, N, H, R, M>(&theta);
        let spread = Spread {
            sensitivities: output_sensitivities(&theta, architecture, &points),
            deviations: deviations(RUNS, &reference, || {
                outputs::<Stochastic, _, N, H, R, M>(&Portable, &stochastic, architecture, &points)
            }),
        };
        let failed = |theta: &Parameters<f32, N, H, R, M>, spread: &Spread<7>| {
            let mut report = Report::default();
            let got = outputs::<f32, _, N, H, R, M>(&Portable, theta, architecture, &points);
            let against = (Engine::F32, Basis::Reference);
            report.compare("logistic", OPERATIONS, against, &got, &reference, spread);
            println!("{}", report.table());
            report.checks.iter().filter(|check| !check.ok()).count()
        };
        let mut single = rounded::<f32, N, H, R, M>(&theta);
        assert_eq!(failed(&single, &spread), 0);
        let quantiles = Parameters::<f32, N, H, R, M>::TENSORS - 2;
        single.values_mut(quantiles)[0] += 4e-6;
        assert!(failed(&single, &spread) > 0);
        assert_eq!(failed(&single, &Spread::counted(spread.sensitivities)), 0);
    }
}
