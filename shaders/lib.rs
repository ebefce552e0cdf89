//! The stages of the GPU engine in WGSL, each named after the operation of the core that it mirrors. The host assembles complete
//! sources from them, and says how.
//!
//! ```
//! let dense = meva_shaders::SHADERS.iter().find(|shader| shader.name == "dense.wgsl").expect("a shader for products");
//! assert!(dense.text.contains("fn "));
//! ```
#![no_std]

/// A file of WGSL.
#[derive(Clone, Copy, Debug)]
pub struct Shader {
    /// Its path in this crate.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! shaders {
    ($($name:literal),+ $(,)?) => {
        [$(Shader { name: $name, text: include_str!($name) }),+]
    };
}

/// Every file, by name.
pub const SHADERS: [Shader; 48] = shaders![
    "activation.wgsl",
    "adamw.wgsl",
    "bootstrap.wgsl",
    "cola.wgsl",
    "columns/dual.wgsl",
    "columns/one.wgsl",
    "columns/two.wgsl",
    "dense.wgsl",
    "dense_vjp_weight.wgsl",
    "derivatives.wgsl",
    "derivatives/bilinear.wgsl",
    "derivatives/iterated_matrix.wgsl",
    "derivatives/logistic.wgsl",
    "derivatives/matching_pennies.wgsl",
    "derivatives/quadratic.wgsl",
    "derivatives/tandem.wgsl",
    "elementary.wgsl",
    "estimator/exact.wgsl",
    "estimator/rollouts.wgsl",
    "exact.wgsl",
    "first_of_both.wgsl",
    "form_targets.wgsl",
    "game/bilinear.wgsl",
    "game/iterated_matrix.wgsl",
    "game/logistic.wgsl",
    "game/matching_pennies.wgsl",
    "game/quadratic.wgsl",
    "game/tandem.wgsl",
    "keep/duals.wgsl",
    "keep/evaluations.wgsl",
    "keep/nothing.wgsl",
    "keep/records.wgsl",
    "lambda_return.wgsl",
    "layer_norm.wgsl",
    "meta_value.wgsl",
    "mlp.wgsl",
    "own_first.wgsl",
    "parameters.wgsl",
    "probe.wgsl",
    "quantile_huber.wgsl",
    "random.wgsl",
    "roll_out.wgsl",
    "slice.wgsl",
    "sum.wgsl",
    "tape.wgsl",
    "unit.wgsl",
    "update.wgsl",
    "vjp_parameters.wgsl",
];
