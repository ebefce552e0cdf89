//! Residual blocks with a learned gate for each unit.
//!
//! ```text
//! h' = g h + (1 - g) y          g = sigmoid(gate)          y = outer(gelu(LayerNorm(inner(h))))
//! ```
//!
//! (Srivastava et al., 2015; He et al., 2016.) This file merges the two paths; `mlp` computes the path `y`.

use crate::arithmetic::Arithmetic;
use crate::scalar::{Real, Scalar};

/// `g = sigmoid(gate)`.
pub fn gates<T: Real, const H: usize>(gate: &[T; H]) -> [T; H] {
    gate.map(Scalar::sigmoid)
}

/// `h' = g h + (1 - g) y`.
#[inline(always)]
pub fn forward<A: Arithmetic, S: Scalar, const H: usize>(
    arithmetic: A,
    g: &[S::Real; H],
    h: &[S; H],
    y: &[S; H],
    merged: &mut [S; H],
) {
    for u in 0..H {
        let (keep, take) = (S::Lane::from_real(g[u]), S::Lane::from_real(S::Real::ONE - g[u]));
        for l in 0..S::LANES {
            let taken = take * y[u].lane(l);
            merged[u].set_lane(l, keep.multiply_add_in(arithmetic, h[u].lane(l), taken));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;
    use crate::arithmetic::Separate;

    const GATE: [f64; 3] = [-1.5, 0.0, 2.0];
    const H: [f64; 3] = [1.0, -2.0, 0.5];
    const Y: [f64; 3] = [0.25, 3.0, -1.0];
    const D: [f64; 3] = [2.0, -1.0, 0.75];

    /// An extreme gate keeps one path and discards the other; one with log-odds 0 takes their mean.
    #[test]
    fn gates_saturate() {
        let mut merged = [0.0; 3];
        forward(Separate, &gates(&[800.0, -800.0, 0.0]), &H, &Y, &mut merged);
        assert_eq!(merged, [H[0], Y[1], (H[2] + Y[2]) / 2.0]);
    }

    /// <d, h'> = <dh, h> + <dy, y>: the merge is linear in both paths.
    #[test]
    fn vjp_is_the_adjoint() {
        let g = gates(&GATE);
        let (mut merged, mut dh, mut dy) = ([0.0; 3], D, [0.0; 3]);
        forward(Separate, &g, &H, &Y, &mut merged);
        vjp(&g, &mut dh, &mut dy);
        let dot = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        assert!((dot(&D, &merged) - dot(&dh, &H) - dot(&dy, &Y)).abs() < 1e-15);
    }

    /// The gate's adjoint equals what dual numbers propagate through the merge, and is added to the previous value.
    #[test]
    fn vjp_gate_is_the_derivative() {
        let mut dgate = [1.0; 3];
        vjp_gate(&gates(&GATE), &H, &Y, &D, &mut dgate);
        for u in 0..3 {
            let g = Dual::new(GATE[u], 1.0).sigmoid();
            let merged = g * Dual::from_real(H[u]) + (Dual::ONE - g) * Dual::from_real(Y[u]);
            assert!((dgate[u] - 1.0 - D[u] * merged.tangent).abs() < 1e-15, "{u}");
        }
    }
}
