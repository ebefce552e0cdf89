//! Prediction targets from the normalised Bellman equation (appendix A), quantile by quantile (appendix C):
//!
//! ```text
//! y(t) = (1 - gamma) f + gamma ((1 - lambda) q(t+1) + lambda y(t+1))          y(k) = q(k)
//! ```
//!
//! `f` is the meta-reward of step `t`, `q(t+1)` the quantiles that the target network predicts after it.

use crate::scalar::Scalar;

/// Turns `y(t+1)` into `y(t)`.
///
/// ```
/// let mut y = [10.0];
/// meva_core::lambda_return::step(1.0, &[2.0], 0.5, 0.25, &mut y);
/// assert_eq!(y, [0.5 * 1.0 + 0.5 * (0.75 * 2.0 + 0.25 * 10.0)]);
/// ```
#[inline]
pub fn step<S: Scalar, const M: usize>(f: S, q: &[S; M], gamma: S, lambda: S::Real, y: &mut [S; M]) {
    let lambda = S::from_real(lambda);
    let reward = (S::ONE - gamma) * f;
    for m in 0..M {
        y[m] = reward + gamma * ((S::ONE - lambda) * q[m] + lambda * y[m]);
    }
}

/// Adds the adjoint of `q(t+1)` to `dq` and turns the adjoint of `y(t)` into that of `y(t+1)`.
#[inline]
pub fn vjp<S: Scalar, const M: usize>(gamma: S, lambda: S::Real, dy: &mut [S; M], dq: &mut [S; M]) {
    let lambda = S::from_real(lambda);
    for m in 0..M {
        let d = gamma * dy[m];
        dq[m] += (S::ONE - lambda) * d;
        dy[m] = lambda * d;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;

    const Q: [f64; 2] = [2.0, -1.0];
    const Y: [f64; 2] = [10.0, 0.5];

    fn target(gamma: f64, lambda: f64) -> [f64; 2] {
        let mut y = Y;
        step(1.5, &Q, gamma, lambda, &mut y);
        y
    }

    /// Without look-ahead only the reward counts; with look-ahead alone, only what follows: the prediction, the next
    /// target, or half of each.
    #[test]
    fn ends_of_gamma_and_lambda() {
        for lambda in [0.0, 0.5, 1.0] {
            assert_eq!(target(0.0, lambda), [1.5; 2]);
        }
        assert_eq!(target(1.0, 0.0), Q);
        assert_eq!(target(1.0, 1.0), Y);
        assert_eq!(target(1.0, 0.5), [6.0, -0.25]);
    }

    /// Rewards of 1 for ever are worth 1, whatever the discount: values are normalised.
    #[test]
    fn constant_rewards_are_their_own_value() {
        for gamma in [0.0, 0.25, 0.5, 0.75] {
            for lambda in [0.0, 0.5, 1.0] {
                let mut y = [1.0];
                step(1.0, &[1.0], gamma, lambda, &mut y);
                assert_eq!(y, [1.0]);
            }
        }
    }

    /// Both adjoints equal what dual numbers propagate through the step; that of the prediction is added to the
    /// previous value.
    #[test]
    fn vjp_is_the_adjoint() {
        let (gamma, lambda) = (0.9, 0.3);
        let (mut dy, mut dq) = ([2.0, -1.0], [5.0; 2]);
        let by = dy;
        vjp(gamma, lambda, &mut dy, &mut dq);
        for m in 0..2 {
            let one = |at: usize| if at == m { 1.0 } else { 0.0 };
            let through = |q_dot: &dyn Fn(usize) -> f64, y_dot: &dyn Fn(usize) -> f64| {
                let mut y = core::array::from_fn::<_, 2, _>(|k| Dual::new(Y[k], y_dot(k)));
                let q = core::array::from_fn(|k| Dual::new(Q[k], q_dot(k)));
                step(Dual::ONE, &q, Dual::from_real(gamma), lambda, &mut y);
                y.iter().zip(by).map(|(y, by)| y.tangent * by).sum::<f64>()
            };
            assert!((dq[m] - 5.0 - through(&one, &|_| 0.0)).abs() < 1e-15);
            assert!((dy[m] - through(&|_| 0.0, &one)).abs() < 1e-15);
        }
    }
}
