//! One step of the optimiser with its numbers watched: gradients are clipped where that is wanted, and whatever is
//! infinite or NaN is found in the update in which it appears.

use meva_core::algorithm1::{self, Settings, State};
use meva_core::parameters::Parameters;

/// What updates have given.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learned {
    /// The loss.
    pub loss: f32,
    /// How many gradients were clipped, one for each network and update.
    pub clipped: u64,
}

impl Learned {
    /// Adds those of another update.
    pub fn add(&mut self, other: Self) {
        self.loss += other.loss;
        self.clipped += other.clipped;
    }

    /// With the mean loss of this many updates.
    #[must_use]
    pub fn mean(self, updates: usize) -> Self {
        Learned {
            loss: self.loss / updates as f32,
            ..self
        }
    }
}

/// A number that is not finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The update of the outer iteration in which it appeared, counted from 0.
    pub update: usize,
    /// Which number it is.
    pub what: String,
}

/// An error unless the loss is finite.
///
/// # Errors
/// What the loss is.
pub fn finite_loss(loss: f32) -> Result<(), String> {
    if loss.is_finite() {
        Ok(())
    } else {
        Err(format!("the loss is {loss}"))
    }
}

/// As [`algorithm1::descend`], with the gradient shortened to the norm `clip` if it is longer. Returns how many gradients
/// were: 0 or 1.
///
/// # Errors
/// A number of the gradient, before, or of the state, afterwards, is not finite.
pub fn descend<const N: usize, const H: usize, const R: usize, const M: usize>(
    settings: &Settings,
    clip: Option<f64>,
    state: &mut State<f32, N, H, R, M>,
    gradient: &mut Parameters<f32, N, H, R, M>,
) -> Result<u64, String> {
    finite("the gradient", gradient)?;
    let clipped = clip.is_some_and(|most| shorten(gradient, most));
    algorithm1::descend(settings, state, gradient);
    let State {
        theta, target, m, v, ..
    } = state;
    for (what, numbers) in [
        ("the network", theta),
        ("the target network", target),
        ("the first moments", m),
        ("the second moments", v),
    ] {
        finite(what, numbers)?;
    }
    Ok(clipped.into())
}

fn finite<const N: usize, const H: usize, const R: usize, const M: usize>(
    what: &str,
    numbers: &Parameters<f32, N, H, R, M>,
) -> Result<(), String> {
    if numbers.is_finite() {
        return Ok(());
    }
    let lost = |values: &[f32]| values.iter().copied().find(|value| !value.is_finite());
    let (tensor, value) = numbers
        .iter()
        .find_map(|(tensor, values)| Some((tensor.to_string(), lost(values)?)))
        .unwrap_or_default();
    Err(format!("`{tensor}` of {what} holds {value}"))
}

/// Scales a gradient to the norm `most` if it is longer; says whether it was. The norm is added up in `f64`, in the order
/// of the numbers.
fn shorten<const N: usize, const H: usize, const R: usize, const M: usize>(
    gradient: &mut Parameters<f32, N, H, R, M>,
    most: f64,
) -> bool {
    let square: f64 = gradient
        .numbers()
        .map(|number| f64::from(*number) * f64::from(*number))
        .sum();
    let norm = square.sqrt();
    if norm <= most {
        return false;
    }
    for number in gradient.numbers_mut() {
        *number = (f64::from(*number) * (most / norm)) as f32;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::cpu::memory::zeroed;

    type Small = Parameters<f32, 1, 4, 0, 4>;

    fn gradient(first: f32, second: f32) -> Small {
        let mut gradient = Small::ZERO;
        for (number, value) in gradient.numbers_mut().zip([first, second]) {
            *number = value;
        }
        gradient
    }

    #[test]
    fn gradients_are_shortened_to_the_norm() {
        let mut long = gradient(3.0, -4.0);
        assert!(shorten(&mut long, 2.5));
        assert_eq!(long, gradient(1.5, -2.0));
        for most in [5.0, 6.0] {
            let mut short = gradient(3.0, -4.0);
            assert!(!shorten(&mut short, most), "a gradient of exactly that norm stays");
            assert_eq!(short, gradient(3.0, -4.0));
        }
        // The square of this number is beyond f32.
        let mut huge = gradient(0.0, -4e30);
        assert!(shorten(&mut huge, 2.5));
        assert_eq!(huge, gradient(0.0, -2.5));
    }

    #[test]
    fn each_kind_of_number_is_watched() {
        let settings = Config::preset("logistic").unwrap().settings();
        let step = |mut gradient: Small, change: fn(&mut State<f32, 1, 4, 0, 4>)| {
            let mut state: Box<State<f32, 1, 4, 0, 4>> = zeroed();
            change(&mut state);
            descend(&settings, None, &mut state, &mut gradient)
        };
        assert_eq!(step(gradient(1.0, 2.0), |_| {}), Ok(0));
        let weight = "`policy.first.weight`";
        for lost in [f32::NAN, f32::INFINITY] {
            let said = step(gradient(lost, 1.0), |_| {}).unwrap_err();
            assert_eq!(said, format!("{weight} of the gradient holds {lost}"));
        }
        // The square of the gradient is beyond f32, although everything else is finite.
        let said = step(gradient(1e30, 0.0), |_| {});
        assert_eq!(said, Err(format!("{weight} of the second moments holds inf")));
        let said = step(gradient(1.0, 1.0), |state| {
            state.theta.numbers_mut().for_each(|number| *number = f32::INFINITY)
        });
        assert!(said.unwrap_err().contains("of the network holds"));
        let said = step(gradient(1.0, 1.0), |state| {
            state.m.numbers_mut().for_each(|number| *number = f32::INFINITY)
        });
        assert!(said.is_err());
        assert_eq!(finite_loss(f32::NAN), Err("the loss is NaN".into()));
    }
}
