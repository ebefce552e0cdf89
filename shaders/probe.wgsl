// Every formula at given points, for the cross-check: one workgroup per point.
//
// import N, H, M from host/src/gpu/layout.rs
// import now from update.wgsl
// import exponential, hyperbolic_tangent, sigmoid from elementary.wgsl
// import gelu from activation.wgsl
// import THETA from parameters.wgsl
// import Columns, columns, at_point from columns/
// import unit, find_unit from unit.wgsl
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
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    find_unit(index);
    let point = group.x * POINT_LEN;
    var at: array<vec2<f32>, N>;
    var x: array<Columns, N>;
    for (var n = 0u; n < N; n++) {
        at[n] = points[point + n];
        x[n] = columns(at[n], at[n]);
    }
    let gamma = columns(points[point + N], points[point + N]);
    let answer = group.x * ANSWER_LEN;
    for (var n = 0u; n < networks(); n++) {
        use_network(n, THETA);
        let q = quantiles(forward(x, gamma));
        if unit < M {
            answers[answer + unit] = keep_other(q, answer + unit);
        }
        for (var masked = 0u; masked < 2u + now.zero; masked++) {
            let mask = select(vec2(1.0), points[point + N + 1u + unit], masked == 1u);
            own_gradient(columns(mask, mask));
            for (var k = 0u; k < N; k++) {
                let place = answer + M + masked * N + k;
                if unit == 0u {
                    answers[place] = keep_other(direction[k], place);
                }
            }
        }
    }
    if unit == 0u {
        var rest = answer + M + 2u * N;
        answers[rest] = game_value(at);
        var naive = game_own_gradients(at);
        for (var n = 0u; n < N; n++) {
            answers[rest + 1u + n] = naive[n];
        }
        rest += 1u + N;
        let activated = gelu(x[0]);
        answers[rest] = at_point(exponential(x[0]), 0u);
        answers[rest + 1u] = at_point(hyperbolic_tangent(x[0]), 0u);
        answers[rest + 2u] = at_point(sigmoid(x[0]), 0u);
        answers[rest + 3u] = at_point(activated.value, 0u);
        answers[rest + 4u] = at_point(activated.slope, 0u);
    }
}

// What the network in use predicts, and what is there already for players that it does not predict for.
fn keep_other(predicted: Columns, place: u32) -> vec2<f32> {
    return at_point(heads(predicted, columns(answers[place], answers[place])), 0u);
}
