//! What the shaders and buffers of a training are built for.

use std::mem::replace;

use meva_core::activation::Activation;
use meva_core::algorithm1::{self, Bootstrap, Exploration, Settings};
use meva_core::game::AnyGame;
use meva_core::learner::cola::Form;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::Input;

use super::constant::{Constant, Value};
use super::layout::Layout;
use super::stage::Stage;
use crate::config::{Algorithm, Config, Game};
use crate::draws::Sampling;
use crate::error::{Error, Result};

/// Chunks that a batch is split into: enough for their partial sums to fill a large GPU, few enough to be added up quickly.
const CHUNKS: usize = 32;
/// Steps that one workgroup backpropagates through.
const SEGMENT: usize = 4;
/// Episodes and turns that a workgroup has in memory at once for a point.
const CELLS: usize = 512;
/// Turns of an episode that are played at once, at most.
const MOST_TURNS: usize = 32;
/// Operations that a number of a stream takes, for an estimate of the time.
const OPERATIONS_OF_A_DRAW: f64 = 200.0;
/// Threads in a workgroup of `adamw`.
pub(super) const ADAMW_WIDTH: usize = 64;

/// How many points a workgroup evaluates the network at: joint policies with their discounts, of two columns each. The bits
/// of the results do not depend on it, unless a driver contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// The most workgroups: for few trajectories.
    One,
    /// A weight that has been fetched serves both points: for many trajectories.
    Two,
}

impl Points {
    /// How many.
    pub fn count(self) -> usize {
        match self {
            Points::One => 1,
            Points::Two => 2,
        }
    }

    /// For a stage with this many points in all.
    fn of(all: usize) -> Self {
        if all >= MANY { Points::Two } else { Points::One }
    }
}

/// Points from which on a large GPU has more than enough: four for each of its multiprocessors.
const MANY: usize = 512;

/// What the shaders and buffers of a training are built for: runs side by side that differ only in their seeds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The network.
    pub layout: Layout,
    /// What the network predicts if it is COLA's, rather than meta-values.
    pub form: Option<Form>,
    /// The game.
    pub game: AnyGame,
    /// The episodes from which it is estimated, unless it is known exactly.
    pub sampling: Option<Sampling>,
    /// What an update does; the learning rate is passed with each update.
    pub settings: Settings,
    /// Trajectories of a seed.
    pub batch: usize,
    /// `k`.
    pub stride: usize,
    /// Seeds side by side.
    pub seeds: usize,
    /// Networks per seed: 1 shared by the players, or 2 that each predict for one player.
    pub networks: usize,
    /// Trajectories whose gradients are summed by one workgroup.
    pub chunk: usize,
    /// Steps that one workgroup backpropagates through.
    pub segment: usize,
    /// Trajectories that a workgroup rolls out side by side.
    pub rolled_out: Points,
    /// Steps of a trajectory that a workgroup evaluates at once in all other stages.
    pub evaluated: Points,
    /// Whether `roll_out` keeps what `vjp_parameters` needs of its evaluations, instead of evaluating the networks twice. The bits
    /// of the results do not depend on it, unless a driver contracts.
    pub recorded: bool,
    /// Whether the driver may contract: compute a product and a sum as one operation, which rounds once.
    pub contracts: bool,
}

impl Plan {
    /// The plan for this many runs side by side with this configuration.
    ///
    /// # Errors
    /// The configuration asks for something that the GPU engine cannot do.
    pub fn of(config: &Config, seeds: usize) -> Result<Self> {
        if config.game == Game::Custom {
            return Err(
                Error::usage("the GPU engine knows named games only, not one of your own").hint("use the CPU engine"),
            );
        }
        let sampling = config.sampling();
        if let Some(Sampling { episodes, turns, .. }) = sampling {
            if episodes > CELLS {
                return Err(Error::usage(format!(
                    "the GPU engine plays at most {CELLS} episodes per estimate, and `episodes` is {episodes}"
                ))
                .hint("use fewer, or --engine cpu"));
            }
            // A thread counts the pairs of numbers that it draws in a word.
            let pairs = [episodes, turns, config.stride.saturating_add(2)];
            if pairs.into_iter().fold(1, usize::saturating_mul) > 1 << 31 {
                return Err(Error::usage(format!(
                    "the GPU engine plays at most 2^31 turns per trajectory in an update: `episodes` {episodes} x `turns` \
                     {turns} x `stride` {} are more",
                    config.stride
                ))
                .hint("use fewer, or --engine cpu"));
            }
        }
        if !config.opponents.are_self() {
            return Err(
                Error::usage("on the GPU engine learners meet themselves alone (`opponents`)")
                    .hint("leave `opponents` out, or use --engine cpu"),
            );
        }
        if config.clip.is_some() {
            return Err(Error::usage("the GPU engine does not clip gradients (`clip`)")
                .hint("leave `clip` out, or use --engine cpu"));
        }
        let form = (config.algorithm == Algorithm::Cola).then_some(config.cola_form);
        Ok(Plan {
            layout: match form {
                None => Layout::of(config.shape()?)?,
                Some(_) => Layout::of_cola(config.shape()?)?,
            },
            form,
            game: config.any_game()?,
            sampling,
            settings: config.settings(),
            batch: config.batch,
            stride: config.stride,
            seeds,
            networks: config.networks.count(),
            chunk: config.batch.div_ceil(CHUNKS),
            segment: SEGMENT,
            rolled_out: Points::of(seeds.saturating_mul(config.batch)),
            evaluated: Points::of(seeds.saturating_mul(config.batch).saturating_mul(config.stride)),
            recorded: false,
            contracts: false,
        })
    }

    /// The stages of an update, in order.
    pub fn stages(&self) -> Vec<Stage> {
        let bootstrap = self.settings.rho.map(|_| Stage::Bootstrap);
        let learning = match self.form {
            None => [Stage::RollOut]
                .into_iter()
                .chain(bootstrap)
                .chain([Stage::FormTargets, Stage::VjpParameters])
                .collect(),
            Some(_) => vec![Stage::Cola],
        };
        [learning, vec![Stage::DenseVjpWeight, Stage::AdamW]].concat()
    }

    /// Numbers (for both players) that a trajectory starts from: policy, discount and, with sign flips, the mask. COLA's points are a
    /// policy and the length of the imagined step.
    pub fn draw_len(&self) -> usize {
        let mask = match self.settings.exploration {
            Exploration::SignFlips if self.form.is_none() => self.layout.shape.hidden,
            _ => 0,
        };
        self.layout.shape.parameters + 1 + mask
    }

    /// How many points a workgroup of a stage evaluates the network at.
    pub fn points(&self, stage: Stage) -> Points {
        match stage {
            Stage::RollOut => self.rolled_out,
            Stage::Bootstrap | Stage::VjpParameters => self.evaluated,
            Stage::FormTargets | Stage::Cola | Stage::DenseVjpWeight | Stage::AdamW | Stage::Probe => Points::One,
        }
    }

    /// Networks of all seeds.
    pub fn all_networks(&self) -> usize {
        self.seeds * self.networks
    }

    /// Number of chunks that each network's gradient is summed from.
    pub fn chunks(&self) -> usize {
        self.batch.div_ceil(self.chunk)
    }

    /// Whether gradients flow through targets.
    pub fn residual(&self) -> bool {
        self.settings.bootstrap == Bootstrap::Residual && self.settings.rho.is_none()
    }

    /// Records of a trajectory: the steps whose predictions receive a gradient. COLA's points are evaluated twice in dual numbers, and
    /// there are two records of each.
    pub fn learned(&self) -> usize {
        match self.form {
            None => self.stride + usize::from(self.residual()),
            Some(_) => 4,
        }
    }

    /// Rows of a record, each of both players times the hidden units: the inputs of products, and the tape if it is kept.
    pub fn record_rows(&self) -> usize {
        let Layout {
            products, norms, shape, ..
        } = &self.layout;
        match self.recorded {
            false => *products,
            // For each norm n and slope, for each block a gap, and 1 / sqrt(variance + epsilon) of all norms.
            true => products + 2 * norms + 2 * shape.residual_blocks + 1,
        }
    }

    /// Number of segments of a trajectory.
    pub fn segments(&self) -> usize {
        match self.form {
            None => self.learned().div_ceil(self.segment),
            Some(_) => 1,
        }
    }

    /// Floating-point operations of matrix products in a stage of one update: twice the multiplications. With the device's
    /// peak they give the shortest time that a stage can take.
    pub fn operations(&self, stage: Stage) -> f64 {
        let [n, h, _, m] = self.layout.shape.sizes().map(|size| size as f64);
        let matrices: f64 = self.layout.matrices.iter().map(|matrix| matrix.rows as f64 * h).sum();
        // Multiplications and additions of a point, both players.
        let first = 4.0 * (n + 1.0) * h;
        let (forward, own_gradient) = (first + 4.0 * matrices, first + 4.0 * (matrices - h * h - m * h));
        let evaluated = (self.all_networks() * self.batch) as f64;
        let (k, learned) = (self.stride as f64, self.learned() as f64);
        let explored = match self.settings.exploration {
            Exploration::None => 0.0,
            Exploration::SignFlips => k,
        };
        evaluated
            * match stage {
                Stage::RollOut => (explored + k) * (forward + own_gradient) + forward,
                Stage::Bootstrap => k * forward,
                Stage::VjpParameters => learned * if self.recorded { 1.0 } else { 2.0 } * forward,
                // Three times, in dual numbers.
                Stage::Cola => 3.0 * 2.0 * 2.0 * forward,
                Stage::DenseVjpWeight => learned * 4.0 * matrices,
                Stage::FormTargets | Stage::AdamW | Stage::Probe => 0.0,
            }
    }

    /// About how many operations a stage of one update takes, matrix products or not, by which dispatches are split.
    pub fn work(&self, stage: Stage) -> f64 {
        let trajectories = (self.seeds * self.batch) as f64;
        let drawn = match (stage, self.sampling) {
            (Stage::RollOut, Some(Sampling { episodes, turns, .. })) => {
                trajectories * (self.stride + 1) as f64 * 2.0 * episodes as f64 * turns as f64
            }
            _ => 0.0,
        };
        let moved = (self.all_networks() * self.layout.len) as f64;
        self.operations(stage).max(moved) + OPERATIONS_OF_A_DRAW * drawn
    }

    /// What was chosen for the number of trajectories and the device, in words.
    pub fn choices(&self) -> String {
        let Plan {
            seeds,
            batch,
            chunk,
            segment,
            ..
        } = self;
        if self.form.is_some() {
            return format!(
                "seeds {seeds}, points of each {batch}; per workgroup: 1 point in dual numbers, points of a chunk {chunk}"
            );
        }
        format!(
            "seeds {seeds}, trajectories of each {batch}; per workgroup: trajectories rolled out {}, steps evaluated {}, steps of \
             a segment {segment}, trajectories of a chunk {chunk}; for the backward pass, evaluations are {}",
            self.rolled_out.count(),
            self.evaluated.count(),
            if self.recorded {
                "kept from the roll-out"
            } else {
                "repeated"
            },
        )
    }

    /// The constants that shaders import from this file.
    pub(super) fn constants(&self) -> Vec<Constant> {
        let constant = |name, value| Constant {
            file: "host/src/gpu/plan.rs",
            name,
            value,
        };
        let Plan { settings, layout, .. } = self;
        let indices = [
            ("K", self.stride),
            ("LEARNED", self.learned()),
            ("BATCH", self.batch),
            ("SEEDS", self.seeds),
            ("NETWORKS", self.networks),
            ("CHUNK", self.chunk),
            ("CHUNKS", self.chunks()),
            ("SEGMENT", self.segment),
            ("SEGMENTS", self.segments()),
            ("DRAW_LEN", self.draw_len()),
            ("RECORD_ROWS", self.record_rows()),
            ("ADAMW_WIDTH", ADAMW_WIDTH),
            ("GELU", Activation::Gelu as usize),
            ("LAST_ACTIVATION", settings.architecture.last_activation as usize),
            ("FIELD_V", Field::V as usize),
            ("FIELD_U", Field::U as usize),
            ("FIELD_U_NORMALIZED", Field::UNormalized as usize),
            ("FIELD_U_ROOT", Field::URoot as usize),
            ("FIELD", settings.field as usize),
            // The predictions that targets are based on: the target network's, or those already made.
            ("BOOTSTRAP", usize::from(settings.rho.is_some())),
        ];
        let share = match self.form {
            None => algorithm1::share(self.batch as f32, self.stride + 1).unwrap_or(0.0),
            Some(_) => 1.0 / (2 * self.batch * layout.shape.parameters) as f32,
        };
        let bools = [
            ("CORRECTION", self.form == Some(Form::Correction)),
            ("INPUT_IS_TENTH", settings.architecture.input == Input::Tenth),
            ("SAMPLED", self.sampling.is_some()),
            ("SIGN_FLIPS", settings.exploration == Exploration::SignFlips),
            ("RESIDUAL", self.residual()),
            ("RECORDED", self.recorded),
            ("CONTRACTS", self.contracts),
            ("HAS_TARGET", settings.rho.is_some()),
        ];
        let (lambda, adamw) = (settings.lambda as f32, &settings.optimizer);
        let numbers = [
            ("PER_UNIT", (1.0 / layout.shape.hidden as f64) as f32),
            ("PER_QUANTILE", (1.0 / layout.shape.quantiles as f64) as f32),
            ("SHARE", share),
            ("ALPHA", settings.alpha as f32),
            ("PHI", settings.phi as f32),
            ("LAMBDA", lambda),
            ("REST_LAMBDA", 1.0 - lambda),
            ("BETA1", adamw.beta1 as f32),
            ("REST1", (1.0 - adamw.beta1) as f32),
            ("BETA2", adamw.beta2 as f32),
            ("REST2", (1.0 - adamw.beta2) as f32),
            ("ADAM_EPSILON", adamw.epsilon as f32),
            ("DECAY", adamw.weight_decay as f32),
            ("RATE", settings.rho.map_or(0.0, |rho| (1.0 - rho) as f32)),
        ];
        let mut constants = Vec::new();
        constants.extend(indices.map(|(name, value)| constant(name, Value::Index(value))));
        constants.extend(bools.map(|(name, value)| constant(name, Value::Bool(value))));
        constants.extend(numbers.map(|(name, value)| constant(name, Value::Number(value))));
        if let AnyGame::IteratedMatrix(game) = self.game {
            let payoffs = game.payoffs.map(|row| row.map(|payoff| payoff as f32));
            constants.extend([
                constant("DELTA", Value::Number(game.discount as f32)),
                constant("PAYOFFS", Value::Pairs(payoffs.to_vec())),
            ]);
        }
        if let (AnyGame::IteratedMatrix(game), Some(Sampling { episodes, turns, .. })) = (self.game, self.sampling) {
            let weights: f64 = (0..turns)
                .scan(1.0, |weight, _| Some(replace(weight, *weight * game.discount)))
                .sum();
            // A single episode has no baseline.
            let others = episodes.saturating_sub(1).max(1) as f64;
            constants.extend([
                constant("EPISODES", Value::Index(episodes)),
                constant("TURNS", Value::Index(turns)),
                constant(
                    "TURNS_AT_ONCE",
                    Value::Index((CELLS / episodes.max(1)).min(turns).clamp(1, MOST_TURNS)),
                ),
                constant("PER_EPISODE", Value::Number((1.0 / episodes as f64) as f32)),
                constant("VALUE_SHARE", Value::Number((1.0 / (weights * episodes as f64)) as f32)),
                constant("GRADIENT_SHARE", Value::Number((1.0 / (weights * others)) as f32)),
            ]);
        }
        constants
    }
}
