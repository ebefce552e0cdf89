//! The pieces of an update: the quantile Huber loss, lambda-returns and AdamW.

use meva_core::adamw::AdamW;
use meva_core::scalar::Real;
use meva_core::{Lanes, lambda_return, quantile_huber};
use meva_tests::compare::{Check, Ledger};
use meva_tests::number::{Number, pack_row, unpack};
use meva_tests::tolerance::Operation;
use meva_tests::vectors::{cases, list, number, numbers, row};
use serde_json::Value;

/// Calls a function generic over the number of quantiles.
macro_rules! with_quantiles {
    ($count:expr, $function:ident :: < $s:ty > ( $($argument:expr),* )) => {
        match $count {
            1 => $function::<$s, 1>($($argument),*),
            2 => $function::<$s, 2>($($argument),*),
            3 => $function::<$s, 3>($($argument),*),
            4 => $function::<$s, 4>($($argument),*),
            5 => $function::<$s, 5>($($argument),*),
            16 => $function::<$s, 16>($($argument),*),
            other => panic!("{other} quantiles are not compiled in"),
        }
    };
}

fn loss<S: Number, const M: usize>(group: &[&Value]) -> Vec<Vec<Check>> {
    let q: [S; M] = pack_row(|l| row(&group[l]["q"]));
    let y: [S; M] = pack_row(|l| row(&group[l]["y"]));
    let mut dq = [S::ZERO; M];
    let loss = quantile_huber::value_and_gradient(&q, &y, &mut dq);
    let in_lane = |l: usize| {
        let case = group[l];
        let label = format!("q {} y {}", case["q"], case["y"]);
        let got = unpack(&dq, l);
        vec![
            Check::new(
                Operation::QuantileHuber,
                &label,
                unpack([&loss], l),
                numbers(&case["loss"]),
            ),
            Check::new(Operation::QuantileHuberGradient, label, got, numbers(&case["gradient"])),
        ]
    };
    (0..S::LANES).map(in_lane).collect()
}

fn returns<S: Number, const M: usize>(group: &[&Value]) -> Vec<Vec<Check>> {
    let k = list(&group[0]["rewards"]).len();
    let lambda = S::Real::round(number(&group[0]["lambda"]));
    let gamma = S::pack(|l| number(&group[l]["gamma"]));
    let bootstrap = |t: usize| pack_row::<S, M>(|l| row(&group[l]["bootstrap"][t]));
    let mut y = bootstrap(k - 1);
    let mut targets = vec![[S::ZERO; M]; k];
    for t in (0..k).rev() {
        let reward = S::pack(|l| number(&group[l]["rewards"][t]));
        lambda_return::step(reward, &bootstrap(t), gamma, lambda, &mut y);
        targets[t] = y;
    }
    let in_lane = |l: usize| {
        let case = group[l];
        let label = format!("{k} steps, gamma {}, lambda {}", case["gamma"], case["lambda"]);
        let got = unpack(targets.as_flattened(), l);
        vec![Check::new(
            Operation::LambdaReturn,
            label,
            got,
            numbers(&case["targets"]),
        )]
    };
    (0..S::LANES).map(in_lane).collect()
}

fn quantiles(case: &Value) -> usize {
    list(&case["q"]).len()
}

fn bootstraps(case: &Value) -> usize {
    list(&case["bootstrap"][0]).len()
}

fn against_vectors<S: Number>() {
    let mut ledger = Ledger::default();
    for case in &cases("quantile_huber.json") {
        for check in &with_quantiles!(quantiles(case), loss::<S>(&[case]))[0] {
            ledger.check(S::precision(), check);
        }
    }
    for case in &cases("lambda_returns.json") {
        for check in &with_quantiles!(bootstraps(case), returns::<S>(&[case]))[0] {
            ledger.check(S::precision(), check);
        }
    }
    ledger.finish();
}

#[test]
fn losses_and_returns_in_f64() {
    against_vectors::<f64>();
}

#[test]
fn losses_and_returns_in_f32() {
    against_vectors::<f32>();
}

const WIDTH: usize = 4;

/// `WIDTH` cases that resemble `first`, which comes first.
fn alike(cases: &[Value], first: usize, resembles: impl Fn(&Value, &Value) -> bool) -> Vec<&Value> {
    let from_first = cases[first..].iter().chain(&cases[..first]);
    let alike: Vec<_> = from_first.filter(|case| resembles(&cases[first], case)).collect();
    (0..WIDTH).map(|l| alike[l % alike.len()]).collect()
}

fn compare_lanes(ledger: &mut Ledger, lanes: &[Vec<Check>], alone: &[Vec<Check>]) {
    for (l, (lane, alone)) in lanes.iter().zip(alone).enumerate() {
        for (lane, alone) in lane.iter().zip(alone) {
            let label = format!("lane {l}, {:?}, {}", lane.operation, lane.label);
            ledger.identical(&label, &lane.got, &alone.got);
        }
    }
}

#[test]
fn losses_and_returns_in_lanes() {
    let mut ledger = Ledger::default();
    let losses = cases("quantile_huber.json");
    for first in 0..losses.len() {
        let m = quantiles(&losses[first]);
        let group = alike(&losses, first, |a, b| quantiles(a) == quantiles(b));
        let lanes = with_quantiles!(m, loss::<Lanes<WIDTH>>(&group));
        let alone: Vec<_> = group
            .iter()
            .map(|case| with_quantiles!(m, loss::<f32>(&[case])).remove(0))
            .collect();
        compare_lanes(&mut ledger, &lanes, &alone);
    }
    let all = cases("lambda_returns.json");
    for first in 0..all.len() {
        let m = bootstraps(&all[first]);
        // Lambda is one number for all lanes.
        let group = alike(&all, first, |a, b| {
            (bootstraps(a), list(&a["rewards"]).len(), &a["lambda"])
                == (bootstraps(b), list(&b["rewards"]).len(), &b["lambda"])
        });
        let lanes = with_quantiles!(m, returns::<Lanes<WIDTH>>(&group));
        let alone: Vec<_> = group
            .iter()
            .map(|case| with_quantiles!(m, returns::<f32>(&[case])).remove(0))
            .collect();
        compare_lanes(&mut ledger, &lanes, &alone);
    }
    ledger.finish();
}

/// The optimiser's numbers are plain reals on every engine: there are no lanes of parameters.
fn optimizer<T: Real + Number>() {
    let mut ledger = Ledger::default();
    for case in &cases("adamw.json") {
        let hp = |key: &str| number(&case["hp"][key]);
        let adamw = AdamW {
            eta: hp("lr"),
            beta1: hp("beta1"),
            beta2: hp("beta2"),
            epsilon: hp("eps"),
            weight_decay: hp("decay"),
        };
        let read = |value: &Value| numbers(value).into_iter().map(T::round).collect::<Vec<T>>();
        let mut theta = read(&case["theta"]);
        let (mut m, mut v) = (vec![T::ZERO; theta.len()], vec![T::ZERO; theta.len()]);
        let mut step = 0;
        for (gradient, expected) in list(&case["gradients"]).iter().zip(list(&case["trajectory"])) {
            step += 1;
            adamw.step(step, &read(gradient), &mut theta, &mut m, &mut v);
            let label = format!("step {step} with {}", case["hp"]);
            let check = Check::new(Operation::AdamWTheta, label, unpack(&theta, 0), numbers(expected));
            ledger.check(T::precision(), &check);
        }
        for (got, key) in [(&m, "m"), (&v, "v")] {
            let label = format!("{key} with {}", case["hp"]);
            let check = Check::new(Operation::AdamWMoments, label, unpack(got, 0), numbers(&case[key]));
            ledger.check(T::precision(), &check);
        }
    }
    ledger.finish();
}

#[test]
fn adamw_in_f64() {
    optimizer::<f64>();
}

#[test]
fn adamw_in_f32() {
    optimizer::<f32>();
}
