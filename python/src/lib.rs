//! The Python module `meva._meva`: the core and the host behind numpy arrays. What users import is in `meva/`.
//!
//! Every function that computes releases the interpreter's lock and runs on threads of its own ([`run::compute`]); errors of the
//! host become exceptions with their hints, and so do panics.

use pyo3::prelude::*;

mod arrays;
mod calibration;
mod check;
mod config;
mod error;
mod figures;
mod follow;
mod games;
mod learners;
mod model;
mod run;
mod training;

/// Everything that the package `meva` is made of.
#[pymodule]
mod _meva {
    use super::*;

    #[pymodule_export]
    use super::{
        calibration::calibrate,
        check::{check, devices},
        config::{config, presets},
        figures::{Figure, figure},
        follow::{basins, follow, league, play, stability, starts},
        games::{_loop_seconds, Game},
        learners::{Learner, learner_names, strategy_names},
        model::Model,
        run::_panic,
        training::{Trainer, train},
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        error::forward_notes();
        module.add("__version__", meva::config::VERSION)
    }
}
