//! Dual numbers: a value and its derivative along one direction.
//!
//! Evaluating a function on `x + x_dot e`, `e^2 = 0`, gives `f(x) + (df . x_dot) e`. Evaluating a *gradient* on duals
//! gives a Hessian-vector product (Pearlmutter's R-operator), and nesting duals gives higher orders.

use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::arithmetic::Arithmetic;
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

macro_rules! operator {
    ($trait:ident, $method:ident = |$a:ident, $b:ident| $rule:expr) => {
        impl<T: Scalar> $trait for Dual<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                #[inline(always)]
                fn rule<T: Scalar>($a: Dual<T>, $b: Dual<T>) -> Dual<T> {
                    $rule
                }
                #[inline(never)]
                fn apart<T: Scalar>(a: Dual<T>, b: Dual<T>) -> Dual<T> {
                    rule(a, b)
                }
                if const { is_large::<T>() } {
                    apart(self, other)
                } else {
                    rule(self, other)
                }
            }
        }
    };
}

/// Whether numbers over `T` are duals of duals in many lanes: each operation on them is hundreds of instructions, which formulas
/// call instead of holding them many times.
const fn is_large<T: Scalar>() -> bool {
    T::LANES > 8 && size_of::<T>() > T::LANES * size_of::<T::Real>()
}

operator!(Add, add = |a, b| Dual::new(a.value + b.value, a.tangent + b.tangent));
operator!(Sub, sub = |a, b| Dual::new(a.value - b.value, a.tangent - b.tangent));
operator!(
    Mul,
    mul = |a, b| Dual::new(a.value * b.value, a.tangent * b.value + a.value * b.tangent)
);
operator!(
    Div,
    div = |a, b| {
        let quotient = a.value / b.value;
        Dual::new(quotient, (a.tangent - quotient * b.tangent) / b.value)
    }
);

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
        *self = *self + other;
    }
}

impl<T: Scalar> SubAssign for Dual<T> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
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
    fn multiply_add_in<A: Arithmetic>(self, arithmetic: A, factor: Self, addend: Self) -> Self {
        let product = self.tangent * factor.value;
        Dual::new(
            self.value.multiply_add_in(arithmetic, factor.value, addend.value),
            self.value.multiply_add_in(arithmetic, factor.tangent, product) + addend.tangent,
        )
    }
    #[inline(always)]
    fn add_scaled_in<A: Arithmetic>(&mut self, arithmetic: A, factor: T::Real, x: &Self) {
        self.value.add_scaled_in(arithmetic, factor, &x.value);
        self.tangent.add_scaled_in(arithmetic, factor, &x.tangent);
    }
    #[inline(always)]
    fn exp_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        let e = self.value.exp_in(arithmetic);
        Dual::new(e, e * self.tangent)
    }
    #[inline(always)]
    fn tanh_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        let t = self.value.tanh_in(arithmetic);
        Dual::new(t, (T::ONE - t * t) * self.tangent)
    }
    #[inline(always)]
    fn sigmoid_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        let s = self.value.sigmoid_in(arithmetic);
        Dual::new(s, s * (T::ONE - s) * self.tangent)
    }
    #[inline(always)]
    fn sqrt_in<A: Arithmetic>(self, arithmetic: A) -> Self {
        let root = self.value.sqrt_in(arithmetic);
        Dual::new(root, self.tangent / (root + root))
    }
    #[inline(always)]
    fn sum_lanes(&self) -> Self::Lane {
        Dual::new(self.value.sum_lanes(), self.tangent.sum_lanes())
    }

    /// By the product rule: three sums of the underlying numbers, as fast as those are.
    #[inline(always)]
    fn add_outer<A: Arithmetic, const I: usize, const O: usize>(
        arithmetic: A,
        dy: &[Self; O],
        x: &[Self; I],
        sums: &mut [[Self::Lane; I]; O],
    ) {
        let (mut value, mut tangent) = ([[T::Lane::ZERO; I]; O], [[T::Lane::ZERO; I]; O]);
        T::add_outer(arithmetic, &values(dy), &values(x), &mut value);
        T::add_outer(arithmetic, &tangents(dy), &values(x), &mut tangent);
        T::add_outer(arithmetic, &values(dy), &tangents(x), &mut tangent);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lanes;
    use crate::arithmetic::Separate;

    fn close(got: f64, expected: f64) {
        assert!(
            (got - expected).abs() <= 1e-14 * expected.abs().max(1.0),
            "{got} {expected}"
        );
    }

    /// Each operation is checked against its rule, at points on both sides of zero.
    #[test]
    fn operations_follow_their_rules() {
        for a in [-2.5, -0.5, 0.75, 3.0] {
            let x = Dual::new(a, 1.0);
            let c = Dual::from_real(2.0);
            assert_eq!(
                (x + c, x - c, -x),
                (Dual::new(a + 2.0, 1.0), Dual::new(a - 2.0, 1.0), Dual::new(-a, -1.0))
            );
            assert_eq!(x * x, Dual::new(a * a, 2.0 * a));
            close((c / x).tangent, -2.0 / (a * a));
            close((x / x).tangent, 0.0);
            assert_eq!(x.scale(3.0), Dual::new(3.0 * a, 3.0));
            close(x.exp().tangent, libm::exp(a));
            let tanh = libm::tanh(a);
            close(x.tanh().tangent, 1.0 - tanh * tanh);
            let cosh = libm::cosh(a / 2.0);
            close(x.sigmoid().tangent, 0.25 / (cosh * cosh));
            close((x * x).sqrt().tangent, a.signum());
            let mut sum = x;
            sum.add_scaled(4.0, &x);
            assert_eq!(sum, Dual::new(a + 4.0 * a, 5.0));
            sum -= x;
            assert_eq!(sum.tangent, 4.0);
        }
    }

    /// Selections compare values only, and derivatives follow the selected side; at a tie that is `no`.
    #[test]
    fn selections_carry_the_tangent_of_their_side() {
        let (yes, no) = (Dual::new(1.0, 7.0), Dual::new(1.0, -7.0));
        let select = |a: f64, b: f64| Dual::select_less(Dual::new(a, 9.0), Dual::new(b, -9.0), yes, no);
        assert_eq!(select(1.0, 2.0), yes);
        for (a, b) in [(2.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0)] {
            assert_eq!(select(a, b), no);
        }
    }

    /// Duals of duals: `x exp(x)` has the derivatives `(1 + x) exp(x)` and `(2 + x) exp(x)`.
    #[test]
    fn nesting_gives_second_derivatives() {
        for a in [-1.0, 0.0, 0.5, 2.0] {
            let x = Dual::new(Dual::new(a, 1.0), Dual::ONE);
            let y = x * x.exp();
            close(y.value.tangent, (1.0 + a) * libm::exp(a));
            assert_eq!(y.value.tangent, y.tangent.value);
            close(y.tangent.tangent, (2.0 + a) * libm::exp(a));
        }
    }

    /// For lanes of duals, sums and outer products are those of each lane.
    #[test]
    fn lanes_are_apart() {
        type Wide = Dual<Lanes<4>>;
        let number = |k: usize| -> Wide {
            let at = |offset: f32| Lanes(core::array::from_fn(|l| (k * 4 + l) as f32 + offset));
            Dual::new(at(0.5), at(-3.0))
        };
        let (dy, x) = ([number(0), number(1), number(2)], [number(3), number(4)]);
        let mut sums = [[Dual::new(1.0, -1.0); 2]; 3];
        Wide::add_outer(Separate, &dy, &x, &mut sums);
        for o in 0..3 {
            for i in 0..2 {
                let expected = (0..4).fold(Dual::new(1.0, -1.0), |sum, l| sum + dy[o].lane(l) * x[i].lane(l));
                assert_eq!(sums[o][i], expected);
            }
        }
        let sum = x[0].sum_lanes();
        assert_eq!(sum, (0..4).fold(Dual::ZERO, |sum, l| sum + x[0].lane(l)));
    }

    #[test]
    fn joint_policies_come_apart_again() {
        let (x, x_dot) = ([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]);
        let y = along(&x, &x_dot);
        assert_eq!((y.map(|row| values(&row)), y.map(|row| tangents(&row))), (x, x_dot));
    }
}
