//! The parameters `theta` of a meta-value network: one plain value, with a name for each tensor in it.

use core::fmt;

use crate::dense::Dense;
use crate::mlp::{First, Mlp, Normalized, Residual};
use crate::random::Stream;
use crate::scalar::{Real, Scalar};

/// `theta`: the policy network, the value network, and the affine map to `M` quantiles.
///
/// `N` parameters per policy, `H` hidden units, `R` residual blocks in each network. A value is large (141 kB for
/// `N = 1, H = 64, R = 1, M = 16` in `f32`) and is meant to stay where its owner puts it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Parameters<T, const N: usize, const H: usize, const R: usize, const M: usize> {
    /// `(x_i, gamma_i) -> z_i`.
    pub policy: Mlp<T, N, 1, H, R>,
    /// `(z_i, z_opponent) -> h_i`.
    pub value: Mlp<T, H, H, H, R>,
    /// `h_i -> M quantiles`.
    pub quantiles: Dense<T, H, M>,
}

/// A tensor's name and its place in a file: columns `first_column ..` of a matrix with `of_columns` columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    network: Option<Network>,
    layer: Layer,
    kind: &'static str,
    /// Outputs; 1 row for vectors.
    pub rows: usize,
    /// Inputs of this block; the length for vectors.
    pub columns: usize,
    /// Where this block starts in the named matrix.
    pub first_column: usize,
    /// How many columns the named matrix has.
    pub of_columns: usize,
    /// A vector is named with one dimension.
    pub is_vector: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Policy,
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    First,
    Inner(usize),
    Outer(usize),
    Gate(usize),
    Last,
    Quantiles,
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.network {
            Some(Network::Policy) => f.write_str("policy.")?,
            Some(Network::Value) => f.write_str("value.")?,
            None => {}
        }
        match self.layer {
            Layer::First => f.write_str("first")?,
            Layer::Inner(r) => write!(f, "residual.{r}.inner")?,
            Layer::Outer(r) => write!(f, "residual.{r}.outer")?,
            Layer::Gate(r) => return write!(f, "residual.{r}.gate"),
            Layer::Last => f.write_str("last")?,
            Layer::Quantiles => f.write_str("quantiles")?,
        }
        write!(f, ".{}", self.kind)
    }
}

/// Tensors of a normalised layer, of a residual block, and of the layer that reads two inputs.
const NORMALIZED: usize = 4;
const RESIDUAL: usize = NORMALIZED + 3;
const FIRST: usize = 5;

impl<T: Scalar, const N: usize, const H: usize, const R: usize, const M: usize> Parameters<T, N, H, R, M> {
    /// All parameters zero.
    pub const ZERO: Self = Parameters {
        policy: Mlp::ZERO,
        value: Mlp::ZERO,
        quantiles: Dense {
            weight: [[T::ZERO; H]; M],
            bias: [T::ZERO; M],
        },
    };

    const MLP: usize = FIRST + R * RESIDUAL + NORMALIZED;
    /// How many tensors there are.
    pub const TENSORS: usize = 2 * Self::MLP + 2;
    /// How many numbers there are.
    pub const LEN: usize = size_of::<Self>() / size_of::<T>();

    /// Name and shape of tensor `index < TENSORS`.
    pub fn tensor(index: usize) -> Tensor {
        let (network, index, [a, b]) = match index {
            _ if index < Self::MLP => (Some(Network::Policy), index, [N, 1]),
            _ if index < 2 * Self::MLP => (Some(Network::Value), index - Self::MLP, [H, H]),
            _ => (None, index - 2 * Self::MLP, [0, 0]),
        };
        let matrix = |layer, rows, columns, first_column, of_columns| Tensor {
            network,
            layer,
            kind: "weight",
            rows,
            columns,
            first_column,
            of_columns,
            is_vector: false,
        };
        let vector = |layer, kind, length| Tensor {
            network,
            layer,
            kind,
            rows: 1,
            columns: length,
            first_column: 0,
            of_columns: length,
            is_vector: true,
        };
        let normalized = |layer, index| match index {
            0 => matrix(layer, H, H, 0, H),
            1 => vector(layer, "bias", H),
            2 => vector(layer, "norm.scale", H),
            _ => vector(layer, "norm.shift", H),
        };
        if network.is_none() {
            return if index == 0 {
                matrix(Layer::Quantiles, M, H, 0, H)
            } else {
                vector(Layer::Quantiles, "bias", M)
            };
        }
        if index < FIRST {
            return match index {
                0 => matrix(Layer::First, H, a, 0, a + b),
                1 => matrix(Layer::First, H, b, a, a + b),
                _ => normalized(Layer::First, index - 1),
            };
        }
        let index = index - FIRST;
        if index >= R * RESIDUAL {
            return normalized(Layer::Last, index - R * RESIDUAL);
        }
        let (r, index) = (index / RESIDUAL, index % RESIDUAL);
        match index {
            NORMALIZED => matrix(Layer::Outer(r), H, H, 0, H),
            5 => vector(Layer::Outer(r), "bias", H),
            6 => vector(Layer::Gate(r), "", H),
            _ => normalized(Layer::Inner(r), index),
        }
    }

    /// The numbers of tensor `index < TENSORS`, row-major; in the order in which they lie in memory.
    pub const fn values(&self, index: usize) -> &[T] {
        match index {
            _ if index < Self::MLP => mlp_values(&self.policy, index),
            _ if index < 2 * Self::MLP => mlp_values(&self.value, index - Self::MLP),
            _ if index == 2 * Self::MLP => self.quantiles.weight.as_flattened(),
            _ => &self.quantiles.bias,
        }
    }

    /// The numbers of tensor `index < TENSORS`, to be changed.
    pub const fn values_mut(&mut self, index: usize) -> &mut [T] {
        match index {
            _ if index < Self::MLP => mlp_values_mut(&mut self.policy, index),
            _ if index < 2 * Self::MLP => mlp_values_mut(&mut self.value, index - Self::MLP),
            _ if index == 2 * Self::MLP => self.quantiles.weight.as_flattened_mut(),
            _ => &mut self.quantiles.bias,
        }
    }

    /// Sets every number to zero.
    pub fn clear(&mut self) {
        for index in 0..Self::TENSORS {
            self.values_mut(index).fill(T::ZERO);
        }
    }

    /// Adds `other`, number by number.
    pub fn add(&mut self, other: &Self) {
        for index in 0..Self::TENSORS {
            for (sum, term) in self.values_mut(index).iter_mut().zip(other.values(index)) {
                *sum += *term;
            }
        }
    }

    /// Copies `other`, number by number.
    pub fn copy_from(&mut self, other: &Self) {
        for index in 0..Self::TENSORS {
            copy(other.values(index), self.values_mut(index));
        }
    }
}

impl<T: Real, const N: usize, const H: usize, const R: usize, const M: usize> Parameters<T, N, H, R, M> {
    /// Whether no number is infinite or NaN.
    pub fn is_finite(&self) -> bool {
        (0..Self::TENSORS).all(|index| self.values(index).iter().all(|value| value.is_finite()))
    }

    /// Draws initial parameters: weights N(0, 1 / fan-in), the policy network's first bias N(0, 1), norm scales 1, all
    /// else 0.
    ///
    /// The first bias spreads the kinks of the first layer over the plane of policies; with zero biases a layer norm of
    /// two inputs keeps only their ratio.
    pub fn initialize(&mut self, stream: &mut Stream) {
        for index in 0..Self::TENSORS {
            let tensor = Self::tensor(index);
            let deviation = 1.0 / libm::sqrt(tensor.of_columns as f64);
            let first_bias = tensor.network == Some(Network::Policy) && tensor.layer == Layer::First;
            for value in self.values_mut(index) {
                *value = match tensor.kind {
                    "weight" => T::round(deviation * stream.normal()),
                    "bias" if first_bias => T::round(stream.normal()),
                    "norm.scale" => T::ONE,
                    _ => T::ZERO,
                };
            }
        }
    }
}

/// Copies as many numbers as the shorter slice has.
pub(crate) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

const fn normalized_values<T, const H: usize>(layer: &Normalized<T, H>, index: usize) -> &[T] {
    match index {
        0 => layer.dense.weight.as_flattened(),
        1 => &layer.dense.bias,
        2 => &layer.norm.scale,
        _ => &layer.norm.shift,
    }
}

const fn normalized_values_mut<T, const H: usize>(layer: &mut Normalized<T, H>, index: usize) -> &mut [T] {
    match index {
        0 => layer.dense.weight.as_flattened_mut(),
        1 => &mut layer.dense.bias,
        2 => &mut layer.norm.scale,
        _ => &mut layer.norm.shift,
    }
}

const fn mlp_values<T, const A: usize, const B: usize, const H: usize, const R: usize>(
    mlp: &Mlp<T, A, B, H, R>,
    index: usize,
) -> &[T] {
    let First { own, other, bias, norm } = &mlp.first;
    match index {
        0 => return own.as_flattened(),
        1 => return other.as_flattened(),
        2 => return bias,
        3 => return &norm.scale,
        4 => return &norm.shift,
        _ => {}
    }
    let index = index - FIRST;
    if index >= R * RESIDUAL {
        return normalized_values(&mlp.last, index - R * RESIDUAL);
    }
    let Residual { inner, outer, gate } = &mlp.residual[index / RESIDUAL];
    match index % RESIDUAL {
        4 => outer.weight.as_flattened(),
        5 => &outer.bias,
        6 => gate,
        index => normalized_values(inner, index),
    }
}

const fn mlp_values_mut<T, const A: usize, const B: usize, const H: usize, const R: usize>(
    mlp: &mut Mlp<T, A, B, H, R>,
    index: usize,
) -> &mut [T] {
    let First { own, other, bias, norm } = &mut mlp.first;
    match index {
        0 => return own.as_flattened_mut(),
        1 => return other.as_flattened_mut(),
        2 => return bias,
        3 => return &mut norm.scale,
        4 => return &mut norm.shift,
        _ => {}
    }
    let index = index - FIRST;
    if index >= R * RESIDUAL {
        return normalized_values_mut(&mut mlp.last, index - R * RESIDUAL);
    }
    let Residual { inner, outer, gate } = &mut mlp.residual[index / RESIDUAL];
    match index % RESIDUAL {
        4 => outer.weight.as_flattened_mut(),
        5 => &mut outer.bias,
        6 => gate,
        index => normalized_values_mut(inner, index),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    type Small = Parameters<f32, 5, 8, 2, 3>;

    /// Walking the tensors meets every number once, in memory order, under the shapes that their names promise.
    #[test]
    fn tensors_cover_the_parameters_once() {
        let mut theta = Small::ZERO;
        let mut count = 0;
        for index in 0..Small::TENSORS {
            let tensor = Small::tensor(index);
            assert_eq!(theta.values(index).len(), tensor.rows * tensor.columns, "{tensor}");
            for value in theta.values_mut(index) {
                *value = count as f32;
                count += 1;
            }
        }
        assert_eq!(count, Small::LEN);
        assert_eq!(theta.policy.first.own[0][0], 0.0);
        assert_eq!(theta.quantiles.bias[2], (count - 1) as f32);
        assert_eq!(
            theta.value.residual[1].gate[7],
            theta.values(Small::MLP + FIRST + 2 * RESIDUAL - 1)[7]
        );
    }

    #[test]
    fn names_are_those_of_the_files() {
        let names: std::vec::Vec<_> = (0..Small::TENSORS)
            .map(|index| Small::tensor(index).to_string())
            .collect();
        assert_eq!(names[0], "policy.first.weight");
        assert_eq!(names[1], "policy.first.weight");
        for name in [
            "policy.residual.1.gate",
            "value.residual.0.inner.norm.shift",
            "value.last.weight",
            "quantiles.bias",
        ] {
            assert!(names.iter().any(|n| n == name), "{name} is missing");
        }
    }

    /// The network of the Logistic Game and that of the iterated games have the sizes that the design states.
    #[test]
    fn sizes() {
        assert_eq!(Parameters::<f32, 1, 64, 1, 16>::LEN, 35_344);
        assert_eq!(Parameters::<f32, 5, 64, 2, 32>::LEN, 53_664);
    }
}
