//! The multi-layer perceptron of the paper's appendix D: a normalised layer, `R` residual blocks, a normalised layer.
//!
//! ```text
//! h = gelu(LayerNorm(own a + other b + bias))                     first
//! h <- g h + (1 - g) outer(gelu(LayerNorm(inner h)))              residual, R times
//! y = activation(LayerNorm(W h + bias))                           last
//! ```
//!
//! The first layer reads two inputs side by side, each through a block of its weights: policy parameters and discount, or
//! the player's own representation and the opponent's. Keeping the blocks apart lets a backward pass compute only the half
//! that it needs. The bias is added *before* the norm: without it the first layer would keep only the ratio of its inputs.

use crate::activation::Activation;
use crate::dense::Dense;
use crate::kernels::Kernels;
use crate::layer_norm::{LayerNorm, LayerTape};
use crate::residual;
use crate::scalar::{Real, Scalar};

/// Parameters of the layer that reads `A` and `B` inputs side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct First<T, const A: usize, const B: usize, const H: usize> {
    /// The weights' first `A` columns.
    pub own: [[T; A]; H],
    /// The weights' last `B` columns.
    pub other: [[T; B]; H],
    /// Added before the norm.
    pub bias: [T; H],
    /// The norm that follows.
    pub norm: LayerNorm<T, H>,
}

/// Parameters of an affine map with the norm that follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Normalized<T, const H: usize> {
    /// The affine map; its bias is added before the norm.
    pub dense: Dense<T, H, H>,
    /// The norm that follows.
    pub norm: LayerNorm<T, H>,
}

/// Parameters of a residual block.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Residual<T, const H: usize> {
    /// The block's normalised layer.
    pub inner: Normalized<T, H>,
    /// The affine map after it.
    pub outer: Dense<T, H, H>,
    /// Log-odds of keeping each unit of the linear path.
    pub gate: [T; H],
}

/// Parameters of the whole network.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Mlp<T, const A: usize, const B: usize, const H: usize, const R: usize> {
    /// The layer that reads the inputs.
    pub first: First<T, A, B, H>,
    /// The residual blocks.
    pub residual: [Residual<T, H>; R],
    /// The layer whose activations are the output.
    pub last: Normalized<T, H>,
}

impl<T: Scalar, const A: usize, const B: usize, const H: usize, const R: usize> Mlp<T, A, B, H, R> {
    const NORM: LayerNorm<T, H> = LayerNorm {
        scale: [T::ZERO; H],
        shift: [T::ZERO; H],
    };
    const DENSE: Dense<T, H, H> = Dense {
        weight: [[T::ZERO; H]; H],
        bias: [T::ZERO; H],
    };
    const NORMALIZED: Normalized<T, H> = Normalized {
        dense: Self::DENSE,
        norm: Self::NORM,
    };
    const RESIDUAL: Residual<T, H> = Residual {
        inner: Self::NORMALIZED,
        outer: Self::DENSE,
        gate: [T::ZERO; H],
    };
    /// All parameters zero.
    pub const ZERO: Self = Mlp {
        first: First {
            own: [[T::ZERO; A]; H],
            other: [[T::ZERO; B]; H],
            bias: [T::ZERO; H],
            norm: Self::NORM,
        },
        residual: [Self::RESIDUAL; R],
        last: Self::NORMALIZED,
    };
}

impl<T: Real, const A: usize, const B: usize, const H: usize, const R: usize> Mlp<T, A, B, H, R> {
    /// The gates of the residual blocks, which every evaluation needs.
    pub fn gates(&self) -> [[T; H]; R] {
        core::array::from_fn(|r| residual::gates(&self.residual[r].gate))
    }
}

/// What a residual block records for the backward passes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct ResidualTape<S, const H: usize> {
    /// The block's normalised layer.
    pub inner: LayerTape<S, H>,
    /// `y`, the output of the nonlinear path.
    pub branch: [S; H],
    /// `h'`, the merged paths.
    pub output: [S; H],
}

/// What the forward pass records for the backward passes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct MlpTape<S, const H: usize, const R: usize> {
    /// The layer that reads the inputs.
    pub first: LayerTape<S, H>,
    /// The residual blocks.
    pub residual: [ResidualTape<S, H>; R],
    /// The layer whose activations are the output.
    pub last: LayerTape<S, H>,
}

impl<S: Scalar, const H: usize, const R: usize> MlpTape<S, H, R> {
    const RESIDUAL: ResidualTape<S, H> = ResidualTape {
        inner: LayerTape::ZERO,
        branch: [S::ZERO; H],
        output: [S::ZERO; H],
    };
    /// An empty tape.
    pub const ZERO: Self = MlpTape {
        first: LayerTape::ZERO,
        residual: [Self::RESIDUAL; R],
        last: LayerTape::ZERO,
    };

    /// The last layer's input.
    #[inline(always)]
    fn trunk(&self) -> &[S; H] {
        self.block_input(R)
    }

    /// The input of residual block `r`.
    #[inline(always)]
    fn block_input(&self, r: usize) -> &[S; H] {
        match r.checked_sub(1) {
            Some(previous) => &self.residual[previous].output,
            None => &self.first.output,
        }
    }
}

/// Evaluates the network on `(a, b)`; the output is `tape.last.output`.
pub fn forward<S: Scalar, K: Kernels<S>, const A: usize, const B: usize, const H: usize, const R: usize>(
    kernels: &K,
    parameters: &Mlp<S::Real, A, B, H, R>,
    gates: &[[S::Real; H]; R],
    last_activation: Activation,
    (a, b): (&[S; A], &[S; B]),
    tape: &mut MlpTape<S, H, R>,
) {
    let Mlp { first, residual, last } = parameters;
    broadcast(&first.bias, &mut tape.first.normalized);
    kernels.dense(&first.own, a, &mut tape.first.normalized);
    kernels.dense(&first.other, b, &mut tape.first.normalized);
    kernels.layer_norm(&first.norm, Activation::Gelu, &mut tape.first);
    let mut h = &tape.first.output;
    for ((block, g), tape) in residual.iter().zip(gates).zip(&mut tape.residual) {
        broadcast(&block.inner.dense.bias, &mut tape.inner.normalized);
        kernels.dense(&block.inner.dense.weight, h, &mut tape.inner.normalized);
        kernels.layer_norm(&block.inner.norm, Activation::Gelu, &mut tape.inner);
        broadcast(&block.outer.bias, &mut tape.branch);
        kernels.dense(&block.outer.weight, &tape.inner.output, &mut tape.branch);
        kernels.residual(g, h, &tape.branch, &mut tape.output);
        h = &tape.output;
    }
    broadcast(&last.dense.bias, &mut tape.last.normalized);
    kernels.dense(&last.dense.weight, h, &mut tape.last.normalized);
    kernels.layer_norm(&last.norm, last_activation, &mut tape.last);
}

/// From the adjoint `dy` of the output, computes the adjoint `dz` of the input to the first layer's norm; multiplied by
/// a block of the first layer's weights, it gives the adjoint of the corresponding input. If a gradient is given, the
/// adjoints of all parameters are added to it, and `(a, b)` must be the inputs of the forward pass.
#[allow(clippy::type_complexity)]
pub fn vjp<S: Scalar, K: Kernels<S>, const A: usize, const B: usize, const H: usize, const R: usize>(
    kernels: &K,
    parameters: &Mlp<S::Real, A, B, H, R>,
    gates: &[[S::Real; H]; R],
    tape: &MlpTape<S, H, R>,
    dy: &[S; H],
    dz: &mut [S; H],
    mut gradient: Option<(&mut Mlp<S::Lane, A, B, H, R>, (&[S; A], &[S; B]))>,
) {
    let Mlp { first, residual, last } = parameters;
    let mut dh = [S::ZERO; H];
    // last: y = activation(LayerNorm(W h + bias))
    kernels.layer_norm_vjp(&last.norm, &tape.last, dy, dz);
    kernels.dense_vjp_input(&last.dense.weight, dz, &mut dh);
    if let Some((gradient, _)) = &mut gradient {
        normalized_vjp_parameters(kernels, &tape.last, tape.trunk(), dy, dz, &mut gradient.last);
    }
    // residual: h' = g h + (1 - g) outer(gelu(LayerNorm(inner h)))
    for r in (0..R).rev() {
        let (block, g, block_tape, h) = (&residual[r], &gates[r], &tape.residual[r], tape.block_input(r));
        let (mut dbranch, mut dinner) = ([S::ZERO; H], [S::ZERO; H]);
        if let Some((gradient, _)) = &mut gradient {
            kernels.residual_vjp_gate(g, h, &block_tape.branch, &dh, &mut gradient.residual[r].gate);
        }
        kernels.residual_vjp(g, &mut dh, &mut dbranch);
        kernels.dense_vjp_input(&block.outer.weight, &dbranch, &mut dinner);
        kernels.layer_norm_vjp(&block.inner.norm, &block_tape.inner, &dinner, dz);
        kernels.dense_vjp_input(&block.inner.dense.weight, dz, &mut dh);
        if let Some((gradient, _)) = &mut gradient {
            let gradient = &mut gradient.residual[r];
            kernels.dense_vjp_weight(&dbranch, &block_tape.inner.output, &mut gradient.outer.weight);
            kernels.dense_vjp_bias(&dbranch, &mut gradient.outer.bias);
            normalized_vjp_parameters(kernels, &block_tape.inner, h, &dinner, dz, &mut gradient.inner);
        }
    }
    // first: h = gelu(LayerNorm(own a + other b + bias))
    kernels.layer_norm_vjp(&first.norm, &tape.first, &dh, dz);
    if let Some((gradient, (a, b))) = gradient {
        let gradient = &mut gradient.first;
        kernels.dense_vjp_weight(dz, a, &mut gradient.own);
        kernels.dense_vjp_weight(dz, b, &mut gradient.other);
        kernels.dense_vjp_bias(dz, &mut gradient.bias);
        kernels.layer_norm_vjp_parameters(&tape.first, &dh, &mut gradient.norm);
    }
}

/// The adjoints of a normalised layer's parameters, from the adjoint `dy` of its output and the adjoint `dz` of its
/// norm's input.
fn normalized_vjp_parameters<S: Scalar, K: Kernels<S>, const H: usize>(
    kernels: &K,
    tape: &LayerTape<S, H>,
    input: &[S; H],
    dy: &[S; H],
    dz: &[S; H],
    gradient: &mut Normalized<S::Lane, H>,
) {
    kernels.dense_vjp_weight(dz, input, &mut gradient.dense.weight);
    kernels.dense_vjp_bias(dz, &mut gradient.dense.bias);
    kernels.layer_norm_vjp_parameters(tape, dy, &mut gradient.norm);
}

/// Every lane of `y` starts from the same constants.
#[inline(always)]
pub(crate) fn broadcast<S: Scalar, const O: usize>(bias: &[S::Real; O], y: &mut [S; O]) {
    for o in 0..O {
        y[o] = S::from_real(bias[o]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;
    use crate::kernels::Portable;
    use crate::random::{Purpose, Stream};

    const H: usize = 6;
    type Net<const R: usize> = Mlp<f64, 2, 1, H, R>;

    fn drawn<const R: usize>() -> Net<R> {
        let mut stream = Stream::new(3, Purpose::Parameters, 0);
        let mut net = Net::<R>::ZERO;
        let mut rows = |row: &mut [f64]| row.iter_mut().for_each(|value| *value = stream.normal());
        let mut normalized = |layer: &mut Normalized<f64, H>| {
            rows(layer.dense.weight.as_flattened_mut());
            rows(&mut layer.dense.bias);
            rows(&mut layer.norm.scale);
            rows(&mut layer.norm.shift);
        };
        normalized(&mut net.last);
        for block in &mut net.residual {
            normalized(&mut block.inner);
        }
        let First { own, other, bias, norm } = &mut net.first;
        rows(own.as_flattened_mut());
        rows(other.as_flattened_mut());
        rows(bias);
        rows(&mut norm.scale);
        rows(&mut norm.shift);
        for Residual { outer, gate, .. } in &mut net.residual {
            rows(outer.weight.as_flattened_mut());
            rows(&mut outer.bias);
            rows(gate);
        }
        net
    }

    fn evaluated<S: Scalar<Real = f64>, const R: usize>(net: &Net<R>, a: [S; 2], b: [S; 1]) -> MlpTape<S, H, R> {
        let mut tape = MlpTape::ZERO;
        forward(&Portable, net, &net.gates(), Activation::Tanh, (&a, &b), &mut tape);
        tape
    }

    const A: [f64; 2] = [0.5, -1.25];
    const B: [f64; 1] = [0.75];

    /// Blocks with fully open gates pass on their input: the network without them.
    #[test]
    fn open_gates_leave_no_block() {
        let mut deep = drawn::<2>();
        for block in &mut deep.residual {
            block.gate = [800.0; H];
        }
        let flat = Mlp {
            first: deep.first,
            residual: [],
            last: deep.last,
        };
        assert_eq!(evaluated(&deep, A, B).last.output, evaluated(&flat, A, B).last.output);
        assert_ne!(
            evaluated(&drawn::<2>(), A, B).last.output,
            evaluated(&flat, A, B).last.output
        );
    }

    /// The two blocks of the first layer are the columns of one matrix: only the concatenation of both inputs matters,
    /// and a number may be moved from one input to the other.
    #[test]
    fn inputs_stand_side_by_side() {
        let net = drawn::<1>();
        let mut swapped = net;
        for u in 0..H {
            (swapped.first.own[u][1], swapped.first.other[u][0]) = (net.first.other[u][0], net.first.own[u][1]);
        }
        let (there, here) = (evaluated(&net, A, B), evaluated(&swapped, [A[0], B[0]], [A[1]]));
        for (there, here) in there.last.output.iter().zip(&here.last.output) {
            assert!((there - here).abs() < 1e-12, "{there} {here}");
        }
    }

    /// The backward pass is the adjoint of the forward pass for each input, the bias's gradient is the adjoint of the
    /// first norm's input, and computing a parameter gradient changes neither.
    #[test]
    fn vjp_is_the_adjoint() {
        let net = drawn::<2>();
        let dy: [f64; H] = core::array::from_fn(|u| 1.0 - 0.4 * u as f64);
        let tape = evaluated(&net, A, B);
        let (mut dz, mut with_gradient, mut gradient) = ([0.0; H], [0.0; H], Net::<2>::ZERO);
        vjp(&Portable, &net, &net.gates(), &tape, &dy, &mut dz, None);
        let wanted = Some((&mut gradient, (&A, &B)));
        vjp(&Portable, &net, &net.gates(), &tape, &dy, &mut with_gradient, wanted);
        assert_eq!((dz, gradient.first.bias), (with_gradient, dz));
        for k in 0..3 {
            let moved = |at: usize, value: f64| Dual::new(value, if at == k { 1.0 } else { 0.0 });
            let (a, b) = ([moved(0, A[0]), moved(1, A[1])], [moved(2, B[0])]);
            let output = evaluated(&net, a, b).last.output;
            let expected: f64 = output.iter().zip(dy).map(|(y, dy)| y.tangent * dy).sum();
            let column = |u: usize| {
                if k < 2 {
                    net.first.own[u][k]
                } else {
                    net.first.other[u][0]
                }
            };
            let got: f64 = (0..H).map(|u| column(u) * dz[u]).sum();
            assert!((got - expected).abs() < 1e-12, "input {k}: {got} {expected}");
        }
    }

    /// Backward passes add to a gradient.
    #[test]
    fn gradients_add_up() {
        let net = drawn::<1>();
        let tape = evaluated(&net, A, B);
        let mut twice = Net::<1>::ZERO;
        let add = |gradient: &mut Net<1>| {
            vjp(
                &Portable,
                &net,
                &net.gates(),
                &tape,
                &[1.0; H],
                &mut [0.0; H],
                Some((gradient, (&A, &B))),
            );
        };
        add(&mut twice);
        let once = twice;
        add(&mut twice);
        assert_eq!(twice.residual[0].gate, once.residual[0].gate.map(|d| d + d));
        assert_eq!(
            twice.last.dense.weight,
            once.last.dense.weight.map(|row| row.map(|d| d + d))
        );
        assert!(once.first.own.as_flattened().iter().all(|d| *d != 0.0));
    }
}
