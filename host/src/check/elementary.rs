//! exp, tanh, sigmoid and GELU in `f32` against `f64`.

use meva_core::Scalar;
use meva_core::activation::Activation;
use meva_core::random::{Purpose, Stream};

use super::packed::{Packed, in_lanes, pack};
use super::report::{Derivative, Engine, Report, Unit, relative_error, ulp_error};
use super::tolerance::Operation;
use crate::cpu::Number;

/// What is compared, in the order of [`outputs`].
pub const OPERATIONS: [Operation; 5] = [
    Operation::Exp,
    Operation::Tanh,
    Operation::Sigmoid,
    Operation::Gelu,
    Operation::GeluSlope,
];

/// Inputs of either sign and every magnitude from 2^-20 to 2^6.4 = 84, where exp leaves the normal range.
pub fn inputs() -> Vec<f64> {
    let mut stream = Stream::new(0, Purpose::Evaluation, 0);
    let input = |_| f64::from((stream.sign(0.5) * libm::exp2(stream.uniform(-20.0, 6.4))) as f32);
    (0..4096).map(input).collect()
}

/// The functions at each input.
pub fn outputs<S: Packed>(inputs: &[f64]) -> [Vec<f64>; 5] {
    in_lanes(inputs, |group| {
        let x: S = pack(|l| *group[l]);
        let (gelu, slope) = Activation::Gelu.value_and_slope(x);
        [
            vec![x.exp()],
            vec![x.tanh()],
            vec![Scalar::sigmoid(x)],
            vec![gelu],
            vec![slope],
        ]
    })
}

/// Compares what an engine gives at the inputs.
pub fn compare(report: &mut Report, engine: Engine, inputs: &[f64], got: &[Vec<f64>; 5]) {
    let exact = outputs::<f64>(inputs);
    for k in 0..OPERATIONS.len() {
        let operation = OPERATIONS[k];
        let error = match operation.row().unit {
            Unit::Ulp => ulp_error(&got[k], &exact[k], |index| exact[k][index]),
            Unit::UlpOfInput => ulp_error(&got[k], &exact[k], |index| inputs[index]),
            Unit::UlpOfOne => ulp_error(&got[k], &exact[k], |_| 1.0),
            Unit::Rms => relative_error(&got[k], &exact[k]),
        };
        let derivative = operation.is_derivative().then_some(Derivative::Analytic);
        report.add(
            "",
            operation,
            (engine, derivative),
            error,
            operation.bound(engine, derivative, 0.0, f64::INFINITY),
        );
    }
}

/// The functions on the CPU's engines.
pub fn check(report: &mut Report) {
    let inputs = inputs();
    compare(report, Engine::F32, &inputs, &outputs::<f32>(&inputs));
    compare(report, Engine::Lanes, &inputs, &outputs::<Number>(&inputs));
}
