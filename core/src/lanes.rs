//! `W` trajectories in lockstep: every operation is a loop over the lanes, which compilers turn into vector instructions.
//!
//! Each lane gets exactly the same bits as `f32`, or as `f64` if lanes are of that type, because it is computed by the same
//! code. `W = 64` is the width to use: loops over 16 or 32 lanes were unrolled into scalar code by the compiler.

use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::arithmetic::Arithmetic;
use crate::dense::BLOCK;
use crate::scalar::{Real, Scalar};

/// `W` numbers that advance together.
///
/// ```
/// use meva_core::{Lanes, Scalar};
/// let x = Lanes([0.5_f32, -1.0, 2.0, 0.0]);
/// assert_eq!(x.exp().0, x.0.map(Scalar::exp));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes<const W: usize, T = f32>(pub [T; W]);

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<const W: usize, T: Real> $trait for Lanes<W, T> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for index in 0..W {
                    self.0[index] = self.0[index].$method(other.0[index]);
                }
                self
            }
        }
    };
}

macro_rules! assign_operator {
    ($trait:ident, $method:ident, $assign:tt) => {
        impl<const W: usize, T: Real> $trait for Lanes<W, T> {
            #[inline(always)]
            fn $method(&mut self, other: Self) {
                for index in 0..W {
                    self.0[index] $assign other.0[index];
                }
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);
assign_operator!(AddAssign, add_assign, +=);
assign_operator!(SubAssign, sub_assign, -=);

impl<const W: usize, T: Real> Neg for Lanes<W, T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }
}

impl<const W: usize, T: Real> Lanes<W, T> {
    #[inline(always)]
    fn map(mut self, function: impl Fn(T) -> T) -> Self {
        for index in 0..W {
            self.0[index] = function(self.0[index]);
        }
        self
    }
}

impl<const W: usize, T: Real> Scalar for Lanes<W, T> {
    type Real = T;
    type Lane = T;
    const LANES: usize = W;
    const ZERO: Self = Lanes([T::ZERO; W]);
    const ONE: Self = Lanes([T::ONE; W]);

    #[inline(always)]
    fn from_real(value: T) -> Self {
        Lanes([value; W])
    }
    #[inline(always)]
    fn lane(&self, index: usize) -> T {
        self.0[index]
    }
    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: T) {
        self.0[index] = value;
    }
    #[inline(always)]
    fn scale(self, factor: T) -> Self {
        self.map(|x| factor * x)
    }
    #[inline(always)]
    fn multiply_add_in<A: Arithmetic>(mut self, arithmetic: A, factor: Self, addend: Self) -> Self {
        for index in 0..W {
            self.0[index] = self.0[index].multiply_add_in(arithmetic, factor.0[index], addend.0[index]);
        }
        self
    }
    #[inline(always)]
    fn add_scaled_in<A: Arithmetic>(&mut self, arithmetic: A, factor: T, x: &Self) {
        for index in 0..W {
            self.0[index] = factor.multiply_add_in(arithmetic, x.0[index], self.0[index]);
        }
    }
    #[inline(always)]
    fn exp_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        Lanes(T::exp_each(arithmetic, &self.0))
    }
    #[inline(always)]
    fn tanh_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        Lanes(T::tanh_each(arithmetic, &self.0))
    }
    #[inline(always)]
    fn sigmoid_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        Lanes(T::sigmoid_each(arithmetic, &self.0))
    }
    #[inline(always)]
    fn sqrt_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        self.map(|x| x.sqrt_in(arithmetic))
    }
    #[inline(always)]
    fn select_less(a: Self, b: Self, yes: Self, mut no: Self) -> Self {
        for index in 0..W {
            no.0[index] = T::select_less(a.0[index], b.0[index], yes.0[index], no.0[index]);
        }
        no
    }

    #[inline(always)]
    fn sum_lanes(&self) -> T {
        let mut sums = self.0;
        let mut width = W;
        while width > 1 {
            let half = width / 2;
            for index in 0..half {
                let other = sums[width - half + index];
                sums[index] += other;
            }
            width -= half;
        }
        // Opaque, because compilers would otherwise vectorise a loop over units around this one, which gathers every
        // number: three times as slow.
        core::hint::black_box(sums[0])
    }

    /// With `x` transposed, row `o` of the sums is updated as a whole: the loop of a matrix product, without horizontal sums.
    #[inline(always)]
    fn add_outer<A: Arithmetic, const I: usize, const O: usize>(
        arithmetic: A,
        dy: &[Self; O],
        x: &[Self; I],
        sums: &mut [[T; I]; O],
    ) {
        let mut rows = [Lanes([T::ZERO; I]); W];
        for index in 0..W {
            for i in 0..I {
                rows[index].0[i] = x[i].0[index];
            }
        }
        let whole = O - O % BLOCK;
        for start in (0..whole).step_by(BLOCK) {
            let mut block: [[T; I]; BLOCK] = core::array::from_fn(|b| sums[start + b]);
            for index in 0..W {
                for b in 0..BLOCK {
                    let factor = dy[start + b].0[index];
                    for i in 0..I {
                        block[b][i] = factor.multiply_add_in(arithmetic, rows[index].0[i], block[b][i]);
                    }
                }
            }
            sums[start..start + BLOCK].copy_from_slice(&block);
        }
        for o in whole..O {
            for index in 0..W {
                let factor = dy[o].0[index];
                for i in 0..I {
                    sums[o][i] = factor.multiply_add_in(arithmetic, rows[index].0[i], sums[o][i]);
                }
            }
        }
    }
}
