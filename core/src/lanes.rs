//! `W` trajectories in lockstep: every operation is a loop over the lanes, which compilers turn into vector instructions.
//!
//! Each lane gets exactly the same bits as `f32`, because it is computed by the same code. `W = 64` is the width to
//! use: loops over 16 or 32 lanes were unrolled into scalar code by the compiler.

use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::arithmetic::Arithmetic;
use crate::dense::BLOCK;
use crate::elementary;
use crate::scalar::Scalar;

/// `W` numbers that advance together.
///
/// ```
/// use meva_core::{Lanes, Scalar};
/// let x = Lanes([0.5_f32, -1.0, 2.0, 0.0]);
/// assert_eq!(x.exp().0, x.0.map(Scalar::exp));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes<const W: usize>(pub [f32; W]);

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:tt) => {
        impl<const W: usize> $trait for Lanes<W> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for index in 0..W {
                    self.0[index] $assign other.0[index];
                }
                self
            }
        }
    };
}

macro_rules! assign_operator {
    ($trait:ident, $method:ident, $assign:tt) => {
        impl<const W: usize> $trait for Lanes<W> {
            #[inline(always)]
            fn $method(&mut self, other: Self) {
                for index in 0..W {
                    self.0[index] $assign other.0[index];
                }
            }
        }
    };
}

operator!(Add, add, +=);
operator!(Sub, sub, -=);
operator!(Mul, mul, *=);
operator!(Div, div, /=);
assign_operator!(AddAssign, add_assign, +=);
assign_operator!(SubAssign, sub_assign, -=);

impl<const W: usize> Neg for Lanes<W> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }
}

impl<const W: usize> Lanes<W> {
    #[inline(always)]
    fn map(mut self, function: impl Fn(f32) -> f32) -> Self {
        for index in 0..W {
            self.0[index] = function(self.0[index]);
        }
        self
    }
}

impl<const W: usize> Scalar for Lanes<W> {
    type Real = f32;
    type Lane = f32;
    const LANES: usize = W;
    const ZERO: Self = Lanes([0.0; W]);
    const ONE: Self = Lanes([1.0; W]);

    #[inline(always)]
    fn from_real(value: f32) -> Self {
        Lanes([value; W])
    }
    #[inline(always)]
    fn lane(&self, index: usize) -> f32 {
        self.0[index]
    }
    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: f32) {
        self.0[index] = value;
    }
    #[inline(always)]
    fn scale(self, factor: f32) -> Self {
        self.map(|x| factor * x)
    }
    #[inline(always)]
    fn multiply_add_in<A: Arithmetic>(mut self, _: A, factor: Self, addend: Self) -> Self {
        for index in 0..W {
            self.0[index] = A::multiply_add(self.0[index], factor.0[index], addend.0[index]);
        }
        self
    }
    #[inline(always)]
    fn add_scaled_in<A: Arithmetic>(&mut self, _: A, factor: f32, x: &Self) {
        for index in 0..W {
            self.0[index] = A::multiply_add(factor, x.0[index], self.0[index]);
        }
    }
    #[inline(always)]
    fn exp_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        Lanes(elementary::exp_each(arithmetic, &self.0))
    }
    #[inline(always)]
    fn tanh_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        Lanes(elementary::tanh_each(arithmetic, &self.0))
    }
    #[inline(always)]
    fn sigmoid_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        Lanes(elementary::sigmoid_each(arithmetic, &self.0))
    }
    #[inline(always)]
    fn sqrt_in<A: Arithmetic>(self, _: A) -> Self {
        self.map(A::sqrt)
    }
    #[inline(always)]
    fn select_less(a: Self, b: Self, yes: Self, mut no: Self) -> Self {
        for index in 0..W {
            no.0[index] = f32::select_less(a.0[index], b.0[index], yes.0[index], no.0[index]);
        }
        no
    }

    #[inline(always)]
    fn sum_lanes(&self) -> f32 {
        let mut sums = self.0;
        let mut width = W;
        while width > 1 {
            let half = width / 2;
            for index in 0..half {
                sums[index] += sums[width - half + index];
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
        _: A,
        dy: &[Self; O],
        x: &[Self; I],
        sums: &mut [[f32; I]; O],
    ) {
        let mut rows = [Lanes([0.0; I]); W];
        for index in 0..W {
            for i in 0..I {
                rows[index].0[i] = x[i].0[index];
            }
        }
        let whole = O - O % BLOCK;
        for start in (0..whole).step_by(BLOCK) {
            let mut block: [[f32; I]; BLOCK] = core::array::from_fn(|b| sums[start + b]);
            for index in 0..W {
                for b in 0..BLOCK {
                    let factor = dy[start + b].0[index];
                    for i in 0..I {
                        block[b][i] = A::multiply_add(factor, rows[index].0[i], block[b][i]);
                    }
                }
            }
            sums[start..start + BLOCK].copy_from_slice(&block);
        }
        for o in whole..O {
            for index in 0..W {
                let factor = dy[o].0[index];
                for i in 0..I {
                    sums[o][i] = A::multiply_add(factor, rows[index].0[i], sums[o][i]);
                }
            }
        }
    }
}
