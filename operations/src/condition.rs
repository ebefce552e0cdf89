//! How much a result moves when its inputs and intermediate results are perturbed in the last place.
//!
//! In `f32` the inputs themselves are rounded, and so is every intermediate result: no implementation can do better
//! than the condition of its formula. Where the condition varies by orders of magnitude from input to input (values
//! that cancel, steps of length 10), a bound relative to the result alone is meaningless. The condition is measured in
//! `f64`: everything that is rounded is moved, up or down at random, by the same relative amount.

#[cfg(feature = "std")]
use meva_core::parameters::Parameters;
#[cfg(feature = "std")]
use meva_core::random::Purpose;
use meva_core::random::Stream;
use meva_core::{Game, Player, Scalar};

/// The unit roundoff of `f32`: what saturates in `f32` also saturates here.
#[cfg(feature = "std")]
pub(crate) const AMOUNT: f64 = 1.0 / (1 << 24) as f64;
/// Number of sets of directions that are tried; the worst counts.
#[cfg(feature = "std")]
pub(crate) const TRIALS: u64 = 8;

/// Moves numbers by a relative amount, up or down.
#[derive(Debug)]
pub struct Nudge {
    amount: f64,
    directions: Stream,
}

impl Nudge {
    /// The number, moved.
    pub fn number(&mut self, value: f64) -> f64 {
        value * (1.0 + self.signed_amount())
    }

    /// `amount` up or down.
    pub fn signed_amount(&mut self) -> f64 {
        self.amount * self.directions.sign(0.5)
    }

    /// Rows of numbers, moved.
    pub fn rows<const A: usize, const B: usize>(&mut self, rows: &[[f64; A]; B]) -> [[f64; A]; B] {
        rows.map(|row| row.map(|value| self.number(value)))
    }

    /// Parameters of a network, moved.
    #[cfg(feature = "std")]
    pub fn parameters<const N: usize, const H: usize, const R: usize, const M: usize>(
        &mut self,
        theta: &Parameters<f64, N, H, R, M>,
    ) -> std::boxed::Box<Parameters<f64, N, H, R, M>> {
        let mut moved = std::boxed::Box::new(*theta);
        for value in moved.numbers_mut() {
            *value = self.number(*value);
        }
        moved
    }
}

#[cfg(feature = "std")]
pub(crate) fn nudge(amount: f64, trial: u64) -> Nudge {
    Nudge {
        amount,
        directions: Stream::new(0, Purpose::Evaluation, trial),
    }
}

/// A game whose probabilities and gradients are moved: the effect of rounding between the levels of a learner.
#[derive(Clone, Copy, Debug)]
pub struct MovedGradients<G, const N: usize> {
    game: G,
    log_odds: bool,
    factors: [[[f64; N]; 2]; 2],
    shifts: [[f64; N]; 2],
}

impl<G, const N: usize> MovedGradients<G, N> {
    /// Moves `game`; `log_odds` tells whether its parameters are log-odds of probabilities.
    pub fn new(game: G, log_odds: bool, nudge: &mut Nudge) -> Self {
        MovedGradients {
            game,
            log_odds,
            factors: [(); 2].map(|()| nudge.rows(&[[1.0; N]; 2])),
            shifts: [[(); N]; 2].map(|row| row.map(|()| nudge.signed_amount())),
        }
    }
}

/// Beyond these log-odds, probabilities round to 1 in `f32`.
const SATURATION: f64 = 16.0;

impl<G: Game<N>, const N: usize> Game<N> for MovedGradients<G, N> {
    fn value<S: Scalar>(&self, x: &[[S; N]; 2]) -> [S; 2] {
        self.game.value(x)
    }

    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut x = *x;
        if self.log_odds {
            // d logit(p) = dp / (p (1 - p)) is (1 + exp(x)) dp / p: rounding a probability near 1 moves its log-odds far.
            for (x, shift) in x.iter_mut().flatten().zip(self.shifts.as_flattened()) {
                let limit = S::from_f64(SATURATION);
                *x += S::from_f64(*shift) * (S::ONE + S::select_less(*x, limit, *x, limit).exp());
            }
        }
        let mut gradient = self.game.gradient(player, &x);
        for (row, factors) in gradient.iter_mut().zip(&self.factors[player.index()]) {
            for (d, factor) in row.iter_mut().zip(factors) {
                *d = *d * S::from_f64(*factor);
            }
        }
        gradient
    }

    fn natural<S: Scalar>(&self, parameters: &[S; N], gradient: &[S; N]) -> [S; N] {
        self.game.natural(parameters, gradient)
    }
}

#[cfg(feature = "std")]
mod measured {
    use std::vec::Vec;

    use super::{AMOUNT, Nudge, TRIALS, nudge};
    use crate::compare::rms;

    /// The root mean square of the movement of a result, per relative movement of its inputs and intermediate results.
    pub fn condition(result: &dyn Fn(&mut Nudge) -> Vec<f64>) -> f64 {
        let still = result(&mut nudge(0.0, 0));
        let movement = |trial| {
            let moved = result(&mut nudge(AMOUNT, trial));
            let differences: Vec<f64> = moved.iter().zip(&still).map(|(a, b)| (a - b) / AMOUNT).collect();
            rms(&differences)
        };
        (0..TRIALS).map(movement).fold(0.0, f64::max)
    }

    /// The largest number of each result, each added to its movement per relative movement of its inputs and intermediate
    /// results: what one rounding at the end and one everywhere before it can change, divided by the roundoff.
    pub fn sensitivities(results: &dyn Fn(&mut Nudge) -> Vec<Vec<f64>>) -> Vec<f64> {
        let still = results(&mut nudge(0.0, 0));
        let mut largest = std::vec![0.0; still.len()];
        for trial in 0..TRIALS {
            let moved = results(&mut nudge(AMOUNT, trial));
            for k in 0..still.len() {
                let pairs = moved[k].iter().zip(&still[k]);
                let sizes = pairs.map(|(moved, still)| still.abs() + (moved - still).abs() / AMOUNT);
                largest[k] = sizes.fold(largest[k], f64::max);
            }
        }
        largest
    }
}

#[cfg(feature = "std")]
pub use measured::{condition, sensitivities};

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::vec;

    use super::*;

    /// A product moves by twice its size when both factors move in the same direction; a difference, by the size of its
    /// terms.
    #[test]
    fn conditions_of_simple_formulas() {
        let product = condition(&|nudge| vec![nudge.number(3.0) * nudge.number(-2.0)]);
        assert!((product - 12.0).abs() < 1e-5, "{product}");
        let difference = condition(&|nudge| vec![nudge.number(1e3) - nudge.number(1e3)]);
        assert!((difference - 2e3).abs() < 1e-3, "{difference}");
        assert_eq!(condition(&|_| vec![1.0]), 0.0);
        let sensitivities = sensitivities(&|nudge| vec![vec![nudge.number(3.0) * nudge.number(-2.0), 1.0]]);
        let [sensitivity] = sensitivities[..] else { panic!() };
        assert!((sensitivity - 18.0).abs() < 1e-5, "{sensitivity}");
    }
}
