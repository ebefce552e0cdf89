//! The slice operations, through the kernels, and the optimiser of parameters.

use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::kernels::Kernels;
use meva_core::layer_norm::{LayerNorm, LayerTape};
use meva_core::{Real, Scalar, lambda_return, quantile_huber, residual, target_network};

use crate::Report;
use crate::bits::{Bits, Fnv, draw, draw_rows, inputs};

/// Numbers of inputs and outputs on both sides of the block size, and not multiples of it.
const I: usize = 5;
const O: usize = 10;

/// Every slice operation on one scalar.
pub fn run<S: Bits, K: Kernels<S>>(kernels: &K, report: &mut Report)
where
    S::Real: Bits,
    S::Lane: Bits,
{
    let mut of = |name, operation: &dyn Fn(&mut Fnv)| {
        let mut fnv = Fnv::EMPTY;
        operation(&mut fnv);
        report(name, S::NAME, fnv.finish());
    };
    let stream = &mut inputs(1);
    let w: [[S::Real; I]; O] = draw_rows(stream, -1.0, 1.0);
    let (x, y, dy): ([S; I], [S; O], [S; O]) = (
        draw(stream, -2.0, 2.0),
        draw(stream, -2.0, 2.0),
        draw(stream, -1.0, 1.0),
    );
    of("dense::forward", &|fnv| {
        let mut y = y;
        kernels.dense(&w, &x, &mut y);
        fnv.take_all(&y);
    });
    of("dense::vjp_input", &|fnv| {
        let mut dx = x;
        kernels.dense_vjp_input(&w, &dy, &mut dx);
        fnv.take_all(&dx);
    });
    of("dense::vjp_weight", &|fnv| {
        let mut dw = [[S::Lane::ONE; I]; O];
        kernels.dense_vjp_weight(&dy, &x, &mut dw);
        fnv.take_all(dw.as_flattened());
    });
    of("dense::vjp_bias", &|fnv| {
        let mut db = [S::Lane::ONE; O];
        kernels.dense_vjp_bias(&dy, &mut db);
        fnv.take_all(&db);
    });

    let norm = LayerNorm {
        scale: draw(stream, 0.5, 1.5),
        shift: draw(stream, -0.5, 0.5),
    };
    let forward = |activation| {
        let mut tape = LayerTape {
            normalized: y,
            ..LayerTape::ZERO
        };
        kernels.layer_norm(&norm, activation, &mut tape);
        tape
    };
    for (name, activation) in [
        ("layer_norm::forward gelu", Activation::Gelu),
        ("layer_norm::forward tanh", Activation::Tanh),
    ] {
        of(name, &|fnv| {
            let tape = forward(activation);
            tape.inverse_deviation.digest(fnv);
            for part in [&tape.normalized, &tape.slope, &tape.output] {
                fnv.take_all(part);
            }
        });
    }
    let tape = forward(Activation::Gelu);
    of("layer_norm::vjp", &|fnv| {
        let mut dz = [S::ZERO; O];
        kernels.layer_norm_vjp(&norm, &tape, &dy, &mut dz);
        fnv.take_all(&dz);
    });
    of("layer_norm::vjp_parameters", &|fnv| {
        let mut gradient = LayerNorm {
            scale: [S::Lane::ONE; O],
            shift: [S::Lane::ONE; O],
        };
        kernels.layer_norm_vjp_parameters(&tape, &dy, &mut gradient);
        fnv.take_all(&gradient.scale);
        fnv.take_all(&gradient.shift);
    });

    let gate: [S::Real; O] = draw(stream, -2.0, 2.0);
    let g = residual::gates(&gate);
    of("residual::gates", &|fnv| fnv.take_all(&g));
    of("residual::forward", &|fnv| {
        let mut merged = [S::ZERO; O];
        kernels.residual(&g, &y, &dy, &mut merged);
        fnv.take_all(&merged);
    });
    of("residual::vjp", &|fnv| {
        let (mut dh, mut dbranch) = (dy, [S::ZERO; O]);
        kernels.residual_vjp(&g, &mut dh, &mut dbranch);
        fnv.take_all(&dh);
        fnv.take_all(&dbranch);
    });
    of("residual::vjp_gate", &|fnv| {
        let mut dgate = [S::Lane::ONE; O];
        kernels.residual_vjp_gate(&g, &y, &tape.output, &dy, &mut dgate);
        fnv.take_all(&dgate);
    });

    let (q, targets): ([S; O], [S; O]) = (draw(stream, -2.0, 2.0), draw(stream, -2.0, 2.0));
    of("quantile_huber::value_and_gradient", &|fnv| {
        let mut dq = [S::ZERO; O];
        kernels.quantile_huber(&q, &targets, &mut dq).digest(fnv);
        fnv.take_all(&dq);
    });
    of("quantile_huber::gradient_by_targets", &|fnv| {
        let mut dtargets = [S::ZERO; O];
        quantile_huber::gradient_by_targets(&q, &targets, &mut dtargets);
        fnv.take_all(&dtargets);
    });
    let (gamma, lambda) = (S::draw(stream, 0.0, 1.0), S::Real::round(0.9));
    of("lambda_return::step", &|fnv| {
        let mut y = targets;
        lambda_return::step(x[0], &q, gamma, lambda, &mut y);
        fnv.take_all(&y);
    });
    of("lambda_return::vjp", &|fnv| {
        let (mut dy, mut dq) = (dy, q);
        lambda_return::vjp(gamma, lambda, &mut dy, &mut dq);
        fnv.take_all(&dy);
        fnv.take_all(&dq);
    });
}

/// Twenty steps of AdamW, with the target network that follows.
pub fn optimizer<T: Real + Bits>(report: &mut Report) {
    let stream = &mut inputs(2);
    let adamw = AdamW {
        eta: 1e-3,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weight_decay: 1e-2,
    };
    let mut theta: [T; O] = draw(stream, -1.0, 1.0);
    let (mut target, mut m, mut v) = (theta, [T::ZERO; O], [T::ZERO; O]);
    let (mut by_adamw, mut by_target) = (Fnv::EMPTY, Fnv::EMPTY);
    for step in 1..=20 {
        let gradient: [T; O] = draw(stream, -1.0, 1.0);
        adamw.step(step, &gradient, &mut theta, &mut m, &mut v);
        target_network::step(0.99, &theta, &mut target);
        for part in [&theta, &m, &v] {
            by_adamw.take_all(part);
        }
        by_target.take_all(&target);
    }
    report("adamw::step", T::NAME, by_adamw.finish());
    report("target_network::step", T::NAME, by_target.finish());
}
