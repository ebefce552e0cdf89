//! Layer normalisation with the activation that follows it.
//!
//! ```text
//! n = (z - mean(z)) / sqrt(mean((z - mean(z))^2) + epsilon)          biased variance, epsilon = 1e-6
//! y = activation(scale n + shift)
//! ```
//!
//! over the `H` units of a layer. The two are one operation because both are elementwise and one pass over the units
//! serves both. The tape keeps `n`, `1 / sqrt(..)`, the activation's slope and `y`.

use crate::activation::{Activation, Gelu, Tanh, Unit};
use crate::scalar::Scalar;

/// Keeps the division finite for a layer whose units are all equal; the value of the reference implementations.
pub const EPSILON: f64 = 1e-6;

/// Scale and shift of the `H` normalised units.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct LayerNorm<T, const H: usize> {
    /// Factor of each normalised unit.
    pub scale: [T; H],
    /// Added to each normalised and scaled unit.
    pub shift: [T; H],
}

/// What the forward pass of a normalised layer leaves for the passes back.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct LayerTape<S, const H: usize> {
    /// `n`; before the forward pass, `z`.
    pub normalized: [S; H],
    /// `1 / sqrt(variance + epsilon)`.
    pub inverse_deviation: S,
    /// The activation's slope at `scale n + shift`.
    pub slope: [S; H],
    /// `y`.
    pub output: [S; H],
}

impl<S: Scalar, const H: usize> LayerTape<S, H> {
    /// An empty tape.
    pub const ZERO: Self = LayerTape {
        normalized: [S::ZERO; H],
        inverse_deviation: S::ZERO,
        slope: [S::ZERO; H],
        output: [S::ZERO; H],
    };
}

/// Normalises and activates in place: the tape's `normalized` holds `z` before and `n` after.
#[inline(always)]
pub fn forward<S: Scalar, const H: usize>(
    norm: &LayerNorm<S::Real, H>,
    activation: Activation,
    tape: &mut LayerTape<S, H>,
) {
    match activation {
        Activation::Gelu => forward_with::<Gelu, S, H>(norm, tape),
        Activation::Tanh => forward_with::<Tanh, S, H>(norm, tape),
    }
}

#[inline(always)]
fn forward_with<U: Unit, S: Scalar, const H: usize>(norm: &LayerNorm<S::Real, H>, tape: &mut LayerTape<S, H>) {
    let per_unit = S::from_f64(1.0 / H as f64).lane(0);
    let epsilon = S::from_f64(EPSILON).lane(0);
    let mut mean = S::ZERO;
    for u in 0..H {
        mean += tape.normalized[u];
    }
    let mut variance = S::ZERO;
    for l in 0..S::LANES {
        mean.set_lane(l, mean.lane(l) * per_unit);
    }
    for u in 0..H {
        for l in 0..S::LANES {
            let centred = tape.normalized[u].lane(l) - mean.lane(l);
            tape.normalized[u].set_lane(l, centred);
            variance.set_lane(l, variance.lane(l) + centred * centred);
        }
    }
    for l in 0..S::LANES {
        tape.inverse_deviation
            .set_lane(l, S::Lane::ONE / (variance.lane(l) * per_unit + epsilon).sqrt());
    }
    for u in 0..H {
        let (scale, shift) = (S::from_real(norm.scale[u]), S::from_real(norm.shift[u]));
        let n = tape.normalized[u] * tape.inverse_deviation;
        tape.normalized[u] = n;
        (tape.output[u], tape.slope[u]) = U::value_and_slope(scale * n + shift);
    }
}

/// The adjoint of `z` from the adjoint of `y`:
///
/// ```text
/// dn = scale slope dy          dz = (dn - mean(dn) - n mean(n dn)) / sqrt(variance + epsilon)
/// ```
#[inline(always)]
pub fn vjp<S: Scalar, const H: usize>(
    norm: &LayerNorm<S::Real, H>,
    tape: &LayerTape<S, H>,
    dy: &[S; H],
    dz: &mut [S; H],
) {
    let per_unit = S::from_f64(1.0 / H as f64).lane(0);
    let (mut mean, mut mean_n) = (S::ZERO, S::ZERO);
    for u in 0..H {
        let scale = S::Lane::from_real(norm.scale[u]);
        for l in 0..S::LANES {
            let dn = scale * (tape.slope[u].lane(l) * dy[u].lane(l));
            dz[u].set_lane(l, dn);
            mean.set_lane(l, mean.lane(l) + dn);
            mean_n.set_lane(l, mean_n.lane(l) + dn * tape.normalized[u].lane(l));
        }
    }
    for l in 0..S::LANES {
        mean.set_lane(l, mean.lane(l) * per_unit);
        mean_n.set_lane(l, mean_n.lane(l) * per_unit);
    }
    for u in 0..H {
        for l in 0..S::LANES {
            let centred = dz[u].lane(l) - mean.lane(l) - tape.normalized[u].lane(l) * mean_n.lane(l);
            dz[u].set_lane(l, tape.inverse_deviation.lane(l) * centred);
        }
    }
}

/// The adjoints of scale and shift, summed over the lanes: `dscale += n slope dy`, `dshift += slope dy`.
#[inline(always)]
pub fn vjp_parameters<S: Scalar, const H: usize>(
    tape: &LayerTape<S, H>,
    dy: &[S; H],
    gradient: &mut LayerNorm<S::Lane, H>,
) {
    for u in 0..H {
        let (mut dscale, mut dshift) = (S::ZERO, S::ZERO);
        for l in 0..S::LANES {
            let g = tape.slope[u].lane(l) * dy[u].lane(l);
            dshift.set_lane(l, g);
            dscale.set_lane(l, g * tape.normalized[u].lane(l));
        }
        gradient.scale[u] += dscale.sum_lanes();
        gradient.shift[u] += dshift.sum_lanes();
    }
}
