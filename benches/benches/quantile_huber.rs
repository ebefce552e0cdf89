//! How fast is the loss with its gradient, for the numbers of quantiles of the two presets?

use std::hint::black_box;

use meva_benches::{Count, Wide, count, each_cpu, group, label, normal, stream};
use meva_core::Scalar;
use meva_core::arithmetic::Separate;
use meva_core::kernels::Kernels;
use meva_core::quantile_huber::value_and_gradient;

fn main() {
    bench::<16>();
    bench::<32>();
}

fn bench<const M: usize>() {
    let zeros = [Count::ZERO; M];
    let operations = count(|| value_and_gradient(Separate, &zeros, &zeros, &mut zeros.clone()));
    let mut stream = stream();
    let (q, y): ([Wide; M], [Wide; M]) = (normal(&mut stream), normal(&mut stream));
    let mut dq = [Wide::ZERO; M];
    each_cpu(|criterion, cpu| {
        let name = format!("quantile Huber loss of {M} quantiles on 64 lanes");
        let mut group = group(criterion, &name, Wide::LANES as u64 * operations);
        group.bench_function(label(cpu), |b| {
            b.iter(|| cpu.quantile_huber(black_box(&q), black_box(&y), &mut dq))
        });
        group.finish();
    });
}
