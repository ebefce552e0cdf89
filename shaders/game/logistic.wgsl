// core/src/game/logistic.rs, eq. 8.
//
// import DIVISOR from core/src/game/logistic.rs
// import N from host/src/gpu/layout.rs
// import exact_pair, exact_scalar from exact.wgsl
// import sigmoid_pair from elementary.wgsl

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let s = sigmoid_pair(x[0]);
    let product = exact_scalar(x[0].x * x[0].y);
    let squares = exact_pair(x[0] * x[0]);
    let difference = exact_scalar(squares.x - squares.y);
    let penalty = exact_scalar(exact_scalar(product * product) + exact_scalar(difference * difference)) / DIVISOR;
    return -exact_pair(exact_pair(4.0 * s) * exact_pair(1.0 - exact_pair(2.0 * s.yx))) - exact_scalar(penalty);
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    let own = x[0];
    let other = x[0].yx;
    let s = sigmoid_pair(own);
    let cubic = exact_pair(exact_pair(exact_pair(4.0 * own) * own) * own);
    let mixed = exact_pair(exact_pair(exact_pair(2.0 * own) * other) * other);
    let penalty = exact_pair(exact_pair(cubic - mixed) / DIVISOR);
    let slope = exact_pair(exact_pair(exact_pair(4.0 * s) * exact_pair(1.0 - s)) * exact_pair(1.0 - exact_pair(2.0 * s.yx)));
    return array<vec2<f32>, N>(-slope - penalty);
}
