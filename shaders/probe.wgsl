// Every formula at given points, for the cross-check: one workgroup per point.
//
// import N, H, M from host/src/gpu/layout.rs
// import SAMPLED from host/src/gpu/plan.rs
// import now from update.wgsl
// import exponential, hyperbolic_tangent, sigmoid from elementary.wgsl
// import gelu from activation.wgsl
// import THETA from parameters.wgsl
// import Columns, columns, at_point from columns/
// import unit, find_unit from unit.wgsl
// import use_network, networks, heads, forward, quantiles, own_gradient, direction from meta_value.wgsl
// import sample_from, estimate, estimated_value, estimated_gradient from estimator/

// Per point: x (N), gamma, mask (H).
@group(0) @binding(4) var<storage, read> points: array<vec2<f32>>;
// Per point: quantiles (M), own gradient (N), masked own gradient (N), f, own gradients of the game (N), and of x_0: exp,
// tanh, sigmoid, gelu with slope.
@group(0) @binding(5) var<storage, read_write> answers: array<vec2<f32>>;
// Per point, where returns are estimated from rollouts: the state and the increment of a generator.
@group(0) @binding(6) var<storage, read> streams: array<vec4<u32>>;

const POINT_LEN: u32 = N + 1u + H;
const ANSWER_LEN: u32 = M + 3u * N + 6u;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    find_unit(index);
    let point = group.x * POINT_LEN;
    var x: array<Columns, N>;
    for (var n = 0u; n < N; n++) {
        x[n] = columns(points[point + n], points[point + n]);
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
    if SAMPLED {
        sample_from(streams[2u * group.x], streams[2u * group.x + 1u]);
    }
    estimate(x, 1u, true);
    if unit == 0u {
        var rest = answer + M + 2u * N;
        answers[rest] = estimated_value(0u);
        for (var n = 0u; n < N; n++) {
            answers[rest + 1u + n] = at_point(estimated_gradient(n, 0u), 0u);
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
