//! How a product that is added to a sum is rounded: twice, or once. And how square roots, which IEEE 754 rounds to the
//! nearest number in any case, are computed.
//!
//! The formulas that take nearly all the time, those of [`Kernels`](crate::kernels::Kernels), exist in two arithmetics.
//! Each gives the same bits on every processor; their results differ from each other in the last places.
//!
//! - [`Separate`]: the product is rounded, then the sum. Only IEEE `+ - * /` are used, which every processor has.
//! - [`Fused`]: `a b + c` is rounded once, as IEEE 754 defines `fusedMultiplyAdd`. Processors that have the operation
//!   need half the instructions; [`Fused`] computes it for the others, and is what those that have it are held to.

use core::fmt::Debug;

use crate::choice::choice;

/// The operations that processors have instructions for and that compilers cannot derive from `+ - * /`: hosts that have
/// the instructions implement this trait by them.
pub trait Arithmetic: Copy + Debug + Default + Send + Sync + 'static {
    /// `a b + c`, rounded as this arithmetic rounds.
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
    /// [`Arithmetic::multiply_add`] in `f64`.
    fn multiply_add_f64(a: f64, b: f64, c: f64) -> f64;

    /// The square root, rounded to the nearest number; NaN below zero.
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        libm::sqrtf(x)
    }
    /// [`Arithmetic::sqrt`] in `f64`.
    #[inline(always)]
    fn sqrt_f64(x: f64) -> f64 {
        libm::sqrt(x)
    }
}

/// The arithmetics, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticName {
    /// [`Separate`].
    Separate,
    /// [`Fused`].
    Fused,
}

choice! { ArithmeticName, "arithmetic":
    Separate = "separate" (0),
    Fused = "fused" (1),
}

/// The product and the sum are rounded one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Separate;

impl Arithmetic for Separate {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
    #[inline(always)]
    fn multiply_add_f64(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
}

/// The exact `a b + c` is rounded once, to the nearest number, ties to even: computed from other operations, so that it
/// gives the same bits on every processor.
///
/// For `f32`: the product of two `f32` is exact in `f64`. Its sum with `c` is rounded in `f64` *to odd*, which keeps a
/// trace of what was rounded away, so that rounding the result to `f32` cannot err (Boldo and Melquiond, 2008).
///
/// ```
/// use meva_core::arithmetic::{Arithmetic, Fused, Separate};
/// let a = 1.0 + f32::EPSILON;
/// // a^2 = 1 + 2 epsilon + epsilon^2, of which a rounded product keeps only the first two terms.
/// assert_eq!(Separate::multiply_add(a, a, -(1.0 + 2.0 * f32::EPSILON)), 0.0);
/// assert_eq!(Fused::multiply_add(a, a, -(1.0 + 2.0 * f32::EPSILON)), f32::EPSILON * f32::EPSILON);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fused;

impl Arithmetic for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
        let sum = product + c;
        // What the sum lost, exactly (Knuth's two-sum); NaN if the sum is infinite or NaN.
        let part = sum - product;
        let lost = (product - (sum - part)) + (c - part);
        // Away from zero by one unit in the last place if the lost part has the sign of the sum, otherwise towards it.
        let bits = sum.to_bits();
        let step = if (lost > 0.0) == (sum > 0.0) { 1 } else { u64::MAX };
        let inexact = (lost > 0.0) | (lost < 0.0);
        let even = bits & 1 == 0;
        f64::from_bits(bits.wrapping_add(if inexact & even { step } else { 0 })) as f32
    }
    #[inline(always)]
    fn multiply_add_f64(a: f64, b: f64, c: f64) -> f64 {
        libm::fma(a, b, c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fused(a: f32, b: f32, c: f32) -> u32 {
        Fused::multiply_add(a, b, c).to_bits()
    }

    /// Ties, subnormal results, overflow, signs of zero.
    #[test]
    fn one_rounding() {
        let one_above = f32::from_bits(1.0_f32.to_bits() + 1);
        // Half a unit in the last place is a tie, which goes to even; a trace more or less decides it.
        let half = f32::EPSILON / 2.0;
        assert_eq!(fused(half, 1.0, 1.0), 1.0_f32.to_bits());
        assert_eq!(fused(half, 1.0, one_above), 1.0_f32.to_bits() + 2);
        assert_eq!(fused(half, one_above, 1.0), one_above.to_bits());
        let below = f32::from_bits(half.to_bits() - 1);
        assert_eq!(fused(below, 1.0, one_above), one_above.to_bits());
        // A trace that f64 rounds away as well: the sum is 2^-70 below the tie.
        assert_eq!(
            fused(half * one_above, 1.0 - f32::EPSILON, one_above),
            one_above.to_bits()
        );
        assert_eq!(fused(4097.0 * half, 1.0 / 4096.0, 1.0), one_above.to_bits());
        // Below the normal range the last place is 2^-149.
        let least = f32::from_bits(1);
        assert_eq!(fused(least, 0.5, 0.0), 0);
        assert_eq!(fused(least, 0.5, least), 2);
        assert_eq!(fused(least, -0.5, least), 0);
        assert_eq!(fused(least, 0.75, 0.0), 1);
        assert_eq!(fused(f32::MAX, 2.0, -f32::MAX), f32::MAX.to_bits());
        assert_eq!(fused(f32::MAX, f32::MAX, 0.0), f32::INFINITY.to_bits());
        assert_eq!(fused(-f32::MAX, f32::MAX, f32::MAX), f32::NEG_INFINITY.to_bits());
        assert_eq!(fused(0.0, -1.0, 0.0), 0.0_f32.to_bits());
        assert_eq!(fused(0.0, -1.0, -0.0), (-0.0_f32).to_bits());
        assert_eq!(fused(3.0, 2.0, -6.0), 0.0_f32.to_bits());
        for (a, b, c) in [
            (f32::NAN, 1.0, 1.0),
            (1.0, 1.0, f32::NAN),
            (0.0, f32::INFINITY, 1.0),
            (f32::INFINITY, 1.0, f32::NEG_INFINITY),
        ] {
            assert!(Fused::multiply_add(a, b, c).is_nan(), "{a} {b} {c}");
        }
        assert_eq!(fused(f32::INFINITY, -2.0, 1.0), f32::NEG_INFINITY.to_bits());
        assert_eq!(fused(1.0, 1.0, f32::NEG_INFINITY), f32::NEG_INFINITY.to_bits());
    }

    /// Against another implementation, on operands of every magnitude whose product and addend are close to each other.
    #[test]
    fn agrees_with_another_implementation() {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as u32
        };
        for _ in 0..200_000 {
            let (a, b, c) = (f32::from_bits(next()), f32::from_bits(next()), f32::from_bits(next()));
            let near = f32::from_bits((-(a * b)).to_bits().wrapping_add(next() % 5).wrapping_sub(2));
            let far = f32::from_bits((-(a * b)).to_bits().wrapping_sub((next() % 60) << 23));
            for c in [c, near, far] {
                let (ours, other) = (Fused::multiply_add(a, b, c), libm::fmaf(a, b, c));
                assert!(
                    ours.to_bits() == other.to_bits() || ours.is_nan() && other.is_nan(),
                    "{a:e} {b:e} {c:e}: {ours:e} {other:e}"
                );
            }
        }
    }
}
