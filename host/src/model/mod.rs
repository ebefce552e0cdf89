//! Trained models: a configuration with a network, in memory and in files.

use std::path::Path;

pub mod export;
pub mod network;
pub mod tensors;

use meva_core::image::{self, ImageGame};
use meva_core::parameters::Parameters;
use meva_core::{Game, Player};

use crate::config::{Algorithm, Config, Sharing};
use crate::cpu::memory::zeroed_slice;
use crate::error::{Error, Result};
use crate::follow::ascent::{Agent, Joint};
use crate::game::{AnyGame, PlaneGame};
use crate::model::network::{Compiled, Network, with_cola_shape, with_shape};
use crate::model::tensors::{TensorFile, network_prefix, parameters_from_tensors};

/// The file of a run directory that holds what was learned.
pub const MODEL: &str = "model.safetensors";

/// A network of any compiled shape.
pub enum AnyNetwork {
    /// For games of one parameter per policy.
    Plane(Box<dyn Network<1>>),
    /// For iterated games.
    Iterated(Box<dyn Network<5>>),
}

impl AnyNetwork {
    /// The network, if its policies have one parameter.
    pub fn plane(&self) -> Option<&dyn Network<1>> {
        if let AnyNetwork::Plane(network) = self {
            Some(&**network)
        } else {
            None
        }
    }

    /// The network, if its policies are those of an iterated game.
    pub fn iterated(&self) -> Option<&dyn Network<5>> {
        if let AnyNetwork::Iterated(network) = self {
            Some(&**network)
        } else {
            None
        }
    }
}

/// What the names of the tensors that a model evaluates with begin with: those of the target network where there is one.
pub(crate) fn prefix(config: &Config) -> &'static str {
    if config.rho.is_some() { "target." } else { "" }
}

/// A trained model.
pub struct Model {
    /// How it was trained.
    pub config: Config,
    /// What was learned.
    pub network: AnyNetwork,
}

impl Model {
    /// A network with the configuration that it was trained by.
    pub fn new(config: Config, network: AnyNetwork) -> Self {
        Model { config, network }
    }

    /// Reads a model file, or that of a run directory.
    ///
    /// # Errors
    /// The file is missing, truncated, of another format or architecture, or holds numbers that are not finite.
    pub fn load(path: &Path) -> Result<Self> {
        let file = Self::file(path)?;
        Self::of_file(&file).map_err(|error| error.at(path.display()))
    }

    /// What a model file, or that of a run directory, holds.
    ///
    /// # Errors
    /// The file is missing, truncated, or of another format.
    pub fn file(path: &Path) -> Result<TensorFile> {
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
        let config = Config::of_metadata(&file.metadata)?;
        let architecture = config.settings().architecture;
        let (part, networks) = (prefix(&config), config.parameters.networks());
        macro_rules! read {
            ($n:literal, $h:literal, $r:literal, $m:literal) => {{
                let mut parameters: Box<[Parameters<f32, $n, $h, $r, $m>]> = zeroed_slice(networks);
                for (n, parameters) in parameters.iter_mut().enumerate() {
                    parameters_from_tensors(file, &network_prefix(part, n, networks), parameters)?;
                }
                Box::new(Compiled::new(parameters, architecture)) as Box<dyn Network<$n>>
            }};
        }
        let network = match (AnyGame::of(&config)?, config.algorithm) {
            (AnyGame::Plane(_), Algorithm::Meva) => AnyNetwork::Plane(with_shape!(1, config.shape(), read)?),
            (AnyGame::Plane(_), Algorithm::Cola) => AnyNetwork::Plane(with_cola_shape!(1, config.shape(), read)?),
            (AnyGame::Iterated(_), Algorithm::Meva) => AnyNetwork::Iterated(with_shape!(5, config.shape(), read)?),
            (AnyGame::Iterated(_), Algorithm::Cola) => AnyNetwork::Iterated(with_cola_shape!(5, config.shape(), read)?),
        };
        Ok(Model { config, network })
    }

    /// The words of the model's [image], ready to be used in place. An image holds one network: of a model that has one for
    /// each player it is `player`'s.
    ///
    /// # Errors
    /// The model is COLA's, or has a network for each player and none is named, or the configuration names no game.
    pub fn image(&self, player: Option<Player>) -> Result<Vec<u32>> {
        let config = &self.config;
        let player = match (player, config.parameters) {
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
            field: config.field,
            game: match AnyGame::of(config)? {
                AnyGame::Plane(PlaneGame::Logistic) => ImageGame::Logistic,
                AnyGame::Plane(PlaneGame::Tandem) => ImageGame::Tandem,
                AnyGame::Iterated(game) => ImageGame::Iterated(game),
            },
            alpha: config.alpha,
        };
        Ok(match &self.network {
            AnyNetwork::Plane(network) => network.image(&model, player),
            AnyNetwork::Iterated(network) => network.image(&model, player),
        })
    }

    /// The field that the two agents follow at a joint policy, each with its discount: by player, in `f64`. For COLA the
    /// length of the imagined step stands in the discounts' place.
    ///
    /// # Errors
    /// The policies have another number of parameters than the model's game.
    pub fn field(&self, x: [&[f64]; 2], gamma: [f64; 2]) -> Result<[Vec<f64>; 2]> {
        match (&self.network, AnyGame::of(&self.config)?) {
            (AnyNetwork::Plane(network), AnyGame::Plane(game)) => directions(self.agent(&**network, gamma), &game, x),
            (AnyNetwork::Iterated(network), AnyGame::Iterated(game)) => {
                directions(self.agent(&**network, gamma), &game, x)
            }
            _ => Err(Error::usage("the model's network does not fit its game")),
        }
    }

    /// An agent that follows the model, with the players' discounts, or for COLA the length of the imagined step in their
    /// place.
    pub fn agent<'a, const N: usize>(&self, network: &'a dyn Network<N>, gamma: [f64; 2]) -> Agent<'a, N> {
        match self.config.algorithm {
            Algorithm::Meva => Agent::MetaValue {
                network,
                field: self.config.field,
                gamma,
            },
            Algorithm::Cola => Agent::Cola {
                network,
                alpha: gamma[0],
            },
        }
    }

    /// Each player's `M` quantiles at a joint policy, in `f64`.
    ///
    /// # Errors
    /// The policies have another number of parameters than the model's game.
    pub fn quantiles(&self, x: [&[f64]; 2], gamma: [f64; 2]) -> Result<[Vec<f64>; 2]> {
        Ok(match &self.network {
            AnyNetwork::Plane(network) => {
                let x = joint(x)?;
                Player::BOTH.map(|player| network.quantiles(player, &x, &gamma))
            }
            AnyNetwork::Iterated(network) => {
                let x = joint(x)?;
                Player::BOTH.map(|player| network.quantiles(player, &x, &gamma))
            }
        })
    }
}

fn directions<const N: usize, G: Game<N>>(agent: Agent<N>, game: &G, x: [&[f64]; 2]) -> Result<[Vec<f64>; 2]> {
    let x = joint(x)?;
    Ok(Player::BOTH.map(|player| agent.direction(player, game, &x).to_vec()))
}

fn joint<const N: usize>(x: [&[f64]; 2]) -> Result<Joint<N>> {
    let row = |x: &[f64]| -> Result<[f64; N]> {
        x.try_into()
            .map_err(|_| Error::usage(format!("a policy has {N} parameters here, not {}", x.len())))
    };
    Ok([row(x[0])?, row(x[1])?])
}
