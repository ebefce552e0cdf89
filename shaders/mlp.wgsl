// core/src/mlp.rs and core/src/residual.rs: everything after the first layer, R residual blocks and the last layer.
//
//   h <- g h + (1 - g) outer(gelu(LayerNorm(inner h)))          y = activation(LayerNorm(W h + bias))
//
// import H, R, BIAS, NORM, OUTER, OUTER_BIAS, BLOCK_LEN from host/src/gpu/layout.rs
// import BIAS_SUM, OUTER_BIAS_SUM, GATE_SUM, BLOCK_SUMS from host/src/gpu/layout.rs
// import GELU from host/src/gpu/plan.rs
// import now from update.wgsl
// import exact, exact_scalar from elementary.wgsl
// import parameter from parameters.wgsl
// import unit, share, dense, dense_vjp_input from dense.wgsl
// import layer_norm, layer_norm_vjp from layer_norm.wgsl
// import keep_input, keep_delta, keep_sum from keep/

// Loops over networks and blocks have bounds that compilers do not know. If they were unrolled, a stage would have a
// hundred barriers and take minutes to compile.

// The positions of an MLP's numbers: its layers in theta, its norms on the tape, its gates, and its slots among the
// products and sums that a stage may keep.
struct Place {
    first_bias: u32,
    first_norm: u32,
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
var<private> gaps: array<vec2<f32>, 2 * R>;

fn trunk(place: Place, activation: u32, first: vec2<f32>) -> vec2<f32> {
    var h = first;
    for (var r = 0u; r < R + now.zero; r++) {
        let block = place.residual + r * BLOCK_LEN;
        let g = gates[place.gates + r];
        keep_input(place.products + 2u * r, h);
        share(h);
        let z = dense(block, H, vec2(parameter(block + BIAS + unit)));
        let inner = layer_norm(block + NORM, GELU, place.tape + 1u + r, z);
        keep_input(place.products + 2u * r + 1u, inner);
        share(inner);
        let branch = dense(block + OUTER, H, vec2(parameter(block + OUTER_BIAS + unit)));
        gaps[place.gates + r] = h - branch;
        h = exact(g * h) + exact(exact_scalar(1.0 - g) * branch);
    }
    keep_input(place.products + 2u * R, h);
    share(h);
    let z = dense(place.last, H, vec2(parameter(place.last + BIAS + unit)));
    return layer_norm(place.last + NORM, activation, place.tape + 1u + R, z);
}

// The adjoint of the first layer's output.
fn trunk_vjp(place: Place, dy: vec2<f32>) -> vec2<f32> {
    let last = place.sums + BLOCK_SUMS * R;
    var dz = layer_norm_vjp(place.last + NORM, place.tape + 1u + R, last, dy);
    keep_sum(last + BIAS_SUM, dz);
    keep_delta(place.products + 2u * R, dz);
    share(dz);
    var dh = dense_vjp_input(place.last, H, vec2(0.0));
    for (var index = R + now.zero; index > 0u; index--) {
        let r = index - 1u;
        let block = place.residual + r * BLOCK_LEN;
        let slots = place.sums + BLOCK_SUMS * r;
        let g = gates[place.gates + r];
        let take = exact_scalar(1.0 - g);
        keep_sum(slots + GATE_SUM, exact_scalar(g * take) * exact(gaps[place.gates + r] * dh));
        let dbranch = exact(take * dh);
        keep_sum(slots + OUTER_BIAS_SUM, dbranch);
        keep_delta(place.products + 2u * r + 1u, dbranch);
        share(dbranch);
        let dinner = dense_vjp_input(block + OUTER, H, vec2(0.0));
        dz = layer_norm_vjp(block + NORM, place.tape + 1u + r, slots, dinner);
        keep_sum(slots + BIAS_SUM, dz);
        keep_delta(place.products + 2u * r, dz);
        share(dz);
        dh = dense_vjp_input(block, H, exact(g * dh));
    }
    return dh;
}
