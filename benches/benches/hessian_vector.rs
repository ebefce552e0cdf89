//! How long does the product of a vector with the Hessian of a meta-value over the joint policy take, using dual numbers?

use std::hint::black_box;

use meva::cpu::Cpu;
use meva_benches::{Count, ITERATED, LOGISTIC, Wide, count, each_cpu, group, label, normal, stream};
use meva_core::dual::along;
use meva_core::kernels::{Kernels, Portable};
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Dual, Player, Players, Scalar};

fn main() {
    bench::<1, 64, 1, 16>("logistic", LOGISTIC);
    bench::<5, 64, 2, 32>("ipd", ITERATED);
}

/// The gradient of player 0's meta-value on dual numbers.
fn gradient<S: Scalar, K: Kernels<S>, const N: usize, const H: usize, const R: usize, const M: usize>(
    network: &MetaValue<S::Real, N, H, R, M>,
    kernels: &K,
    x: &[[S; N]; 2],
    tape: &mut Tape<S, N, H, R>,
) -> [[S; N]; 2] {
    network.forward(kernels, x, &[S::from_f64(0.9); 2], Players::Only(Player::Zero), tape);
    network.gradient(kernels, Player::Zero, tape)
}

fn bench<const N: usize, const H: usize, const R: usize, const M: usize>(preset: &str, architecture: Architecture) {
    let counted = Parameters::<Count, N, H, R, M>::ZERO;
    let network = MetaValue::new(&counted, architecture);
    let (ones, mut tape) = ([[Dual::<Count>::ONE; N]; 2], Tape::ZERO);
    let operations = count(|| gradient(&network, &Portable, &ones, &mut tape));

    let mut theta = Box::new(Parameters::<f32, N, H, R, M>::ZERO);
    theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
    let network = MetaValue::new(&theta, architecture);
    let mut stream = stream();
    let mut joint = || -> [[Wide; N]; 2] { std::array::from_fn(|_| normal(&mut stream)) };
    let x = along(&joint(), &joint());
    let single = x.map(|row| row.map(|x| x.lane(0)));
    let mut tape = Box::new(Tape::ZERO);
    let mut single_tape = Tape::ZERO;
    each_cpu(|criterion, cpu: Cpu| {
        let name = label(cpu);
        let title = format!("Hessian-vector product, {preset}");
        let mut lanes = group(
            criterion,
            &format!("{title}, 64 lanes"),
            operations * Wide::LANES as u64,
        );
        lanes.bench_function(name.as_str(), |b| {
            b.iter(|| gradient(&network, &cpu, black_box(&x), &mut tape))
        });
        lanes.finish();
        let mut alone = group(criterion, &format!("{title}, one joint policy"), operations);
        alone.bench_function(name, |b| {
            b.iter(|| gradient(&network, &cpu, black_box(&single), &mut single_tape))
        });
        alone.finish();
    });
}
