// Every formula at given points, for the cross-check: one workgroup per point.
//
// import N, H, M from host/src/gpu/layout.rs
// import now from update.wgsl
// import exponential, hyperbolic_tangent, sigmoid from elementary.wgsl
// import gelu from activation.wgsl
// import THETA from parameters.wgsl
// import unit from dense.wgsl
// import use_network, networks, heads, forward, quantiles, own_gradient, direction from meta_value.wgsl
// import game_value, game_own_gradients from game/

// Per point: x (N), gamma, mask (H).
@group(0) @binding(4) var<storage, read> points: array<vec2<f32>>;
// Per point: quantiles (M), own gradient (N), masked own gradient (N), f, own gradients of the game (N), and of x_0: exp,
// tanh, sigmoid, gelu with slope.
@group(0) @binding(5) var<storage, read_write> answers: array<vec2<f32>>;

const POINT_LEN: u32 = N + 1u + H;
const ANSWER_LEN: u32 = M + 3u * N + 6u;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    unit = thread;
    let point = group.x * POINT_LEN;
    var x: array<vec2<f32>, N>;
    for (var n = 0u; n < N; n++) {
        x[n] = points[point + n];
    }
    let answer = group.x * ANSWER_LEN;
    for (var n = 0u; n < networks(); n++) {
        use_network(n, THETA);
        let q = quantiles(forward(x, points[point + N]));
        if unit < M {
            answers[answer + unit] = heads(q, answers[answer + unit]);
        }
        for (var masked = 0u; masked < 2u + now.zero; masked++) {
            own_gradient(select(vec2(1.0), points[point + N + 1u + unit], masked == 1u));
            if unit < N {
                let place = answer + M + masked * N + unit;
                answers[place] = heads(direction[unit], answers[place]);
            }
        }
    }
    if unit == 0u {
        var rest = answer + M + 2u * N;
        answers[rest] = game_value(x);
        var naive = game_own_gradients(x);
        for (var n = 0u; n < N; n++) {
            answers[rest + 1u + n] = naive[n];
        }
        rest += 1u + N;
        let activated = gelu(x[0]);
        answers[rest] = exponential(x[0]);
        answers[rest + 1u] = hyperbolic_tangent(x[0]);
        answers[rest + 2u] = sigmoid(x[0]);
        answers[rest + 3u] = activated.value;
        answers[rest + 4u] = activated.slope;
    }
}
