// `Estimator` of core/src/game/mod.rs where the game is known: by its formulas. A thread evaluates a point.
//
// import N from host/src/gpu/layout.rs
// import Columns, POINTS, columns, at_point from columns/
// import thread from unit.wgsl
// import game_value, game_own_gradients from game/

var<private> value_at_own: vec2<f32>;
var<workgroup> naive: array<array<vec2<f32>, N>, POINTS>;

fn sample_from(state: vec4<u32>, increment: vec4<u32>) {}

// Evaluates the game at the first `points` points, and its own gradients if they are wanted. Between this and the next
// call there has to be a barrier.
fn estimate(x: array<Columns, N>, points: u32, gradients: bool) {
    if thread < points {
        var policies = x;
        var at: array<vec2<f32>, N>;
        for (var n = 0u; n < N; n++) {
            at[n] = at_point(policies[n], thread);
        }
        value_at_own = game_value(at);
        if gradients {
            naive[thread] = game_own_gradients(at);
        }
    }
}

// The players' returns at the point whose number is that of the thread.
fn estimated_value(point: u32) -> vec2<f32> {
    return value_at_own;
}

// Own gradients in parameter n, at the first point and at `last`; after a barrier, for threads other than their own.
fn estimated_gradient(n: u32, last: u32) -> Columns {
    return columns(naive[0][n], naive[last][n]);
}
