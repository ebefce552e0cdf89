// core/src/game/logistic.rs, eq. 8.
//
// import DIVISOR from core/src/game/logistic.rs
// import N from host/src/gpu/layout.rs
// import exact, exact_scalar, sigmoid from elementary.wgsl

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let s = sigmoid(x[0]);
    let product = exact_scalar(x[0].x * x[0].y);
    let squares = exact(x[0] * x[0]);
    let difference = exact_scalar(squares.x - squares.y);
    let penalty = exact_scalar(exact_scalar(product * product) + exact_scalar(difference * difference)) / DIVISOR;
    return -exact(exact(4.0 * s) * exact(1.0 - exact(2.0 * s.yx))) - exact_scalar(penalty);
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    let own = x[0];
    let other = x[0].yx;
    let s = sigmoid(own);
    let cubic = exact(exact(exact(4.0 * own) * own) * own);
    let mixed = exact(exact(exact(2.0 * own) * other) * other);
    let penalty = exact(exact(cubic - mixed) / DIVISOR);
    let slope = exact(exact(exact(4.0 * s) * exact(1.0 - s)) * exact(1.0 - exact(2.0 * s.yx)));
    return array<vec2<f32>, N>(-slope - penalty);
}
