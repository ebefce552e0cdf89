//! Laws: what must hold whatever the numbers are. Derivatives are computed in three ways here: analytically, with dual
//! numbers, and by finite differences.

use meva_core::activation::Activation;
use meva_core::meta_value::{Architecture, Input};
use meva_core::parameters::{Parameters, Tensor};
use meva_core::random::{Purpose, Stream};
use meva_core::scalar::Real;

mod algorithm1;
mod games;
mod learners;
mod network;
mod pieces;
mod rollouts;

/// Joint policies, the same in every run, with small and with large parameters.
fn points<const N: usize>(count: u64) -> Vec<[[f64; N]; 2]> {
    let point = |index| {
        let mut stream = Stream::new(1, Purpose::Evaluation, index);
        let spread = [0.5, 2.0, 5.0][index as usize % 3];
        [(); 2].map(|()| [(); N].map(|()| spread * stream.normal()))
    };
    (0..count).map(point).collect()
}

/// The nearest policies in another precision, with their exact values.
fn round<T: Real, const N: usize>(x: &[[f64; N]; 2]) -> [[T; N]; 2] {
    x.map(|row| row.map(T::round))
}

/// Exact values.
fn wide<'a, T: Real>(values: impl IntoIterator<Item = &'a T>) -> Vec<f64> {
    values.into_iter().map(|value| value.to_f64()).collect()
}

/// The network of the Logistic Game.
const TENTH: Architecture = Architecture {
    input: Input::Tenth,
    last_activation: Activation::Gelu,
};

/// The network of the iterated games.
const SIGMOID: Architecture = Architecture {
    input: Input::Sigmoid,
    last_activation: Activation::Tanh,
};

/// Parameters without the zeros and ones that initial parameters have.
fn theta<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>() -> Box<Parameters<T, N, H, R, M>> {
    let mut theta = Box::new(Parameters::ZERO);
    let mut stream = Stream::new(2, Purpose::Parameters, 0);
    theta.initialize(&mut stream);
    for value in theta.numbers_mut() {
        *value += T::round(0.2 * stream.normal());
    }
    theta
}

/// Adds `h direction` to the numbers of one tensor.
fn move_along<const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &mut Parameters<f64, N, H, R, M>,
    tensor: Tensor,
    direction: &[f64],
    h: f64,
) {
    let (_, values) = theta
        .iter_mut()
        .find(|(at, _)| *at == tensor)
        .expect("a tensor of these parameters");
    for (value, u) in values.iter_mut().zip(direction) {
        *value += h * u;
    }
}
