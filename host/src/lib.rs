//! Learning with learning awareness on the host: trains meta-values on any CPU, follows learners, draws the figures of
//! *Learning with Learning Awareness using Meta-Values* (Cooijmans, Aghajohari, Courville).
//!
//! [`config`] has the presets, [`training`] turns it into a [`model`], [`follow`] says what becomes of agents that follow it, [`paper`] has
//! the published numbers and our reproduction of them, [`mod@figure`] draws. The formulas are in [`meva_core`].
//!
//! ```
//! use meva::{config::Config, training::Trainer};
//!
//! let mut config = Config::preset("logistic")?;
//! config.set("outer=5")?; // 1000 for a model that has learned
//! let mut trainer = Trainer::new(&config)?;
//! for loss in trainer.by_ref() {
//!     println!("loss {}", loss?);
//! }
//! let [x, y] = trainer.model().field([&[-5.0], &[-4.0]], [0.95, 0.95])?;
//! println!("at (-5, -4) the agents go ({}, {})", x[0], y[0]);
//! # Ok::<(), meva::error::Error>(())
//! ```

pub mod check;
pub mod config;
pub mod cpu;
pub mod draws;
pub mod error;
pub mod files;
pub mod follow;
pub mod gpu;
pub mod model;
pub mod paper;
pub mod training;

#[cfg(feature = "figures")]
pub use meva_figure as figure;
