//! How fast are the affine maps, which do nearly all the arithmetic of training?

use std::hint::black_box;

use meva_benches::{Count, Wide, count, each_cpu, group, label, normal, stream};
use meva_core::Scalar;
use meva_core::arithmetic::Separate;
use meva_core::dense;
use meva_core::kernels::Kernels;

/// Numbers of inputs and outputs: a hidden layer, whose matrix is most of the work.
const H: usize = 64;

fn main() {
    let (ones, row) = ([[Count::ONE; H]; H], [Count::ONE; H]);
    let operations = Wide::LANES as u64 * count(|| dense::forward(Separate, &ones, &row, &mut [Count::ZERO; H]));
    let mut stream = stream();
    let w: Box<[[f32; H]; H]> = Box::new(std::array::from_fn(|_| normal(&mut stream)));
    let (x, dy): ([Wide; H], [Wide; H]) = (normal(&mut stream), normal(&mut stream));
    let (mut y, mut dx) = ([Wide::ZERO; H], [Wide::ZERO; H]);
    let mut dw = Box::new([[0.0; H]; H]);
    each_cpu(|criterion, cpu| {
        let name = label(cpu);
        let mut group = group(criterion, "dense 64 x 64 on 64 lanes", operations);
        group.bench_function(format!("forward/{name}"), |b| {
            b.iter(|| cpu.dense(black_box(&w), black_box(&x), &mut y))
        });
        group.bench_function(format!("vjp_input/{name}"), |b| {
            b.iter(|| cpu.dense_vjp_input(black_box(&w), black_box(&dy), &mut dx))
        });
        group.bench_function(format!("vjp_weight/{name}"), |b| {
            b.iter(|| cpu.dense_vjp_weight(black_box(&dy), black_box(&x), &mut dw))
        });
        group.finish();
    });
    black_box((y, dx, dw));
}
