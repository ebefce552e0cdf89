//! What the shaders and buffers of a training are made for.

use meva_core::algorithm1::{Bootstrap, Exploration, Settings};
use meva_core::game::AnyGame;

use super::layout::Layout;
use crate::config::{Algorithm, Config};
use crate::error::{Error, Result};

/// Chunks that a batch is cut into: enough for their partial sums to fill a large GPU, few enough to add up in no time.
const CHUNKS: usize = 16;
/// Steps that one workgroup passes back through.
const SEGMENT: usize = 8;

/// What the shaders and buffers of a training are made for: runs side by side that differ only in their seeds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The network.
    pub layout: Layout,
    /// The game.
    pub game: AnyGame,
    /// What an update does; the learning rate is handed over with each update.
    pub settings: Settings,
    /// Trajectories of a seed.
    pub batch: usize,
    /// `k`.
    pub stride: usize,
    /// Seeds side by side.
    pub seeds: usize,
    /// Networks of a seed: 1 that players share, or 2 that each predict for one player.
    pub networks: usize,
    /// Trajectories whose gradients are summed by one workgroup.
    pub chunk: usize,
    /// Steps that one workgroup passes back through.
    pub segment: usize,
}

impl Plan {
    /// The plan for this many runs side by side with this configuration.
    ///
    /// # Errors
    /// The configuration asks for something that the GPU engine cannot do.
    pub fn of(config: &Config, seeds: usize) -> Result<Self> {
        if config.algorithm == Algorithm::Cola {
            return Err(Error::usage("the GPU engine trains meta-values, not COLA").hint("leave out --engine gpu"));
        }
        if config.sampling().is_some() {
            return Err(Error::usage(
                "the GPU engine evaluates games exactly; it cannot estimate them from rollouts (`estimator` = rollouts)",
            )
            .hint("use --engine cpu"));
        }
        Ok(Plan {
            layout: Layout::of(config.shape())?,
            game: config.any_game()?,
            settings: config.settings(),
            batch: config.batch,
            stride: config.stride,
            seeds,
            networks: config.networks.count(),
            chunk: config.batch.div_ceil(CHUNKS),
            segment: SEGMENT,
        })
    }

    /// Numbers (for both players) that a trajectory starts from: policy, discount, and with sign flips the mask.
    pub fn draw_len(&self) -> usize {
        let mask = match self.settings.exploration {
            Exploration::None => 0,
            Exploration::SignFlips => self.layout.shape.hidden,
        };
        self.layout.shape.parameters + 1 + mask
    }

    /// Networks of all seeds.
    pub fn all_networks(&self) -> usize {
        self.seeds * self.networks
    }

    /// Chunks that each network's gradient is summed from.
    pub fn chunks(&self) -> usize {
        self.batch.div_ceil(self.chunk)
    }

    /// Whether gradients flow through targets.
    pub fn residual(&self) -> bool {
        self.settings.bootstrap == Bootstrap::Residual && self.settings.rho.is_none()
    }

    /// Steps whose predictions get a gradient.
    pub fn learned(&self) -> usize {
        self.stride + usize::from(self.residual())
    }

    /// Segments of a trajectory.
    pub fn segments(&self) -> usize {
        self.learned().div_ceil(self.segment)
    }
}
