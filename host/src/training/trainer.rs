//! Training, one outer iteration at a time: turns a configuration into a model.

use std::slice;
use std::sync::Arc;

use meva_core::Game;
use meva_core::algorithm1::{Settings, State};
use meva_core::game::NamedGame;
use meva_core::parameters::Parameters;
use meva_core::shape::{ColaVisitor, Shape, ShapeVisitor};

use crate::config::{Algorithm, Config, Sharing};
use crate::cpu::Cpu;
use crate::cpu::algorithm1::Engine;
use crate::cpu::cola::{ColaEngine, Points};
use crate::cpu::estimate::Playable;
use crate::cpu::fault::{Fault, Learned};
use crate::cpu::memory::zeroed_slice;
use crate::cpu::team::Team;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::limits::{product, room_for};
use crate::model::Model;
use crate::model::network::Compiled;
use crate::model::tensors::{NamedTensor, TensorFile, network_prefix, parameters_from_tensors, parameters_to_tensors};
use crate::training::opponents::mixture;

/// A training run in memory: an iterator over the losses of its outer iterations.
///
/// It ends after the configured number of outer iterations, or with the error of the one that diverged. The model can
/// be inspected between any two:
///
/// ```
/// use meva::{config::Config, training::Trainer};
///
/// let mut config = Config::preset("logistic")?;
/// for change in ["hidden=16", "batch=8", "outer=4"] {
///     config.set(change)?;
/// }
/// let mut trainer = Trainer::new(&config)?;
/// for loss in trainer.by_ref().take(3) {
///     assert!(loss? > 0.0);
/// }
/// let [dx, _] = trainer.model().field([&[-3.0], &[2.0]], [0.9, 0.9])?;
/// assert!(dx[0].is_finite());
/// trainer.train()?; // the rest
/// assert_eq!(trainer.iteration(), 4);
/// # Ok::<(), meva::error::Error>(())
/// ```
pub struct Trainer {
    config: Config,
    iteration: usize,
    /// Whether the last outer iteration diverged.
    diverged: bool,
    /// Gradients that were clipped so far.
    clipped: u64,
    /// Whether there was room for the engine's memory when it was first needed.
    has_room: bool,
    training: Box<dyn Training>,
}

impl Trainer {
    /// A run that starts from initial parameters drawn with the configuration's seed.
    ///
    /// # Errors
    /// The configuration is not valid, or asks for a network whose shape is not compiled in.
    pub fn new(config: &Config) -> Result<Self> {
        config.validate()?;
        let shape = config.shape()?;
        let training = match config.algorithm {
            Algorithm::Meva => shape.visit(Starting(config))??,
            Algorithm::Cola => shape.visit_cola(Starting(config))??,
        };
        Ok(Trainer::begin(config.clone(), training))
    }

    /// Checks what [`Trainer::new`] checks, and makes nothing.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn check(config: &Config) -> Result<()> {
        config.validate()?;
        let shape = config.shape()?;
        match config.algorithm {
            Algorithm::Meva => shape.visit(Known(config))?,
            Algorithm::Cola => shape.visit_cola(Known(config))?,
        }
    }

    /// A run on a custom game, with a network of any size: `N` parameters per policy, `H` hidden units, `R` residual blocks
    /// and `M` quantiles. These sizes and this game replace those in the configuration; everything else is as configured.
    ///
    /// ```
    /// use meva::{config::Config, training::Trainer};
    /// use meva_core::{Game, Scalar};
    ///
    /// /// Each player has two efforts; what both put into the same thing pays, and effort costs.
    /// #[derive(Clone)]
    /// struct Efforts;
    ///
    /// impl Game<2> for Efforts {
    ///     fn value<S: Scalar>(&self, x: &[[S; 2]; 2]) -> [S; 2] {
    ///         let shared = x[0][0] * x[1][0] + x[0][1] * x[1][1];
    ///         x.map(|[a, b]| shared - (a * a * a * a + b * b * b * b))
    ///     }
    /// }
    ///
    /// let mut config = Config::preset("ipd")?;
    /// config.set("batch=8")?;
    /// config.set("alpha=0.1")?;
    /// let mut trainer = Trainer::for_game::<2, 16, 1, 8>(&config, Efforts)?;
    /// let loss = trainer.outer_iteration()?;
    /// assert!(loss > 0.0);
    /// let [dx, _] = trainer.model().field([&[0.5, 0.0], &[0.5, 0.5]], [0.9, 0.9])?;
    /// assert_eq!(dx.len(), 2);
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// The configuration is not valid, or asks for what such a game does not support: COLA's training, or sampled episodes.
    pub fn for_game<const N: usize, const H: usize, const R: usize, const M: usize>(
        config: &Config,
        game: impl Playable<N>,
    ) -> Result<Self> {
        let config = config.for_own_game(Shape::new(N, H, R, M));
        config.validate()?;
        let training = meva_training::<_, N, H, R, M>(&config, game)?;
        Ok(Trainer::begin(config, training))
    }

    /// Continues the run that was saved by [`Trainer::state`], to the same bits.
    ///
    /// # Errors
    /// The file is not a training state, or belongs to a run on a custom game.
    pub fn resume(state: &TensorFile) -> Result<Self> {
        Trainer::new(&Config::of_metadata(&state.metadata)?)?.restored(state)
    }

    /// As [`Trainer::resume`], for a run on a custom game: the file records neither the game nor the sizes.
    ///
    /// # Errors
    /// The file is not a training state, or belongs to a network with other sizes.
    pub fn resume_for_game<const N: usize, const H: usize, const R: usize, const M: usize>(
        state: &TensorFile,
        game: impl Playable<N>,
    ) -> Result<Self> {
        Trainer::for_game::<N, H, R, M>(&Config::of_metadata(&state.metadata)?, game)?.restored(state)
    }

    fn begin(config: Config, training: Box<dyn Training>) -> Self {
        Trainer {
            config,
            iteration: 0,
            training,
            diverged: false,
            clipped: 0,
            has_room: false,
        }
    }

    fn restored(mut self, state: &TensorFile) -> Result<Self> {
        let number = |key: &str| -> Result<u32> {
            let text = state.metadata.get(key).map_or("", String::as_str);
            text.parse()
                .map_err(|_| Error::files(format!("this is no training state: its metadata has no number `{key}`")))
        };
        let (updates, iteration) = (number("updates")?, number("iteration")?);
        let made = self.config.updates_per_outer().checked_mul(iteration as usize);
        if made != Some(updates as usize) {
            return Err(Error::files(format!(
                "the training state contradicts itself: {updates} updates in {iteration} outer iterations"
            )));
        }
        // Older states count none.
        if state.metadata.contains_key("clipped") {
            self.clipped = number("clipped")?.into();
        }
        self.training.restore(state, updates)?;
        self.iteration = iteration as usize;
        Ok(self)
    }

    /// Lets several processes train the model: each of them runs the same outer iterations, and computes its share of the
    /// groups of each batch. The bits stay those of a process alone.
    pub fn join(&mut self, team: Arc<dyn Team>) {
        self.training.join(team);
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Outer iterations so far.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// Changes the total number of outer iterations from what the configuration first said; the learning rate's
    /// schedule follows.
    pub fn set_outer(&mut self, outer: usize) {
        self.config.outer = outer;
    }

    /// One outer iteration. Returns the mean loss of its updates.
    ///
    /// # Errors
    /// The training diverged: a policy, the loss, a gradient, a parameter or a moment is infinite or NaN; or there is too
    /// little memory for the batch. The state is then the one before this iteration.
    pub fn outer_iteration(&mut self) -> Result<f32> {
        if !self.has_room {
            self.room_for(1)?;
            self.has_room = true;
        }
        let loss = self
            .training
            .outer_iteration(&self.settings(), &self.config, self.iteration);
        self.diverged = loss.is_err();
        match loss {
            Ok(learned) => {
                self.iteration += 1;
                self.clipped += learned.clipped;
                Ok(learned.loss)
            }
            Err(Fault { update, what }) => Err(Error::diverged(format!(
                "training diverged in outer iteration {}, update {update}, seed {}: {what}",
                self.iteration, self.config.seed
            ))
            .hint("try a smaller eta or alpha, `clip`, or another seed; the last good model is kept")),
        }
    }

    /// Checks that the machine can hold what this many such runs need while they are trained side by side on the CPU.
    ///
    /// # Errors
    /// There is too little memory.
    pub fn room_for(&self, runs: usize) -> Result<()> {
        let Config {
            batch,
            stride,
            steps,
            episodes,
            ..
        } = self.config;
        let mut what = format!("`batch` {batch} with `stride` {stride}, `steps` {steps}");
        if self.config.sampling().is_some() {
            what += &format!(", `episodes` {episodes}");
        }
        let draws = product([batch, self.config.updates_per_outer(), size_of::<[f32; 2]>()]);
        let bytes = self.training.bytes(&self.config).saturating_add(draws);
        room_for(bytes.saturating_mul(runs as u128), &what)
    }

    /// The bytes that it takes while it is not being trained.
    pub fn bytes_at_rest(&self) -> u128 {
        2 * product([self.training.numbers().len(), size_of::<f32>()])
    }

    /// How many gradients [`Config::clip`] has shortened: at most one for each network and update.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// Runs the remaining outer iterations that the configuration asks for.
    ///
    /// # Errors
    /// As [`Trainer::outer_iteration`].
    pub fn train(&mut self) -> Result<()> {
        while self.iteration < self.config.outer {
            self.outer_iteration()?;
        }
        Ok(())
    }

    /// All numbers of the training state: `theta`, `theta_bar`, `m` and `v`, one after the other; one network after the
    /// other.
    pub fn numbers(&self) -> Vec<f32> {
        self.training.numbers()
    }

    /// Replaces the training state by the one that another engine has reached at this outer iteration; `numbers` are
    /// laid out as [`Trainer::numbers`] returns them.
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

    /// The trained model: the target network where there is one, otherwise theta.
    pub fn model(&self) -> Model {
        self.training.model(&self.config)
    }

    /// The [model](Trainer::model) as a file: what is evaluated, under plain names.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn model_file(&self) -> Result<TensorFile> {
        let (part, holds) = match self.config.rho {
            Some(_) => ("target", "the target network, which is what agents follow"),
            None => ("theta", "the network that was trained, which is what agents follow"),
        };
        let mut metadata = self.config.to_metadata()?;
        metadata.insert("holds".to_owned(), holds.to_owned());
        Ok(TensorFile {
            tensors: self.training.tensors(part, ""),
            metadata,
        })
    }

    /// Everything needed to continue: parameters, moments and counters. Random numbers need no state beyond the iteration.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn state(&self) -> Result<TensorFile> {
        let mut metadata = self.config.to_metadata()?;
        metadata.insert("iteration".into(), self.iteration.to_string());
        metadata.insert("updates".into(), self.training.updates().to_string());
        metadata.insert("clipped".into(), self.clipped.to_string());
        let tensors = PARTS
            .iter()
            .flat_map(|part| self.training.tensors(part, &format!("{part}.")))
            .collect();
        Ok(TensorFile { tensors, metadata })
    }
}

impl Iterator for Trainer {
    type Item = Result<f32>;

    /// The next [outer iteration](Trainer::outer_iteration); `None` after the last one, or after one that diverged.
    fn next(&mut self) -> Option<Result<f32>> {
        (self.iteration < self.config.outer && !self.diverged).then(|| self.outer_iteration())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.config.outer.saturating_sub(self.iteration)))
    }
}

/// What an outer iteration has given, unless a number is lost.
type Watched = std::result::Result<Learned, Fault>;

/// The parameter sets of a training state.
const PARTS: [&str; 4] = ["theta", "target", "m", "v"];

/// An engine whose sizes are known only at run time.
trait Training: Send {
    /// The mean loss, or what is not finite.
    fn outer_iteration(&mut self, settings: &Settings, config: &Config, iteration: usize) -> Watched;
    fn join(&mut self, team: Arc<dyn Team>);
    /// The bytes that it takes to train.
    fn bytes(&self, config: &Config) -> u128;
    fn updates(&self) -> u32;
    /// One of [`PARTS`] under names with a prefix.
    fn tensors(&self, part: &str, prefix: &str) -> Vec<NamedTensor>;
    fn restore(&mut self, file: &TensorFile, updates: u32) -> Result<()>;
    /// The trained model, for the game it is trained on.
    fn model(&self, config: &Config) -> Model;
    /// The sets of [`PARTS`], one after the other.
    fn numbers(&self) -> Vec<f32>;
    fn set_numbers(&mut self, numbers: &[f32], updates: u32);
}

/// An engine that trains a state of known sizes.
trait Learns<const N: usize, const H: usize, const R: usize, const M: usize>: Send {
    /// One for each network.
    fn states(&self) -> &[State<f32, N, H, R, M>];
    fn states_mut(&mut self) -> &mut [State<f32, N, H, R, M>];
    /// The mean loss of an outer iteration.
    fn learn(&mut self, settings: &Settings, config: &Config, iteration: usize) -> Watched;
    fn join(&mut self, team: Arc<dyn Team>);
    /// The bytes that it takes to learn.
    fn bytes_to_learn(config: &Config) -> u128;
}

impl<const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> Learns<N, H, R, M>
    for Engine<N, H, R, M, P>
{
    fn states(&self) -> &[State<f32, N, H, R, M>] {
        &*self.states
    }

    fn states_mut(&mut self) -> &mut [State<f32, N, H, R, M>] {
        &mut *self.states
    }

    fn join(&mut self, team: Arc<dyn Team>) {
        self.join(team);
    }

    fn bytes_to_learn(config: &Config) -> u128 {
        let tapes = config.settings().tapes(config.stride);
        Self::bytes(config.batch, config.stride, tapes, config.sampling())
    }

    fn learn(&mut self, settings: &Settings, config: &Config, iteration: usize) -> Watched {
        let updates = config.updates_per_outer();
        let mut draws = Draws::new(
            config.seed,
            iteration,
            config.batch,
            updates,
            config.starts(),
            config.flips(),
        );
        if config.sampling().is_some() {
            draws = draws.with_rollouts(config.seed, iteration);
        }
        if !config.opponents.are_self() {
            draws = draws.with_opponents(config.seed, iteration, &config.opponents.shares());
        }
        self.outer_iteration(settings, config.clip, &draws)
    }
}

impl<G: Game<N> + Send + Sync, const N: usize, const H: usize, const R: usize> Learns<N, H, R, N>
    for ColaEngine<G, N, H, R>
{
    fn states(&self) -> &[State<f32, N, H, R, N>] {
        slice::from_ref(&*self.state)
    }

    fn states_mut(&mut self) -> &mut [State<f32, N, H, R, N>] {
        slice::from_mut(&mut *self.state)
    }

    fn join(&mut self, team: Arc<dyn Team>) {
        self.join(team);
    }

    fn bytes_to_learn(config: &Config) -> u128 {
        Self::bytes(config.batch)
    }

    fn learn(&mut self, settings: &Settings, config: &Config, iteration: usize) -> Watched {
        self.begin();
        let updates = config.updates_per_outer();
        let mut learned = Learned::default();
        for update in 0..updates {
            let index = iteration * updates + update;
            let points = Points::new(config.seed, index, config.batch, config.starts(), config.alpha_max);
            let given = self.update(settings, config.clip, &points);
            learned.add(given.map_err(|what| Fault { update, what })?);
        }
        Ok(learned.mean(updates))
    }
}

/// An engine, with a backup to restore if an iteration diverges.
struct Guarded<G, E, const N: usize, const H: usize, const R: usize, const M: usize> {
    engine: E,
    good: Box<[State<f32, N, H, R, M>]>,
    game: G,
}

impl<G, E: Learns<N, H, R, M>, const N: usize, const H: usize, const R: usize, const M: usize>
    Guarded<G, E, N, H, R, M>
{
    fn new(game: G, engine: E) -> Self {
        Guarded {
            good: zeroed_slice(engine.states().len()),
            engine,
            game,
        }
    }

    /// The parameter sets with this name, by network.
    fn part(&self, part: &str) -> impl Iterator<Item = &Parameters<f32, N, H, R, M>> {
        self.engine.states().iter().map(move |state| match part {
            "theta" => &state.theta,
            "target" => &state.target,
            "m" => &state.m,
            _ => &state.v,
        })
    }

    fn keep(&mut self) {
        for (good, state) in self.good.iter_mut().zip(self.engine.states()) {
            good.copy_from(state);
        }
    }

    fn go_back(&mut self) {
        for (state, good) in self.engine.states_mut().iter_mut().zip(&self.good) {
            state.copy_from(good);
        }
    }
}

impl<G, E: Learns<N, H, R, M>, const N: usize, const H: usize, const R: usize, const M: usize> Training
    for Guarded<G, E, N, H, R, M>
where
    G: Game<N> + Clone + Send + Sync + 'static,
{
    fn outer_iteration(&mut self, settings: &Settings, config: &Config, iteration: usize) -> Watched {
        self.keep();
        let learned = self.engine.learn(settings, config, iteration);
        learned.inspect_err(|_| self.go_back())
    }

    fn join(&mut self, team: Arc<dyn Team>) {
        self.engine.join(team);
    }

    fn bytes(&self, config: &Config) -> u128 {
        E::bytes_to_learn(config)
    }

    fn updates(&self) -> u32 {
        self.engine.states().first().map_or(0, |state| state.updates)
    }

    fn tensors(&self, part: &str, prefix: &str) -> Vec<NamedTensor> {
        let networks = self.good.len();
        let tensors = |(n, parameters)| parameters_to_tensors(parameters, &network_prefix(prefix, n, networks));
        self.part(part).enumerate().flat_map(tensors).collect()
    }

    fn restore(&mut self, file: &TensorFile, updates: u32) -> Result<()> {
        let networks = self.good.len();
        for (n, state) in self.engine.states_mut().iter_mut().enumerate() {
            for (part, parameters) in
                PARTS
                    .iter()
                    .zip([&mut state.theta, &mut state.target, &mut state.m, &mut state.v])
            {
                parameters_from_tensors(file, &network_prefix(&format!("{part}."), n, networks), parameters)?;
            }
            state.updates = updates;
        }
        Ok(())
    }

    fn model(&self, config: &Config) -> Model {
        let network = Compiled::of_states(self.engine.states(), config.settings().architecture);
        Model::new(config.clone(), self.game.clone(), Box::new(network))
    }

    fn numbers(&self) -> Vec<f32> {
        let mut numbers = Vec::new();
        for State {
            theta, target, m, v, ..
        } in self.engine.states()
        {
            for parameters in [theta, target, m, v] {
                numbers.extend(parameters.numbers());
            }
        }
        numbers
    }

    fn set_numbers(&mut self, mut numbers: &[f32], updates: u32) {
        for state in self.engine.states_mut() {
            for parameters in [&mut state.theta, &mut state.target, &mut state.m, &mut state.v] {
                for (_, values) in parameters.iter_mut() {
                    let (own, rest) = numbers.split_at(values.len());
                    values.copy_from_slice(own);
                    numbers = rest;
                }
            }
            state.updates = updates;
        }
    }
}

type Boxed = Result<Box<dyn Training>>;

fn meva_training<G: Playable<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
    config: &Config,
    game: G,
) -> Boxed {
    fn engine<G: Playable<N>, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
        config: &Config,
        game: &G,
    ) -> Result<Engine<N, H, R, M, P>> {
        let Config {
            batch, stride, seed, ..
        } = *config;
        let cpu = Cpu::detect()?.with_arithmetic(config.arithmetic);
        let engine = Engine::new(game, config.sampling(), cpu, batch, stride, seed);
        Ok(engine.against(mixture(config, game)?))
    }
    Ok(match config.networks {
        Sharing::Shared => Box::new(Guarded::new(game.clone(), engine::<_, N, H, R, M, 1>(config, &game)?)),
        Sharing::Separate => Box::new(Guarded::new(game.clone(), engine::<_, N, H, R, M, 2>(config, &game)?)),
    })
}

/// A training that is being started.
struct Starting<'a>(&'a Config);

impl ShapeVisitor for Starting<'_> {
    type Output = Boxed;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Boxed {
        meva_training::<G, N, H, R, M>(self.0, G::try_from(self.0.any_game()?)?)
    }
}

impl ColaVisitor for Starting<'_> {
    type Output = Boxed;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize>(self) -> Boxed {
        let game = G::try_from(self.0.any_game()?)?;
        let cpu = Cpu::detect()?.with_arithmetic(self.0.arithmetic);
        let engine = ColaEngine::<G, N, H, R>::new(game, self.0.cola_form, cpu, self.0.batch, self.0.seed);
        Ok(Box::new(Guarded::new(game, engine)))
    }
}

/// Whether a training can be started.
struct Known<'a>(&'a Config);

impl ShapeVisitor for Known<'_> {
    type Output = Result<()>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Result<()> {
        mixture::<G, N>(self.0, &G::try_from(self.0.any_game()?)?).map(drop)
    }
}

impl ColaVisitor for Known<'_> {
    type Output = Result<()>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize>(self) -> Result<()> {
        G::try_from(self.0.any_game()?)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trainer(changes: &[&str]) -> Trainer {
        let mut config = Config::preset("logistic").unwrap();
        for change in [&["hidden=16", "batch=1", "steps=4", "stride=2", "outer=3"], changes].concat() {
            config.set(change).unwrap();
        }
        Trainer::new(&config).unwrap()
    }

    #[test]
    fn a_loop_ends_with_the_last_outer_iteration() {
        let mut trainer = trainer(&[]);
        assert_eq!(trainer.size_hint(), (0, Some(3)));
        assert_eq!(trainer.by_ref().filter(Result::is_ok).count(), 3);
        assert_eq!(trainer.iteration(), 3);
        assert!(trainer.next().is_none());
        trainer.set_outer(4);
        assert!(trainer.next().unwrap().is_ok());
        assert!(trainer.next().is_none());
    }

    #[test]
    fn training_to_the_end_is_the_loop() {
        let (mut whole, mut steps) = (trainer(&[]), trainer(&[]));
        steps.next().unwrap().unwrap();
        steps.train().unwrap();
        whole.train().unwrap();
        assert_eq!(steps.iteration(), 3);
        assert_eq!(whole.numbers(), steps.numbers());
    }

    /// With this learning rate the first outer iteration succeeds and the second diverges.
    #[test]
    fn a_loop_ends_with_the_outer_iteration_that_diverges() {
        let mut trainer = trainer(&["eta=1e30", "stride=4"]);
        let results: Vec<bool> = trainer.by_ref().map(|loss| loss.is_ok()).collect();
        assert_eq!(results, [true, false]);
        assert_eq!(trainer.iteration(), 1);
        let error = trainer.train().unwrap_err();
        assert_eq!(error.exit_code(), 4, "whoever insists is told again: {error}");
    }
}
