//! How much a result moves when what it is computed from moves in its last place.
//!
//! In `f32` the inputs themselves are rounded, and so is every intermediate result: no implementation can do better than
//! the condition of its formula. Where that varies by orders of magnitude from input to input (values that cancel, steps
//! of length 10), a bound relative to the result alone says nothing. The condition is measured in `f64`: everything that
//! is rounded is moved, up or down at random, by one relative amount.

use meva_core::random::{Purpose, Stream};

/// The unit roundoff of `f32`: what saturates in it saturates here.
const AMOUNT: f64 = 1.0 / (1 << 24) as f64;
/// Sets of directions that are tried; the worst counts.
const TRIALS: u64 = 8;

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
}

/// The root mean square of the movement of a result, per relative movement of what it is computed from.
pub fn condition(result: impl Fn(&mut Nudge) -> Vec<f64>) -> f64 {
    let nudge = |amount, trial| Nudge {
        amount,
        directions: Stream::new(0, Purpose::Evaluation, trial),
    };
    let still = result(&mut nudge(0.0, 0));
    let movement = |trial| {
        let moved = result(&mut nudge(AMOUNT, trial));
        let squares: f64 = moved.iter().zip(&still).map(|(a, b)| ((a - b) / AMOUNT).powi(2)).sum();
        (squares / still.len() as f64).sqrt()
    };
    (0..TRIALS).map(movement).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A product moves by twice its size when both factors move alike, a difference by the size of its terms.
    #[test]
    fn conditions_of_simple_formulas() {
        let product = condition(|nudge| vec![nudge.number(3.0) * nudge.number(-2.0)]);
        assert!((product - 12.0).abs() < 1e-5, "{product}");
        let difference = condition(|nudge| vec![nudge.number(1e3) - nudge.number(1e3)]);
        assert!((difference - 2e3).abs() < 1e-3, "{difference}");
        assert_eq!(condition(|_| vec![1.0]), 0.0);
    }
}
