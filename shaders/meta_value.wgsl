// core/src/meta_value.rs: a workgroup evaluates the network at one joint policy, a thread for each hidden unit, both
// players in the components of a vec2.
//
//   z_i = policy(embed(x_i), gamma_i)          h_i = value(z_i, z_opponent)          q_i = Q h_i + b
//
// Players share a network (NETWORKS is 1), or network n predicts for player n alone (NETWORKS is 2). A network of the second
// kind is evaluated for both players all the same and the other player's component is dropped: one code for both kinds, at
// the price of an idle half.

const THETA: u32 = 0u;
const TARGET: u32 = 1u;

// Numbers of theta, theta_bar, m and v of each network, one seed's after another's.
@group(0) @binding(2) var<storage, read> state: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<vec4<f32>>;

var<private> unit: u32;
// The network in use, counted within its seed.
var<private> head: u32;
var<private> parameters: u32;
var<private> forward_weights: u32;
var<private> backward_weights: u32;

fn parameter(index: u32) -> f32 {
    return state[parameters + index];
}

const POLICY = Place(
    POLICY_FIRST_BIAS, POLICY_RESIDUAL, POLICY_LAST, 0u, 0u, POLICY_INPUTS, POLICY_DELTAS, POLICY_SUMS, POLICY_FIRST_SUMS,
);
const VALUE = Place(
    VALUE_FIRST_BIAS, VALUE_RESIDUAL, VALUE_LAST, R + 2u, R, VALUE_INPUTS, VALUE_DELTAS, VALUE_SUMS, VALUE_FIRST_SUMS,
);

var<private> embedded: array<vec2<f32>, N>;
var<private> embedded_slope: array<vec2<f32>, N>;
var<private> mean_weight: f32;
var<workgroup> direction: array<vec2<f32>, N>;

// Prepares what depends on the parameters alone of a network, counted through all seeds; `version` is THETA or TARGET.
fn use_network(network: u32, version: u32) {
    head = network % NETWORKS;
    parameters = network * 4u * LEN + version * LEN;
    forward_weights = network * 3u * LEN + version * 2u * LEN;
    backward_weights = network * 3u * LEN + LEN;
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

// The networks of a seed: where there are two, compilers do not know it and leave a loop over them one.
fn networks() -> u32 {
    return select(1u, NETWORKS + now.zero, NETWORKS > 1u);
}

// `predicted` for the players that this network predicts for, `other` for those that it does not.
fn heads(predicted: vec2<f32>, other: vec2<f32>) -> vec2<f32> {
    return select(other, predicted, vec2(NETWORKS == 1u) | (vec2(0u, 1u) == vec2(head)));
}

// The last hidden units: the policy network, then the value network.
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
    var h = vec2(0.0);
    for (var network = 0u; network < 2u + now.zero; network++) {
        var place = POLICY;
        var activation = GELU;
        if network == 1u {
            place = VALUE;
            activation = LAST_ACTIVATION;
            keep_input(Z_INPUT, h);
            share(h);
            z = dense(VALUE_FIRST, H, vec2(parameter(VALUE_FIRST_BIAS + unit)));
            z = dense_opponent(VALUE_FIRST + H * H, z);
        }
        h = trunk(place, activation, layer_norm(place.first_bias + H, GELU, place.tape, z));
    }
    return h;
}

// The quantile of this thread, if it has one, from the last hidden units.
fn quantiles(h: vec2<f32>) -> vec2<f32> {
    share(h);
    if unit < M {
        return dense(QUANTILES, M, vec2(parameter(QUANTILES_BIAS + unit)));
    }
    return vec2(0.0);
}

// Of the adjoint of the last hidden units, that of what enters the policy network's first norm, which is left shared.
fn network_vjp(dh: vec2<f32>) -> vec2<f32> {
    var d = dh;
    for (var network = 0u; network < 2u + now.zero; network++) {
        var place = VALUE;
        if network == 1u {
            place = POLICY;
        }
        d = layer_norm_vjp(place.first_bias + H, place.tape, place.first_sums, trunk_vjp(place, d));
        keep_sum(place.first_sums + 2u, d);
        share(d);
        if network == 0u {
            keep_delta(VALUE_FIRST_DELTA, d);
            d = first_vjp();
        }
    }
    return d;
}

// d mean(q_i) / d x_i of the network whose last hidden units are multiplied by `mask`; left in `direction`, for the players
// that the network predicts for.
fn own_gradient(mask: vec2<f32>) {
    let dz = network_vjp(mean_weight * mask);
    if unit < N {
        var dx = vec2(0.0);
        for (var u = 0u; u < H; u++) {
            dx += parameter(POLICY_FIRST + u * N + unit) * line[shared_at + u];
        }
        direction[unit] = heads(exact(dx) * embedded_slope[unit], direction[unit]);
    }
    workgroupBarrier();
}
