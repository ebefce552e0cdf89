// core/src/game/matching_pennies.rs, `gradient`.
//
// import N from host/src/gpu/layout.rs
// import Columns, columns, constant, times from columns/
// import exact from exact.wgsl
// import hyperbolic_tangent from elementary.wgsl
// import Derivatives from derivatives.wgsl

fn derivatives(own: array<Columns, N>, other: array<Columns, N>) -> Derivatives {
    let sign = vec2(1.0, -1.0);
    let half = 0.5 * columns(sign, sign);
    let s = hyperbolic_tangent(exact(0.5 * own[0]));
    let t = hyperbolic_tangent(exact(0.5 * other[0]));
    return Derivatives(
        array<Columns, N>(half * times(constant(1.0) - times(s, s), t)),
        array<Columns, N>(half * times(constant(1.0) - times(t, t), s)),
    );
}
