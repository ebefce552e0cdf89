// core/src/game/matching_pennies.rs.
//
// import N from host/src/gpu/layout.rs
// import exact, exact_scalar, hyperbolic_tangent from elementary.wgsl

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let balance = hyperbolic_tangent(exact(0.5 * x[0]));
    let product = exact_scalar(balance.x * balance.y);
    return vec2(product, -product);
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    let balance = hyperbolic_tangent(exact(0.5 * x[0]));
    let slope = exact(0.5 * exact(1.0 - exact(balance * balance)));
    let own = exact(slope * balance.yx);
    return array<vec2<f32>, N>(vec2(own.x, -own.y));
}
