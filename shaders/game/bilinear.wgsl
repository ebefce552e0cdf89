// core/src/game/bilinear.rs.
//
// import N from host/src/gpu/layout.rs
// import exact_scalar from exact.wgsl

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let product = exact_scalar(x[0].x * x[0].y);
    return vec2(product, -product);
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    return array<vec2<f32>, N>(vec2(x[0].y, -x[0].x));
}
