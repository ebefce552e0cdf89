//! Dual numbers: a value and its derivative along one direction.
//!
//! Evaluating a function on `x + x_dot e`, `e^2 = 0`, gives `f(x) + (df . x_dot) e`. Evaluating a *gradient* on duals
//! gives a Hessian-vector product (Pearlmutter's R-operator), and nesting duals gives higher orders.

use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::scalar::Scalar;

/// A value with its tangent.
///
/// ```
/// use meva_core::{Dual, Scalar};
/// let x = Dual::new(0.0_f64, 1.0);
/// assert_eq!(x.sigmoid(), Dual::new(0.5, 0.25));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Dual<T> {
    /// The value.
    pub value: T,
    /// The derivative along the direction.
    pub tangent: T,
}

impl<T> Dual<T> {
    /// The dual number `value + tangent e`.
    #[inline(always)]
    pub const fn new(value: T, tangent: T) -> Self {
        Dual { value, tangent }
    }
}

/// `x + x_dot e` for a joint policy and a direction.
#[inline(always)]
pub fn along<T: Scalar, const N: usize>(x: &[[T; N]; 2], x_dot: &[[T; N]; 2]) -> [[Dual<T>; N]; 2] {
    let mut y = [[Dual::ZERO; N]; 2];
    for i in 0..2 {
        for n in 0..N {
            y[i][n] = Dual::new(x[i][n], x_dot[i][n]);
        }
    }
    y
}

/// The tangents of an array of dual numbers.
#[inline(always)]
pub fn tangents<T: Scalar, const N: usize>(x: &[Dual<T>; N]) -> [T; N] {
    x.map(|number| number.tangent)
}

/// The values of an array of dual numbers.
#[inline(always)]
pub fn values<T: Scalar, const N: usize>(x: &[Dual<T>; N]) -> [T; N] {
    x.map(|number| number.value)
}

impl<T: Scalar> Add for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Dual::new(self.value + other.value, self.tangent + other.tangent)
    }
}

impl<T: Scalar> Sub for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Dual::new(self.value - other.value, self.tangent - other.tangent)
    }
}

impl<T: Scalar> Mul for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Dual::new(
            self.value * other.value,
            self.tangent * other.value + self.value * other.tangent,
        )
    }
}

impl<T: Scalar> Div for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        Dual::new(quotient, (self.tangent - quotient * other.tangent) / other.value)
    }
}

impl<T: Scalar> Neg for Dual<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Dual::new(-self.value, -self.tangent)
    }
}

impl<T: Scalar> AddAssign for Dual<T> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.value += other.value;
        self.tangent += other.tangent;
    }
}

impl<T: Scalar> SubAssign for Dual<T> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        self.value -= other.value;
        self.tangent -= other.tangent;
    }
}

impl<T: Scalar> Scalar for Dual<T> {
    type Real = T::Real;
    type Lane = Dual<T::Lane>;
    const LANES: usize = T::LANES;
    const ZERO: Self = Dual::new(T::ZERO, T::ZERO);
    const ONE: Self = Dual::new(T::ONE, T::ZERO);

    #[inline(always)]
    fn from_real(value: T::Real) -> Self {
        Dual::new(T::from_real(value), T::ZERO)
    }
    #[inline(always)]
    fn lane(&self, index: usize) -> Self::Lane {
        Dual::new(self.value.lane(index), self.tangent.lane(index))
    }
    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: Self::Lane) {
        self.value.set_lane(index, value.value);
        self.tangent.set_lane(index, value.tangent);
    }
    #[inline(always)]
    fn scale(self, factor: T::Real) -> Self {
        Dual::new(self.value.scale(factor), self.tangent.scale(factor))
    }
    #[inline(always)]
    fn add_scaled(&mut self, factor: T::Real, x: &Self) {
        self.value.add_scaled(factor, &x.value);
        self.tangent.add_scaled(factor, &x.tangent);
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let e = self.value.exp();
        Dual::new(e, e * self.tangent)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        let t = self.value.tanh();
        Dual::new(t, (T::ONE - t * t) * self.tangent)
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let s = self.value.sigmoid();
        Dual::new(s, s * (T::ONE - s) * self.tangent)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        Dual::new(root, self.tangent / (root + root))
    }
    #[inline(always)]
    fn sum_lanes(&self) -> Self::Lane {
        Dual::new(self.value.sum_lanes(), self.tangent.sum_lanes())
    }

    /// By the product rule: three sums of the numbers that duals consist of, at their speed.
    #[inline(always)]
    fn add_outer<const I: usize, const O: usize>(dy: &[Self; O], x: &[Self; I], sums: &mut [[Self::Lane; I]; O]) {
        let (mut value, mut tangent) = ([[T::Lane::ZERO; I]; O], [[T::Lane::ZERO; I]; O]);
        T::add_outer(&values(dy), &values(x), &mut value);
        T::add_outer(&tangents(dy), &values(x), &mut tangent);
        T::add_outer(&values(dy), &tangents(x), &mut tangent);
        for o in 0..O {
            for i in 0..I {
                sums[o][i] += Dual::new(value[o][i], tangent[o][i]);
            }
        }
    }
    #[inline(always)]
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Dual::new(
            T::select_less(a.value, b.value, yes.value, no.value),
            T::select_less(a.value, b.value, yes.tangent, no.tangent),
        )
    }
}
