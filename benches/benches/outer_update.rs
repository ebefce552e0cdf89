//! How long does an outer iteration of training take, including draws, on one core and on all?

use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use meva::config::Config;
use meva::cpu::Cpu;
use meva::training::trainer::Trainer;
use meva_benches::{Count, Flops, ITERATED, LOGISTIC, count, group, label};
use meva_core::Scalar;
use meva_core::algorithm1::{Algorithm1, Rollout, Step, Trajectory};
use meva_core::arithmetic::ArithmeticName;
use meva_core::game::{Game, IteratedMatrix, Logistic};
use meva_core::kernels::Portable;
use meva_core::meta_value::{Architecture, Tape};
use meva_core::networks::Networks;
use meva_core::parameters::Parameters;

fn main() {
    bench(
        "logistic",
        operations::<_, 1, 64, 1, 16>("logistic", LOGISTIC, &Logistic),
    );
    bench(
        "ipd-paper",
        operations::<_, 5, 64, 2, 32>("ipd-paper", ITERATED, &IteratedMatrix::PRISONERS_DILEMMA),
    );
}

/// The operations in the formulas of an outer iteration. The engine may do less work, or do some of it twice: times are
/// compared to the formulas either way.
fn operations<G: Game<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
    preset: &str,
    architecture: Architecture,
    mut game: &G,
) -> u64 {
    let config = Config::preset(preset).expect("a preset of this name");
    let settings = config.settings();
    let parameters = Parameters::<Count, N, H, R, M>::ZERO;
    let theta = Networks::new([&parameters], architecture);
    let algorithm1 = Algorithm1 {
        kernels: &Portable,
        settings: &settings,
        theta,
        target: settings.rho.map(|_| theta),
    };
    let mut gradients = [parameters];
    let mut steps = vec![Step::<Count, N, M>::ZERO; config.stride + 1];
    let mut tapes = vec![[Tape::ZERO]; settings.tapes(config.stride)];
    let update = count(|| {
        let (mut trajectory, share) = (Trajectory::<Count, N, H>::ZERO, Count::ONE);
        algorithm1.learn(
            &mut game,
            &mut trajectory,
            share,
            &mut Rollout {
                steps: &mut steps,
                tapes: &mut tapes,
            },
            &mut gradients,
        );
    });
    update * (config.batch * config.updates_per_outer()) as u64
}

fn bench(preset: &str, operations: u64) {
    println!("{preset}: {:.2} GFLOP per outer iteration", operations as f64 / 1e9);
    let detected = Cpu::detect().expect("the environment names an instruction set that this processor has");
    let all = rayon::current_num_threads();
    let mut numbers = vec![1, all];
    numbers.dedup();
    for (threads, arithmetic) in numbers
        .into_iter()
        .flat_map(|threads| ArithmeticName::ALL.map(|name| (threads, name)))
    {
        let cpu = detected.with_arithmetic(arithmetic);
        let mut criterion = Criterion::default()
            .with_measurement(Flops::new(cpu, threads))
            .configure_from_args();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(16 << 20)
            .build()
            .expect("threads can be started");
        let mut config = Config::preset(preset).expect("a preset of this name");
        config.arithmetic = arithmetic;
        let mut trainer = Trainer::new(&config).expect("a valid preset");
        let mut group = group(&mut criterion, &format!("outer iteration, {preset}"), operations);
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            .measurement_time(Duration::from_secs(3));
        group.bench_function(format!("{}/threads {threads}", label(cpu)), |b| {
            pool.install(|| b.iter(|| trainer.outer_iteration().expect("the preset does not diverge")))
        });
        group.finish();
    }
}
