//! One update of Algorithm 1: by the core, by the CPU engine with its own order of operations, and by GPUs.

use std::sync::Arc;

use meva_core::game::AnyGame;
use meva_core::parameters::{Parameters, Tensor};
use meva_operations::bounds::Implementation;
use meva_operations::cases::{Case, Numbers, Single, in_f32};
use meva_operations::checked::{H, M, R, SmallUpdate, iterated, on_the_plane};
use meva_operations::game::Played;
use meva_operations::{Domain, Source};

use super::gpu;
use super::holder::Held;
use super::report::Report;
use crate::config::Config;
use crate::cpu::Cpu;
use crate::cpu::algorithm1 as engine;
use crate::cpu::estimate::Playable;
use crate::cpu::memory::zeroed;
use crate::draws::Draws;
use crate::error::Result;
use crate::gpu::{Gpu, OptimizerStep, OuterDraws, Plan, Updater};

/// The second moments that training starts from here. With zeros, as in real training, a step has length `eta` whatever
/// the gradient, and where the gradient is only rounding error, the sign of the step is random.
const SECOND_MOMENTS: f32 = 0.01;

/// Provides an operation with the draws of a run's first outer iteration.
struct FirstIteration<const N: usize, const H: usize> {
    draws: Draws<N, H>,
    /// How many numbers of each input have been read.
    x: usize,
    exploration_gamma: usize,
    mask: usize,
    gamma: usize,
}

impl<const N: usize, const H: usize> FirstIteration<N, H> {
    fn new(config: &Config) -> Self {
        FirstIteration {
            draws: draws(config),
            x: 0,
            exploration_gamma: 0,
            mask: 0,
            gamma: 0,
        }
    }
}

impl<const N: usize, const H: usize> Source<f64> for FirstIteration<N, H> {
    fn numbers(&mut self, _: &'static str, _: Domain, _: &mut [f64]) {}

    fn reals(&mut self, name: &'static str, _: Domain, reals: &mut [f64]) {
        let (numbers, read) = match name {
            "draws.x" => (self.draws.x.as_flattened().as_flattened(), &mut self.x),
            "draws.gamma_explore" => (self.draws.exploration_gamma.as_flattened(), &mut self.exploration_gamma),
            "draws.mask" => (self.draws.mask.as_flattened().as_flattened(), &mut self.mask),
            _ => (self.draws.gamma[0].as_flattened(), &mut self.gamma),
        };
        for real in reals {
            // Without exploration there are no signs to flip.
            *real = numbers.get(*read).map_or(1.0, |number| f64::from(*number));
            *read += 1;
        }
    }

    fn constants(&mut self, _: &'static str, _: &mut [f64]) {}

    fn tensor(&mut self, name: &'static str, _: Domain, _: &Tensor, values: &mut [f64]) {
        match name {
            "moments.m" => values.fill(0.0),
            "moments.v" => values.fill(f64::from(SECOND_MOMENTS)),
            _ => values.iter_mut().for_each(|value| *value = f64::from(*value as f32)),
        }
    }

    fn weight(&mut self) -> f64 {
        1.0
    }
}

/// The draws of the first outer iteration of a run.
fn draws<const N: usize, const H: usize>(config: &Config) -> Draws<N, H> {
    Draws::new(config.seed, 0, config.batch, 1, config.starts(), config.flips())
}

/// One update of small networks on every implementation.
///
/// # Errors
/// A device failed.
pub(super) fn check(report: &mut Report, cpu: Cpu, gpus: &[Arc<Gpu>]) -> Result<()> {
    for preset in ["logistic", "ipd"] {
        let mut config = gpu::small(preset)?;
        config.set("networks=shared")?;
        match config.any_game()? {
            AnyGame::Plane(game) => hold::<_, 1>(report, preset, &config, game, on_the_plane, cpu, gpus)?,
            AnyGame::IteratedMatrix(game) => hold::<_, 5>(report, preset, &config, game, iterated, cpu, gpus)?,
        }
    }
    Ok(())
}

fn hold<G: Played<N> + Playable<N>, const N: usize>(
    report: &mut Report,
    subject: &'static str,
    config: &Config,
    game: G,
    single: fn(&SmallUpdate<G, N>) -> &dyn Single,
    cpu: Cpu,
    gpus: &[Arc<Gpu>],
) -> Result<()> {
    let operation = SmallUpdate::<G, N> {
        subject,
        game,
        settings: config.settings(),
        batch: config.batch,
        stride: config.stride,
        before: 0,
        updates: 1,
    };
    let operation = single(&operation);
    let case = Case::record(operation, &mut FirstIteration::<N, H>::new(config), &|_| true);
    let cases = std::slice::from_ref(&case);
    let held = Held::new(operation, cases);
    let by_core = in_f32(operation, cases, &|_| true);
    held.formulas(report, Implementation::F32, &by_core);
    let of_engine = Results::of_engine::<G, N>(game, config, cpu, &case);
    held.formulas(report, Implementation::Lanes, &of_engine.outputs(operation, config));
    for device in gpus {
        let results = Results::of_gpu(device, config, &case)?;
        let outputs = results.outputs(operation, config);
        held.formulas(report, gpu::implementation(device), &outputs);
    }
    Ok(())
}

/// The results of an update that engines expose.
struct Results {
    loss: f32,
    theta: Vec<f32>,
    first_moments: Vec<f32>,
}

/// The numbers of `theta` that an update starts from.
fn start(case: &Case) -> Vec<f32> {
    let numbers = case.tensors("theta").flat_map(|(_, values)| values);
    numbers.map(|number| *number as f32).collect()
}

impl Results {
    /// By output. First moments are `(1 - beta1)` times the gradient.
    fn outputs(&self, operation: &dyn Single, config: &Config) -> Vec<Numbers> {
        let share = 1.0 - config.beta1;
        let wide = |numbers: &[f32]| numbers.iter().map(|number| f64::from(*number)).collect();
        let of = |name: &str| -> Vec<f64> {
            match name {
                "after.loss" => vec![f64::from(self.loss)],
                "after.theta" => wide(&self.theta),
                "after.m" => wide(&self.first_moments),
                "after.grad" => self
                    .first_moments
                    .iter()
                    .map(|moment| f64::from(*moment) / share)
                    .collect(),
                _ => Vec::new(),
            }
        };
        let outputs = operation.outputs().iter();
        outputs
            .map(|output| Numbers {
                sums: of(output.name),
                ..Numbers::default()
            })
            .collect()
    }

    fn of_engine<G: Playable<N>, const N: usize>(game: G, config: &Config, cpu: Cpu, case: &Case) -> Self {
        let Config {
            batch, stride, seed, ..
        } = *config;
        let mut engine = engine::Engine::<N, H, R, M, 1>::new(&game, config.sampling(), cpu, batch, stride, seed);
        let [state] = &mut *engine.states;
        let mut theta: Box<Parameters<f32, N, H, R, M>> = zeroed();
        for (value, number) in theta.numbers_mut().zip(start(case)) {
            *value = number;
        }
        state.theta.copy_from(&theta);
        state.target.copy_from(&theta);
        state.v.numbers_mut().for_each(|value| *value = SECOND_MOMENTS);
        // What is not finite is found by the comparison.
        let learned = engine.outer_iteration(&config.settings(), None, &draws(config));
        let [state] = &*engine.states;
        Results {
            loss: learned.map_or(f32::NAN, |learned| learned.loss),
            theta: state.theta.numbers().copied().collect(),
            first_moments: state.m.numbers().copied().collect(),
        }
    }

    fn of_gpu(gpu: &Arc<Gpu>, config: &Config, case: &Case) -> Result<Self> {
        let theta = start(case);
        let count = theta.len();
        let start = [&theta[..], &theta, &vec![0.0; count], &vec![SECOND_MOMENTS; count]].concat();
        let mut updater = Updater::new(Arc::clone(gpu), Plan::of(config, 1)?.on(gpu), 1)?;
        updater.set_state(0, &start);
        let draws = OuterDraws::of(std::slice::from_ref(config), 0)?;
        let losses = updater.run(&[draws], &[OptimizerStep::of(config, 0)])?;
        let state = updater.state(0)?;
        Ok(Results {
            loss: losses[0],
            theta: state[..count].to_vec(),
            first_moments: state[2 * count..3 * count].to_vec(),
        })
    }
}
