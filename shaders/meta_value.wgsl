// core/src/meta_value.rs: a workgroup evaluates the network at one joint policy, a thread for each hidden unit, both
// players in the components of a vec2.
//
//   z_i = policy(embed(x_i), gamma_i)          h_i = value(z_i, z_opponent)          q_i = Q h_i + b

const THETA: u32 = 0u;
const TARGET: u32 = 1u;

// Numbers of theta, theta_bar, m and v of each seed.
@group(0) @binding(2) var<storage, read> state: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<vec4<f32>>;

var<private> unit: u32;
var<private> parameters: u32;
var<private> forward_weights: u32;
var<private> backward_weights: u32;

fn parameter(index: u32) -> f32 {
    return state[parameters + index];
}

const POLICY: Place = Place(POLICY_RESIDUAL, POLICY_LAST, 0u, 0u, POLICY_INPUTS, POLICY_DELTAS, POLICY_SUMS);
const VALUE: Place = Place(VALUE_RESIDUAL, VALUE_LAST, R + 2u, R, VALUE_INPUTS, VALUE_DELTAS, VALUE_SUMS);

var<private> embedded: array<vec2<f32>, N>;
var<private> embedded_slope: array<vec2<f32>, N>;
var<private> mean_weight: f32;
var<workgroup> direction: array<vec2<f32>, N>;

// Prepares what depends on the parameters of a seed alone.
fn use_network(seed: u32, network: u32) {
    parameters = seed * 4u * LEN + network * LEN;
    forward_weights = seed * 3u * LEN + network * 2u * LEN;
    backward_weights = seed * 3u * LEN + LEN;
    for (var r = 0u; r < R; r++) {
        let gate = RESIDUAL_LEN * r + OUTER_BIAS + H + unit;
        let g = sigmoid(vec2(parameter(POLICY_RESIDUAL + gate), parameter(VALUE_RESIDUAL + gate)));
        gates[r] = g.x;
        gates[R + r] = g.y;
    }
    mean_weight = 0.0;
    for (var m = 0u; m < M; m++) {
        mean_weight += parameter(QUANTILES + m * H + unit);
    }
    mean_weight = exact_scalar(mean_weight) * PER_QUANTILE;
}

// The last hidden units.
fn forward(x: array<vec2<f32>, N>, gamma: vec2<f32>) -> vec2<f32> {
    var policies = x;
    var z = vec2(parameter(POLICY_FIRST_BIAS + unit));
    for (var n = 0u; n < N; n++) {
        if TENTH {
            embedded[n] = exact(0.1 * policies[n]);
            embedded_slope[n] = vec2(0.1);
        } else {
            let s = sigmoid(policies[n]);
            embedded[n] = s;
            embedded_slope[n] = s * exact(1.0 - s);
        }
        z += parameter(POLICY_FIRST + unit * N + n) * embedded[n];
    }
    z += parameter(POLICY_FIRST_GAMMA + unit) * gamma;
    let first = layer_norm(POLICY_FIRST_BIAS + H, GELU, POLICY.tape, z);
    let policy = trunk(POLICY, GELU, first);
    keep_input(Z_INPUT, policy);
    share(policy);
    z = dense(VALUE_FIRST, H, vec2(parameter(VALUE_FIRST_BIAS + unit)));
    z = dense_opponent(VALUE_FIRST + H * H, z);
    let joint = layer_norm(VALUE_FIRST_BIAS + H, GELU, VALUE.tape, z);
    return trunk(VALUE, LAST_ACTIVATION, joint);
}

// The quantile of this thread, if it has one, from the last hidden units.
fn quantiles(h: vec2<f32>) -> vec2<f32> {
    share(h);
    if unit < M {
        return dense(QUANTILES, M, vec2(parameter(QUANTILES_BIAS + unit)));
    }
    return vec2(0.0);
}

// What enters the value network's first norm, of the adjoint of the last hidden units.
fn value_vjp(dh: vec2<f32>) -> vec2<f32> {
    let dz = layer_norm_vjp(VALUE_FIRST_BIAS + H, VALUE.tape, VALUE_FIRST_SUMS, trunk_vjp(VALUE, dh));
    keep_sum(VALUE_FIRST_SUMS + 2u, dz);
    keep_delta(VALUE_FIRST_DELTA, dz);
    return dz;
}

// What enters the policy network's first norm, of the adjoint of z.
fn policy_vjp(dpolicy: vec2<f32>) -> vec2<f32> {
    let dz = layer_norm_vjp(POLICY_FIRST_BIAS + H, POLICY.tape, POLICY_FIRST_SUMS, trunk_vjp(POLICY, dpolicy));
    keep_sum(POLICY_FIRST_SUMS + 2u, dz);
    return dz;
}

// d mean(q_i) / d x_i of the network whose last hidden units are multiplied by `mask`; left in `direction`.
fn own_gradient(mask: vec2<f32>) {
    share(value_vjp(mean_weight * mask));
    share(policy_vjp(dense_vjp_input(VALUE_FIRST, H, vec2(0.0))));
    if unit < N {
        var dx = vec2(0.0);
        for (var u = 0u; u < H; u++) {
            dx += parameter(POLICY_FIRST + u * N + unit) * line[shared_at + u];
        }
        direction[unit] = exact(dx) * embedded_slope[unit];
    }
    workgroupBarrier();
}
