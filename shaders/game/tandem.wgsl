// core/src/game/tandem.rs.
//
// import N from host/src/gpu/layout.rs
// import exact_pair, exact_scalar from exact.wgsl

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let sum = exact_scalar(x[0].x + x[0].y);
    return exact_pair(2.0 * x[0]) - exact_scalar(sum * sum);
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    let slope = -exact_scalar(2.0 * exact_scalar(x[0].x + x[0].y));
    return array<vec2<f32>, N>(vec2(2.0 + slope));
}
