//! Where numbers lie: offsets of tensors in `theta`, copies of the matrices, and the slots of what a pass back keeps.

use meva_core::game::NamedGame;
use meva_core::parameters::{Parameters, Tensor};
use meva_core::shape::{Shape, ShapeVisitor};

use crate::error::Result;

/// Where a tensor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name and shape.
    pub tensor: Tensor,
    /// The index of its first number in `theta`.
    pub offset: usize,
}

/// A matrix whose gradient is a sum of outer products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The slot of the outputs' adjoints.
    pub delta: usize,
    /// The slot of the inputs.
    pub input: usize,
    /// Whether the input is the opponent's.
    pub swap: bool,
    /// The index of its first number in `theta`.
    pub offset: usize,
    /// Its outputs; it has `H` inputs.
    pub rows: usize,
}

/// A vector whose gradient is a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The index of its first number in `theta`.
    pub offset: usize,
    /// The distance between its numbers.
    pub stride: usize,
    /// How many there are.
    pub length: usize,
}

/// The layout of a network.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The network's sizes.
    pub shape: Shape,
    /// Numbers in `theta`.
    pub len: usize,
    places: Vec<Place>,
}

/// Tensors of a normalised layer, of a residual block, and of the layer that reads two inputs; as in `core/src/parameters.rs`.
const RESIDUAL: usize = 7;
const FIRST: usize = 5;

/// Finds the places of a network's tensors.
struct Places;

impl ShapeVisitor for Places {
    type Output = Vec<Place>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Vec<Place> {
        let mut offset = 0;
        (0..Parameters::<f32, N, H, R, M>::TENSORS)
            .map(|index| {
                let tensor = Parameters::<f32, N, H, R, M>::tensor(index);
                let place = Place { tensor, offset };
                offset += tensor.rows * tensor.columns;
                place
            })
            .collect()
    }
}

impl Layout {
    /// The layout of a compiled shape.
    ///
    /// # Errors
    /// The shape is not compiled in.
    pub fn of(shape: Shape) -> Result<Self> {
        let places = shape.visit(Places)?;
        let len = places
            .iter()
            .map(|place| place.tensor.rows * place.tensor.columns)
            .sum();
        Ok(Layout { shape, len, places })
    }

    /// Where tensor `index` of the value network starts, or with `value` false of the policy network.
    fn mlp(&self, value: bool, index: usize) -> usize {
        let tensors = FIRST + self.shape.residual_blocks * RESIDUAL + 4;
        self.places[usize::from(value) * tensors + index].offset
    }

    fn quantiles(&self) -> usize {
        self.places[self.places.len() - 2].offset
    }

    /// Offsets and slots by the names that the shaders know them by.
    pub fn constants(&self) -> Vec<(&'static str, usize)> {
        let Shape {
            parameters: n,
            hidden: h,
            residual_blocks: r,
            quantiles: m,
        } = self.shape;
        let (policy, value) = (|index| self.mlp(false, index), |index| self.mlp(true, index));
        let last = FIRST + r * RESIDUAL;
        let trunk = 2 * r + 1;
        let sums = 5 * r + 3;
        vec![
            ("N", n),
            ("H", h),
            ("R", r),
            ("M", m),
            ("LEN", self.len),
            ("NORMS", 2 * (r + 2)),
            ("POLICY_FIRST", policy(0)),
            ("POLICY_FIRST_GAMMA", policy(1)),
            ("POLICY_FIRST_BIAS", policy(2)),
            ("POLICY_RESIDUAL", policy(FIRST)),
            ("POLICY_LAST", policy(last)),
            ("VALUE_FIRST", value(0)),
            ("VALUE_FIRST_BIAS", value(2)),
            ("VALUE_RESIDUAL", value(FIRST)),
            ("VALUE_LAST", value(last)),
            ("QUANTILES", self.quantiles()),
            ("QUANTILES_BIAS", self.quantiles() + m * h),
            ("POLICY_INPUTS", 0),
            ("Z_INPUT", trunk),
            ("VALUE_INPUTS", trunk + 1),
            ("LAST_INPUT", 2 * trunk + 1),
            ("INPUTS", 2 * trunk + 2),
            ("POLICY_DELTAS", 0),
            ("VALUE_FIRST_DELTA", trunk),
            ("VALUE_DELTAS", trunk + 1),
            ("QUANTILES_DELTA", 2 * trunk + 1),
            ("DELTAS", 2 * trunk + 2),
            ("POLICY_SUMS", 0),
            ("VALUE_SUMS", sums),
            ("POLICY_FIRST_SUMS", 2 * sums),
            ("VALUE_FIRST_SUMS", 2 * sums + 3),
            ("POLICY_INPUT_SUMS", 2 * sums + 6),
            ("QUANTILES_SUM", 2 * sums + 7 + n),
            ("SUMS", 2 * sums + 8 + n),
        ]
    }

    /// The matrices, in the order of their workgroups.
    pub fn matrices(&self) -> Vec<Matrix> {
        let Shape {
            hidden: h,
            residual_blocks: r,
            quantiles: m,
            ..
        } = self.shape;
        let trunk = 2 * r + 1;
        let mut matrices = Vec::new();
        for (value, base) in [(false, 0), (true, trunk + 1)] {
            let of_block = |tensor: usize, slot: usize| Matrix {
                delta: base + slot,
                input: base + slot,
                swap: false,
                offset: self.mlp(value, tensor),
                rows: h,
            };
            for block in 0..r {
                matrices.push(of_block(FIRST + block * RESIDUAL, 2 * block));
                matrices.push(of_block(FIRST + block * RESIDUAL + 4, 2 * block + 1));
            }
            matrices.push(of_block(FIRST + r * RESIDUAL, 2 * r));
        }
        for (tensor, swap) in [(0, false), (1, true)] {
            let offset = self.mlp(true, tensor);
            matrices.push(Matrix {
                delta: trunk,
                input: trunk,
                swap,
                offset,
                rows: h,
            });
        }
        let (delta, input) = (2 * trunk + 1, 2 * trunk + 1);
        matrices.push(Matrix {
            delta,
            input,
            swap: false,
            offset: self.quantiles(),
            rows: m,
        });
        matrices
    }

    /// The vectors, in the order of their slots.
    pub fn sums(&self) -> Vec<Sum> {
        let Shape {
            parameters: n,
            hidden: h,
            residual_blocks: r,
            quantiles: m,
        } = self.shape;
        let vector = |offset| Sum {
            offset,
            stride: 1,
            length: h,
        };
        let mut sums = Vec::new();
        for value in [false, true] {
            let mut push = |tensor| sums.push(vector(self.mlp(value, tensor)));
            for block in 0..r {
                // Scale, shift and bias of the inner layer, bias of the outer one, gate.
                let first = FIRST + block * RESIDUAL;
                [2, 3, 1, 5, 6].into_iter().for_each(|tensor| push(first + tensor));
            }
            [2, 3, 1]
                .into_iter()
                .for_each(|tensor| push(FIRST + r * RESIDUAL + tensor));
        }
        for value in [false, true] {
            // Scale, shift and bias of the first layer.
            sums.extend([3, 4, 2].map(|tensor| vector(self.mlp(value, tensor))));
        }
        let first = self.mlp(false, 0);
        sums.extend((0..n).map(|column| Sum {
            offset: first + column,
            stride: n,
            length: h,
        }));
        sums.push(vector(self.mlp(false, 1)));
        sums.push(Sum {
            offset: self.quantiles() + m * h,
            stride: 1,
            length: m,
        });
        sums
    }

    /// For each number of `theta`, its index in the copies FORWARD (and TARGET) and BACKWARD of `dense.wgsl`; none for
    /// those that have no copy.
    pub fn copies(&self) -> Vec<Option<[usize; 2]>> {
        let mut copies = vec![None; self.len];
        for Matrix { offset, rows, .. } in self.matrices() {
            let columns = self.shape.hidden;
            for o in 0..rows {
                for i in 0..columns {
                    let forward = ((i / 4) * rows + o) * 4 + i % 4;
                    let backward = ((o / 4) * columns + i) * 4 + o % 4;
                    copies[offset + o * columns + i] = Some([offset + forward, offset + backward]);
                }
            }
        }
        copies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> [Shape; 2] {
        let shape = |[parameters, hidden, residual_blocks, quantiles]: [usize; 4]| Shape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        };
        [shape([1, 64, 1, 16]), shape([5, 64, 2, 32])]
    }

    /// Matrices and vectors together cover `theta`, each number once.
    #[test]
    fn gradients_cover_theta_once() {
        for shape in shapes() {
            let layout = Layout::of(shape).unwrap();
            let mut count = vec![0; layout.len];
            for Matrix { offset, rows, .. } in layout.matrices() {
                count[offset..offset + rows * shape.hidden]
                    .iter_mut()
                    .for_each(|c| *c += 1);
            }
            for Sum { offset, stride, length } in layout.sums() {
                (0..length).for_each(|k| count[offset + k * stride] += 1);
            }
            assert!(count.iter().all(|count| *count == 1), "{shape}");
        }
    }

    /// Each copy is a permutation of the matrices' numbers, aligned to four.
    #[test]
    fn copies_are_permutations() {
        for shape in shapes() {
            let layout = Layout::of(shape).unwrap();
            assert!(layout.matrices().iter().all(|matrix| matrix.offset % 4 == 0));
            let copies: Vec<_> = layout
                .copies()
                .into_iter()
                .enumerate()
                .filter(|(_, c)| c.is_some())
                .collect();
            let own: Vec<usize> = copies.iter().map(|(index, _)| *index).collect();
            for which in 0..2 {
                let mut places: Vec<usize> = copies.iter().filter_map(|(_, copy)| copy.map(|c| c[which])).collect();
                places.sort_unstable();
                assert_eq!(places, own, "{shape}");
            }
        }
    }
}
