//! Adam with decoupled weight decay (Kingma and Ba, 2014; Loshchilov and Hutter, 2017).
//!
//! ```text
//! m <- beta1 m + (1 - beta1) g          v <- beta2 v + (1 - beta2) g^2
//! theta <- theta - eta (m / (1 - beta1^n) / (sqrt(v / (1 - beta2^n)) + epsilon) + decay theta)
//! ```
//!
//! with `n` counted from 1. Adam is the case `decay = 0`.

use crate::scalar::Real;

/// The optimiser's settings, all dimensionless.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub eta: f64,
    /// Decay of the first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Weight decay; multiplied by `eta`.
    pub weight_decay: f64,
}

impl AdamW {
    /// One step for one slice of parameters; `step` counts from 1.
    ///
    /// Touches only as many numbers as the shortest of the slices has.
    ///
    /// ```
    /// let adam = meva_core::adamw::AdamW { eta: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0.0, weight_decay: 0.0 };
    /// let (mut theta, mut m, mut v) = ([1.0_f64], [0.0], [0.0]);
    /// adam.step(1, &[3.0], &mut theta, &mut m, &mut v);
    /// assert!((theta[0] - 0.9).abs() < 1e-12); // the first step has the length eta whatever the gradient
    /// ```
    #[inline(always)]
    pub fn step<T: Real>(&self, step: u32, gradient: &[T], theta: &mut [T], m: &mut [T], v: &mut [T]) {
        let real = T::round;
        let (beta1, rest1) = (real(self.beta1), real(1.0 - self.beta1));
        let (beta2, rest2) = (real(self.beta2), real(1.0 - self.beta2));
        let [correction1, correction2] = self.corrections(step).map(real);
        let (eta, epsilon, decay) = (real(self.eta), real(self.epsilon), real(self.weight_decay));
        for (((g, theta), m), v) in gradient.iter().zip(theta).zip(m).zip(v) {
            *m = beta1 * *m + rest1 * *g;
            *v = beta2 * *v + rest2 * (*g * *g);
            let direction = *m * correction1 / ((*v * correction2).sqrt() + epsilon);
            *theta -= eta * (direction + decay * *theta);
        }
    }

    /// `1 / (1 - beta^n)` of both moments in step `n`, counted from 1.
    ///
    /// ```
    /// let adam = meva_core::adamw::AdamW { eta: 0.1, beta1: 0.5, beta2: 0.0, epsilon: 0.0, weight_decay: 0.0 };
    /// assert_eq!(adam.corrections(2), [1.0 / 0.75, 1.0]);
    /// ```
    #[inline(always)]
    pub fn corrections(&self, step: u32) -> [f64; 2] {
        [self.beta1, self.beta2].map(|beta| 1.0 / (1.0 - power(beta, step)))
    }
}

/// `base^exponent` by repeated squaring, with the same bits everywhere.
fn power(base: f64, exponent: u32) -> f64 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers() {
        assert_eq!([0, 1, 2, 5, 10].map(|n| power(2.0, n)), [1.0, 2.0, 4.0, 32.0, 1024.0]);
        assert_eq!(power(0.9, u32::MAX), 0.0);
    }

    /// Without a gradient only the weight decay acts.
    #[test]
    fn decay_is_decoupled() {
        let adamw = AdamW {
            eta: 0.1,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.5,
        };
        let (mut theta, mut m, mut v) = ([2.0_f64], [0.0], [0.0]);
        adamw.step(1, &[0.0], &mut theta, &mut m, &mut v);
        assert_eq!(theta, [2.0 - 0.1 * (0.5 * 2.0)]);
    }
}
