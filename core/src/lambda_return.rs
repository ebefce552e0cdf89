//! Prediction targets on the normalised Bellman equation (appendix A), quantile by quantile (appendix C):
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
