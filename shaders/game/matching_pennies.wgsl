// core/src/game/matching_pennies.rs.
//
// import N from host/src/gpu/layout.rs
// import exact_pair, exact_scalar from exact.wgsl
// import hyperbolic_tangent_pair from elementary.wgsl

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let balance = hyperbolic_tangent_pair(exact_pair(0.5 * x[0]));
    let product = exact_scalar(balance.x * balance.y);
    return vec2(product, -product);
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    let balance = hyperbolic_tangent_pair(exact_pair(0.5 * x[0]));
    let slope = exact_pair(0.5 * exact_pair(1.0 - exact_pair(balance * balance)));
    let own = exact_pair(slope * balance.yx);
    return array<vec2<f32>, N>(vec2(own.x, -own.y));
}
