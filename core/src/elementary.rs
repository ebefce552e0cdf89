//! `exp`, `tanh` and `sigmoid` for `f32`, branch-free, in IEEE `+ - * /` and integer operations alone.
//!
//! They give the same bits on every processor, and the compiler turns a loop over lanes into vector instructions. All
//! three rest on one reduction (Cody and Waite): `x = n ln 2 + r` with `n` the nearest integer, so `|r| <= ln(2) / 2`, and
//!
//! ```text
//! exp(x) - 1 = 2^n (r + r^2 q(r)) + (2^n - 1)
//! ```
//!
//! `q` is the polynomial of degree 5 that is best for the relative error of `expm1` on `|r| <= 1.002 ln(2) / 2`
//! (reweighted least squares on 4000 Chebyshev points; 2.4e-10 before its coefficients are rounded to `f32`).
//! Against `f64`, over all `f32` inputs, the error stays within 2 ulp for `exp` and `tanh` and 3 ulp for `sigmoid`.

const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// ln 2 in two parts; the first has nine significant bits, so that its products with `n` are exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// 1.5 * 2^23: adding it rounds to the nearest integer and leaves that integer in the low bits.
const ROUNDER: f32 = 12_582_912.0;
const Q: [f32; 6] = [
    0.5,
    0.166_666_67,
    0.041_666_35,
    0.008_333_272,
    0.001_394_120_6,
    0.000_199_144_49,
];

/// Best for the relative error of `tanh` on `|x| <= 0.63`, fitted like `Q` (4.8e-9).
const P: [f32; 5] = [
    -0.333_332_78,
    0.133_313_31,
    -0.053_730_007,
    0.020_606_177,
    -0.005_666_977,
];

/// `(n, r + r^2 q(r))` for `|x| < 2^21`.
#[inline(always)]
fn reduce(x: f32) -> (i32, f32) {
    let shifted = x * LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let q = Q[0] + r * (Q[1] + r * (Q[2] + r * (Q[3] + r * (Q[4] + r * Q[5]))));
    let integer = (shifted.to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32);
    (integer, r + r * r * q)
}

/// `2^n` for `-126 <= n <= 127`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `exp(x)`: 0 below about -103.97, infinite above about 88.72, NaN for NaN; at most 2 ulp from the exact value.
///
/// ```
/// assert_eq!(meva_core::elementary::exp(0.0), 1.0);
/// assert_eq!(meva_core::elementary::exp(1.0), core::f32::consts::E);
/// ```
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Beyond these bounds the result is 0 or infinite; NaN passes through both selections.
    let x = if x > 90.0 { 90.0 } else { x };
    let x = if x < -105.0 { -105.0 } else { x };
    let (n, p) = reduce(x);
    // In two factors, since n reaches from -151 to 130: below the normal range the second product rounds once.
    let half = n >> 1;
    (1.0 + p) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
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
    let a = x.abs();
    // From 9.02 on the result rounds to 1.
    let a = if a > 9.1 { 9.1 } else { a };
    let z = a * a;
    let p = P[0] + z * (P[1] + z * (P[2] + z * (P[3] + z * P[4])));
    let near = a + a * z * p;
    let (n, expm1) = reduce(2.0 * a);
    let far = 1.0 - 2.0 / ((1.0 + expm1) * power_of_two(n) + 1.0);
    (if a < 0.625 { near } else { far }).copysign(x)
}

/// `sigmoid(x) = 1 / (1 + exp(-x))`, small values included; at most 3 ulp from the exact value.
///
/// ```
/// assert_eq!(meva_core::elementary::sigmoid(0.0), 0.5);
/// assert!(meva_core::elementary::sigmoid(-100.0) > 0.0);
/// ```
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}
