//! Memory layout: tensors in `theta`, the copies of the matrices, and what a backward pass keeps.
//!
//! For each network a backward pass keeps two kinds of data. A weight matrix's gradient is a sum of outer products, so
//! its *product* slot keeps the inputs and the adjoints of the outputs. A vector's gradient is a plain sum, kept in its
//! *sum* slot.

use std::mem::offset_of;

use meva_core::game::NamedGame;
use meva_core::layer_norm::LayerNorm;
use meva_core::mlp::{Normalized, Residual};
use meva_core::parameters::Parameters;
use meva_core::shape::{ColaVisitor, Shape, ShapeVisitor};

use super::constant::{Constant, Value};
use crate::error::Result;

/// Sets of numbers that the buffer `state` holds for each network: `theta`, `theta_bar`, `m` and `v`.
pub const STATE_SETS: usize = 4;
/// Copies of the matrices that the buffer `weights` holds for each network: `FORWARD`, `BACKWARD` and `TARGET` of
/// `dense.wgsl`.
pub const WEIGHT_COPIES: usize = 3;

/// Numbers that a partial gradient has in addition to those of `theta`: the loss, and a gap that aligns what follows.
pub const PARTIAL_REST: usize = 4;

/// The sum slots of a normalised layer, counted from its first.
const SCALE_SUM: usize = 0;
const SHIFT_SUM: usize = 1;
const BIAS_SUM: usize = 2;
const NORMALIZED_SUMS: usize = 3;
/// The sum slots that a residual block has in addition to those of its normalised layer.
const OUTER_BIAS_SUM: usize = 3;
const GATE_SUM: usize = 4;
/// Sum slots of a residual block.
const BLOCK_SUMS: usize = 5;

/// A matrix whose gradient is a sum of outer products. It has `H` inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The slot for its inputs and the adjoints of its outputs.
    pub product: usize,
    /// Whether its input is the opponent's.
    pub swap: bool,
    /// The index of its first number in `theta`.
    pub offset: usize,
    /// The number of its outputs.
    pub rows: usize,
}

/// A vector whose gradient is a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The index of its first number in `theta`.
    pub offset: usize,
    /// The stride between its numbers.
    pub stride: usize,
    /// The number of its elements.
    pub length: usize,
}

/// The layout of a network.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The network's sizes.
    pub shape: Shape,
    /// Numbers in `theta`.
    pub len: usize,
    /// The matrices, in the order of their workgroups.
    pub matrices: Vec<Matrix>,
    /// The vectors, in the order of their slots.
    pub sums: Vec<Sum>,
    /// The number of product slots.
    pub products: usize,
    /// The number of norms.
    pub norms: usize,
    /// Sizes, offsets and slots under the names that shaders import.
    indices: Vec<(&'static str, usize)>,
}

/// Where an MLP's tensors start in `theta`, counted in numbers.
struct MlpOffsets {
    first_own: usize,
    first_other: usize,
    first_bias: usize,
    first_scale: usize,
    first_shift: usize,
    residual: usize,
    last: usize,
}

/// Where a network's tensors start in `theta`, and the relative offsets of the tensors in a layer, counted in numbers.
struct Offsets {
    len: usize,
    policy: MlpOffsets,
    value: MlpOffsets,
    quantiles: usize,
    quantiles_bias: usize,
    // From the start of a normalised layer.
    bias: usize,
    scale: usize,
    shift: usize,
    // From the start of a norm.
    shift_from_scale: usize,
    // From the start of a residual block, which begins with its normalised layer.
    outer: usize,
    outer_bias: usize,
    gate: usize,
    block: usize,
}

struct FindOffsets;

impl ColaVisitor for FindOffsets {
    type Output = Offsets;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize>(self) -> Offsets {
        Offsets::of::<N, H, R, N>()
    }
}

impl ShapeVisitor for FindOffsets {
    type Output = Offsets;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Offsets {
        Offsets::of::<N, H, R, M>()
    }
}

impl Offsets {
    fn of<const N: usize, const H: usize, const R: usize, const M: usize>() -> Self {
        const NUMBER: usize = size_of::<f32>();
        macro_rules! offset {
            ($in:ty, $($field:tt)+) => { offset_of!($in, $($field)+) / NUMBER };
        }
        macro_rules! mlp {
            ($mlp:ident) => {
                MlpOffsets {
                    first_own: offset!(Parameters<f32, N, H, R, M>, $mlp.first.own),
                    first_other: offset!(Parameters<f32, N, H, R, M>, $mlp.first.other),
                    first_bias: offset!(Parameters<f32, N, H, R, M>, $mlp.first.bias),
                    first_scale: offset!(Parameters<f32, N, H, R, M>, $mlp.first.norm.scale),
                    first_shift: offset!(Parameters<f32, N, H, R, M>, $mlp.first.norm.shift),
                    residual: offset!(Parameters<f32, N, H, R, M>, $mlp.residual),
                    last: offset!(Parameters<f32, N, H, R, M>, $mlp.last),
                }
            };
        }
        Offsets {
            len: Parameters::<f32, N, H, R, M>::LEN,
            policy: mlp!(policy),
            value: mlp!(value),
            quantiles: offset!(Parameters<f32, N, H, R, M>, quantiles.weight),
            quantiles_bias: offset!(Parameters<f32, N, H, R, M>, quantiles.bias),
            bias: offset!(Normalized<f32, H>, dense.bias),
            scale: offset!(Normalized<f32, H>, norm.scale),
            shift: offset!(Normalized<f32, H>, norm.shift),
            shift_from_scale: offset!(LayerNorm<f32, H>, shift),
            outer: offset!(Residual<f32, H>, outer.weight),
            outer_bias: offset!(Residual<f32, H>, outer.bias),
            gate: offset!(Residual<f32, H>, gate),
            block: size_of::<Residual<f32, H>>() / NUMBER,
        }
    }
}

impl Layout {
    /// The layout of a compiled shape.
    ///
    /// # Errors
    /// The shape is not compiled in.
    pub fn of(shape: Shape) -> Result<Self> {
        let offsets = shape.visit(FindOffsets)?;
        Ok(Self::with_offsets(shape, &offsets, false))
    }

    /// The layout of a compiled shape of COLA's network. Its last layer has so few outputs that its rows are summed as vectors.
    ///
    /// # Errors
    /// The shape is not compiled in.
    pub fn of_cola(shape: Shape) -> Result<Self> {
        let offsets = shape.visit_cola(FindOffsets)?;
        Ok(Self::with_offsets(shape, &offsets, true))
    }

    fn with_offsets(shape: Shape, offsets: &Offsets, outputs_are_rows: bool) -> Self {
        let Shape {
            parameters: n,
            hidden: h,
            residual_blocks: r,
            quantiles: m,
        } = shape;
        let (policy, value) = (&offsets.policy, &offsets.value);
        let blocks = |mlp: &MlpOffsets| {
            let first = mlp.residual;
            (0..r).map(move |index| first + index * offsets.block)
        };

        // The matrices that each product slot serves, and whether each of them reads the opponent's input.
        let trunk = |mlp: &MlpOffsets| -> Vec<Vec<(usize, bool)>> {
            let of_blocks = blocks(mlp).flat_map(|block| [block, block + offsets.outer]);
            of_blocks
                .chain([mlp.last])
                .map(|offset| vec![(offset, false)])
                .collect()
        };
        let mut products = trunk(policy);
        let value_first_product = products.len();
        products.push(vec![(value.first_own, false), (value.first_other, true)]);
        let value_products = products.len();
        products.extend(trunk(value));
        let quantiles_product = products.len();
        if !outputs_are_rows {
            products.push(vec![(offsets.quantiles, false)]);
        }
        let matrices = products.iter().enumerate().flat_map(|(product, served)| {
            served.iter().map(move |&(offset, swap)| Matrix {
                product,
                swap,
                offset,
                rows: if product == quantiles_product { m } else { h },
            })
        });

        let vector = |offset| Sum {
            offset,
            stride: 1,
            length: h,
        };
        let mut in_block = [0; BLOCK_SUMS];
        in_block[SCALE_SUM] = offsets.scale;
        in_block[SHIFT_SUM] = offsets.shift;
        in_block[BIAS_SUM] = offsets.bias;
        in_block[OUTER_BIAS_SUM] = offsets.outer_bias;
        in_block[GATE_SUM] = offsets.gate;
        let trunk = |mlp: &MlpOffsets| -> Vec<Sum> {
            let of_blocks = blocks(mlp).flat_map(|block| in_block.map(|offset| block + offset));
            let of_last = in_block[..NORMALIZED_SUMS].iter().map(|offset| mlp.last + offset);
            of_blocks.chain(of_last).map(vector).collect()
        };
        let first = |mlp: &MlpOffsets| {
            let mut first = [0; NORMALIZED_SUMS];
            first[SCALE_SUM] = mlp.first_scale;
            first[SHIFT_SUM] = mlp.first_shift;
            first[BIAS_SUM] = mlp.first_bias;
            first.map(vector)
        };
        let mut sums = trunk(policy);
        let value_sums = sums.len();
        sums.extend(trunk(value));
        let policy_first_sums = sums.len();
        sums.extend(first(policy));
        let value_first_sums = sums.len();
        sums.extend(first(value));
        // The policy network's first layer has so few inputs that its columns are summed as vectors.
        let policy_input_sums = sums.len();
        sums.extend((0..n).map(|column| Sum {
            offset: policy.first_own + column,
            stride: n,
            length: h,
        }));
        sums.push(vector(policy.first_other));
        let quantiles_sum = sums.len();
        sums.push(Sum {
            length: m,
            ..vector(offsets.quantiles_bias)
        });
        let output_sums = sums.len();
        if outputs_are_rows {
            sums.extend((0..m).map(|row| vector(offsets.quantiles + row * h)));
        }

        let norms = 2 * (r + 2);
        let indices = vec![
            ("N", n),
            ("H", h),
            ("R", r),
            ("M", m),
            ("LEN", offsets.len),
            ("COPY_LEN", offsets.len.next_multiple_of(4)),
            ("PARTIAL_LEN", offsets.len.next_multiple_of(4) + PARTIAL_REST),
            ("STATE_SETS", STATE_SETS),
            ("WEIGHT_COPIES", WEIGHT_COPIES),
            ("POLICY_FIRST", policy.first_own),
            ("POLICY_FIRST_GAMMA", policy.first_other),
            ("POLICY_FIRST_BIAS", policy.first_bias),
            ("POLICY_FIRST_NORM", policy.first_scale),
            ("POLICY_RESIDUAL", policy.residual),
            ("POLICY_LAST", policy.last),
            ("VALUE_FIRST", value.first_own),
            ("VALUE_FIRST_OTHER", value.first_other),
            ("VALUE_FIRST_BIAS", value.first_bias),
            ("VALUE_FIRST_NORM", value.first_scale),
            ("VALUE_RESIDUAL", value.residual),
            ("VALUE_LAST", value.last),
            ("QUANTILES", offsets.quantiles),
            ("QUANTILES_BIAS", offsets.quantiles_bias),
            ("BIAS", offsets.bias),
            ("NORM", offsets.scale),
            ("SHIFT", offsets.shift_from_scale),
            ("OUTER", offsets.outer),
            ("OUTER_BIAS", offsets.outer_bias),
            ("GATE", offsets.gate),
            ("BLOCK_LEN", offsets.block),
            ("NORMS", norms),
            ("POLICY_PRODUCTS", 0),
            ("VALUE_FIRST_PRODUCT", value_first_product),
            ("VALUE_PRODUCTS", value_products),
            ("QUANTILES_PRODUCT", quantiles_product),
            ("PRODUCTS", products.len()),
            ("MATRICES", matrices.clone().count()),
            ("SCALE_SUM", SCALE_SUM),
            ("SHIFT_SUM", SHIFT_SUM),
            ("BIAS_SUM", BIAS_SUM),
            ("OUTER_BIAS_SUM", OUTER_BIAS_SUM),
            ("GATE_SUM", GATE_SUM),
            ("BLOCK_SUMS", BLOCK_SUMS),
            ("POLICY_SUMS", 0),
            ("VALUE_SUMS", value_sums),
            ("POLICY_FIRST_SUMS", policy_first_sums),
            ("VALUE_FIRST_SUMS", value_first_sums),
            ("POLICY_INPUT_SUMS", policy_input_sums),
            ("QUANTILES_SUM", quantiles_sum),
            ("OUTPUT_SUMS", output_sums),
            ("SUMS", sums.len()),
        ];
        Layout {
            shape,
            len: offsets.len,
            matrices: matrices.collect(),
            sums,
            products: products.len(),
            norms,
            indices,
        }
    }

    /// The constants that shaders import from this file.
    pub(super) fn constants(&self) -> Vec<Constant> {
        let constant = |name, value| Constant {
            file: "host/src/gpu/layout.rs",
            name,
            value,
        };
        let of_matrices = |part: fn(&Matrix) -> usize| Value::Indices(self.matrices.iter().map(part).collect());
        let of_sums = |part: fn(&Sum) -> usize| Value::Indices(self.sums.iter().map(part).collect());
        let mut constants: Vec<Constant> = self
            .indices
            .iter()
            .map(|&(name, value)| constant(name, Value::Index(value)))
            .collect();
        constants.extend([
            constant("MATRIX_PRODUCT", of_matrices(|matrix| matrix.product)),
            constant("MATRIX_SWAP", of_matrices(|matrix| usize::from(matrix.swap))),
            constant("MATRIX_OFFSET", of_matrices(|matrix| matrix.offset)),
            constant("MATRIX_ROWS", of_matrices(|matrix| matrix.rows)),
            constant("SUM_OFFSET", of_sums(|sum| sum.offset)),
            constant("SUM_STRIDE", of_sums(|sum| sum.stride)),
            constant("SUM_LENGTH", of_sums(|sum| sum.length)),
        ]);
        constants
    }

    /// Numbers from one copy of the matrices to the next, which start where four numbers can be read at once.
    pub fn copy_len(&self) -> usize {
        self.len.next_multiple_of(4)
    }

    /// For each number of `theta`, its index in the copies FORWARD (and TARGET) and BACKWARD of `dense.wgsl`; `None`
    /// for numbers that have no copy.
    pub fn copies(&self) -> Vec<Option<[usize; 2]>> {
        let mut copies = vec![None; self.len];
        for &Matrix { offset, rows, .. } in &self.matrices {
            let columns = self.shape.hidden;
            for o in 0..rows {
                for i in 0..columns {
                    let backward = offset + o * columns + i;
                    copies[backward] = Some([offset + i * rows + o, backward]);
                }
            }
        }
        copies
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

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

    /// The tensors start where a walk in file order, which is the order of `state`, finds them.
    #[test]
    fn offsets_are_those_of_the_tensors() {
        let mut offsets = HashMap::new();
        let mut offset = 0;
        for tensor in Parameters::<f32, 5, 64, 2, 32>::tensors() {
            // The blocks of a matrix that reads two inputs share one name.
            offsets.entry(tensor.to_string()).or_insert(offset);
            offset += tensor.len();
        }
        let layout = Layout::of(shapes()[1]).unwrap();
        assert_eq!(layout.len, offset);
        let index = |name: &str| layout.indices.iter().find(|(known, _)| *known == name).unwrap().1;
        for (name, tensor) in [
            ("POLICY_FIRST", "policy.first.weight"),
            ("POLICY_FIRST_BIAS", "policy.first.bias"),
            ("POLICY_FIRST_NORM", "policy.first.norm.scale"),
            ("POLICY_RESIDUAL", "policy.residual.0.inner.weight"),
            ("POLICY_LAST", "policy.last.weight"),
            ("VALUE_FIRST", "value.first.weight"),
            ("VALUE_FIRST_BIAS", "value.first.bias"),
            ("VALUE_FIRST_NORM", "value.first.norm.scale"),
            ("VALUE_RESIDUAL", "value.residual.0.inner.weight"),
            ("VALUE_LAST", "value.last.weight"),
            ("QUANTILES", "quantiles.weight"),
            ("QUANTILES_BIAS", "quantiles.bias"),
        ] {
            assert_eq!(index(name), offsets[tensor], "{name}");
        }
        assert_eq!(index("POLICY_FIRST_GAMMA"), 64 * 5);
        assert_eq!(index("VALUE_FIRST_OTHER"), index("VALUE_FIRST") + 64 * 64);
        let block = offsets["value.residual.1.inner.weight"];
        assert_eq!(block, index("VALUE_RESIDUAL") + index("BLOCK_LEN"));
        for (name, tensor) in [
            ("BIAS", "inner.bias"),
            ("NORM", "inner.norm.scale"),
            ("OUTER", "outer.weight"),
            ("OUTER_BIAS", "outer.bias"),
            ("GATE", "gate"),
        ] {
            assert_eq!(
                block + index(name),
                offsets[&format!("value.residual.1.{tensor}")],
                "{name}"
            );
        }
        let shift = offsets["value.last.norm.shift"];
        assert_eq!(index("VALUE_LAST") + index("NORM") + index("SHIFT"), shift);
    }

    /// Matrices and vectors together cover `theta`, each number exactly once.
    #[test]
    fn gradients_cover_theta_once() {
        for shape in shapes() {
            let layout = Layout::of(shape).unwrap();
            let mut count = vec![0; layout.len];
            for &Matrix { offset, rows, .. } in &layout.matrices {
                count[offset..offset + rows * shape.hidden]
                    .iter_mut()
                    .for_each(|c| *c += 1);
            }
            for &Sum { offset, stride, length } in &layout.sums {
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
            assert!(layout.matrices.iter().all(|matrix| matrix.offset % 4 == 0));
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
