//! How fast are the elementary functions and the activations built from them, as compiled without dispatch?
//!
//! The engine uses them inside its layer norms; that bench measures them for each instruction set.

use std::hint::black_box;

use meva::cpu::{Cpu, InstructionSet};
use meva_benches::{Count, Flops, Wide, count, group, normal, stream};
use meva_core::Scalar;
use meva_core::activation::Activation;

fn main() {
    let baseline = Cpu::new(InstructionSet::Baseline).expect("it is always available");
    let mut criterion = criterion::Criterion::default()
        .with_measurement(Flops::new(baseline, 1))
        .configure_from_args();
    let [x]: [Wide; 1] = normal(&mut stream());
    macro_rules! function {
        ($name:literal, $function:expr, $counted:expr) => {{
            let operations = Wide::LANES as u64 * count(|| $counted(Count::ONE));
            let mut group = group(&mut criterion, "64 lanes", operations);
            group.bench_function($name, |b| b.iter(|| $function(black_box(x))));
            group.finish();
        }};
    }
    function!("exp", Scalar::exp, Scalar::exp);
    function!("tanh", Scalar::tanh, Scalar::tanh);
    function!("sigmoid", Scalar::sigmoid, Scalar::sigmoid);
    for activation in [Activation::Gelu, Activation::Tanh] {
        let operations = Wide::LANES as u64 * count(|| activation.value_and_slope(Count::ONE));
        let mut group = group(&mut criterion, "64 lanes, value and slope", operations);
        group.bench_function(format!("{activation:?}"), |b| {
            b.iter(|| activation.value_and_slope(black_box(x)))
        });
        group.finish();
    }
    criterion.final_summary();
}
