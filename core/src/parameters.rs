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

/// A description of a tensor and its place in a file: columns `first_column ..` of a matrix with `of_columns` columns.
///
/// It displays as its name in files.
///
/// ```
/// use meva_core::parameters::{Kind, Layer, Network, Parameters};
/// let last = Parameters::<f32, 1, 64, 1, 16>::tensors()
///     .find(|tensor| tensor.network == Some(Network::Value) && tensor.layer == Layer::Last && tensor.kind == Kind::Weight)
///     .expect("every network has a last layer");
/// assert_eq!((last.to_string().as_str(), last.rows, last.columns), ("value.last.weight", 64, 64));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The network that it belongs to; `None`: the map to quantiles.
    pub network: Option<Network>,
    /// Its layer.
    pub layer: Layer,
    /// Its kind within that layer.
    pub kind: Kind,
    /// Outputs; 1 for vectors.
    pub rows: usize,
    /// Inputs of this block; the length for vectors.
    pub columns: usize,
    /// The first column of this block in the named matrix.
    pub first_column: usize,
    /// The number of columns of the named matrix.
    pub of_columns: usize,
}

/// One of the two multi-layer perceptrons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// `(x_i, gamma_i) -> z_i`.
    Policy,
    /// `(z_i, z_opponent) -> h_i`.
    Value,
}

/// A layer of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The normalised layer that reads two inputs side by side, each through a block of columns.
    First,
    /// The normalised layer in a residual block.
    Inner(usize),
    /// The affine map in a residual block.
    Outer(usize),
    /// The gate at which a residual block's two paths merge.
    Merge(usize),
    /// The normalised layer whose activations are the output.
    Last,
    /// The affine map to quantiles.
    Quantiles,
}

/// The kind of a tensor within its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A matrix, or a block of its columns; all others are vectors.
    Weight,
    /// The offset of an affine map.
    Bias,
    /// The scale of normalised units.
    Scale,
    /// The shift of normalised and scaled units.
    Shift,
    /// Log-odds of keeping each unit of the linear path.
    Gate,
}

impl Tensor {
    /// How many numbers it has.
    pub const fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Whether it has no numbers.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is a vector and has one dimension in files.
    pub const fn is_vector(&self) -> bool {
        !matches!(self.kind, Kind::Weight)
    }
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
            Layer::Merge(r) => write!(f, "residual.{r}")?,
            Layer::Last => f.write_str("last")?,
            Layer::Quantiles => f.write_str("quantiles")?,
        }
        f.write_str(match self.kind {
            Kind::Weight => ".weight",
            Kind::Bias => ".bias",
            Kind::Scale => ".norm.scale",
            Kind::Shift => ".norm.shift",
            Kind::Gate => ".gate",
        })
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
    pub(crate) const TENSORS: usize = 2 * Self::MLP + 2;
    /// How many numbers there are.
    pub const LEN: usize = size_of::<Self>() / size_of::<T>();

    /// The description of tensor `index < TENSORS`.
    fn tensor(index: usize) -> Tensor {
        let (network, index, [a, b]) = match index {
            _ if index < Self::MLP => (Some(Network::Policy), index, [N, 1]),
            _ if index < 2 * Self::MLP => (Some(Network::Value), index - Self::MLP, [H, H]),
            _ => (None, index - 2 * Self::MLP, [0, 0]),
        };
        let matrix = |layer, rows, columns, first_column, of_columns| Tensor {
            network,
            layer,
            kind: Kind::Weight,
            rows,
            columns,
            first_column,
            of_columns,
        };
        let vector = |layer, kind, length| Tensor {
            network,
            layer,
            kind,
            rows: 1,
            columns: length,
            first_column: 0,
            of_columns: length,
        };
        let normalized = |layer, index| match index {
            0 => matrix(layer, H, H, 0, H),
            1 => vector(layer, Kind::Bias, H),
            2 => vector(layer, Kind::Scale, H),
            _ => vector(layer, Kind::Shift, H),
        };
        if network.is_none() {
            return if index == 0 {
                matrix(Layer::Quantiles, M, H, 0, H)
            } else {
                vector(Layer::Quantiles, Kind::Bias, M)
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
            5 => vector(Layer::Outer(r), Kind::Bias, H),
            6 => vector(Layer::Merge(r), Kind::Gate, H),
            _ => normalized(Layer::Inner(r), index),
        }
    }

    /// The numbers of tensor `index < TENSORS`, row-major, in memory order.
    pub(crate) const fn values(&self, index: usize) -> &[T] {
        match index {
            _ if index < Self::MLP => mlp_values(&self.policy, index),
            _ if index < 2 * Self::MLP => mlp_values(&self.value, index - Self::MLP),
            _ if index == 2 * Self::MLP => self.quantiles.weight.as_flattened(),
            _ => &self.quantiles.bias,
        }
    }

    /// The numbers of tensor `index < TENSORS`, mutable.
    pub(crate) const fn values_mut(&mut self, index: usize) -> &mut [T] {
        match index {
            _ if index < Self::MLP => mlp_values_mut(&mut self.policy, index),
            _ if index < 2 * Self::MLP => mlp_values_mut(&mut self.value, index - Self::MLP),
            _ if index == 2 * Self::MLP => self.quantiles.weight.as_flattened_mut(),
            _ => &mut self.quantiles.bias,
        }
    }

    /// The description of each tensor, in memory order.
    pub fn tensors() -> impl Iterator<Item = Tensor> {
        (0..Self::TENSORS).map(Self::tensor)
    }

    /// Each tensor with its numbers, row-major, in memory order.
    ///
    /// ```
    /// use meva_core::parameters::Parameters;
    /// let theta = Parameters::<f32, 1, 8, 1, 4>::ZERO;
    /// let (tensor, values) = theta.iter().last().expect("there are tensors");
    /// assert_eq!((tensor.to_string().as_str(), values), ("quantiles.bias", &[0.0; 4][..]));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Tensor, &[T])> {
        Self::tensors().zip(self.slices())
    }

    /// Each tensor with its numbers, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Tensor, &mut [T])> {
        Self::tensors().zip(self.slices_mut())
    }

    /// Each tensor with its numbers here and in `other`.
    pub fn zip<'a, U: Scalar>(
        &'a self,
        other: &'a Parameters<U, N, H, R, M>,
    ) -> impl Iterator<Item = (Tensor, &'a [T], &'a [U])> {
        self.iter()
            .zip(other.slices())
            .map(|((tensor, values), others)| (tensor, values, others))
    }

    /// All numbers, in memory order.
    pub fn numbers(&self) -> impl Iterator<Item = &T> {
        self.slices().flatten()
    }

    /// All numbers, mutable.
    pub fn numbers_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slices_mut().flatten()
    }

    /// The numbers of each tensor.
    pub(crate) fn slices(&self) -> impl Iterator<Item = &[T]> {
        (0..Self::TENSORS).map(|index| self.values(index))
    }

    /// The numbers of each tensor, mutable.
    pub(crate) fn slices_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let quantiles = [
            self.quantiles.weight.as_flattened_mut(),
            self.quantiles.bias.as_mut_slice(),
        ];
        mlp_slices_mut(&mut self.policy)
            .chain(mlp_slices_mut(&mut self.value))
            .chain(quantiles)
    }

    /// Sets every number to zero.
    pub fn clear(&mut self) {
        for values in self.slices_mut() {
            values.fill(T::ZERO);
        }
    }

    /// Adds `other`, number by number.
    pub fn add(&mut self, other: &Self) {
        for (sums, terms) in self.slices_mut().zip(other.slices()) {
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += *term;
            }
        }
    }

    /// Copies `other`, number by number.
    pub fn copy_from(&mut self, other: &Self) {
        for (to, from) in self.slices_mut().zip(other.slices()) {
            copy(from, to);
        }
    }
}

impl<T: Real, const N: usize, const H: usize, const R: usize, const M: usize> Parameters<T, N, H, R, M> {
    /// Whether no number is infinite or NaN.
    pub fn is_finite(&self) -> bool {
        self.slices().flatten().all(|value| value.is_finite())
    }

    /// Copies `other`, each number rounded to this type.
    pub fn round_from<U: Real>(&mut self, other: &Parameters<U, N, H, R, M>) {
        for (to, from) in self.slices_mut().zip(other.slices()) {
            for (to, from) in to.iter_mut().zip(from) {
                *to = T::round(from.to_f64());
            }
        }
    }

    /// Draws initial parameters: weights N(0, 1 / fan-in), the policy network's first bias N(0, 1), norm scales 1,
    /// everything else 0.
    ///
    /// The first bias spreads the kinks of the first layer over the plane of policies; with zero biases, a layer norm
    /// of two inputs keeps only their ratio.
    pub fn initialize(&mut self, stream: &mut Stream) {
        for (tensor, values) in self.iter_mut() {
            let deviation = 1.0 / libm::sqrt(tensor.of_columns as f64);
            let first_bias = tensor.network == Some(Network::Policy) && tensor.layer == Layer::First;
            for value in values {
                *value = match tensor.kind {
                    Kind::Weight => T::round(deviation * stream.normal()),
                    Kind::Bias if first_bias => T::round(stream.normal()),
                    Kind::Scale => T::ONE,
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

fn normalized_slices_mut<T, const H: usize>(layer: &mut Normalized<T, H>) -> [&mut [T]; NORMALIZED] {
    let Normalized { dense, norm } = layer;
    [
        dense.weight.as_flattened_mut(),
        &mut dense.bias,
        &mut norm.scale,
        &mut norm.shift,
    ]
}

fn residual_slices_mut<T, const H: usize>(block: &mut Residual<T, H>) -> [&mut [T]; RESIDUAL] {
    let Residual { inner, outer, gate } = block;
    let [weight, bias, scale, shift] = normalized_slices_mut(inner);
    let outer_weight = outer.weight.as_flattened_mut();
    [weight, bias, scale, shift, outer_weight, &mut outer.bias, gate]
}

fn mlp_slices_mut<T, const A: usize, const B: usize, const H: usize, const R: usize>(
    mlp: &mut Mlp<T, A, B, H, R>,
) -> impl Iterator<Item = &mut [T]> {
    let Mlp { first, residual, last } = mlp;
    let first: [&mut [T]; FIRST] = [
        first.own.as_flattened_mut(),
        first.other.as_flattened_mut(),
        &mut first.bias,
        &mut first.norm.scale,
        &mut first.norm.shift,
    ];
    first
        .into_iter()
        .chain(residual.iter_mut().flat_map(residual_slices_mut))
        .chain(normalized_slices_mut(last))
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

    /// Every way of walking over the tensors visits every number once, in memory order and with the shapes that their
    /// names imply.
    #[test]
    fn tensors_cover_the_parameters_once() {
        let mut theta = Small::ZERO;
        let mut count = 0;
        for (tensor, values) in theta.iter_mut() {
            assert_eq!(values.len(), tensor.len(), "{tensor}");
            for value in values {
                *value = count as f32;
                count += 1;
            }
        }
        assert_eq!(count, Small::LEN);
        assert_eq!(theta.policy.first.own[0][0], 0.0);
        assert_eq!(theta.quantiles.bias[2], (count - 1) as f32);
        let last_gate = Small::MLP + FIRST + 2 * RESIDUAL - 1;
        assert_eq!(theta.value.residual[1].gate[7], theta.values(last_gate)[7]);
        assert!(theta.numbers().copied().eq((0..count).map(|n| n as f32)));
        assert_eq!(theta.iter().count(), Small::TENSORS);
        for index in 0..Small::TENSORS {
            let values: std::vec::Vec<f32> = theta.values(index).to_vec();
            assert_eq!(theta.values_mut(index), values);
        }
    }

    #[test]
    fn arithmetic_reaches_every_number() {
        let (mut theta, mut twice) = (Small::ZERO, Small::ZERO);
        for (n, value) in theta.numbers_mut().enumerate() {
            *value = n as f32;
        }
        twice.copy_from(&theta);
        assert_eq!(twice, theta);
        twice.add(&theta);
        for (tensor, once, twice) in theta.zip(&twice) {
            assert!(
                once.iter().zip(twice).all(|(once, twice)| 2.0 * once == *twice),
                "{tensor}"
            );
        }
        twice.clear();
        assert_eq!(twice, Small::ZERO);
        assert!(theta.is_finite());
        theta.quantiles.bias[2] = f32::NAN;
        assert!(!theta.is_finite());
    }

    #[test]
    fn names_are_those_of_the_files() {
        let names: std::vec::Vec<_> = Small::tensors().map(|tensor| tensor.to_string()).collect();
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

    /// The networks of the Logistic Game and of the iterated games have the sizes stated in the design.
    #[test]
    fn sizes() {
        assert_eq!(Parameters::<f32, 1, 64, 1, 16>::LEN, 35_344);
        assert_eq!(Parameters::<f32, 5, 64, 2, 32>::LEN, 53_664);
    }
}
