//! How long does the gradient with respect to all parameters take, after the forward pass?

use std::hint::black_box;

use meva::cpu::memory::zeroed;
use meva_benches::{Count, ITERATED, LOGISTIC, Wide, count, each_cpu, group, label, normal, stream};
use meva_core::kernels::Portable;
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Players, Scalar};

fn main() {
    bench::<1, 64, 1, 16>("logistic", LOGISTIC);
    bench::<5, 64, 2, 32>("ipd", ITERATED);
}

fn bench<const N: usize, const H: usize, const R: usize, const M: usize>(preset: &str, architecture: Architecture) {
    let counted = Parameters::<Count, N, H, R, M>::ZERO;
    let network = MetaValue::new(&counted, architecture);
    let (tape, dq) = (Tape::ZERO, [[Count::ONE; M]; 2]);
    let mut gradient = counted;
    let operations = count(|| network.vjp_parameters(&Portable, Players::Both, &tape, &dq, &mut gradient));

    let mut theta: Box<Parameters<f32, N, H, R, M>> = zeroed();
    theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
    let network = MetaValue::new(&theta, architecture);
    let mut stream = stream();
    let (x, dq): ([[Wide; N]; 2], [[Wide; M]; 2]) = (
        std::array::from_fn(|_| normal(&mut stream)),
        std::array::from_fn(|_| normal(&mut stream)),
    );
    let mut tape: Box<Tape<Wide, N, H, R>> = zeroed();
    let mut gradient: Box<Parameters<f32, N, H, R, M>> = zeroed();
    each_cpu(|criterion, cpu| {
        network.forward(&cpu, &x, &[Wide::from_f64(0.9); 2], Players::Both, &mut tape);
        let name = format!("parameter gradient, {preset}, 64 lanes");
        let mut group = group(criterion, &name, operations * Wide::LANES as u64);
        group.bench_function(label(cpu), |b| {
            b.iter(|| network.vjp_parameters(&cpu, Players::Both, black_box(&tape), black_box(&dq), &mut gradient))
        });
        group.finish();
    });
}
