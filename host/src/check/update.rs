//! One update of Algorithm 1.

use std::array::from_mut;

use meva_core::algorithm1::{self, Settings, State, Step, Trajectory};
use meva_core::game::AnyGame;
use meva_core::kernels::{Kernels, Portable};
use meva_core::parameters::Parameters;
use meva_core::{Game, Real};

use super::condition::{Nudge, sensitivities};
use super::games::Nudged;
use super::network::{config, numbers, rounded, theta};
use super::packed::{Packed, pack, pack_row, pack_rows};
use super::report::{Basis, Engine, Report};
use super::stochastic::{Stochastic, deviations};
use super::tolerance::{Operation, Spread};
use crate::config::Config;
use crate::cpu::Cpu;
use crate::cpu::algorithm1 as engine;
use crate::cpu::estimate::Playable;
use crate::cpu::memory::zeroed;
use crate::draws::Draws;
use crate::error::Result;

/// What is compared, in the order of [`results`].
pub const OPERATIONS: [Operation; 3] = [Operation::UpdateLoss, Operation::UpdateGradient, Operation::UpdateTheta];

/// The second moments that training starts from here: with zeros, where they do in earnest, a step has the length `eta`
/// whatever the gradient, and its sign is chance where the gradient is rounding error.
const SECOND_MOMENTS: f32 = 0.01;

/// Runs in numbers that round at random.
const RUNS: u64 = 8;

/// A trajectory with its draws, as numbers.
#[derive(Clone, Debug)]
pub struct Draw<const N: usize, const H: usize> {
    /// Where it starts.
    pub x: [[f64; N]; 2],
    /// Discounts while exploring.
    pub exploration_gamma: [f64; 2],
    /// Signs of the last hidden units while exploring.
    pub mask: [[f64; H]; 2],
    /// Discounts of the rollout.
    pub gamma: [f64; 2],
}

impl<const N: usize, const H: usize> Draw<N, H> {
    /// The draw, moved; signs stay.
    pub fn nudged(&self, nudge: &mut Nudge) -> Self {
        Draw {
            x: nudge.rows(&self.x),
            exploration_gamma: self.exploration_gamma.map(|gamma| nudge.number(gamma)),
            mask: self.mask,
            gamma: self.gamma.map(|gamma| nudge.number(gamma)),
        }
    }
}

/// One update on any scalar. Returns the loss and the gradient; the state is then that after the update.
pub fn update<S, K, G, const N: usize, const H: usize, const R: usize, const M: usize>(
    kernels: &K,
    mut game: &G,
    (settings, stride): (&Settings, usize),
    state: &mut State<S::Real, N, H, R, M>,
    draws: &[Draw<N, H>],
) -> (f64, Box<Parameters<S::Real, N, H, R, M>>)
where
    S: Packed,
    K: Kernels<S>,
    G: Game<N>,
{
    let group = |draws: &[Draw<N, H>]| {
        // Lanes beyond the batch repeat a trajectory with weight 0.
        let at = |l: usize| draws.get(l).unwrap_or(&draws[0]);
        Trajectory {
            x: pack_rows(|l| at(l).x),
            exploration_gamma: pack_row(|l| at(l).exploration_gamma),
            mask: pack_rows(|l| at(l).mask),
            gamma: pack_row(|l| at(l).gamma),
            weight: pack(|l| if l < draws.len() { 1.0 } else { 0.0 }),
        }
    };
    let mut groups: Vec<Trajectory<S, N, H>> = draws.chunks(S::LANES).map(group).collect();
    let mut steps = vec![Step::ZERO; stride + 1];
    let mut gradient = Box::new(Parameters::ZERO);
    let loss = algorithm1::update(
        kernels,
        &mut game,
        settings,
        from_mut(state),
        &mut groups,
        &mut steps,
        from_mut(&mut *gradient),
    );
    (loss.to_f64(), gradient)
}

/// The draws of the first outer iteration of a run.
fn draws<const N: usize, const H: usize>(config: &Config) -> Draws<N, H> {
    Draws::new(config.seed, 0, config.batch, 1, config.starts(), config.flips())
}

/// The same as numbers.
fn wide<const N: usize, const H: usize>(draws: &Draws<N, H>) -> Vec<Draw<N, H>> {
    let rows = |rows: &[[f32; N]; 2]| rows.map(|row| row.map(f64::from));
    let draw = |b: usize| Draw {
        x: rows(&draws.x[b]),
        exploration_gamma: draws.exploration_gamma[b].map(f64::from),
        mask: draws
            .mask
            .get(b)
            .map_or([[1.0; H]; 2], |mask| mask.map(|row| row.map(f64::from))),
        gamma: draws.gamma[0][b].map(f64::from),
    };
    (0..draws.x.len()).map(draw).collect()
}

/// Loss, gradient and theta by the core on any plain number.
fn by_core<T, G, const N: usize, const H: usize, const R: usize, const M: usize>(
    game: &G,
    config: &Config,
    theta: &Parameters<f64, N, H, R, M>,
    draws: &[Draw<N, H>],
) -> [Vec<f64>; 3]
where
    T: Real,
    G: Game<N>,
{
    let mut state = Box::new(State::<T, N, H, R, M>::ZERO);
    state.theta = *rounded(theta);
    state.target = *rounded(theta);
    for index in 0..Parameters::<T, N, H, R, M>::TENSORS {
        state.v.values_mut(index).fill(T::round(f64::from(SECOND_MOMENTS)));
    }
    let settings = (&config.settings(), config.stride);
    let (loss, gradient) = update::<T, _, G, N, H, R, M>(&Portable, game, settings, &mut state, draws);
    [vec![loss], numbers(&*gradient), numbers(&state.theta)]
}

/// The numbers of the state that updates start from: `theta`, `theta_bar`, `m`, `v`, one after the other.
pub fn start(theta: &[f64]) -> Vec<f32> {
    let theta: Vec<f32> = theta.iter().map(|number| *number as f32).collect();
    [
        &theta[..],
        &theta,
        &vec![0.0; theta.len()],
        &vec![SECOND_MOMENTS; theta.len()],
    ]
    .concat()
}

/// Loss, gradient and theta of an engine from its first moments, which are `(1 - beta1)` times the gradient.
pub fn results(config: &Config, loss: f32, first_moments: &[f32], theta: &[f32]) -> [Vec<f64>; 3] {
    let wide = |numbers: &[f32]| numbers.iter().map(|number| f64::from(*number)).collect::<Vec<f64>>();
    let share = 1.0 - config.beta1;
    let gradient = wide(first_moments).iter().map(|moment| moment / share).collect();
    [vec![f64::from(loss)], gradient, wide(theta)]
}

fn by_lanes<G, const N: usize, const H: usize, const R: usize, const M: usize>(
    game: G,
    config: &Config,
    theta: &Parameters<f64, N, H, R, M>,
) -> Result<[Vec<f64>; 3]>
where
    G: Playable<N>,
{
    let Config {
        batch, stride, seed, ..
    } = *config;
    let mut engine =
        engine::Engine::<N, H, R, M, 1>::new(&game, config.sampling(), Cpu::detect()?, batch, stride, seed);
    let [state] = &mut *engine.states;
    let mut start: Box<Parameters<f32, N, H, R, M>> = zeroed();
    start.copy_from(&rounded(theta));
    state.theta.copy_from(&start);
    state.target.copy_from(&start);
    for index in 0..Parameters::<f32, N, H, R, M>::TENSORS {
        state.v.values_mut(index).fill(SECOND_MOMENTS);
    }
    let loss = engine.outer_iteration(&config.settings(), &draws(config));
    let flat = |parameters: &Parameters<f32, N, H, R, M>| -> Vec<f32> {
        (0..Parameters::<f32, N, H, R, M>::TENSORS)
            .flat_map(|index| parameters.values(index))
            .copied()
            .collect()
    };
    Ok(results(
        config,
        loss,
        &flat(&engine.states[0].m),
        &flat(&engine.states[0].theta),
    ))
}

/// What an update should give, and how far rounding moves it.
pub fn reference<G, const N: usize, const H: usize, const R: usize, const M: usize>(
    game: &G,
    config: &Config,
) -> ([Vec<f64>; 3], Spread<3>)
where
    G: Game<N> + Nudged,
{
    let (theta, draws) = (theta::<N, H, R, M>(), wide(&draws::<N, H>(config)));
    let reference = by_core::<f64, G, N, H, R, M>(game, config, &theta, &draws);
    let sensitivities = sensitivities(|nudge| {
        let moved: Vec<_> = draws.iter().map(|draw| draw.nudged(nudge)).collect();
        by_core::<f64, G, N, H, R, M>(&game.nudged(nudge), config, &nudge.parameters(&theta), &moved)
    });
    let deviations = deviations(RUNS, &reference, || {
        by_core::<Stochastic, G, N, H, R, M>(game, config, &theta, &draws)
    });
    let spread = Spread {
        sensitivities,
        deviations,
    };
    (reference, spread)
}

/// One update of small networks on the CPU's engines.
///
/// # Errors
/// The variable that forces an instruction set names none.
pub fn check(report: &mut Report) -> Result<()> {
    for preset in ["logistic", "ipd"] {
        let config = config(preset)?;
        match config.any_game()? {
            AnyGame::Plane(game) => check_update::<_, 1, 16, 1, 16>(report, preset, &config, game)?,
            AnyGame::IteratedMatrix(game) => check_update::<_, 5, 16, 1, 16>(report, preset, &config, game)?,
        }
    }
    Ok(())
}

fn check_update<G, const N: usize, const H: usize, const R: usize, const M: usize>(
    report: &mut Report,
    subject: &str,
    config: &Config,
    game: G,
) -> Result<()>
where
    G: Playable<N> + Nudged,
{
    let (expected, spread) = reference::<G, N, H, R, M>(&game, config);
    let (theta, draws) = (theta::<N, H, R, M>(), wide(&draws::<N, H>(config)));
    for (engine, got) in [
        (
            Engine::F32,
            by_core::<f32, G, N, H, R, M>(&game, config, &theta, &draws),
        ),
        (Engine::Lanes, by_lanes(game, config, &theta)?),
    ] {
        report.compare(
            subject,
            OPERATIONS,
            (engine, Basis::Reference),
            &got,
            &expected,
            &spread,
        );
    }
    Ok(())
}
