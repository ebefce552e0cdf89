//! A number type that counts operations. Evaluating a formula with it tells how many floating-point operations the
//! formula takes, so no bench needs a manual count.

use std::cell::Cell;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use meva_core::arithmetic::Arithmetic;
use meva_core::{Real, Scalar};

thread_local! {
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
}

fn did(operations: u64) {
    OPERATIONS.set(OPERATIONS.get() + operations);
}

/// How many operations `+ - * /` and square roots `formula` performs on numbers of type [`Count`].
///
/// ```
/// use meva_benches::{Count, count};
/// use meva_core::{Scalar, arithmetic::Separate, dense};
/// assert_eq!(count(|| Count::ONE + Count::ONE * Count::ONE), 2);
/// let (w, x) = ([[Count::ONE; 3]; 5], [Count::ONE; 3]);
/// assert_eq!(count(|| dense::forward(Separate, &w, &x, &mut [Count::ZERO; 5])), 2 * 3 * 5);
/// ```
pub fn count<T>(formula: impl FnOnce() -> T) -> u64 {
    let before = OPERATIONS.get();
    formula();
    OPERATIONS.get() - before
}

/// A number that counts its operations.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Count(f64);

/// Operations in the core's `f32` functions: the shared reduction, and what each does with its result.
const REDUCE: u64 = 20;
const EXP: u64 = REDUCE + 3;
const TANH: u64 = REDUCE + 6;
const SIGMOID: u64 = EXP + 2;

impl Add for Count {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        did(1);
        Count(self.0 + other.0)
    }
}

impl Sub for Count {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        did(1);
        Count(self.0 - other.0)
    }
}

impl Mul for Count {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        did(1);
        Count(self.0 * other.0)
    }
}

impl Div for Count {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        did(1);
        Count(self.0 / other.0)
    }
}

/// Signs cost nothing.
impl Neg for Count {
    type Output = Self;
    fn neg(self) -> Self {
        Count(-self.0)
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Count {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Scalar for Count {
    type Real = Count;
    type Lane = Count;
    const LANES: usize = 1;
    const ZERO: Self = Count(0.0);
    const ONE: Self = Count(1.0);

    fn from_real(value: Count) -> Self {
        value
    }
    fn lane(&self, _index: usize) -> Self {
        *self
    }
    fn set_lane(&mut self, _index: usize, value: Self) {
        *self = value;
    }
    fn scale(self, factor: Count) -> Self {
        factor * self
    }
    fn multiply_add_in<A: Arithmetic>(self, _: A, factor: Self, addend: Self) -> Self {
        self * factor + addend
    }
    fn add_scaled_in<A: Arithmetic>(&mut self, _: A, factor: Count, x: &Self) {
        *self += factor * *x;
    }
    fn exp_in<A: Arithmetic>(self, _: A) -> Self {
        did(EXP);
        Count(self.0.exp())
    }
    fn tanh_in<A: Arithmetic>(self, _: A) -> Self {
        did(TANH);
        Count(self.0.tanh())
    }
    fn sigmoid_in<A: Arithmetic>(self, _: A) -> Self {
        did(SIGMOID);
        Count(1.0 / (1.0 + (-self.0).exp()))
    }
    fn sqrt_in<A: Arithmetic>(self, _: A) -> Self {
        did(1);
        Count(self.0.sqrt())
    }
    fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if a.0 < b.0 { yes } else { no }
    }
    fn sum_lanes(&self) -> Self {
        *self
    }
}

impl Real for Count {
    fn round(value: f64) -> Self {
        Count(value)
    }
    fn to_f64(self) -> f64 {
        self.0
    }
    fn is_finite(self) -> bool {
        self.0.is_finite()
    }
}
