//! Activations, each given together with its slope: the forward pass records both, so no backward pass evaluates it again.

use crate::arithmetic::{Arithmetic, Separate};
use crate::choice::choice;
use crate::scalar::Scalar;

/// The function that follows a layer norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `z sigmoid(2 u)`, `u = sqrt(2 / pi) (z + 0.044715 z^3)`: the tanh form, `z / 2 (1 + tanh(u))`.
    Gelu,
    /// `tanh(z)`; its sign makes exploration by flipped signs possible (section 4.3 of the paper).
    Tanh,
}

choice! { Activation, "activation":
    Gelu = "gelu" (0),
    Tanh = "tanh" (1),
}

/// A function of one number with its slope.
pub(crate) trait Unit {
    /// `(f(z), f'(z))`.
    fn value_and_slope<A: Arithmetic, T: Scalar>(arithmetic: A, z: T) -> (T, T);
}

pub(crate) struct Gelu;
pub(crate) struct Tanh;

/// 2 sqrt(2 / pi).
const TWO_SQRT_TWO_OVER_PI: f64 = 1.595_769_121_605_730_7;
/// The cubic coefficient of the tanh form (Hendrycks and Gimpel, 2016).
const CUBIC: f64 = 0.044_715;

/// `2 u = GELU_LINEAR z + GELU_CUBIC z^3`, where `gelu(z) = z sigmoid(2 u)`.
pub const GELU_LINEAR: f64 = TWO_SQRT_TWO_OVER_PI;
/// See [`GELU_LINEAR`].
pub const GELU_CUBIC: f64 = TWO_SQRT_TWO_OVER_PI * CUBIC;
/// The slope of `2 u` is `GELU_LINEAR + GELU_CUBIC_SLOPE z^2`.
pub const GELU_CUBIC_SLOPE: f64 = GELU_CUBIC * 3.0;

impl Unit for Gelu {
    #[inline(always)]
    fn value_and_slope<A: Arithmetic, T: Scalar>(arithmetic: A, z: T) -> (T, T) {
        let square = z * z;
        let linear = T::from_f64(GELU_LINEAR);
        let s = (z * T::from_f64(GELU_CUBIC).multiply_add_in(arithmetic, square, linear)).sigmoid_in(arithmetic);
        let inner = T::from_f64(GELU_CUBIC_SLOPE).multiply_add_in(arithmetic, square, linear);
        (z * s, (z * inner * s).multiply_add_in(arithmetic, T::ONE - s, s))
    }
}

impl Unit for Tanh {
    #[inline(always)]
    fn value_and_slope<A: Arithmetic, T: Scalar>(arithmetic: A, z: T) -> (T, T) {
        let t = z.tanh_in(arithmetic);
        (t, (-t).multiply_add_in(arithmetic, t, T::ONE))
    }
}

impl Activation {
    /// `(f(z), f'(z))`.
    ///
    /// ```
    /// use meva_core::activation::Activation;
    /// assert_eq!(Activation::Gelu.value_and_slope(0.0_f64), (0.0, 0.5));
    /// assert_eq!(Activation::Tanh.value_and_slope(0.0_f32), (0.0, 1.0));
    /// ```
    pub fn value_and_slope<T: Scalar>(self, z: T) -> (T, T) {
        match self {
            Activation::Gelu => Gelu::value_and_slope(Separate, z),
            Activation::Tanh => Tanh::value_and_slope(Separate, z),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;

    /// The slope equals what a dual number propagates through the value.
    #[test]
    fn slopes_are_derivatives() {
        for activation in [Activation::Gelu, Activation::Tanh] {
            for z in [-30.0, -3.0, -0.75, 0.0, 1e-3, 0.5, 2.0, 30.0_f64] {
                let (_, slope) = activation.value_and_slope(z);
                let (dual, _) = activation.value_and_slope(Dual::new(z, 1.0));
                assert!(
                    (slope - dual.tangent).abs() <= 1e-15,
                    "{activation:?} at {z}: {slope} {dual:?}"
                );
            }
        }
    }

    #[test]
    fn gelu_equals_its_tanh_form() {
        for z in [-4.0, -1.0, -0.1, 0.3, 1.0, 5.0_f64] {
            let u = libm::sqrt(2.0 / core::f64::consts::PI) * (z + CUBIC * z * z * z);
            let expected = z / 2.0 * (1.0 + libm::tanh(u));
            let (value, _) = Activation::Gelu.value_and_slope(z);
            assert!((value - expected).abs() <= 1e-15, "{z}: {value} {expected}");
        }
    }

    /// For large arguments the function is 0 or the identity, never NaN.
    #[test]
    fn activations_saturate() {
        for z in [1e4, 1e18, f32::MAX] {
            assert_eq!(Activation::Tanh.value_and_slope(z), (1.0, 0.0));
            assert_eq!(Activation::Tanh.value_and_slope(-z), (-1.0, 0.0));
        }
        assert_eq!(Activation::Gelu.value_and_slope(1e4_f32), (1e4, 1.0));
        assert_eq!(Activation::Gelu.value_and_slope(-1e4_f32), (0.0, 0.0));
    }
}
