//! Residual blocks with a learned gate for each unit.
//!
//! ```text
//! h' = g h + (1 - g) y          g = sigmoid(gate)          y = outer(gelu(LayerNorm(inner(h))))
//! ```
//!
//! (Srivastava et al., 2015; He et al., 2016.) This file is the merge of the two paths; `mlp` runs the path `y`.

use crate::scalar::{Real, Scalar};

/// `g = sigmoid(gate)`.
pub fn gates<T: Real, const H: usize>(gate: &[T; H]) -> [T; H] {
    gate.map(Scalar::sigmoid)
}

/// `h' = g h + (1 - g) y`.
#[inline(always)]
pub fn forward<S: Scalar, const H: usize>(g: &[S::Real; H], h: &[S; H], y: &[S; H], merged: &mut [S; H]) {
    for u in 0..H {
        let (keep, take) = (S::Lane::from_real(g[u]), S::Lane::from_real(S::Real::ONE - g[u]));
        for l in 0..S::LANES {
            merged[u].set_lane(l, keep * h[u].lane(l) + take * y[u].lane(l));
        }
    }
}

/// The adjoints of both paths: `dh = g dh'` in place of `dh'`, and `dy = (1 - g) dh'`.
#[inline(always)]
pub fn vjp<S: Scalar, const H: usize>(g: &[S::Real; H], dh: &mut [S; H], dy: &mut [S; H]) {
    for u in 0..H {
        let (keep, take) = (S::Lane::from_real(g[u]), S::Lane::from_real(S::Real::ONE - g[u]));
        for l in 0..S::LANES {
            let d = dh[u].lane(l);
            dh[u].set_lane(l, keep * d);
            dy[u].set_lane(l, take * d);
        }
    }
}

/// The adjoint of the gate, summed over the lanes: `dgate += g (1 - g) (h - y) dh'`.
#[inline(always)]
pub fn vjp_gate<S: Scalar, const H: usize>(
    g: &[S::Real; H],
    h: &[S; H],
    y: &[S; H],
    dh: &[S; H],
    dgate: &mut [S::Lane; H],
) {
    for u in 0..H {
        let slope = S::Lane::from_real(g[u] * (S::Real::ONE - g[u]));
        let mut sum = S::ZERO;
        for l in 0..S::LANES {
            sum.set_lane(l, (h[u].lane(l) - y[u].lane(l)) * dh[u].lane(l));
        }
        dgate[u] += slope * sum.sum_lanes();
    }
}
