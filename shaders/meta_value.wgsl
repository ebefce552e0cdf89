// core/src/meta_value.rs: a workgroup evaluates the network at one joint policy, with one thread for each hidden unit
// and both players in the components of a vec2.
//
//   z_i = policy(embed(x_i), gamma_i)          h_i = value(z_i, z_opponent)          q_i = Q h_i + b
//
// The players share a network (NETWORKS is 1), or network n predicts only for player n (NETWORKS is 2). A network of
// the second kind is still evaluated for both players, and the other player's component is discarded: one piece of code
// serves both kinds, at the cost of an idle half.
//
// import TENTH from core/src/meta_value.rs
// import N, H, R, M, BLOCK_LEN, GATE, QUANTILES, QUANTILES_BIAS from host/src/gpu/layout.rs
// import POLICY_FIRST, POLICY_FIRST_GAMMA, POLICY_FIRST_BIAS, POLICY_FIRST_NORM from host/src/gpu/layout.rs
// import POLICY_RESIDUAL, POLICY_LAST, POLICY_PRODUCTS, POLICY_SUMS, POLICY_FIRST_SUMS from host/src/gpu/layout.rs
// import VALUE_FIRST, VALUE_FIRST_OTHER, VALUE_FIRST_BIAS, VALUE_FIRST_NORM from host/src/gpu/layout.rs
// import VALUE_RESIDUAL, VALUE_LAST, VALUE_PRODUCTS, VALUE_SUMS, VALUE_FIRST_SUMS from host/src/gpu/layout.rs
// import VALUE_FIRST_PRODUCT, BIAS_SUM from host/src/gpu/layout.rs
// import NETWORKS, INPUT_IS_TENTH, GELU, LAST_ACTIVATION, PER_QUANTILE from host/src/gpu/plan.rs
// import now from update.wgsl
// import exact, exact_scalar, sigmoid from elementary.wgsl
// import parameter, find_network from parameters.wgsl
// import unit, line, shared_at, share, dense, dense_opponent from dense.wgsl
// import layer_norm, layer_norm_vjp from layer_norm.wgsl
// import Place, gates, trunk, trunk_vjp from mlp.wgsl
// import keep_input, keep_delta, keep_sum, first_vjp from keep/

// The index of the current network within its seed.
var<private> head: u32;

const POLICY = Place(
    POLICY_FIRST_BIAS, POLICY_FIRST_NORM, POLICY_RESIDUAL, POLICY_LAST, 0u, 0u, POLICY_PRODUCTS, POLICY_SUMS,
    POLICY_FIRST_SUMS,
);
const VALUE = Place(
    VALUE_FIRST_BIAS, VALUE_FIRST_NORM, VALUE_RESIDUAL, VALUE_LAST, R + 2u, R, VALUE_PRODUCTS, VALUE_SUMS,
    VALUE_FIRST_SUMS,
);

var<private> embedded: array<vec2<f32>, N>;
var<private> embedded_slope: array<vec2<f32>, N>;
var<private> mean_weight: f32;
var<workgroup> direction: array<vec2<f32>, N>;

// Selects a network and prepares what depends only on its parameters. `network` is counted across all seeds, `version`
// is THETA or TARGET.
fn use_network(network: u32, version: u32) {
    head = network % NETWORKS;
    find_network(network, version);
    for (var r = 0u; r < R; r++) {
        let gate = r * BLOCK_LEN + GATE + unit;
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

// The number of networks per seed. Compilers do not know when there are two, and do not unroll loops over them.
fn networks() -> u32 {
    return select(1u, NETWORKS + now.zero, NETWORKS > 1u);
}

// `predicted` for the players that this network predicts for, `other` for the rest.
fn heads(predicted: vec2<f32>, other: vec2<f32>) -> vec2<f32> {
    return select(other, predicted, vec2(NETWORKS == 1u) | (vec2(0u, 1u) == vec2(head)));
}

// The last hidden units: the policy network, then the value network.
fn forward(x: array<vec2<f32>, N>, gamma: vec2<f32>) -> vec2<f32> {
    var policies = x;
    var z = vec2(parameter(POLICY_FIRST_BIAS + unit));
    for (var n = 0u; n < N; n++) {
        if INPUT_IS_TENTH {
            embedded[n] = exact(TENTH * policies[n]);
            embedded_slope[n] = vec2(TENTH);
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
            keep_input(VALUE_FIRST_PRODUCT, h);
            share(h);
            z = dense(VALUE_FIRST, H, vec2(parameter(VALUE_FIRST_BIAS + unit)));
            z = dense_opponent(VALUE_FIRST_OTHER, z);
        }
        h = trunk(place, activation, layer_norm(place.first_norm, GELU, place.tape, z));
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

// From the adjoint of the last hidden units, the adjoint of the input to the policy network's first norm, which is left
// shared.
fn network_vjp(dh: vec2<f32>) -> vec2<f32> {
    var d = dh;
    for (var network = 0u; network < 2u + now.zero; network++) {
        var place = VALUE;
        if network == 1u {
            place = POLICY;
        }
        d = layer_norm_vjp(place.first_norm, place.tape, place.first_sums, trunk_vjp(place, d));
        keep_sum(place.first_sums + BIAS_SUM, d);
        share(d);
        if network == 0u {
            keep_delta(VALUE_FIRST_PRODUCT, d);
            d = first_vjp();
        }
    }
    return d;
}

// d mean(q_i) / d x_i for the network whose last hidden units are multiplied by `mask`, for the players that the
// network predicts for. The result is left in `direction`.
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
