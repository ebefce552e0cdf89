// core/src/game/logistic.rs, `gradient`.
//
// import DIVISOR from core/src/game/logistic.rs
// import N from host/src/gpu/layout.rs
// import Columns, constant, times from columns/
// import exact from exact.wgsl
// import sigmoid from elementary.wgsl
// import Derivatives from derivatives.wgsl

fn derivatives(own: array<Columns, N>, other: array<Columns, N>) -> Derivatives {
    let s = sigmoid(own[0]);
    let t = sigmoid(other[0]);
    let slope = times(times(4.0 * s, constant(1.0) - s), constant(1.0) - 2.0 * t);
    let other_slope = times(times(8.0 * s, t), constant(1.0) - t);
    return Derivatives(
        array<Columns, N>(exact(-slope - penalty_slope(own[0], other[0]))),
        array<Columns, N>(exact(other_slope - penalty_slope(other[0], own[0]))),
    );
}

// (4 x^3 - 2 x y^2) / DIVISOR
fn penalty_slope(x: Columns, y: Columns) -> Columns {
    return exact(times(x, 4.0 * times(x, x) - 2.0 * times(y, y))) / DIVISOR;
}
