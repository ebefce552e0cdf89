//! Training: a configuration becomes a model, one outer iteration at a time.

use meva_core::Game;
use meva_core::algorithm1::{Settings, State};
use meva_core::parameters::Parameters;

use crate::cola::{ColaEngine, Points};
use crate::config::{Algorithm, Config, Sharing};
use crate::cpu::Cpu;
use crate::draws::Draws;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::game::AnyGame;
use crate::memory::zeroed;
use crate::model::{AnyNetwork, Model};
use crate::network::{Compiled, Network, with_cola_shape, with_shape};
use crate::run_directory::{NamedTensor, TensorFile, parameters_from_tensors, parameters_to_tensors};

/// A training run.
///
/// ```
/// let mut config = meva::config::Config::preset("logistic")?;
/// config.set("hidden=16")?;
/// config.set("batch=8")?;
/// let mut trainer = meva::train::Trainer::new(&config)?;
/// for _ in 0..3 {
///     let loss = trainer.outer_iteration()?;
///     assert!(loss > 0.0);
/// }
/// let [dx, _] = trainer.model().field([&[-3.0], &[2.0]], [0.9, 0.9])?;
/// assert!(dx[0].is_finite());
/// # Ok::<(), meva::error::Error>(())
/// ```
pub struct Trainer {
    config: Config,
    iteration: usize,
    training: Box<dyn Training>,
}

impl Trainer {
    /// A run that starts from parameters drawn by the configuration's seed.
    ///
    /// # Errors
    /// The configuration is not valid, or asks for a network whose shape is not compiled in.
    pub fn new(config: &Config) -> Result<Self> {
        config.validate()?;
        if config.parameters == Sharing::Separate {
            return Err(Error::usage(
                "`parameters` is separate: only a network that both players share can be trained so far",
            )
            .hint("set parameters = \"shared\""));
        }
        let training = match (AnyGame::of(config)?, config.algorithm) {
            (AnyGame::Plane(game), Algorithm::Meva) => plane_training(config, game)?,
            (AnyGame::Iterated(game), Algorithm::Meva) => iterated_training(config, game)?,
            (AnyGame::Plane(game), Algorithm::Cola) => plane_cola(config, game)?,
            (AnyGame::Iterated(game), Algorithm::Cola) => iterated_cola(config, game)?,
        };
        Ok(Trainer {
            config: config.clone(),
            iteration: 0,
            training,
        })
    }

    /// The run that was saved by [`Trainer::state`], to be continued to the same bits.
    ///
    /// # Errors
    /// The file is not a training state.
    pub fn resume(state: &TensorFile) -> Result<Self> {
        let number = |key: &str| -> Result<u32> {
            let text = state.metadata.get(key).map_or("", String::as_str);
            text.parse()
                .map_err(|_| Error::files(format!("this is no training state: its metadata has no number `{key}`")))
        };
        let mut trainer = Trainer::new(&Config::of_metadata(&state.metadata)?)?;
        trainer.training.restore(state, number("updates")?)?;
        trainer.iteration = number("iteration")? as usize;
        Ok(trainer)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Outer iterations so far.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// Runs another number of outer iterations in all than the configuration said at first; the learning rate's schedule
    /// refers to it.
    pub fn set_outer(&mut self, outer: usize) {
        self.config.outer = outer;
    }

    /// One outer iteration. Returns the mean loss of its updates.
    ///
    /// # Errors
    /// The training diverged: the loss or a parameter is infinite or NaN. The state is then what it was before.
    pub fn outer_iteration(&mut self) -> Result<f32> {
        let loss = self
            .training
            .outer_iteration(&self.settings(), &self.config, self.iteration);
        match loss {
            Ok(loss) => {
                self.iteration += 1;
                Ok(loss)
            }
            Err(what) => Err(Error::diverged(format!(
                "training diverged in outer iteration {}: {what}",
                self.iteration
            ))
            .hint("try a smaller eta or alpha, or another seed; the last good model is kept")),
        }
    }

    /// All numbers of the training state: `theta`, `theta_bar`, `m`, `v`, one after the other.
    pub fn numbers(&self) -> Vec<f32> {
        self.training.numbers()
    }

    /// Replaces the training state by one that another engine has brought to this outer iteration; `numbers` are as
    /// [`Trainer::numbers`] gives them.
    pub(crate) fn set_numbers(&mut self, numbers: &[f32], iteration: usize) {
        let updates = iteration * self.config.updates_per_outer();
        self.training.set_numbers(numbers, updates as u32);
        self.iteration = iteration;
    }

    /// The settings of the current iteration: the learning rate follows its schedule.
    fn settings(&self) -> Settings {
        let mut settings = self.config.settings();
        settings.optimizer.eta = self.config.eta_at(self.iteration * self.config.updates_per_outer());
        settings
    }

    /// What has been learned: the target network where there is one, else theta.
    pub fn model(&self) -> Model {
        Model::new(self.config.clone(), self.training.network())
    }

    /// The file of [`Trainer::model`].
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn model_file(&self) -> Result<TensorFile> {
        let mut tensors = self.training.tensors("theta", "");
        if self.config.rho.is_some() {
            tensors.extend(self.training.tensors("target", "target."));
        }
        Ok(TensorFile {
            tensors,
            metadata: self.config.to_metadata()?,
        })
    }

    /// All that is needed to go on: parameters, moments and counters. Random numbers need no state beyond the iteration.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn state(&self) -> Result<TensorFile> {
        let mut metadata = self.config.to_metadata()?;
        metadata.insert("iteration".into(), self.iteration.to_string());
        metadata.insert("updates".into(), self.training.updates().to_string());
        let tensors = PARTS
            .iter()
            .flat_map(|part| self.training.tensors(part, &format!("{part}.")))
            .collect();
        Ok(TensorFile { tensors, metadata })
    }
}

/// The parameter sets of a training state.
const PARTS: [&str; 4] = ["theta", "target", "m", "v"];

/// An engine whose sizes are known only at run time.
trait Training: Send {
    /// The mean loss, or what is not finite.
    fn outer_iteration(
        &mut self,
        settings: &Settings,
        config: &Config,
        iteration: usize,
    ) -> std::result::Result<f32, String>;
    fn updates(&self) -> u32;
    /// One of [`PARTS`] under names with a prefix.
    fn tensors(&self, part: &str, prefix: &str) -> Vec<NamedTensor>;
    fn restore(&mut self, file: &TensorFile, updates: u32) -> Result<()>;
    fn network(&self) -> AnyNetwork;
    /// The sets of [`PARTS`], one after the other.
    fn numbers(&self) -> Vec<f32>;
    fn set_numbers(&mut self, numbers: &[f32], updates: u32);
}

/// What trains a state of known sizes.
trait Learns<const N: usize, const H: usize, const R: usize, const M: usize>: Send {
    fn state(&self) -> &State<f32, N, H, R, M>;
    fn state_mut(&mut self) -> &mut State<f32, N, H, R, M>;
    /// The mean loss of an outer iteration.
    fn learn(&mut self, settings: &Settings, config: &Config, iteration: usize) -> f32;
}

impl<G: Game<N> + Send + Sync, const N: usize, const H: usize, const R: usize, const M: usize> Learns<N, H, R, M>
    for Engine<G, N, H, R, M>
{
    fn state(&self) -> &State<f32, N, H, R, M> {
        &self.state
    }

    fn state_mut(&mut self) -> &mut State<f32, N, H, R, M> {
        &mut self.state
    }

    fn learn(&mut self, settings: &Settings, config: &Config, iteration: usize) -> f32 {
        let updates = config.updates_per_outer();
        let draws = Draws::new(
            config.seed,
            iteration,
            config.batch,
            updates,
            config.starts(),
            config.flips(),
        );
        self.outer_iteration(settings, &draws)
    }
}

impl<G: Game<N> + Send + Sync, const N: usize, const H: usize, const R: usize> Learns<N, H, R, N>
    for ColaEngine<G, N, H, R>
{
    fn state(&self) -> &State<f32, N, H, R, N> {
        &self.state
    }

    fn state_mut(&mut self) -> &mut State<f32, N, H, R, N> {
        &mut self.state
    }

    fn learn(&mut self, settings: &Settings, config: &Config, iteration: usize) -> f32 {
        let updates = config.updates_per_outer();
        let mut losses = 0.0;
        for update in iteration * updates..(iteration + 1) * updates {
            let points = Points::new(config.seed, update, config.batch, config.starts(), config.alpha_max);
            losses += self.update(settings, &points);
        }
        losses / updates as f32
    }
}

/// An engine with what it falls back to if an iteration diverges.
struct Guarded<E, const N: usize, const H: usize, const R: usize, const M: usize> {
    engine: E,
    good: Box<State<f32, N, H, R, M>>,
    config: Config,
    wrap: fn(Box<dyn Network<N>>) -> AnyNetwork,
}

impl<E: Learns<N, H, R, M>, const N: usize, const H: usize, const R: usize, const M: usize> Guarded<E, N, H, R, M> {
    fn new(config: &Config, engine: E, wrap: fn(Box<dyn Network<N>>) -> AnyNetwork) -> Self {
        Guarded {
            engine,
            good: zeroed(),
            config: config.clone(),
            wrap,
        }
    }

    fn part(&self, part: &str) -> &Parameters<f32, N, H, R, M> {
        let state = self.engine.state();
        match part {
            "theta" => &state.theta,
            "target" => &state.target,
            "m" => &state.m,
            _ => &state.v,
        }
    }
}

impl<E: Learns<N, H, R, M>, const N: usize, const H: usize, const R: usize, const M: usize> Training
    for Guarded<E, N, H, R, M>
{
    fn outer_iteration(
        &mut self,
        settings: &Settings,
        config: &Config,
        iteration: usize,
    ) -> std::result::Result<f32, String> {
        self.good.copy_from(self.engine.state());
        let loss = self.engine.learn(settings, config, iteration);
        let culprit = if !loss.is_finite() {
            Some(format!("the loss is {loss}"))
        } else if !self.engine.state().theta.is_finite() {
            Some("a parameter of the network is not finite".to_string())
        } else {
            None
        };
        match culprit {
            None => Ok(loss),
            Some(what) => {
                self.engine.state_mut().copy_from(&self.good);
                Err(what)
            }
        }
    }

    fn updates(&self) -> u32 {
        self.engine.state().updates
    }

    fn tensors(&self, part: &str, prefix: &str) -> Vec<NamedTensor> {
        parameters_to_tensors(self.part(part), prefix)
    }

    fn restore(&mut self, file: &TensorFile, updates: u32) -> Result<()> {
        let state = self.engine.state_mut();
        for (part, parameters) in PARTS
            .iter()
            .zip([&mut state.theta, &mut state.target, &mut state.m, &mut state.v])
        {
            parameters_from_tensors(file, &format!("{part}."), parameters)?;
        }
        state.updates = updates;
        Ok(())
    }

    fn network(&self) -> AnyNetwork {
        let architecture = self.config.settings().architecture;
        (self.wrap)(Box::new(Compiled::of_state(self.engine.state(), architecture)))
    }

    fn numbers(&self) -> Vec<f32> {
        let tensors = |part| {
            let parameters = self.part(part);
            (0..Parameters::<f32, N, H, R, M>::TENSORS).flat_map(|index| parameters.values(index))
        };
        PARTS.iter().flat_map(|part| tensors(part)).copied().collect()
    }

    fn set_numbers(&mut self, mut numbers: &[f32], updates: u32) {
        let state = self.engine.state_mut();
        for parameters in [&mut state.theta, &mut state.target, &mut state.m, &mut state.v] {
            for index in 0..Parameters::<f32, N, H, R, M>::TENSORS {
                let values = parameters.values_mut(index);
                let (own, rest) = numbers.split_at(values.len());
                values.copy_from_slice(own);
                numbers = rest;
            }
        }
        state.updates = updates;
    }
}

type Boxed = Result<Box<dyn Training>>;

fn plane_training<G: Game<1> + Send + Sync + 'static>(config: &Config, game: G) -> Boxed {
    macro_rules! train {
        ($n:literal, $h:literal, $r:literal, $m:literal) => {{
            let engine =
                Engine::<G, $n, $h, $r, $m>::new(game, Cpu::detect()?, config.batch, config.stride, config.seed);
            Box::new(Guarded::new(config, engine, AnyNetwork::Plane)) as Box<dyn Training>
        }};
    }
    with_shape!(1, config.shape(), train)
}

fn iterated_training<G: Game<5> + Send + Sync + 'static>(config: &Config, game: G) -> Boxed {
    macro_rules! train {
        ($n:literal, $h:literal, $r:literal, $m:literal) => {{
            let engine =
                Engine::<G, $n, $h, $r, $m>::new(game, Cpu::detect()?, config.batch, config.stride, config.seed);
            Box::new(Guarded::new(config, engine, AnyNetwork::Iterated)) as Box<dyn Training>
        }};
    }
    with_shape!(5, config.shape(), train)
}

fn plane_cola<G: Game<1> + Send + Sync + 'static>(config: &Config, game: G) -> Boxed {
    macro_rules! train {
        ($n:literal, $h:literal, $r:literal, $m:literal) => {{
            let engine = ColaEngine::<G, $n, $h, $r>::new(game, Cpu::detect()?, config.batch, config.seed);
            Box::new(Guarded::new(config, engine, AnyNetwork::Plane)) as Box<dyn Training>
        }};
    }
    with_cola_shape!(1, config.shape(), train)
}

fn iterated_cola<G: Game<5> + Send + Sync + 'static>(config: &Config, game: G) -> Boxed {
    macro_rules! train {
        ($n:literal, $h:literal, $r:literal, $m:literal) => {{
            let engine = ColaEngine::<G, $n, $h, $r>::new(game, Cpu::detect()?, config.batch, config.seed);
            Box::new(Guarded::new(config, engine, AnyNetwork::Iterated)) as Box<dyn Training>
        }};
    }
    with_cola_shape!(5, config.shape(), train)
}
