//! `f32` with random rounding: how far rounding alone moves a result.
//!
//! Stochastic arithmetic (CESTAC; Vignes, 1993): if the exact result of an operation lies between two neighbouring
//! `f32` numbers, it becomes one of the two with equal probability; if it is an `f32` number, it is unchanged. Over all
//! positions between neighbours a distance `d` apart, rounding to nearest has the mean square error `d^2 / 12`, random
//! rounding `d^2 / 3`: runs of a formula scatter about its exact result with twice the deviation that is to be expected
//! of `f32`. No rounding is counted and no condition is measured: the formula itself is run, at the points at hand.

use std::cell::Cell;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};
use std::thread_local;
use std::vec;
use std::vec::Vec;

use meva_core::arithmetic::Arithmetic;
use meva_core::{Real, Scalar};

use crate::compare::relative_error;

thread_local! {
    static COIN: Cell<u64> = const { Cell::new(0) };
}

/// The next random bit: the highest bit of a linear congruential generator modulo 2^64 (Knuth's MMIX).
fn toss() -> u64 {
    COIN.with(|coin| {
        let state = coin.get().wrapping_mul(6_364_136_223_846_793_005);
        coin.set(state.wrapping_add(1_442_695_040_888_963_407));
        coin.get() >> 63
    })
}

/// One of the two `f32` neighbours of a number that is not in `f32`: truncated, or truncated plus one unit in the last
/// place. Below the normal range of `f32`, the nearest.
fn round(exact: f64) -> Stochastic {
    const BEYOND: u64 = (1 << 29) - 1;
    let bits = exact.to_bits();
    let inexact = u64::from(bits & BEYOND != 0);
    let neighbour = (bits & !BEYOND) + ((inexact & toss()) << 29);
    Stochastic(f64::from_bits(neighbour) as f32)
}

/// An `f32` number whose operations round at random.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Stochastic(f32);

impl Stochastic {
    fn wide(self) -> f64 {
        f64::from(self.0)
    }
}

impl Add for Stochastic {
    type Output = Self;
    #[inline(never)] // Inlined into nested dual numbers, it is a megabyte of code.
    fn add(self, other: Self) -> Self {
        round(self.wide() + other.wide())
    }
}

impl Sub for Stochastic {
    type Output = Self;
    #[inline(never)] // As above.
    fn sub(self, other: Self) -> Self {
        round(self.wide() - other.wide())
    }
}

impl Mul for Stochastic {
    type Output = Self;
    #[inline(never)] // As above.
    fn mul(self, other: Self) -> Self {
        round(self.wide() * other.wide())
    }
}

impl Div for Stochastic {
    type Output = Self;
    #[inline(never)] // As above.
    fn div(self, other: Self) -> Self {
        round(self.wide() / other.wide())
    }
}

impl Neg for Stochastic {
    type Output = Self;
    fn neg(self) -> Self {
        Stochastic(-self.0)
    }
}

impl AddAssign for Stochastic {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Stochastic {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Scalar for Stochastic {
    type Real = Self;
    type Lane = Self;
    const LANES: usize = 1;
    const ZERO: Self = Stochastic(0.0);
    const ONE: Self = Stochastic(1.0);

    fn from_real(value: Self) -> Self {
        value
    }
    fn lane(&self, _index: usize) -> Self {
        *self
    }
    fn set_lane(&mut self, _index: usize, value: Self) {
        *self = value;
    }
    fn scale(self, factor: Self) -> Self {
        factor * self
    }
    fn multiply_add_in<A: Arithmetic>(self, _: A, factor: Self, addend: Self) -> Self {
        self * factor + addend
    }
    fn add_scaled_in<A: Arithmetic>(&mut self, _: A, factor: Self, x: &Self) {
        *self += factor * *x;
    }
    fn exp_in<A: Arithmetic>(self, _: A) -> Self {
        round(libm::exp(self.wide()))
    }
    fn tanh_in<A: Arithmetic>(self, _: A) -> Self {
        round(libm::tanh(self.wide()))
    }
    fn sigmoid_in<A: Arithmetic>(self, _: A) -> Self {
        let e = Stochastic(-self.0.abs()).exp();
        (if self.0 < 0.0 { e } else { Self::ONE }) / (Self::ONE + e)
    }
    fn sqrt_in<A: Arithmetic>(self, _: A) -> Self {
        round(libm::sqrt(self.wide()))
    }
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if a < b { yes } else { no }
    }
    fn sum_lanes(&self) -> Self {
        *self
    }
}

impl Real for Stochastic {
    fn round(value: f64) -> Self {
        round(value)
    }
    fn to_f64(self) -> f64 {
        self.wide()
    }
    fn is_finite(self) -> bool {
        self.0.is_finite()
    }
}

/// The largest relative error of each result in the given number of runs with [`Stochastic`] numbers; infinite if one
/// is not finite.
///
/// For results with many numbers a few runs are enough, since the largest error counts.
pub fn deviations(runs: u64, expected: &[Vec<f64>], results: &dyn Fn() -> Vec<Vec<f64>>) -> Vec<f64> {
    let mut largest = vec![0.0; expected.len()];
    for run in 0..runs {
        COIN.set(run);
        for (largest, (got, expected)) in largest.iter_mut().zip(results().iter().zip(expected)) {
            let error = relative_error(got, expected);
            *largest = f64::max(*largest, if error.is_finite() { error } else { f64::INFINITY });
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that `f32` holds are unchanged; others become one of their neighbours, each equally often.
    #[test]
    fn neighbours_are_taken_in_turn() {
        COIN.set(0);
        let three = Stochastic(3.0);
        assert!((0..100).all(|_| three * three == Stochastic(9.0)));
        let third = 1.0 / 3.0_f32;
        let thirds: Vec<f32> = (0..1000).map(|_| (Stochastic::ONE / three).0).collect();
        let nearest = thirds.iter().filter(|number| **number == third).count();
        assert!((450..550).contains(&nearest), "{nearest}");
        assert!(thirds.iter().all(|number| [third, third.next_down()].contains(number)));
        assert!((0..100).all(|_| (Stochastic::ZERO / Stochastic::ZERO).0.is_nan()));
        assert!((0..100).all(|_| Stochastic(3e38) + Stochastic(3e38) == Stochastic(f32::INFINITY)));
    }

    /// The error of a sum of `n` terms grows like a random walk.
    #[test]
    fn sums_stray_like_the_root_of_their_length() {
        let stray = |n: u32| {
            let exact = f64::from(n) * 0.1;
            let sum = || {
                let mut sum = Stochastic::ZERO;
                (0..n).for_each(|_| sum += Stochastic(0.1));
                vec![vec![sum.to_f64() - f64::from(n) * (f64::from(0.1_f32) - 0.1)]]
            };
            deviations(8, &[vec![exact]], &sum)[0]
        };
        let unit = f64::from(f32::EPSILON);
        let (short, long) = (stray(100), stray(10_000));
        assert!(short > unit && short < 10.0 * unit, "{short}");
        assert!(long > 3.0 * short && long < 30.0 * short, "{short} {long}");
    }

    #[test]
    fn results_that_are_not_finite_say_nothing() {
        let deviation = deviations(8, &[vec![1.0]], &|| vec![vec![f64::NAN]]);
        assert_eq!(deviation, [f64::INFINITY]);
    }
}
