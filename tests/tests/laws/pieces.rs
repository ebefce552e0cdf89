//! Laws of the components of an update.

use meva_core::adamw::AdamW;
use meva_core::arithmetic::Separate;
use meva_core::random::{Purpose, Stream};
use meva_core::scalar::Real;
use meva_core::{lambda_return, quantile_huber, target_network};
use meva_tests::compare::{Check, Ledger, Scale};
use meva_tests::number::Number;
use meva_tests::tolerance::Law;

use crate::wide;

const K: usize = 6;
const M: usize = 5;

/// Calls a law in both precisions.
macro_rules! in_both {
    ($law:ident) => {{
        let mut ledger = Ledger::default();
        $law::<f64>(&mut ledger);
        $law::<f32>(&mut ledger);
        ledger.finish();
    }};
}

fn draws<T: Real, const A: usize, const B: usize>(index: u64) -> [[T; A]; B] {
    let mut stream = Stream::new(5, Purpose::Evaluation, index);
    [(); B].map(|()| [(); A].map(|()| T::round(stream.normal())))
}

/// Targets from the last step to the first.
fn targets<T: Real>(rewards: &[T; K], bootstrap: &[[T; M]; K], gamma: f64, lambda: f64) -> [[T; M]; K] {
    let (gamma, lambda) = (T::round(gamma), T::round(lambda));
    let mut y = bootstrap[K - 1];
    let mut targets = [[T::ZERO; M]; K];
    for t in (0..K).rev() {
        lambda_return::step(rewards[t], &bootstrap[t], gamma, lambda, &mut y);
        targets[t] = y;
    }
    targets
}

/// Lambda 0 looks one step ahead, lambda 1 to the end; gamma 0 uses only the reward, gamma 1 only the predictions.
#[test]
fn lambda_returns_at_the_ends() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        let [rewards] = draws::<T, K, 1>(0);
        let bootstrap = draws::<T, M, K>(1);
        let (r, q) = (rewards.map(Real::to_f64), bootstrap.map(|row| row.map(Real::to_f64)));
        let mut check = |label: &str, got: [[T; M]; K], expected: &dyn Fn(usize, usize) -> f64| {
            let expected = (0..K)
                .flat_map(|t| (0..M).map(move |m| (t, m)))
                .map(|(t, m)| expected(t, m))
                .collect();
            let check = Check::new(Law::LambdaLimit, label, wide(&got.concat()), expected);
            ledger.check(T::precision(), &check);
        };
        let gamma = 0.75;
        check("lambda 0", targets(&rewards, &bootstrap, gamma, 0.0), &|t, m| {
            (1.0 - gamma) * r[t] + gamma * q[t][m]
        });
        check("lambda 1", targets(&rewards, &bootstrap, gamma, 1.0), &|t, m| {
            let rest = (K - t) as i32;
            let sum: f64 = (t..K).map(|s| gamma.powi((s - t) as i32) * r[s]).sum();
            (1.0 - gamma) * sum + gamma.powi(rest) * q[K - 1][m]
        });
        for lambda in [0.0, 0.5, 1.0] {
            let gamma_0 = targets(&rewards, &bootstrap, 0.0, lambda);
            ledger.equal(
                "gamma 0",
                &wide(&gamma_0.concat()),
                &wide(&rewards.map(|r| [r; M]).concat()),
            );
        }
        let all_ahead = targets(&rewards, &bootstrap, 1.0, 0.0);
        ledger.equal(
            "gamma 1, lambda 0",
            &wide(&all_ahead.concat()),
            &wide(&bootstrap.concat()),
        );
        let to_the_end = targets(&rewards, &bootstrap, 1.0, 1.0);
        ledger.equal(
            "gamma 1, lambda 1",
            &wide(&to_the_end.concat()),
            &wide(&[bootstrap[K - 1]; K].concat()),
        );
    }
    in_both!(law);
}

/// Values are normalised: constant rewards and predictions are their own targets.
#[test]
fn lambda_returns_of_constants() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        for (gamma, lambda) in [(0.0, 0.3), (0.5, 0.0), (0.9, 0.9), (0.99, 1.0), (1.0, 0.5)] {
            let got = targets(&[T::round(-1.75); K], &[[T::round(-1.75); M]; K], gamma, lambda);
            let label = format!("gamma {gamma}, lambda {lambda}");
            let check = Check::new(Law::LambdaLimit, label, wide(&got.concat()), vec![-1.75; K * M]);
            ledger.check(T::precision(), &check);
        }
    }
    in_both!(law);
}

/// <dy, J dq> = <J^T dy, dq> for the map from predictions to the first target.
#[test]
fn the_adjoint_of_lambda_returns() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        for (gamma, lambda) in [(0.0, 0.3), (0.5, 0.0), (0.9, 0.9), (1.0, 1.0)] {
            let dq = draws::<T, M, K>(2);
            let [dy] = draws::<T, M, 1>(3);
            // The map is linear in the predictions when rewards vanish.
            let forward = targets(&[T::ZERO; K], &dq, gamma, lambda)[0];
            let mut adjoint = dy;
            let mut by_prediction = [[T::ZERO; M]; K];
            for by_prediction in &mut by_prediction {
                lambda_return::vjp(T::round(gamma), T::round(lambda), &mut adjoint, by_prediction);
            }
            for (by_last, adjoint) in by_prediction[K - 1].iter_mut().zip(adjoint) {
                *by_last += adjoint;
            }
            let terms = |a: &[T], b: &[T]| {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| a.to_f64() * b.to_f64())
                    .collect::<Vec<_>>()
            };
            let (left, right) = (terms(&dy, &forward), terms(&by_prediction.concat(), &dq.concat()));
            let label = format!("gamma {gamma}, lambda {lambda}");
            let mut check = Check::new(Law::Adjoint, label, vec![right.iter().sum()], vec![left.iter().sum()]);
            check.scale = Scale::RmsPlus(left.iter().map(|term| term.abs()).sum());
            ledger.check(T::precision(), &check);
        }
    }
    in_both!(law);
}

/// Shifting predictions and targets together changes nothing: the two gradients sum to zero.
#[test]
fn the_quantile_loss_sees_differences_alone() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        for index in 0..10 {
            let [q, y] = draws::<T, M, 2>(10 + index);
            let (mut dq, mut dy) = ([T::ZERO; M], [T::ZERO; M]);
            let loss = quantile_huber::value_and_gradient(Separate, &q, &y, &mut dq);
            quantile_huber::gradient_by_targets(&q, &y, &mut dy);
            let mut check = Check::new(
                Law::Translation,
                format!("gradients, draw {index}"),
                vec![wide(&dq).iter().sum()],
                vec![-wide(&dy).iter().sum::<f64>()],
            );
            check.scale = Scale::RmsPlus(wide(&dq).iter().map(|d| d.abs()).sum());
            ledger.check(T::precision(), &check);
            let by = T::round(2.5);
            let moved = quantile_huber::value_and_gradient(Separate, &q.map(|q| q + by), &y.map(|y| y + by), &mut dq);
            let label = format!("loss, draw {index}");
            let check = Check::new(Law::Translation, label, vec![moved.to_f64()], vec![loss.to_f64()]);
            ledger.check(T::precision(), &check);
        }
    }
    in_both!(law);
}

/// Equal predictions and targets have zero loss and zero gradient.
#[test]
fn a_perfect_prediction_costs_nothing() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        let q = [T::round(0.7); M];
        let mut dq = [T::ONE; M];
        let loss = quantile_huber::value_and_gradient(Separate, &q, &q, &mut dq);
        ledger.equal("loss", &[loss.to_f64()], &[0.0]);
        ledger.equal("gradient", &wide(&dq), &[0.0; M]);
    }
    in_both!(law);
}

/// Without epsilon, Adam is invariant to the scale of its gradients: powers of two change no bit.
#[test]
fn adam_ignores_the_scale_of_gradients() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        let adam = AdamW {
            eta: 0.01,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 0.0,
            weight_decay: 0.1,
        };
        let [start] = draws::<T, M, 1>(30);
        let run = |factor: f64| {
            let (mut theta, mut m, mut v) = (start, [T::ZERO; M], [T::ZERO; M]);
            for step in 1..=5 {
                let [gradient] = draws::<T, M, 1>(30 + u64::from(step));
                let scaled = gradient.map(|g| T::round(factor) * g);
                adam.step(step, &scaled, &mut theta, &mut m, &mut v);
            }
            wide(&theta)
        };
        ledger.identical("scaled by 1024", &run(1024.0), &run(1.0));
    }
    in_both!(law);
}

/// A target network that equals its target stays there, and one without inertia reaches it at once.
#[test]
fn target_networks_arrive() {
    fn law<T: Real + Number>(ledger: &mut Ledger) {
        let [theta, start] = draws::<T, M, 2>(40);
        let mut target = theta;
        target_network::step(0.99, &theta, &mut target);
        ledger.identical("arrived", &wide(&target), &wide(&theta));
        let mut target = start;
        target_network::step(0.0, &theta, &mut target);
        let mut check = Check::new(Law::Translation, "at once", wide(&target), wide(&theta));
        check.scale = Scale::RmsPlus(wide(&start).iter().map(|s| s.abs()).fold(0.0, f64::max));
        ledger.check(T::precision(), &check);
    }
    in_both!(law);
}
