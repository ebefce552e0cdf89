//! Learning with learning awareness on the host: trains meta-values on any CPU, simulates learners, draws the figures of
//! *Learning with Learning Awareness using Meta-Values* (Cooijmans, Aghajohari, Courville).
//!
//! A [`Config`] says what to train; [`config`] has the presets. A [`Trainer`] trains it in memory, [`training::run`](training::run()) in
//! directories that can be resumed. The result is a [`Model`]. [`follow`] simulates agents that follow it, and
//! [`paper`] compares their results with the published ones. The formulas are in [`meva_core`].
//!
//! ```
//! use meva::{Config, Trainer};
//!
//! let mut config = Config::preset("logistic")?;
//! config.set("outer=5")?; // 1000 for a model that has learned
//! let mut trainer = Trainer::new(&config)?;
//! for loss in trainer.by_ref() {
//!     println!("loss {}", loss?);
//! }
//! let [x, y] = trainer.model().field([&[-5.0], &[-4.0]], [0.95, 0.95])?;
//! println!("at (-5, -4) the agents go ({}, {})", x[0], y[0]);
//! # Ok::<(), meva::Error>(())
//! ```
//!
//! # Features
//!
//! These are on by default; training on the CPU needs none.
//!
//! - `cli`: the program `meva`
//! - `gpu`: training on GPUs, with wgpu
//! - `figures`: drawing as SVG and PNG, and the report of a reproduction
//!
//! One is off: `mpi`, which shares work among the ranks of an MPI job, needs an MPI library and libclang to build.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod check;
pub mod config;
pub mod cpu;
pub mod draws;
pub mod error;
pub mod files;
pub mod follow;
pub mod gpu;
pub mod hand_out;
pub mod limits;
pub mod machine;
pub mod model;
pub mod paper;
pub mod ranks;
pub mod training;

#[cfg(feature = "figures")]
pub use meva_figure as figure;

pub use config::Config;
pub use error::{Error, Result};
pub use model::Model;
pub use training::{Backend, Run, Trainer};

/// The programs in the README and on the site compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../docs/site/src/how-to/own-game.md")]
#[doc = include_str!("../../docs/site/src/how-to/own-shape.md")]
struct Readme;
