// core/src/game/quadratic.rs.
//
// import N from host/src/gpu/layout.rs
// import exact_pair, exact_scalar from exact.wgsl

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let product = exact_scalar(10.0 * exact_scalar(x[0].x * x[0].y));
    let half = exact_pair(0.5 * exact_pair(x[0] * x[0]));
    return exact_pair(vec2(-half.x - product, product - half.y));
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    let turn = exact_pair(10.0 * x[0]);
    return array<vec2<f32>, N>(exact_pair(vec2(-x[0].x - turn.y, turn.x - x[0].y)));
}
