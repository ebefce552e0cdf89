//! The slice operations that take nearly all the time, as methods that a host can compile for its instruction sets.
//!
//! Each provided method is the portable formula. A host overrides them with calls of the same formula inside functions
//! that may use wider vector instructions. Each operation takes microseconds, so selecting the code at run time costs
//! nothing. The bits never differ: the formula and the [arithmetic](crate::arithmetic) fix every rounding and every order.

use crate::activation::Activation;
use crate::arithmetic::{Arithmetic, Fused, Separate};
use crate::layer_norm::{LayerNorm, LayerTape};
use crate::scalar::Scalar;
use crate::{dense, layer_norm, quantile_huber, residual};

/// Slice operations on `S`.
pub trait Kernels<S: Scalar> {
    /// How the provided methods round.
    type Arithmetic: Arithmetic;

    /// [`dense::forward`].
    #[inline]
    fn dense<const I: usize, const O: usize>(&self, w: &[[S::Real; I]; O], x: &[S; I], y: &mut [S; O]) {
        dense::forward(Self::Arithmetic::default(), w, x, y);
    }
    /// [`dense::vjp_input`].
    #[inline]
    fn dense_vjp_input<const I: usize, const O: usize>(&self, w: &[[S::Real; I]; O], dy: &[S; O], dx: &mut [S; I]) {
        dense::vjp_input(Self::Arithmetic::default(), w, dy, dx);
    }
    /// [`dense::vjp_weight`].
    #[inline]
    fn dense_vjp_weight<const I: usize, const O: usize>(&self, dy: &[S; O], x: &[S; I], dw: &mut [[S::Lane; I]; O]) {
        dense::vjp_weight(Self::Arithmetic::default(), dy, x, dw);
    }
    /// [`dense::vjp_bias`].
    #[inline]
    fn dense_vjp_bias<const O: usize>(&self, dy: &[S; O], db: &mut [S::Lane; O]) {
        dense::vjp_bias(dy, db);
    }
    /// [`layer_norm::forward`].
    #[inline]
    fn layer_norm<const H: usize>(
        &self,
        norm: &LayerNorm<S::Real, H>,
        activation: Activation,
        tape: &mut LayerTape<S, H>,
    ) {
        layer_norm::forward(Self::Arithmetic::default(), norm, activation, tape);
    }
    /// [`layer_norm::vjp`].
    #[inline]
    fn layer_norm_vjp<const H: usize>(
        &self,
        norm: &LayerNorm<S::Real, H>,
        tape: &LayerTape<S, H>,
        dy: &[S; H],
        dz: &mut [S; H],
    ) {
        layer_norm::vjp(Self::Arithmetic::default(), norm, tape, dy, dz);
    }
    /// [`layer_norm::vjp_parameters`].
    #[inline]
    fn layer_norm_vjp_parameters<const H: usize>(
        &self,
        tape: &LayerTape<S, H>,
        dy: &[S; H],
        gradient: &mut LayerNorm<S::Lane, H>,
    ) {
        layer_norm::vjp_parameters(tape, dy, gradient);
    }
    /// [`residual::forward`].
    #[inline]
    fn residual<const H: usize>(&self, g: &[S::Real; H], h: &[S; H], y: &[S; H], merged: &mut [S; H]) {
        residual::forward(Self::Arithmetic::default(), g, h, y, merged);
    }
    /// [`residual::vjp`].
    #[inline]
    fn residual_vjp<const H: usize>(&self, g: &[S::Real; H], dh: &mut [S; H], dy: &mut [S; H]) {
        residual::vjp(g, dh, dy);
    }
    /// [`residual::vjp_gate`].
    #[inline]
    fn residual_vjp_gate<const H: usize>(
        &self,
        g: &[S::Real; H],
        h: &[S; H],
        y: &[S; H],
        dh: &[S; H],
        dgate: &mut [S::Lane; H],
    ) {
        residual::vjp_gate(g, h, y, dh, dgate);
    }
    /// [`quantile_huber::value_and_gradient`].
    #[inline]
    fn quantile_huber<const M: usize>(&self, q: &[S; M], y: &[S; M], dq: &mut [S; M]) -> S {
        quantile_huber::value_and_gradient(Self::Arithmetic::default(), q, y, dq)
    }
}

/// The portable formulas, on any scalar, with separate rounding.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl<S: Scalar> Kernels<S> for Portable {
    type Arithmetic = Separate;
}

/// The portable formulas, on any scalar, with fused multiply-adds.
impl<S: Scalar> Kernels<S> for Fused {
    type Arithmetic = Fused;
}
