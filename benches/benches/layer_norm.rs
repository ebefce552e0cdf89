//! How fast are layer norms with the activation that follows them?

use std::hint::black_box;

use meva_benches::{Count, Wide, count, each_cpu, group, label, normal, stream};
use meva_core::Scalar;
use meva_core::activation::Activation;
use meva_core::kernels::{Kernels, Portable};
use meva_core::layer_norm::{LayerNorm, LayerTape};

const H: usize = 64;

fn main() {
    let mut stream = stream();
    let norm = LayerNorm {
        scale: normal::<f32, H>(&mut stream),
        shift: normal(&mut stream),
    };
    let z: [Wide; H] = normal(&mut stream);
    let dy: [Wide; H] = normal(&mut stream);
    let mut dz = [Wide::ZERO; H];
    let unit = LayerNorm {
        scale: [Count::ONE; H],
        shift: [Count::ZERO; H],
    };
    let lanes = Wide::LANES as u64;
    each_cpu(|criterion, cpu| {
        let name = label(cpu);
        for activation in [Activation::Gelu, Activation::Tanh] {
            let mut counted = LayerTape::<Count, H>::ZERO;
            let forward = lanes * count(|| Portable.layer_norm(&unit, activation, &mut counted));
            let mut tape = LayerTape::<Wide, H>::ZERO;
            let mut group = group(
                criterion,
                &format!("layer norm, {activation:?}, of 64 units on 64 lanes"),
                forward,
            );
            group.bench_function(format!("forward/{name}"), |b| {
                b.iter(|| {
                    tape.normalized = *black_box(&z);
                    cpu.layer_norm(black_box(&norm), activation, &mut tape);
                })
            });
            group.finish();
        }
        let mut tape = LayerTape::<Wide, H>::ZERO;
        tape.normalized = z;
        cpu.layer_norm(&norm, Activation::Gelu, &mut tape);
        let counted = LayerTape::<Count, H>::ZERO;
        let back = count(|| Portable.layer_norm_vjp(&unit, &counted, &[Count::ONE; H], &mut [Count::ONE; H]));
        let mut group = group(criterion, "layer norm of 64 units on 64 lanes", lanes * back);
        group.bench_function(format!("vjp/{name}"), |b| {
            b.iter(|| cpu.layer_norm_vjp(black_box(&norm), black_box(&tape), black_box(&dy), &mut dz))
        });
        group.finish();
    });
    black_box(dz);
}
