//! The quantile Huber loss of distributional reinforcement learning (Dabney et al., 2018), `D` of Algorithm 1.
//!
//! ```text
//! L(q, y) = sum_i mean_j |tau_i - 1[y_j < q_i]| huber(y_j - q_i)          tau_i = (i + 1/2) / M
//! huber(d) = d^2 / 2 if |d| <= kappa, else kappa (|d| - kappa / 2)
//! ```
//!
//! Its slope is `huber'(d) = c = clamp(d, -kappa, kappa)`, and `huber(d) = c (d - c / 2)`.

use crate::arithmetic::Arithmetic;
use crate::scalar::Scalar;

/// The threshold `kappa` of the Huber loss, in the units of the returns.
pub const KAPPA: f64 = 1.0;

/// `tau_i = (i + 1/2) / m`, the probability that quantile `i` of `m` represents.
#[inline(always)]
fn midpoint(i: usize, m: usize) -> f64 {
    (i as f64 + 0.5) / m as f64
}

/// `(|tau - 1[d < 0]|, d, clamp(d, -kappa, kappa))` of `d = y - q`.
#[inline(always)]
fn parts<T: Scalar>(tau: T, q: T, y: T) -> (T, T, T) {
    let d = y - q;
    let kappa = T::from_f64(KAPPA);
    let weight = T::select_less(d, T::ZERO, T::ONE - tau, tau);
    let c = T::select_less(d, -kappa, -kappa, d);
    (weight, d, T::select_less(kappa, c, kappa, c))
}

/// The loss of predictions `q` against targets `y`, and its gradient with respect to `q`.
///
/// ```
/// use meva_core::{arithmetic::Separate, quantile_huber::value_and_gradient};
/// let mut dq = [0.0];
/// assert_eq!(value_and_gradient(Separate, &[0.0], &[3.0_f64], &mut dq), 0.5 * 2.5);
/// assert_eq!(dq, [-0.5]);
/// ```
#[inline(always)]
pub fn value_and_gradient<A: Arithmetic, S: Scalar, const M: usize>(
    arithmetic: A,
    q: &[S; M],
    y: &[S; M],
    dq: &mut [S; M],
) -> S {
    let per_target = S::from_f64(1.0 / M as f64).lane(0);
    let half = S::from_f64(0.5).lane(0);
    let mut loss = S::ZERO;
    for i in 0..M {
        let tau = S::from_f64(midpoint(i, M)).lane(0);
        let mut sum = S::ZERO;
        for j in 0..M {
            for l in 0..S::LANES {
                let (weight, d, c) = parts(tau, q[i].lane(l), y[j].lane(l));
                let slope = weight * c;
                sum.set_lane(l, sum.lane(l) - slope);
                let height = (-half).multiply_add_in(arithmetic, c, d);
                loss.set_lane(l, slope.multiply_add_in(arithmetic, height, loss.lane(l)));
            }
        }
        for l in 0..S::LANES {
            dq[i].set_lane(l, per_target * sum.lane(l));
        }
    }
    for l in 0..S::LANES {
        loss.set_lane(l, per_target * loss.lane(l));
    }
    loss
}

/// The gradient with respect to the targets `y`, which the residual gradient needs.
#[inline(always)]
pub fn gradient_by_targets<S: Scalar, const M: usize>(q: &[S; M], y: &[S; M], dy: &mut [S; M]) {
    let per_target = S::from_f64(1.0 / M as f64).lane(0);
    for j in 0..M {
        let mut sum = S::ZERO;
        for i in 0..M {
            let tau = S::from_f64(midpoint(i, M)).lane(0);
            for l in 0..S::LANES {
                let (weight, _, c) = parts(tau, q[i].lane(l), y[j].lane(l));
                sum.set_lane(l, sum.lane(l) + weight * c);
            }
        }
        for l in 0..S::LANES {
            dy[j].set_lane(l, per_target * sum.lane(l));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;
    use crate::arithmetic::Separate;

    const Q: [f64; 3] = [-1.5, 0.25, 2.0];
    const Y: [f64; 3] = [0.0, 0.3, -4.0];

    /// Both gradients equal what dual numbers propagate through the loss.
    #[test]
    fn gradients_are_derivatives() {
        let (mut dq, mut dy) = ([0.0; 3], [0.0; 3]);
        value_and_gradient(Separate, &Q, &Y, &mut dq);
        gradient_by_targets(&Q, &Y, &mut dy);
        for k in 0..3 {
            let one = |at: usize| if at == k { 1.0 } else { 0.0 };
            let q_dual: [Dual<f64>; 3] = core::array::from_fn(|i| Dual::new(Q[i], one(i)));
            let y_dual: [Dual<f64>; 3] = core::array::from_fn(|j| Dual::new(Y[j], one(j)));
            let mut unused = [Dual::ZERO; 3];
            let by_q = value_and_gradient(Separate, &q_dual, &Y.map(Dual::from_real), &mut unused).tangent;
            let by_y = value_and_gradient(Separate, &Q.map(Dual::from_real), &y_dual, &mut unused).tangent;
            assert!((dq[k] - by_q).abs() < 1e-15, "dq[{k}] {} {by_q}", dq[k]);
            assert!((dy[k] - by_y).abs() < 1e-15, "dy[{k}] {} {by_y}", dy[k]);
        }
    }

    /// At and around the kink |d| = kappa both branches give the same loss and slope.
    #[test]
    fn the_huber_kink_is_smooth() {
        for d in [-1.0, 1.0] {
            for nudge in [-1e-9, 0.0, 1e-9] {
                let mut dq = [0.0];
                let loss = value_and_gradient(Separate, &[0.0_f64], &[d + nudge], &mut dq);
                assert!((loss - 0.25).abs() < 1e-9);
                assert!((dq[0] + 0.5 * d).abs() < 1e-9);
            }
        }
    }

    /// The minimum over one prediction is the quantile that it represents: the median of three points.
    #[test]
    fn one_quantile_is_the_median() {
        let slope_at = |q: f64| {
            let mut dq = [0.0; 3];
            let y = [-10.0, 0.0, 30.0];
            value_and_gradient(Separate, &[q, q, q], &y, &mut dq);
            dq[1]
        };
        assert!(slope_at(-0.5) < 0.0);
        assert_eq!(slope_at(0.0), 0.0);
        assert!(slope_at(0.5) > 0.0);
    }
}
