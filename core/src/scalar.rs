//! The number types that every formula of this crate is generic over.
//!
//! A formula is written once, generic over [`Scalar`], and evaluated on
//!
//! - `f64`, the reference;
//! - `f32`, for production;
//! - [`Dual<T>`](crate::Dual), for derivatives along a direction (and of any order by nesting);
//! - [`Lanes<W>`](crate::Lanes), for `W` trajectories in lockstep, each with the same bits as in `f32`, or `f64`.
//!
//! Branches are written as [`Scalar::select_less`], so that every lane takes its own branch.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::arithmetic::{Arithmetic, Separate};
use crate::elementary;

/// A number: arithmetic, selection, and the elementary functions.
///
/// Comparisons use only the value; derivatives follow the side that was selected.
pub trait Scalar:
    Copy
    + Debug
    + PartialEq
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
{
    /// The type of constants and network parameters: `f32` or `f64`.
    type Real: Real;
    /// A single trajectory's number: `Self`, except for lanes.
    type Lane: Scalar<Real = Self::Real, Lane = Self::Lane>;
    /// How many trajectories advance in lockstep.
    const LANES: usize;
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The constant `value` (in every lane, with zero derivative).
    fn from_real(value: Self::Real) -> Self;

    /// The constant nearest to `value`.
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Self::from_real(Self::Real::round(value))
    }

    /// The number in lane `index`, which is less than [`Scalar::LANES`].
    fn lane(&self, index: usize) -> Self::Lane;

    /// Replaces the number in lane `index`, which is less than [`Scalar::LANES`].
    fn set_lane(&mut self, index: usize, value: Self::Lane);

    /// Builds a number from what `lane` returns for each lane, called in order.
    ///
    /// ```
    /// use meva_core::{Lanes, Scalar};
    /// assert_eq!(Lanes::from_lanes(|index| index as f32), Lanes([0.0, 1.0, 2.0, 3.0]));
    /// ```
    #[inline(always)]
    fn from_lanes(mut lane: impl FnMut(usize) -> Self::Lane) -> Self {
        let mut result = Self::ZERO;
        for index in 0..Self::LANES {
            result.set_lane(index, lane(index));
        }
        result
    }

    /// The same number in every lane.
    #[inline(always)]
    fn splat(value: Self::Lane) -> Self {
        Self::from_lanes(|_| value)
    }

    /// `factor * self`.
    fn scale(self, factor: Self::Real) -> Self;

    /// `self * factor + addend`, rounded as the arithmetic says. For a dual number, so is the value, and in the tangent's
    /// `a b' + a' b + c'` the first sum.
    fn multiply_add_in<A: Arithmetic>(self, arithmetic: A, factor: Self, addend: Self) -> Self;

    /// `self += factor * x`, rounded as the arithmetic says.
    fn add_scaled_in<A: Arithmetic>(&mut self, arithmetic: A, factor: Self::Real, x: &Self);

    /// `self += factor * x`, with the product and the sum rounded separately.
    #[inline(always)]
    fn add_scaled(&mut self, factor: Self::Real, x: &Self) {
        self.add_scaled_in(Separate, factor, x);
    }

    /// `exp(self)`; in `f32`, with its polynomial evaluated in the arithmetic.
    fn exp_in<A: Arithmetic>(self, arithmetic: A) -> Self;
    /// `tanh(self)`, likewise.
    fn tanh_in<A: Arithmetic>(self, arithmetic: A) -> Self;
    /// `1 / (1 + exp(-self))`, likewise.
    fn sigmoid_in<A: Arithmetic>(self, arithmetic: A) -> Self;

    /// `exp(self)`.
    #[inline(always)]
    fn exp(self) -> Self {
        self.exp_in(Separate)
    }
    /// `tanh(self)`.
    #[inline(always)]
    fn tanh(self) -> Self {
        self.tanh_in(Separate)
    }
    /// `1 / (1 + exp(-self))`.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        self.sigmoid_in(Separate)
    }
    /// The square root; NaN below zero. Every arithmetic gives the same number, by an instruction of its own if it has one.
    fn sqrt_in<A: Arithmetic>(self, arithmetic: A) -> Self;

    /// The square root; NaN below zero.
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt_in(Separate)
    }

    /// `yes` where `a < b`, otherwise (NaN included) `no`.
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self;

    /// The sum over the lanes, in a fixed order: halves are added to each other until one lane is left.
    fn sum_lanes(&self) -> Self::Lane;

    /// `sums[o][i] += dy[o] x[i]`, summed over the lanes in order, rounded as the arithmetic says.
    #[inline(always)]
    fn add_outer<A: Arithmetic, const I: usize, const O: usize>(
        arithmetic: A,
        dy: &[Self; O],
        x: &[Self; I],
        sums: &mut [[Self::Lane; I]; O],
    ) {
        for o in 0..O {
            for i in 0..I {
                let mut sum = sums[o][i];
                for index in 0..Self::LANES {
                    sum = dy[o].lane(index).multiply_add_in(arithmetic, x[i].lane(index), sum);
                }
                sums[o][i] = sum;
            }
        }
    }
}

/// A plain floating-point number: `f32` or `f64`.
pub trait Real: Scalar<Real = Self, Lane = Self> + PartialOrd {
    /// The nearest number of this type.
    fn round(value: f64) -> Self;
    /// The same number as `f64`.
    fn to_f64(self) -> f64;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;

    /// [`Scalar::exp`] of every lane: the bits of each alone.
    #[inline(always)]
    fn exp_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[Self; W]) -> [Self; W] {
        x.map(|x| x.exp_in(arithmetic))
    }
    /// [`Scalar::tanh`] of every lane.
    #[inline(always)]
    fn tanh_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[Self; W]) -> [Self; W] {
        x.map(|x| x.tanh_in(arithmetic))
    }
    /// [`Scalar::sigmoid`] of every lane.
    #[inline(always)]
    fn sigmoid_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[Self; W]) -> [Self; W] {
        x.map(|x| x.sigmoid_in(arithmetic))
    }
}

macro_rules! real {
    ($t:ident, $multiply_add:ident, $exp:path, $tanh:path, $sigmoid:path, $sqrt:ident, { $($each:item)* }) => {
        impl Scalar for $t {
            type Real = $t;
            type Lane = $t;
            const LANES: usize = 1;
            const ZERO: $t = 0.0;
            const ONE: $t = 1.0;

            #[inline(always)]
            fn from_real(value: $t) -> $t {
                value
            }
            #[inline(always)]
            fn lane(&self, _index: usize) -> $t {
                *self
            }
            #[inline(always)]
            fn set_lane(&mut self, _index: usize, value: $t) {
                *self = value;
            }
            #[inline(always)]
            fn scale(self, factor: $t) -> $t {
                factor * self
            }
            #[inline(always)]
            fn multiply_add_in<A: Arithmetic>(self, _: A, factor: $t, addend: $t) -> $t {
                A::$multiply_add(self, factor, addend)
            }
            #[inline(always)]
            fn add_scaled_in<A: Arithmetic>(&mut self, _: A, factor: $t, x: &$t) {
                *self = A::$multiply_add(factor, *x, *self);
            }
            #[inline(always)]
            fn exp_in<A: Arithmetic>(self, arithmetic: A) -> $t {
                $exp(arithmetic, self)
            }
            #[inline(always)]
            fn tanh_in<A: Arithmetic>(self, arithmetic: A) -> $t {
                $tanh(arithmetic, self)
            }
            #[inline(always)]
            fn sigmoid_in<A: Arithmetic>(self, arithmetic: A) -> $t {
                $sigmoid(arithmetic, self)
            }
            #[inline(always)]
            fn sqrt_in<A: Arithmetic>(self, _: A) -> $t {
                A::$sqrt(self)
            }
            #[inline(always)]
            fn sum_lanes(&self) -> $t {
                *self
            }
            #[inline(always)]
            fn select_less(a: $t, b: $t, yes: $t, no: $t) -> $t {
                if a < b { yes } else { no }
            }
        }

        impl Real for $t {
            #[inline(always)]
            fn round(value: f64) -> $t {
                value as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                self.abs() <= $t::MAX
            }
            $($each)*
        }
    };
}

real!(
    f32,
    multiply_add,
    elementary::exp_in,
    elementary::tanh_in,
    elementary::sigmoid_in,
    sqrt,
    {
        #[inline(always)]
        fn exp_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[f32; W]) -> [f32; W] {
            elementary::exp_each(arithmetic, x)
        }
        #[inline(always)]
        fn tanh_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[f32; W]) -> [f32; W] {
            elementary::tanh_each(arithmetic, x)
        }
        #[inline(always)]
        fn sigmoid_each<A: Arithmetic, const W: usize>(arithmetic: A, x: &[f32; W]) -> [f32; W] {
            elementary::sigmoid_each(arithmetic, x)
        }
    }
);
real!(f64, multiply_add_f64, exp_f64, tanh_f64, sigmoid_f64, sqrt_f64, {});

#[inline(always)]
fn exp_f64<A: Arithmetic>(_: A, x: f64) -> f64 {
    libm::exp(x)
}

#[inline(always)]
fn tanh_f64<A: Arithmetic>(_: A, x: f64) -> f64 {
    libm::tanh(x)
}

#[inline(always)]
fn sigmoid_f64<A: Arithmetic>(_: A, x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}
