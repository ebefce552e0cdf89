//! The target network: a moving average of the parameters, used to compute prediction targets (Mnih et al., 2015).
//!
//! ```text
//! theta_bar <- theta_bar + (1 - rho) (theta - theta_bar)
//! ```

use crate::scalar::Real;

/// Moves `target` towards `theta` with inertia `rho` in [0, 1].
///
/// ```
/// let mut target = [1.0_f64];
/// meva_core::target_network::step(0.75, &[5.0], &mut target);
/// assert_eq!(target, [2.0]);
/// ```
#[inline(always)]
pub fn step<T: Real>(rho: f64, theta: &[T], target: &mut [T]) {
    let rate = T::round(1.0 - rho);
    for (theta, target) in theta.iter().zip(target) {
        *target += rate * (*theta - *target);
    }
}
