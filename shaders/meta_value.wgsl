// core/src/meta_value.rs: a workgroup evaluates the network at one or two points, with one thread for each hidden unit.
//
//   z_i = policy(embed(x_i), gamma_i)          h_i = value(z_i, z_opponent)          q_i = Q h_i + b
//
// The players share a network (NETWORKS is 1), or network n predicts only for player n (NETWORKS is 2). A network of
// the second kind is still evaluated for both players, and the other player's columns are discarded: one piece of code
// serves both kinds, at the cost of an idle half.
//
// import TENTH from core/src/meta_value.rs
// import N, H, R, M, BLOCK_LEN, GATE, QUANTILES, QUANTILES_BIAS from host/src/gpu/layout.rs
// import POLICY_FIRST, POLICY_FIRST_GAMMA, POLICY_FIRST_BIAS, POLICY_FIRST_NORM from host/src/gpu/layout.rs
// import POLICY_RESIDUAL, POLICY_LAST, POLICY_PRODUCTS, POLICY_SUMS, POLICY_FIRST_SUMS from host/src/gpu/layout.rs
// import VALUE_FIRST, VALUE_FIRST_OTHER, VALUE_FIRST_BIAS, VALUE_FIRST_NORM from host/src/gpu/layout.rs
// import VALUE_RESIDUAL, VALUE_LAST, VALUE_PRODUCTS, VALUE_SUMS, VALUE_FIRST_SUMS from host/src/gpu/layout.rs
// import VALUE_FIRST_PRODUCT, QUANTILES_PRODUCT, BIAS_SUM from host/src/gpu/layout.rs
// import NETWORKS, INPUT_IS_TENTH, GELU, LAST_ACTIVATION, PER_QUANTILE from host/src/gpu/plan.rs
// import now from update.wgsl
// import Columns, constant, times, columns_of from columns/
// import exact, exact_scalar from exact.wgsl
// import sigmoid, sigmoid_pair from elementary.wgsl
// import parameter, find_network from parameters.wgsl
// import unit from unit.wgsl
// import share, fetch, dense, dense_opponent from dense.wgsl
// import add_up from sum.wgsl
// import affine, layer_norm, layer_norm_vjp from layer_norm.wgsl
// import Place, gates, fetch_trunk, trunk, trunk_vjp from mlp.wgsl
// import keep_input, keep_delta, keep_sum, first_vjp from keep/

// The index of the current network within its seed.
var<private> head: u32;

const POLICY = Place(
    POLICY_RESIDUAL, POLICY_LAST, 0u, 0u, POLICY_PRODUCTS, POLICY_SUMS, POLICY_FIRST_SUMS,
);
const VALUE = Place(
    VALUE_RESIDUAL, VALUE_LAST, R + 2u, R, VALUE_PRODUCTS, VALUE_SUMS, VALUE_FIRST_SUMS,
);

var<private> embedded: array<Columns, N>;
var<private> embedded_slope: array<Columns, N>;
var<private> mean_weight: f32;
// d mean(q_i) / d x_i.
var<private> direction: array<Columns, N>;

// Selects a network and prepares what depends only on its parameters. `network` is counted across all seeds, `version`
// is THETA or TARGET.
fn use_network(network: u32, version: u32) {
    head = network % NETWORKS;
    find_network(network, version);
    for (var r = 0u; r < R; r++) {
        let gate = r * BLOCK_LEN + GATE + unit;
        let g = sigmoid_pair(vec2(parameter(POLICY_RESIDUAL + gate), parameter(VALUE_RESIDUAL + gate)));
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
fn heads(predicted: Columns, other: Columns) -> Columns {
    if NETWORKS == 1u {
        return predicted;
    }
    return select(other, predicted, columns_of(head));
}

// An input of the policy network.
fn embed(n: u32, policy: Columns) {
    if INPUT_IS_TENTH {
        embedded[n] = exact(TENTH * policy);
        embedded_slope[n] = constant(TENTH);
    } else {
        let s = sigmoid(policy);
        embedded[n] = s;
        embedded_slope[n] = times(s, exact(constant(1.0) - s));
    }
}

// The last hidden units: the policy network, then the value network.
fn forward(x: array<Columns, N>, gamma: Columns) -> Columns {
    var policies = x;
    var z = constant(parameter(POLICY_FIRST_BIAS + unit));
    for (var n = 0u; n < N; n++) {
        embed(n, policies[n]);
        z += parameter(POLICY_FIRST + unit * N + n) * embedded[n];
    }
    z += parameter(POLICY_FIRST_GAMMA + unit) * gamma;
    var h = Columns(0.0);
    for (var network = 0u; network < 2u + now.zero; network++) {
        var place = POLICY;
        var activation = GELU;
        let norm = affine(select(POLICY_FIRST_NORM, VALUE_FIRST_NORM, network == 1u));
        if network == 1u {
            place = VALUE;
            activation = LAST_ACTIVATION;
            let own = fetch(VALUE_FIRST, H);
            let bias = parameter(VALUE_FIRST_BIAS + unit);
            keep_input(VALUE_FIRST_PRODUCT, h);
            share(h);
            let other = fetch(VALUE_FIRST_OTHER, H);
            z = dense(own, H, constant(bias));
            // `product` has read all of `line`, but not all threads have read its sums yet.
            workgroupBarrier();
            z = dense_opponent(other, z);
        }
        let first = fetch_trunk(place);
        h = trunk(place, activation, layer_norm(norm, GELU, place.tape, z), first);
    }
    return h;
}

// The quantile of this thread, if it has one, from the last hidden units.
fn quantiles(h: Columns) -> Columns {
    let matrix = fetch(QUANTILES, M);
    let bias = parameter(QUANTILES_BIAS + min(unit, M - 1u));
    keep_input(QUANTILES_PRODUCT, h);
    share(h);
    return dense(matrix, M, constant(bias));
}

// From the adjoint of the last hidden units, the adjoint of the input to the policy network's first norm.
fn network_vjp(dh: Columns) -> Columns {
    var d = dh;
    for (var network = 0u; network < 2u + now.zero; network++) {
        var place = VALUE;
        if network == 1u {
            place = POLICY;
        }
        let scale = parameter(select(VALUE_FIRST_NORM, POLICY_FIRST_NORM, network == 1u) + unit);
        d = layer_norm_vjp(scale, place.tape, place.first_sums, trunk_vjp(place, d));
        keep_sum(place.first_sums + BIAS_SUM, d);
        if network == 0u {
            share(d);
            keep_delta(VALUE_FIRST_PRODUCT, d);
            d = first_vjp();
        }
    }
    return d;
}

// Finds `direction` for the network whose last hidden units are multiplied by `mask`, for the players that the network
// predicts for.
fn own_gradient(mask: Columns) {
    let dz = network_vjp(mean_weight * mask);
    for (var n = 0u; n < N; n += 2u) {
        let second = min(n + 1u, N - 1u);
        let sums = add_up(term(n, dz), term(second, dz));
        direction[n] = heads(exact(sums.a) * embedded_slope[n], direction[n]);
        if second > n {
            direction[second] = heads(exact(sums.b) * embedded_slope[second], direction[second]);
        }
    }
}

// What this thread's unit adds to the adjoint of an embedded parameter.
fn term(n: u32, dz: Columns) -> Columns {
    return exact(parameter(POLICY_FIRST + unit * N + n) * dz);
}
