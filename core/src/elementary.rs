//! `exp`, `tanh` and `sigmoid` for `f32`, branch-free, using only IEEE `+ - * /`, in an [arithmetic](crate::arithmetic),
//! and integer operations.
//!
//! They give the same bits on every processor. Each is written for `W` lanes, in stages: compilers turn a stage, a loop
//! over the lanes, into vector instructions, and the processor works on several vectors at once instead of waiting for
//! each operation of a single one. A single number is one lane.
//!
//! All three are based on one range reduction (Cody and Waite): `x = n ln 2 + r` with `n` the nearest integer, so
//! `|r| <= ln(2) / 2`, and
//!
//! ```text
//! exp(x) - 1 = 2^n (r + r^2 q(r)) + (2^n - 1)
//! ```
//!
//! `q` is the polynomial of degree 5 that minimises the relative error of `expm1` on `|r| <= 1.002 ln(2) / 2`
//! (reweighted least squares on 4000 Chebyshev points; 2.4e-10 before its coefficients are rounded to `f32`). Compared
//! with `f64`, over all `f32` inputs, the error is at most 2 ulp for `exp` and `tanh` and 3 ulp for `sigmoid`.
//!
//! The constants are public so that implementations in other languages, such as the GPU engine's shaders, can take them
//! from here instead of copying them.

use crate::arithmetic::{Arithmetic, Separate};

/// `1 / ln 2`.
pub const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// The high part of `ln 2 = LN_2_HIGH + LN_2_LOW`. It has nine significant bits, so its products with `n` are exact.
pub const LN_2_HIGH: f32 = 355.0 / 512.0;
/// The low part of `ln 2`, rounded to the nearest `f32`.
pub const LN_2_LOW: f32 = -2.121_944_4e-4;
/// `1.5 * 2^23`: adding it rounds to the nearest integer and leaves that integer in the low bits.
pub const ROUNDER: f32 = 12_582_912.0;
/// The coefficients of `q`, lowest degree first.
pub const EXPM1_POLYNOMIAL: [f32; 6] = [
    0.5,
    0.166_666_67,
    0.041_666_35,
    0.008_333_272,
    0.001_394_120_6,
    0.000_199_144_49,
];

/// Where `exp` saturates: at 90 the result is infinite.
pub const EXP_HIGHEST: f32 = 90.0;
/// Where `exp` vanishes: at -105 the result is 0.
pub const EXP_LOWEST: f32 = -105.0;
/// The coefficients of `p` in `tanh(x) = x + x^3 p(x^2)`, lowest degree first: they minimise the relative error on
/// `|x| <= 0.63`, fitted like `q` (4.8e-9).
pub const TANH_POLYNOMIAL: [f32; 5] = [
    -0.333_332_78,
    0.133_313_31,
    -0.053_730_007,
    0.020_606_177,
    -0.005_666_977,
];

/// Below this magnitude `tanh` is evaluated by its polynomial.
pub const TANH_NEAR: f32 = 0.625;
/// Where `tanh` saturates: from 9.02 on the result rounds to 1.
pub const TANH_HIGHEST: f32 = 9.1;

/// A stage: applies `formula` to every lane.
#[inline(always)]
fn each<const W: usize>(formula: impl Fn(usize) -> f32) -> [f32; W] {
    let mut results = [0.0; W];
    for l in 0..W {
        results[l] = formula(l);
    }
    results
}

/// `c_0 + x (c_1 + x (c_2 + ..))`.
#[inline(always)]
fn polynomial<A: Arithmetic, const W: usize, const D: usize>(_: A, c: &[f32; D], x: &[f32; W]) -> [f32; W] {
    let mut sum = [c[D - 1]; W];
    for d in (0..D - 1).rev() {
        sum = each::<W>(|l| A::multiply_add(x[l], sum[l], c[d]));
    }
    sum
}

/// `(ROUNDER + n, r + r^2 q(r))` for `|x| < 2^21`.
#[inline(always)]
fn reduce<A: Arithmetic, const W: usize>(arithmetic: A, x: &[f32; W]) -> ([f32; W], [f32; W]) {
    let shifted = each::<W>(|l| A::multiply_add(x[l], LOG2_E, ROUNDER));
    let n = each::<W>(|l| shifted[l] - ROUNDER);
    let r = each::<W>(|l| A::multiply_add(n[l], -LN_2_LOW, A::multiply_add(n[l], -LN_2_HIGH, x[l])));
    let q = polynomial(arithmetic, &EXPM1_POLYNOMIAL, &r);
    (shifted, each::<W>(|l| A::multiply_add(r[l] * r[l], q[l], r[l])))
}

/// `n` of `ROUNDER + n`.
#[inline(always)]
fn integer(shifted: f32) -> i32 {
    (shifted.to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32)
}

/// `2^n` for `-126 <= n <= 127`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// [`exp`] of every lane.
#[inline(always)]
pub(crate) fn exp_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[f32; W]) -> [f32; W] {
    // NaN passes through both selections.
    let x = each::<W>(|l| if x[l] > EXP_HIGHEST { EXP_HIGHEST } else { x[l] });
    let x = each::<W>(|l| if x[l] < EXP_LOWEST { EXP_LOWEST } else { x[l] });
    let (shifted, p) = reduce(arithmetic, &x);
    // In two factors, since n ranges from -151 to 130: below the normal range the second product rounds once.
    each::<W>(|l| {
        let n = integer(shifted[l]);
        let half = n >> 1;
        (1.0 + p[l]) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
    })
}

/// [`tanh`] of every lane.
#[inline(always)]
pub(crate) fn tanh_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[f32; W]) -> [f32; W] {
    let a = each::<W>(|l| {
        if x[l].abs() > TANH_HIGHEST {
            TANH_HIGHEST
        } else {
            x[l].abs()
        }
    });
    let (shifted, expm1) = reduce(arithmetic, &each::<W>(|l| 2.0 * a[l]));
    let far = each::<W>(|l| 1.0 - 2.0 / A::multiply_add(1.0 + expm1[l], power_of_two(integer(shifted[l])), 1.0));
    let z = each::<W>(|l| a[l] * a[l]);
    let p = polynomial(arithmetic, &TANH_POLYNOMIAL, &z);
    each::<W>(|l| {
        (if a[l] < TANH_NEAR {
            A::multiply_add(a[l] * z[l], p[l], a[l])
        } else {
            far[l]
        })
        .copysign(x[l])
    })
}

/// [`sigmoid`] of every lane.
#[inline(always)]
pub(crate) fn sigmoid_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[f32; W]) -> [f32; W] {
    let e = exp_each(arithmetic, &each::<W>(|l| -x[l].abs()));
    each::<W>(|l| (if x[l] < 0.0 { e[l] } else { 1.0 }) / (1.0 + e[l]))
}

/// `exp(x)`: 0 below about -103.97, infinite above about 88.72, NaN for NaN; at most 2 ulp from the exact value.
///
/// ```
/// assert_eq!(meva_core::elementary::exp(0.0), 1.0);
/// assert_eq!(meva_core::elementary::exp(1.0), core::f32::consts::E);
/// ```
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    exp_in(Separate, x)
}

/// [`exp`] in an arithmetic.
#[inline(always)]
pub fn exp_in<A: Arithmetic>(arithmetic: A, x: f32) -> f32 {
    exp_each(arithmetic, &[x])[0]
}

/// `tanh(x) = 1 - 2 / (exp(2|x|) + 1)` with the sign of `x`, and for `|x| < 0.625`, where that would cancel,
/// `x + x^3 p(x^2)`; at most 2 ulp from the exact value.
///
/// ```
/// assert_eq!(meva_core::elementary::tanh(-20.0), -1.0);
/// assert_eq!(meva_core::elementary::tanh(1e-20), 1e-20);
/// ```
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    tanh_in(Separate, x)
}

/// [`tanh`] in an arithmetic.
#[inline(always)]
pub fn tanh_in<A: Arithmetic>(arithmetic: A, x: f32) -> f32 {
    tanh_each(arithmetic, &[x])[0]
}

/// `sigmoid(x) = 1 / (1 + exp(-x))`, small values included; at most 3 ulp from the exact value.
///
/// ```
/// assert_eq!(meva_core::elementary::sigmoid(0.0), 0.5);
/// assert!(meva_core::elementary::sigmoid(-100.0) > 0.0);
/// ```
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    sigmoid_in(Separate, x)
}

/// [`sigmoid`] in an arithmetic.
#[inline(always)]
pub fn sigmoid_in<A: Arithmetic>(arithmetic: A, x: f32) -> f32 {
    sigmoid_each(arithmetic, &[x])[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::Fused;

    /// Points of both signs, from subnormal to far beyond saturation.
    fn points() -> impl Iterator<Item = f32> {
        let magnitudes = (0..400).map(|k| libm::exp2f(k as f32 / 10.0 - 30.0));
        magnitudes
            .flat_map(|a| [a, -a])
            .chain([f32::from_bits(1), f32::MIN_POSITIVE, 200.0, 1e30, f32::MAX])
    }

    /// Units in the last place of the exact value, including subnormal values.
    fn ulps(got: f32, exact: f64) -> f64 {
        let rounded = (exact as f32).abs();
        let next = f32::from_bits(rounded.to_bits() + 1);
        (f64::from(got) - exact).abs() / (f64::from(next) - f64::from(rounded))
    }

    fn stay_within_their_bounds<A: Arithmetic>(arithmetic: A) {
        for x in points().filter(|x| x.abs() < 88.0) {
            let exact = f64::from(x);
            assert!(ulps(exp_in(arithmetic, x), libm::exp(exact)) <= 2.0, "exp({x})");
            assert!(ulps(tanh_in(arithmetic, x), libm::tanh(exact)) <= 2.0, "tanh({x})");
            let sigmoid = sigmoid_in(arithmetic, x);
            assert!(ulps(sigmoid, 1.0 / (1.0 + libm::exp(-exact))) <= 3.0, "sigmoid({x})");
        }
    }

    #[test]
    fn errors_stay_within_their_bounds() {
        stay_within_their_bounds(Separate);
        stay_within_their_bounds(Fused);
    }

    #[test]
    fn ends_are_exact() {
        for x in [0.0, -0.0] {
            assert_eq!((exp(x), sigmoid(x)), (1.0, 0.5));
            assert_eq!(tanh(x).to_bits(), f32::to_bits(x));
        }
        for x in [f32::INFINITY, f32::MAX, 200.0] {
            assert_eq!((exp(x), tanh(x), sigmoid(x)), (f32::INFINITY, 1.0, 1.0));
            assert_eq!((exp(-x), tanh(-x)), (0.0, -1.0));
        }
        assert_eq!(sigmoid(f32::NEG_INFINITY), 0.0);
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
        // The largest finite value, and the smallest that is not zero.
        assert!(exp(88.722_83).is_finite() && exp(88.73).is_infinite());
        assert!(exp(-103.9) > 0.0 && exp(-104.1) == 0.0);
    }

    /// tanh is odd to the bit, and sigmoid(x) and sigmoid(-x) sum to one.
    #[test]
    fn symmetries() {
        for x in points() {
            assert_eq!(tanh(-x).to_bits(), (-tanh(x)).to_bits(), "{x}");
            assert!((sigmoid(x) + sigmoid(-x) - 1.0).abs() <= f32::EPSILON, "{x}");
        }
    }

    /// Results are in the order of their arguments, up to an error in the last place.
    #[test]
    fn no_steps_down() {
        for function in [exp, tanh, sigmoid] {
            let mut last = function(-110.0);
            for k in -1100..=880 {
                let next = function(k as f32 / 10.0);
                assert!(
                    next >= last * (1.0 - 2.0 * f32::EPSILON * last.signum()),
                    "at {}",
                    k as f32 / 10.0
                );
                last = next;
            }
        }
    }

    /// However many lanes there are, each has the same bits as a single number.
    #[test]
    fn lanes_have_the_bits_of_one() {
        let x: [f32; 7] = [-100.0, -0.7, -0.0, 1e-20, 0.624, 9.05, f32::INFINITY];
        let bits = |values: [f32; 7]| values.map(f32::to_bits);
        assert_eq!(bits(exp_each(Separate, &x)), bits(x.map(exp)));
        assert_eq!(bits(tanh_each(Separate, &x)), bits(x.map(tanh)));
        assert_eq!(bits(sigmoid_each(Separate, &x)), bits(x.map(sigmoid)));
    }
}
