//! Affine maps `y = W x + b`, whose slice operations dominate the cost of every network here.
//!
//! `W` is `[O][I]` (row-major, one row per output). Sums run over the inputs in order, starting from the value in `y`;
//! four outputs are computed together, which does not change the order of any sum.

use crate::arithmetic::Arithmetic;
use crate::scalar::Scalar;

/// The parameters of an affine map from `I` inputs to `O` outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Dense<T, const I: usize, const O: usize> {
    /// `W`, one row per output.
    pub weight: [[T; I]; O],
    /// `b`.
    pub bias: [T; O],
}

/// Number of outputs that are summed side by side: four times four vector registers of 16 numbers.
pub(crate) const BLOCK: usize = 4;

/// `y += W x`.
///
/// ```
/// use meva_core::{arithmetic::Separate, dense};
/// let mut y = [10.0, 20.0];
/// dense::forward(Separate, &[[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]], &[1.0_f64, 1.0, 2.0], &mut y);
/// assert_eq!(y, [19.0, 21.0]);
/// ```
#[inline(always)]
pub fn forward<A: Arithmetic, S: Scalar, const I: usize, const O: usize>(
    arithmetic: A,
    w: &[[S::Real; I]; O],
    x: &[S; I],
    y: &mut [S; O],
) {
    let whole = O - O % BLOCK;
    for start in (0..whole).step_by(BLOCK) {
        let mut sums: [S; BLOCK] = core::array::from_fn(|b| y[start + b]);
        for i in 0..I {
            for b in 0..BLOCK {
                sums[b].add_scaled_in(arithmetic, w[start + b][i], &x[i]);
            }
        }
        y[start..start + BLOCK].copy_from_slice(&sums);
    }
    for o in whole..O {
        let mut sum = y[o];
        for i in 0..I {
            sum.add_scaled_in(arithmetic, w[o][i], &x[i]);
        }
        y[o] = sum;
    }
}

/// The adjoint of the input, `dx += W^T dy`.
#[inline(always)]
pub fn vjp_input<A: Arithmetic, S: Scalar, const I: usize, const O: usize>(
    arithmetic: A,
    w: &[[S::Real; I]; O],
    dy: &[S; O],
    dx: &mut [S; I],
) {
    let whole = I - I % BLOCK;
    for start in (0..whole).step_by(BLOCK) {
        let mut sums: [S; BLOCK] = core::array::from_fn(|b| dx[start + b]);
        for o in 0..O {
            for b in 0..BLOCK {
                sums[b].add_scaled_in(arithmetic, w[o][start + b], &dy[o]);
            }
        }
        dx[start..start + BLOCK].copy_from_slice(&sums);
    }
    for i in whole..I {
        let mut sum = dx[i];
        for o in 0..O {
            sum.add_scaled_in(arithmetic, w[o][i], &dy[o]);
        }
        dx[i] = sum;
    }
}

/// The adjoint of the weights, `dW += dy x^T`, summed over the lanes in order.
#[inline(always)]
pub fn vjp_weight<A: Arithmetic, S: Scalar, const I: usize, const O: usize>(
    arithmetic: A,
    dy: &[S; O],
    x: &[S; I],
    dw: &mut [[S::Lane; I]; O],
) {
    S::add_outer(arithmetic, dy, x, dw);
}

/// The adjoint of the bias, `db += dy`, summed over the lanes.
#[inline(always)]
pub fn vjp_bias<S: Scalar, const O: usize>(dy: &[S; O], db: &mut [S::Lane; O]) {
    for o in 0..O {
        db[o] += dy[o].sum_lanes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lanes;
    use crate::arithmetic::Separate;

    /// <dy, W x> = <W^T dy, x> = <dW, W> for shapes on both sides of the block size.
    #[test]
    fn vjps_are_the_adjoints_of_forward() {
        fn check<const I: usize, const O: usize>() {
            let w: [[f64; I]; O] =
                core::array::from_fn(|o| core::array::from_fn(|i| ((3 * o + 5 * i) % 7) as f64 - 3.0));
            let x: [f64; I] = core::array::from_fn(|i| (i % 5) as f64 - 2.0);
            let dy: [f64; O] = core::array::from_fn(|o| (o % 3) as f64 + 1.0);
            let (mut y, mut dx, mut dw) = ([0.0; O], [0.0; I], [[0.0; I]; O]);
            forward(Separate, &w, &x, &mut y);
            vjp_input(Separate, &w, &dy, &mut dx);
            vjp_weight(Separate, &dy, &x, &mut dw);
            let expected: f64 = (0..O).map(|o| dy[o] * y[o]).sum();
            let by_input: f64 = (0..I).map(|i| dx[i] * x[i]).sum();
            let by_weight: f64 = (0..O).map(|o| (0..I).map(|i| dw[o][i] * w[o][i]).sum::<f64>()).sum();
            assert_eq!((by_input, by_weight), (expected, expected));
            assert_ne!(expected, 0.0);
        }
        check::<1, 1>();
        check::<3, 4>();
        check::<4, 3>();
        check::<5, 9>();
    }

    /// Adding the outer products of all lanes at once is the same as adding them one trajectory after the other.
    #[test]
    fn weight_adjoint_of_lanes_sums_in_the_order_of_lanes() {
        let dy: [Lanes<8>; 5] =
            core::array::from_fn(|o| Lanes(core::array::from_fn(|l| 0.1 * (o * 8 + l) as f32 - 1.7)));
        let x: [Lanes<8>; 3] =
            core::array::from_fn(|i| Lanes(core::array::from_fn(|l| 0.3 * (i * 8 + l) as f32 - 2.1)));
        let (mut at_once, mut one_by_one) = ([[0.0; 3]; 5], [[0.0; 3]; 5]);
        vjp_weight(Separate, &dy, &x, &mut at_once);
        for l in 0..8 {
            vjp_weight(Separate, &dy.map(|v| v.0[l]), &x.map(|v| v.0[l]), &mut one_by_one);
        }
        assert_eq!(at_once, one_by_one);
    }
}
