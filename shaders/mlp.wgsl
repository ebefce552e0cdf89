// core/src/mlp.rs and core/src/residual.rs: everything after the first layer, R residual blocks and the last layer.
//
//   h <- g h + (1 - g) outer(gelu(LayerNorm(inner h)))          y = activation(LayerNorm(W h + bias))
//
// import H, R, BIAS, NORM, OUTER, OUTER_BIAS, BLOCK_LEN from host/src/gpu/layout.rs
// import BIAS_SUM, OUTER_BIAS_SUM, GATE_SUM, BLOCK_SUMS from host/src/gpu/layout.rs
// import GELU from host/src/gpu/plan.rs
// import now from update.wgsl
// import Columns, constant, times from columns/
// import exact, exact_scalar from exact.wgsl
// import parameter from parameters.wgsl
// import unit from unit.wgsl
// import share, Fetched, fetch, fetch_vjp, dense, dense_vjp_input from dense.wgsl
// import affine, layer_norm, layer_norm_vjp from layer_norm.wgsl
// import keep_input, keep_delta, keep_sum from keep/

// Loops over networks and blocks have bounds that compilers do not know. If they were unrolled, a stage would have a
// hundred barriers and take minutes to compile.

// The positions of an MLP's numbers: its layers after the first in theta, its norms on the tape, its gates, and its slots among the
// products and sums that a stage may keep.
struct Place {
    residual: u32,
    last: u32,
    tape: u32,
    gates: u32,
    products: u32,
    sums: u32,
    first_sums: u32,
}

// sigmoid(gate) of the blocks of the policy network and the value network.
var<private> gates: array<f32, 2 * R>;
// h - y of each block.
var<private> gaps: array<Columns, 2 * R>;

// Each matrix is fetched before the layer that precedes it is computed; `first` is the first of them.
fn trunk(place: Place, activation: u32, input: Columns, first: Fetched) -> Columns {
    var h = input;
    var next = first;
    for (var r = 0u; r < R + now.zero; r++) {
        let block = place.residual + r * BLOCK_LEN;
        let g = gates[place.gates + r];
        let norm = affine(block + NORM);
        let inner_bias = parameter(block + BIAS + unit);
        let outer_bias = parameter(block + OUTER_BIAS + unit);
        keep_input(place.products + 2u * r, h);
        share(h);
        let z = dense(next, H, constant(inner_bias));
        next = fetch(block + OUTER, H);
        let inner = layer_norm(norm, GELU, place.tape + 1u + r, z);
        keep_input(place.products + 2u * r + 1u, inner);
        share(inner);
        let branch = dense(next, H, constant(outer_bias));
        next = fetch(select(place.last, block + BLOCK_LEN, r + 1u < R), H);
        gaps[place.gates + r] = h - branch;
        h = exact(g * h) + exact(exact_scalar(1.0 - g) * branch);
    }
    let norm = affine(place.last + NORM);
    let bias = parameter(place.last + BIAS + unit);
    keep_input(place.products + 2u * R, h);
    share(h);
    return layer_norm(norm, activation, place.tape + 1u + R, dense(next, H, constant(bias)));
}

// The first matrix of `trunk`.
fn fetch_trunk(place: Place) -> Fetched {
    return fetch(select(place.last, place.residual, R > 0u), H);
}

// The adjoint of the first layer's output.
fn trunk_vjp(place: Place, dy: Columns) -> Columns {
    let last = place.sums + BLOCK_SUMS * R;
    var next = fetch_vjp(place.last, H);
    var dz = layer_norm_vjp(parameter(place.last + NORM + unit), place.tape + 1u + R, last, dy);
    keep_sum(last + BIAS_SUM, dz);
    keep_delta(place.products + 2u * R, dz);
    share(dz);
    var dh = dense_vjp_input(next, H, Columns(0.0));
    for (var index = R + now.zero; index > 0u; index--) {
        let r = index - 1u;
        let block = place.residual + r * BLOCK_LEN;
        let slots = place.sums + BLOCK_SUMS * r;
        let g = gates[place.gates + r];
        let take = exact_scalar(1.0 - g);
        next = fetch_vjp(block + OUTER, H);
        let scale = parameter(block + NORM + unit);
        keep_sum(slots + GATE_SUM, exact_scalar(g * take) * exact(times(gaps[place.gates + r], dh)));
        let dbranch = exact(take * dh);
        keep_sum(slots + OUTER_BIAS_SUM, dbranch);
        keep_delta(place.products + 2u * r + 1u, dbranch);
        share(dbranch);
        let dinner = dense_vjp_input(next, H, Columns(0.0));
        next = fetch_vjp(block, H);
        dz = layer_norm_vjp(scale, place.tape + 1u + r, slots, dinner);
        keep_sum(slots + BIAS_SUM, dz);
        keep_delta(place.products + 2u * r, dz);
        share(dz);
        dh = dense_vjp_input(next, H, exact(g * dh));
    }
    return dh;
}
