//! How long does the direction of both agents take: the network's forward pass and each player's own gradient?

use std::hint::black_box;

use meva::cpu::Cpu;
use meva::cpu::memory::zeroed;
use meva_benches::{Count, ITERATED, LOGISTIC, Wide, count, each_cpu, group, label, normal, stream};
use meva_core::kernels::{Kernels, Portable};
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Players, Scalar};

fn main() {
    bench::<1, 64, 1, 16>("logistic", LOGISTIC);
    bench::<5, 64, 2, 32>("ipd", ITERATED);
}

fn field<S: Scalar, K: Kernels<S>, const N: usize, const H: usize, const R: usize, const M: usize>(
    network: &MetaValue<S::Real, N, H, R, M>,
    kernels: &K,
    x: &[[S; N]; 2],
    gamma: &[S; 2],
    tape: &mut Tape<S, N, H, R>,
) -> [[S; N]; 2] {
    network.forward(kernels, x, gamma, Players::Both, tape);
    Player::BOTH.map(|player| network.own_gradient(kernels, player, None, tape))
}

fn bench<const N: usize, const H: usize, const R: usize, const M: usize>(preset: &str, architecture: Architecture) {
    let counted = Parameters::<Count, N, H, R, M>::ZERO;
    let network = MetaValue::new(&counted, architecture);
    let (zeros, mut tape) = ([[Count::ZERO; N]; 2], Tape::ZERO);
    let operations = count(|| field(&network, &Portable, &zeros, &[Count::ZERO; 2], &mut tape));

    let mut theta: Box<Parameters<f32, N, H, R, M>> = zeroed();
    theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
    let network = MetaValue::new(&theta, architecture);
    let mut stream = stream();
    let (x, gamma): ([[Wide; N]; 2], _) = ([normal(&mut stream), normal(&mut stream)], [Wide::from_f64(0.9); 2]);
    let mut tape: Box<Tape<Wide, N, H, R>> = zeroed();
    let (single, single_gamma) = (x.map(|row| row.map(|x| x.0[0])), [0.9; 2]);
    let mut single_tape = Tape::ZERO;
    each_cpu(|criterion, cpu: Cpu| {
        let name = label(cpu);
        let mut lanes = group(
            criterion,
            &format!("own gradients, {preset}, 64 lanes"),
            operations * Wide::LANES as u64,
        );
        lanes.bench_function(name.as_str(), |b| {
            b.iter(|| field(&network, &cpu, black_box(&x), &gamma, &mut tape))
        });
        lanes.finish();
        let mut alone = group(
            criterion,
            &format!("own gradients, {preset}, one joint policy"),
            operations,
        );
        alone.bench_function(name, |b| {
            b.iter(|| field(&network, &cpu, black_box(&single), &single_gamma, &mut single_tape))
        });
        alone.finish();
    });
}
