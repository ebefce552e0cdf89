//! Trained models: a configuration with a network, in memory and in files.

use std::any::Any;
use std::path::Path;

pub mod ensemble;
pub mod export;
pub mod network;
pub mod tensors;
pub mod trained;

pub use trained::{Rule, Trained};

use meva_core::game::NamedGame;
use meva_core::image;
use meva_core::parameters::Parameters;
use meva_core::shape::{ColaVisitor, Shape, ShapeVisitor};
use meva_core::{Game, Player};

use crate::config::{Algorithm, Config, Sharing};
use crate::cpu::memory::zeroed_slice;
use crate::error::{Error, Result};
use crate::model::ensemble::Ensemble;
use crate::model::network::{Compiled, Memory, Network};
use crate::model::tensors::{NamedTensor, TensorFile, network_prefix, parameters_from_tensors};

/// The file of a run directory that holds the trained model.
pub const MODEL: &str = "model.safetensors";

/// The note of a file that holds the network of one player alone: the player.
pub const PLAYER: &str = "player";

/// The prefix of the names of the tensors that a model is evaluated with. Files have them under plain names; older ones
/// also have the network that was being trained, and what is evaluated is called `target.`.
pub(crate) fn prefix(file: &TensorFile) -> &'static str {
    const TARGET: &str = "target.";
    let older = file.tensors.iter().any(|tensor| tensor.name.starts_with(TARGET));
    if older { TARGET } else { "" }
}

/// A file that holds what is evaluated of a model, in place of a model's own file: the network of one player under plain
/// names, or everything under the names that it has today.
pub fn part(file: &TensorFile, networks: usize, player: Option<Player>) -> TensorFile {
    let own = match player {
        Some(player) if networks > 1 => network_prefix(prefix(file), player.index(), networks),
        _ => prefix(file).to_owned(),
    };
    let mut metadata = file.metadata.clone();
    if let Some(player) = player.filter(|_| networks > 1) {
        metadata.insert(PLAYER.to_owned(), player.index().to_string());
    }
    let tensors = file.tensors.iter().filter_map(|tensor| {
        let name = tensor.name.strip_prefix(&own)?.to_owned();
        Some(NamedTensor { name, ..tensor.clone() })
    });
    TensorFile {
        tensors: tensors.collect(),
        metadata,
    }
}

/// A trained model: a network for a game, with the configuration that it was trained with.
///
/// The number of parameters of its policies and the size of its network are known only at run time: functions that take
/// or return policies use slices, or are generic over the number `N` of parameters.
pub struct Model {
    config: Config,
    played: Box<dyn Played>,
}

/// A game with the network that was trained for it.
trait Played: Send + Sync {
    fn shape(&self) -> Shape;
    /// The game, a `G`.
    fn game(&self) -> &dyn Any;
    /// The network, a `Box<dyn Network<N>>`.
    fn network(&self) -> &dyn Any;
    fn field(&self, model: &Model, x: [&[f64]; 2], setting: [f64; 2]) -> Result<[Vec<f64>; 2]>;
    fn quantiles(&self, x: [&[f64]; 2], setting: [f64; 2]) -> Result<[Vec<f64>; 2]>;
    fn image(&self, model: &image::Model, player: Player) -> Option<Vec<u32>>;
    fn memory(&self) -> Memory;
    /// The network alone, a `Box<dyn Network<N>>`.
    fn into_network(self: Box<Self>) -> Box<dyn Any>;
    /// The same game with the mean of this network and those of others.
    fn join(self: Box<Self>, others: Vec<Model>) -> Result<Box<dyn Played>>;
}

struct Pair<G, const N: usize> {
    game: G,
    network: Box<dyn Network<N>>,
}

impl<G: Game<N> + Send + Sync + 'static, const N: usize> Played for Pair<G, N> {
    fn shape(&self) -> Shape {
        self.network.shape()
    }

    fn game(&self) -> &dyn Any {
        &self.game
    }

    fn network(&self) -> &dyn Any {
        &self.network
    }

    fn field(&self, model: &Model, x: [&[f64]; 2], setting: [f64; 2]) -> Result<[Vec<f64>; 2]> {
        let (x, trained) = (joint(x)?, model.trained(setting)?);
        Ok(Player::BOTH.map(|player| trained.direction(player, &self.game, &x).to_vec()))
    }

    fn quantiles(&self, x: [&[f64]; 2], setting: [f64; 2]) -> Result<[Vec<f64>; 2]> {
        let x = joint(x)?;
        Ok(Player::BOTH.map(|player| self.network.quantiles(player, &x, &setting)))
    }

    fn image(&self, model: &image::Model, player: Player) -> Option<Vec<u32>> {
        self.network.image(model, player)
    }

    fn memory(&self) -> Memory {
        self.network.memory()
    }

    fn into_network(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.network)
    }

    fn join(self: Box<Self>, others: Vec<Model>) -> Result<Box<dyn Played>> {
        let others: Vec<_> = others.into_iter().map(Model::into_network).collect::<Result<_>>()?;
        let Pair { game, network } = *self;
        let network = Box::new(Ensemble::new(network, others));
        Ok(Box::new(Pair { game, network }))
    }
}

impl Model {
    /// A network for `game`, with the configuration that it was trained with.
    pub fn new<G: Game<N> + Send + Sync + 'static, const N: usize>(
        config: Config,
        game: G,
        network: Box<dyn Network<N>>,
    ) -> Self {
        Model {
            config,
            played: Box::new(Pair { game, network }),
        }
    }

    /// How the model was trained.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The sizes of the network and of its policies.
    pub fn shape(&self) -> Shape {
        self.played.shape()
    }

    /// The game that the model was trained for, if it is a `G`.
    pub fn game<G: 'static>(&self) -> Option<&G> {
        self.played.game().downcast_ref()
    }

    /// The network.
    ///
    /// # Errors
    /// The model's policies do not have `N` parameters.
    pub fn network<const N: usize>(&self) -> Result<&dyn Network<N>> {
        match self.played.network().downcast_ref::<Box<dyn Network<N>>>() {
            Some(network) => Ok(&**network),
            None => Err(of_other_policies::<N>(self.shape())),
        }
    }

    /// The network alone.
    ///
    /// # Errors
    /// As [`Model::network`].
    pub fn into_network<const N: usize>(self) -> Result<Box<dyn Network<N>>> {
        let shape = self.shape();
        match self.played.into_network().downcast::<Box<dyn Network<N>>>() {
            Ok(network) => Ok(*network),
            Err(_) => Err(of_other_policies::<N>(shape)),
        }
    }

    /// The model whose agents go where these networks point on average: an [ensemble]. Its configuration, and its game, are
    /// those of the first.
    ///
    /// # Errors
    /// There is no model, or one was trained for another game, or is followed in another way, or has another shape.
    pub fn ensemble(models: impl IntoIterator<Item = Model>) -> Result<Self> {
        let mut models = models.into_iter();
        let first = models.next().ok_or_else(|| Error::usage("an ensemble of no models"))?;
        let others: Vec<Model> = models.collect();
        let followed = |model: &Model| {
            let config = model.config();
            (
                config.algorithm,
                config.followed(),
                config.cola_form,
                config.networks,
                config.arithmetic,
                model.shape(),
            )
        };
        for other in &others {
            let same_type = other.played.game().type_id() == first.played.game().type_id();
            // A game of one's own is known by its type alone.
            let differs = if !same_type || other.config.any_game().ok() != first.config.any_game().ok() {
                "were trained for different games"
            } else if followed(other) != followed(&first) {
                "are followed in different ways, or differ in their shapes"
            } else {
                continue;
            };
            return Err(Error::usage(format!("the models of an ensemble {differs}"))
                .hint("join runs of one configuration that differ in their seeds"));
        }
        Ok(Model {
            played: first.played.join(others)?,
            config: first.config,
        })
    }

    /// Reads a model file, or the model file in a run directory, or an [ensemble](Model::ensemble) of several, whose paths
    /// are joined by `+`.
    ///
    /// # Errors
    /// A file is missing, truncated, of another format or architecture, or contains numbers that are not finite; or as
    /// [`Model::ensemble`].
    pub fn load(path: &Path) -> Result<Self> {
        if let Some(members) = members(path) {
            let members: Vec<Model> = members
                .map(|member| Self::load(Path::new(member)))
                .collect::<Result<_>>()?;
            return Self::ensemble(members).map_err(|error| error.at(path.display()));
        }
        let file = Self::file(path)?;
        Self::of_file(&file).map_err(|error| error.at(path.display()))
    }

    /// The contents of a model file, or of the model file in a run directory.
    ///
    /// # Errors
    /// The file is missing, truncated, or of another format; or the path names an ensemble, which has no file of its own.
    pub fn file(path: &Path) -> Result<TensorFile> {
        if members(path).is_some() {
            return Err(Error::usage("an ensemble has no file of its own")
                .at(path.display())
                .hint("name one of the runs that are joined by +"));
        }
        if path.is_dir() {
            TensorFile::load(&path.join(MODEL))
        } else {
            TensorFile::load(path)
        }
    }

    /// The model that a file holds.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn of_file(file: &TensorFile) -> Result<Self> {
        if let Some(player) = file.metadata.get(PLAYER) {
            return Err(Error::files(format!(
                "the file holds the network of player {player} alone, not a model"
            ))
            .hint("give the run that it was exported from"));
        }
        let config = Config::of_metadata(&file.metadata)?;
        let shape = config.shape()?;
        match config.algorithm {
            Algorithm::Meva => shape.visit(Reading { file, config })?,
            Algorithm::Cola => shape.visit_cola(Reading { file, config })?,
        }
    }

    /// As [`Model::load`], for a model of a custom game: the file records neither the game nor the sizes.
    ///
    /// # Errors
    /// As [`Model::load`], or the network has other sizes.
    pub fn load_for_game<const N: usize, const H: usize, const R: usize, const M: usize>(
        path: &Path,
        game: impl Game<N> + Send + Sync + 'static,
    ) -> Result<Self> {
        let file = Self::file(path)?;
        let config = Config::of_metadata(&file.metadata);
        config
            .and_then(|config| read::<_, N, H, R, M>(&file, config, game))
            .map_err(|error| error.at(path.display()))
    }

    /// The words of the model's [image], ready to be used in place. An image holds one network; for a model with one
    /// network per player, it is the network of `player`.
    ///
    /// # Errors
    /// The model is COLA's, or an ensemble, or has one network per player and no player is named, or the configuration names
    /// no game.
    pub fn image(&self, player: Option<Player>) -> Result<Vec<u32>> {
        let config = &self.config;
        let player = match (player, config.networks) {
            (Some(player), _) => player,
            (None, Sharing::Shared) => Player::Zero,
            (None, Sharing::Separate) => {
                return Err(
                    Error::usage("the model has a network for each player, and an image holds one")
                        .hint("add --player 0 or --player 1"),
                );
            }
        };
        if config.algorithm == Algorithm::Cola {
            return Err(Error::usage("images hold meta-values, and this model is COLA's").hint("export to safetensors"));
        }
        let model = image::Model {
            architecture: config.settings().architecture,
            field: config.followed(),
            game: config.any_game()?,
            alpha: config.alpha,
            arithmetic: config.arithmetic,
        };
        self.played.image(&model, player).ok_or_else(|| {
            Error::usage("images hold one network, and the model is an ensemble").hint("export its networks one by one")
        })
    }

    /// The memory that programs need to use and to train one of its networks.
    pub fn memory(&self) -> Memory {
        self.played.memory()
    }

    /// The field that the two agents follow at a joint policy, each with its discount: by player, in `f64`. For COLA
    /// the length of the imagined step takes the place of the discounts.
    ///
    /// # Errors
    /// The policies do not have as many parameters as the model's game, or as [`Model::trained`].
    pub fn field(&self, x: [&[f64]; 2], setting: [f64; 2]) -> Result<[Vec<f64>; 2]> {
        self.played.field(self, x, setting)
    }

    /// What an agent that follows the model uses, with the players' discounts or, for COLA, the length of the imagined
    /// step in their place.
    ///
    /// # Errors
    /// As [`Model::network`], or a discount is not in [0, 1], or a length is not finite or negative.
    pub fn trained<const N: usize>(&self, setting: [f64; 2]) -> Result<Trained<'_, N>> {
        self.check_setting(setting)?;
        Ok(Trained {
            network: self.network()?,
            rule: match self.config.algorithm {
                Algorithm::Meva => Rule::MetaValue(self.config.followed()),
                Algorithm::Cola => Rule::Cola(self.config.cola_form),
            },
            setting,
            arithmetic: self.config.arithmetic,
        })
    }

    /// An error if the network has not been trained for such settings.
    fn check_setting(&self, setting: [f64; 2]) -> Result<()> {
        let (what, most, hint) = match self.config.algorithm {
            Algorithm::Meva => ("a discount", 1.0, "it must lie in [0, 1]"),
            Algorithm::Cola => ("a length", f64::MAX, "it must be finite and not negative"),
        };
        match setting.into_iter().find(|setting| !(0.0..=most).contains(setting)) {
            Some(setting) => Err(Error::usage(format!("{what} of {setting}")).hint(hint)),
            None => Ok(()),
        }
    }

    /// Each player's `M` quantiles at a joint policy, in `f64`.
    ///
    /// # Errors
    /// As [`Model::field`].
    pub fn quantiles(&self, x: [&[f64]; 2], setting: [f64; 2]) -> Result<[Vec<f64>; 2]> {
        self.check_setting(setting)?;
        self.played.quantiles(x, setting)
    }
}

/// The paths of an ensemble's members, if a path is not one of a file but several joined by `+`.
fn members(path: &Path) -> Option<impl Iterator<Item = &str>> {
    let text = path.to_str().filter(|text| text.contains('+'))?;
    (!path.exists()).then(|| text.split('+'))
}

/// Checks that models, each with its path, are of one configuration, with a seed of its own for each.
///
/// # Errors
/// Two of them have the same seed, or differ in another key.
pub fn of_one_configuration<'a>(models: impl IntoIterator<Item = (&'a Path, &'a Model)>) -> Result<()> {
    let models: Vec<_> = models.into_iter().collect();
    let hint = "name runs that differ in their seeds alone, or add --mixed to take them as they are";
    for (k, (path, model)) in models.iter().enumerate() {
        let config = model.config();
        for (other, before) in &models[..k] {
            if before.config().seed == config.seed {
                return Err(Error::usage(format!(
                    "`{}` and `{}` both have seed {}",
                    other.display(),
                    path.display(),
                    config.seed
                ))
                .hint(hint));
            }
            if let Some(key) = config.difference(&before.config().with_seed(config.seed)) {
                return Err(Error::usage(format!(
                    "`{}` and `{}` differ in `{key}`",
                    other.display(),
                    path.display()
                ))
                .hint(hint));
            }
        }
    }
    Ok(())
}

fn of_other_policies<const N: usize>(shape: Shape) -> Error {
    Error::usage(format!(
        "the model is for policies of {} parameters, not of {N}",
        shape.parameters
    ))
    .hint("choose a model that was trained for this game")
}

/// A model file while it is being read.
struct Reading<'a> {
    file: &'a TensorFile,
    config: Config,
}

impl Reading<'_> {
    fn read<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Result<Model> {
        let game = G::try_from(self.config.any_game()?)?;
        read::<_, N, H, R, M>(self.file, self.config, game)
    }
}

fn read<G: Game<N> + Send + Sync + 'static, const N: usize, const H: usize, const R: usize, const M: usize>(
    file: &TensorFile,
    config: Config,
    game: G,
) -> Result<Model> {
    let (part, networks) = (prefix(file), config.networks.count());
    let mut parameters: Box<[Parameters<f32, N, H, R, M>]> = zeroed_slice(networks);
    for (n, parameters) in parameters.iter_mut().enumerate() {
        parameters_from_tensors(file, &network_prefix(part, n, networks), parameters)?;
    }
    let network = Box::new(Compiled::new(parameters, config.settings().architecture));
    Ok(Model::new(config, game, network))
}

impl ShapeVisitor for Reading<'_> {
    type Output = Result<Model>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Result<Model> {
        self.read::<G, N, H, R, M>()
    }
}

impl ColaVisitor for Reading<'_> {
    type Output = Result<Model>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize>(self) -> Result<Model> {
        self.read::<G, N, H, R, N>()
    }
}

fn joint<const N: usize>(x: [&[f64]; 2]) -> Result<[[f64; N]; 2]> {
    let row = |x: &[f64]| -> Result<[f64; N]> {
        x.try_into()
            .map_err(|_| Error::usage(format!("a policy has {N} parameters here, not {}", x.len())))
    };
    Ok([row(x[0])?, row(x[1])?])
}
