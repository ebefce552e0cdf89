//! Layer normalisation with the activation that follows it.
//!
//! ```text
//! n = (z - mean(z)) / sqrt(mean((z - mean(z))^2) + epsilon)          biased variance, epsilon = 1e-6
//! y = activation(scale n + shift)
//! ```
//!
//! over the `H` units of a layer; NaN where a square leaves the range of the numbers, in `f32` from units 1e19 apart on. The two
//! are one operation because both are elementwise and a single pass over the units computes both. The tape keeps `n`,
//! `1 / sqrt(..)`, the activation's slope and `y`.

use crate::activation::{Activation, Gelu, Tanh, Unit};
use crate::arithmetic::Arithmetic;
use crate::scalar::Scalar;

/// Keeps the division finite for a layer whose units are all equal; the value that the reference implementations use.
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

/// What the forward pass of a normalised layer records for the backward passes.
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
pub fn forward<A: Arithmetic, S: Scalar, const H: usize>(
    arithmetic: A,
    norm: &LayerNorm<S::Real, H>,
    activation: Activation,
    tape: &mut LayerTape<S, H>,
) {
    match activation {
        Activation::Gelu => forward_with::<Gelu, A, S, H>(arithmetic, norm, EPSILON, tape),
        Activation::Tanh => forward_with::<Tanh, A, S, H>(arithmetic, norm, EPSILON, tape),
    }
}

#[inline(always)]
fn forward_with<U: Unit, A: Arithmetic, S: Scalar, const H: usize>(
    arithmetic: A,
    norm: &LayerNorm<S::Real, H>,
    epsilon: f64,
    tape: &mut LayerTape<S, H>,
) {
    let per_unit = S::from_f64(1.0 / H as f64).lane(0);
    let epsilon = S::from_f64(epsilon).lane(0);
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
            variance.set_lane(l, centred.multiply_add_in(arithmetic, centred, variance.lane(l)));
        }
    }
    // Beyond the range of the numbers a division would give 0, and all units would seem equal.
    let (infinite, undefined) = (S::Lane::from_f64(f64::INFINITY), S::Lane::from_f64(f64::NAN));
    for l in 0..S::LANES {
        let variance = variance.lane(l).multiply_add_in(arithmetic, per_unit, epsilon);
        let inverse = S::Lane::ONE / variance.sqrt_in(arithmetic);
        tape.inverse_deviation
            .set_lane(l, S::Lane::select_less(variance, infinite, inverse, undefined));
    }
    for u in 0..H {
        let (scale, shift) = (S::from_real(norm.scale[u]), S::from_real(norm.shift[u]));
        let n = tape.normalized[u] * tape.inverse_deviation;
        tape.normalized[u] = n;
        (tape.output[u], tape.slope[u]) = U::value_and_slope(arithmetic, scale.multiply_add_in(arithmetic, n, shift));
    }
}

/// The adjoint of `z` from the adjoint of `y`:
///
/// ```text
/// dn = scale slope dy          dz = (dn - mean(dn) - n mean(n dn)) / sqrt(variance + epsilon)
/// ```
#[inline(always)]
pub fn vjp<A: Arithmetic, S: Scalar, const H: usize>(
    arithmetic: A,
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
            mean_n.set_lane(
                l,
                dn.multiply_add_in(arithmetic, tape.normalized[u].lane(l), mean_n.lane(l)),
            );
        }
    }
    for l in 0..S::LANES {
        mean.set_lane(l, mean.lane(l) * per_unit);
        mean_n.set_lane(l, mean_n.lane(l) * per_unit);
    }
    for u in 0..H {
        for l in 0..S::LANES {
            let centred = dz[u].lane(l) - mean.lane(l);
            let centred = (-tape.normalized[u].lane(l)).multiply_add_in(arithmetic, mean_n.lane(l), centred);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::Separate;
    use crate::{Dual, Real};

    /// No activation: outputs are those of the norm itself.
    struct Identity;
    impl Unit for Identity {
        fn value_and_slope<A: Arithmetic, T: Scalar>(_: A, z: T) -> (T, T) {
            (z, T::ONE)
        }
    }

    const NORM: LayerNorm<f64, 4> = LayerNorm {
        scale: [1.0, -2.0, 0.5, 3.0],
        shift: [0.0, 0.25, -1.0, 0.5],
    };
    const Z: [f64; 4] = [0.3, -1.5, 2.0, 0.75];
    const DY: [f64; 4] = [1.0, -0.5, 2.0, 0.25];

    fn evaluated<S: Scalar<Real = f64>>(activation: Activation, z: [S; 4]) -> LayerTape<S, 4> {
        let mut tape = LayerTape {
            normalized: z,
            ..LayerTape::ZERO
        };
        forward(Separate, &NORM, activation, &mut tape);
        tape
    }

    #[test]
    fn units_have_mean_zero_and_variance_one() {
        let LayerTape { normalized, .. } = evaluated(Activation::Gelu, Z);
        let mean = normalized.iter().sum::<f64>() / 4.0;
        let variance = normalized.iter().map(|n| n * n).sum::<f64>() / 4.0;
        assert!(mean.abs() < 1e-15 && (variance - 1.0).abs() < 2e-6, "{mean} {variance}");
    }

    /// A common shift of all units is removed, and so is a common factor, up to epsilon.
    #[test]
    fn shift_and_factor_are_taken_away() {
        let norm = |z| evaluated(Activation::Tanh, z).normalized;
        for (got, expected) in [(Z.map(|z| z + 8.0), 1e-14), (Z.map(|z| 1024.0 * z), 2e-6)] {
            for (moved, still) in norm(got).iter().zip(norm(Z)) {
                assert!((moved - still).abs() <= expected, "{moved} {still}");
            }
        }
    }

    /// Units that are all equal normalise to zero, and the backward pass stays finite.
    #[test]
    fn equal_units_stay_finite() {
        let tape = evaluated(Activation::Gelu, [5.0_f64; 4]);
        assert_eq!(tape.normalized, [0.0; 4]);
        assert!((tape.inverse_deviation - 1e3).abs() < 1e-9);
        let mut dz = [0.0; 4];
        vjp(Separate, &NORM, &tape, &DY, &mut dz);
        assert!(
            dz.iter().all(|d| d.is_finite()) && dz.iter().sum::<f64>().abs() < 1e-9,
            "{dz:?}"
        );
    }

    /// Units whose squares are beyond the range of the numbers give NaN, not the zeros of units that are all equal.
    #[test]
    fn units_beyond_the_range_are_undefined() {
        assert!(
            evaluated(Activation::Tanh, Z.map(|z| 1e153 * z))
                .output
                .iter()
                .all(|y| y.is_finite())
        );
        let tape = evaluated(Activation::Tanh, Z.map(|z| 1e155 * z));
        assert!(tape.output.iter().chain(&tape.slope).all(|y| y.is_nan()), "{tape:?}");
    }

    /// `vjp` is the transpose of how dual numbers propagate through the forward pass.
    #[test]
    fn vjp_is_the_adjoint() {
        for activation in [Activation::Gelu, Activation::Tanh] {
            let mut dz = [0.0; 4];
            vjp(Separate, &NORM, &evaluated(activation, Z), &DY, &mut dz);
            for u in 0..4 {
                let z = core::array::from_fn(|k| Dual::new(Z[k], if k == u { 1.0 } else { 0.0 }));
                let output = evaluated(activation, z).output;
                let expected: f64 = output.iter().zip(DY).map(|(y, dy)| y.tangent * dy).sum();
                assert!(
                    (dz[u] - expected).abs() < 1e-14,
                    "{activation:?} {u}: {} {expected}",
                    dz[u]
                );
            }
        }
    }

    /// The adjoints of scale and shift are those of the activation's input, times the normalised unit or one.
    #[test]
    fn parameters_add_up() {
        let tape = evaluated(Activation::Tanh, Z);
        let mut gradient = LayerNorm {
            scale: [1.0; 4],
            shift: [2.0; 4],
        };
        vjp_parameters(&tape, &DY, &mut gradient);
        for u in 0..4 {
            let inner = tape.slope[u] * DY[u];
            assert_eq!(gradient.scale[u], 1.0 + inner * tape.normalized[u]);
            assert_eq!(gradient.shift[u], 2.0 + inner);
        }
    }

    /// For two units (t, 0) with scale (1, 2) and epsilon 1/4, the outputs sum to `-t / sqrt(t^2 + 1)`, whose second
    /// derivative is `3 t (t^2 + 1)^(-5/2)`: computed by the backward pass on dual numbers.
    #[test]
    fn second_derivative() {
        fn law<T: Real>(bound: f64) {
            let norm = LayerNorm {
                scale: [T::ONE, T::ONE + T::ONE],
                shift: [T::ZERO; 2],
            };
            let mut tape = LayerTape::ZERO;
            tape.normalized[0] = Dual::new(T::round(0.7), T::ONE);
            forward_with::<Identity, Separate, Dual<T>, 2>(Separate, &norm, 0.25, &mut tape);
            let mut dz = [Dual::ZERO; 2];
            vjp(Separate, &norm, &tape, &[Dual::ONE; 2], &mut dz);
            let (first, second) = (dz[0].value.to_f64(), dz[0].tangent.to_f64());
            let expected = -1.0 / (1.49 * libm::sqrt(1.49));
            assert!((first - expected).abs() <= bound, "{first} {expected}");
            assert!((second - 0.774_914_207_959_094_2).abs() <= bound, "{second}");
        }
        law::<f64>(1e-15);
        law::<f32>(3e-7);
    }
}
