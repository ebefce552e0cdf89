//! Learning with learning awareness on the host: trains meta-values on any CPU, follows learners, draws the figures of
//! *Learning with Learning Awareness using Meta-Values* (Cooijmans, Aghajohari, Courville).
//!
//! [`config`] has the presets, [`train`] turns a configuration into a [`model`], [`ascent`] follows agents, [`plane`] counts
//! basins, [`reciprocity`] measures what becomes of two agents in the prisoner's dilemma, [`mod@figure`] draws, and
//! [`published`] has the numbers to compare with. The formulas are in [`meva_core`].
//!
//! ```
//! use meva::{config::Config, train::Trainer};
//!
//! let mut config = Config::preset("logistic")?;
//! config.set("outer=5")?; // 1000 for a model that has learned
//! let mut trainer = Trainer::new(&config)?;
//! while trainer.iteration() < config.outer {
//!     trainer.outer_iteration()?;
//! }
//! let [x, y] = trainer.model().field([&[-5.0], &[-4.0]], [0.95, 0.95])?;
//! println!("at (-5, -4) the agents go ({}, {})", x[0], y[0]);
//! # Ok::<(), meva::error::Error>(())
//! ```

pub mod ascent;
pub mod check;
pub mod cola;
pub mod command;
pub mod config;
pub mod cpu;
pub mod draws;
pub mod engine;
pub mod error;
pub mod estimate;
pub mod export;
pub mod figure;
pub mod game;
pub mod gpu;
pub mod learner;
pub mod memory;
pub mod model;
pub mod network;
pub mod plane;
pub mod play;
pub mod published;
pub mod reciprocity;
pub mod run_directory;
pub mod train;
