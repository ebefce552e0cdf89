//! The network of meta-policies and of their critics: two hidden layers of tanh units.
//!
//! ```text
//! s = 2 sigmoid(x) - 1                          both players' probabilities, on [-1, 1]; own first
//! h = tanh(W_own s_own + W_other s_other + b)
//! k = tanh(W h + b)
//! y = W k + b
//! ```

use meva_core::dense::Dense;
use meva_core::kernels::{Kernels, Portable};
use meva_core::random::Stream;
use meva_core::{Player, Real, Scalar};

/// Units of each hidden layer.
pub const HIDDEN: usize = 16;

/// A network from both players' policies to `O` numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mlp<T, const N: usize, const O: usize> {
    own: Dense<T, N, HIDDEN>,
    other: [[T; N]; HIDDEN],
    hidden: Dense<T, HIDDEN, HIDDEN>,
    output: Dense<T, HIDDEN, O>,
}

/// What a forward pass leaves for the backward pass.
pub struct Tape<S, const N: usize, const O: usize> {
    state: [[S; N]; 2],
    first: [S; HIDDEN],
    second: [S; HIDDEN],
    /// The outputs.
    pub y: [S; O],
}

/// What a network sees of a joint policy in the place of a player: its own probabilities, then the other's, on [-1, 1].
pub fn state<S: Scalar, const N: usize>(player: Player, x: &[[S; N]; 2]) -> [[S; N]; 2] {
    [player, player.opponent()].map(|player| {
        x[player.index()].map(|x| {
            let p = x.sigmoid();
            p + p - S::ONE
        })
    })
}

impl<T: Real, const N: usize, const O: usize> Mlp<T, N, O> {
    /// All numbers zero, as gradients begin.
    pub const ZERO: Self = Mlp {
        own: Dense {
            weight: [[T::ZERO; N]; HIDDEN],
            bias: [T::ZERO; HIDDEN],
        },
        other: [[T::ZERO; N]; HIDDEN],
        hidden: Dense {
            weight: [[T::ZERO; HIDDEN]; HIDDEN],
            bias: [T::ZERO; HIDDEN],
        },
        output: Dense {
            weight: [[T::ZERO; HIDDEN]; O],
            bias: [T::ZERO; O],
        },
    };

    /// Weights from normal distributions with a variance of 1 over the number of inputs, those of the outputs times
    /// `output`; no biases.
    pub fn random(stream: &mut Stream, output: f64) -> Self {
        let mut network = Self::ZERO;
        let mut fill = |weights: &mut [T], inputs: usize, scale: f64| {
            let deviation = scale / libm::sqrt(inputs as f64);
            weights.fill_with(|| T::round(deviation * stream.normal()));
        };
        fill(network.own.weight.as_flattened_mut(), 2 * N, 1.0);
        fill(network.other.as_flattened_mut(), 2 * N, 1.0);
        fill(network.hidden.weight.as_flattened_mut(), HIDDEN, 1.0);
        fill(network.output.weight.as_flattened_mut(), HIDDEN, output);
        network
    }

    /// All numbers, in pieces.
    pub fn pieces(&self) -> [&[T]; 7] {
        [
            self.own.weight.as_flattened(),
            &self.own.bias,
            self.other.as_flattened(),
            self.hidden.weight.as_flattened(),
            &self.hidden.bias,
            self.output.weight.as_flattened(),
            &self.output.bias,
        ]
    }

    /// All numbers, in the same pieces.
    pub fn pieces_mut(&mut self) -> [&mut [T]; 7] {
        [
            self.own.weight.as_flattened_mut(),
            &mut self.own.bias,
            self.other.as_flattened_mut(),
            self.hidden.weight.as_flattened_mut(),
            &mut self.hidden.bias,
            self.output.weight.as_flattened_mut(),
            &mut self.output.bias,
        ]
    }

    /// The outputs for a [`state`].
    pub fn forward<S: Scalar<Real = T>>(&self, kernels: &impl Kernels<S>, state: &[[S; N]; 2]) -> Tape<S, N, O> {
        let mut first = self.own.bias.map(S::from_real);
        kernels.dense(&self.own.weight, &state[0], &mut first);
        kernels.dense(&self.other, &state[1], &mut first);
        let first = first.map(S::tanh);
        let mut second = self.hidden.bias.map(S::from_real);
        kernels.dense(&self.hidden.weight, &first, &mut second);
        let second = second.map(S::tanh);
        let mut y = self.output.bias.map(S::from_real);
        kernels.dense(&self.output.weight, &second, &mut y);
        Tape {
            state: *state,
            first,
            second,
            y,
        }
    }

    /// Adds the gradient with respect to all numbers, given that with respect to the outputs.
    pub fn vjp<S: Scalar<Real = T, Lane = T>>(
        &self,
        kernels: &impl Kernels<S>,
        tape: &Tape<S, N, O>,
        dy: &[S; O],
        gradient: &mut Self,
    ) {
        let Tape {
            state, first, second, ..
        } = tape;
        kernels.dense_vjp_weight(dy, second, &mut gradient.output.weight);
        kernels.dense_vjp_bias(dy, &mut gradient.output.bias);
        let mut dk = [S::ZERO; HIDDEN];
        kernels.dense_vjp_input(&self.output.weight, dy, &mut dk);
        let dk = through_tanh(&dk, second);
        kernels.dense_vjp_weight(&dk, first, &mut gradient.hidden.weight);
        kernels.dense_vjp_bias(&dk, &mut gradient.hidden.bias);
        let mut dh = [S::ZERO; HIDDEN];
        kernels.dense_vjp_input(&self.hidden.weight, &dk, &mut dh);
        let dh = through_tanh(&dh, first);
        kernels.dense_vjp_weight(&dh, &state[0], &mut gradient.own.weight);
        kernels.dense_vjp_bias(&dh, &mut gradient.own.bias);
        kernels.dense_vjp_weight(&dh, &state[1], &mut gradient.other);
    }

    /// The same numbers in another precision.
    fn cast<U: Real>(&self) -> Mlp<U, N, O> {
        let mut network = Mlp::ZERO;
        for (to, from) in network.pieces_mut().into_iter().zip(self.pieces()) {
            for (to, from) in to.iter_mut().zip(from) {
                *to = U::round(from.to_f64());
            }
        }
        network
    }
}

/// `dy (1 - y^2)` for `y = tanh(..)`.
fn through_tanh<S: Scalar, const H: usize>(dy: &[S; H], y: &[S; H]) -> [S; H] {
    std::array::from_fn(|k| dy[k] * (S::ONE - y[k] * y[k]))
}

/// A trained meta-policy: which policy to play, given both policies that were played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetaPolicy<const N: usize> {
    /// The means of the actions.
    pub mean: Mlp<f32, N, N>,
}

impl<const N: usize> MetaPolicy<N> {
    /// The next policy of a player: the mean of its actions.
    pub fn act<S: Scalar>(&self, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        self.mean.cast::<S::Real>().forward(&Portable, &state(player, x)).y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meva_core::random::Purpose;

    const X: [[f64; 2]; 2] = [[0.5, -1.0], [f64::INFINITY, 0.25]];

    /// The gradient of a weighted sum of the outputs, against central differences in every number.
    #[test]
    fn gradients_are_limits_of_differences() {
        let network = Mlp::<f64, 2, 3>::random(&mut Stream::new(1, Purpose::Parameters, 0), 1.0);
        let (state, dy, h) = (state(Player::One, &X), [1.0, -2.0, 0.5], 1e-5);
        let objective = |network: &Mlp<f64, 2, 3>| -> f64 {
            let y = network.forward(&Portable, &state).y;
            y.iter().zip(dy).map(|(y, dy)| y * dy).sum()
        };
        let mut gradient = Mlp::ZERO;
        network.vjp(&Portable, &network.forward(&Portable, &state), &dy, &mut gradient);
        for (piece, numbers) in gradient.pieces().into_iter().enumerate() {
            for (k, got) in numbers.iter().enumerate() {
                let at = |by: f64| {
                    let mut network = network;
                    network.pieces_mut()[piece][k] += by;
                    objective(&network)
                };
                let expected = (at(h) - at(-h)) / (2.0 * h);
                assert!((got - expected).abs() <= 1e-8, "{got} {expected} in piece {piece}");
            }
        }
    }

    /// Certain probabilities are seen as such, one's own policy first.
    #[test]
    fn states_are_probabilities() {
        let [own, other] = state(Player::One, &X);
        assert_eq!((own[0], other), (1.0, state(Player::Zero, &X)[0]));
    }

    /// Alone and in lanes, and nearly so in `f64`.
    #[test]
    fn precisions_agree() {
        use crate::cpu::Number;
        let mean = Mlp::random(&mut Stream::new(1, Purpose::Parameters, 0), 1.0);
        let policy = MetaPolicy::<2> { mean };
        let one = policy.act(Player::Zero, &X.map(|row| row.map(|x| x as f32)));
        let wide = policy.act(Player::Zero, &X.map(|row| row.map(Number::from_f64)));
        let exact = policy.act(Player::Zero, &X);
        for n in 0..2 {
            assert_eq!(wide[n].lane(63), one[n]);
            assert!((exact[n] - f64::from(one[n])).abs() < 1e-5);
        }
    }
}
