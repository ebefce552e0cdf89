// core/src/mlp.rs and core/src/residual.rs: what follows the first layer, R residual blocks and the last layer.
//
//   h <- g h + (1 - g) outer(gelu(LayerNorm(inner h)))          y = activation(LayerNorm(W h + bias))
//
// A normalised layer lies in memory as weight, bias, scale, shift; a block as normalised layer, outer weight, outer bias, gate.

const BIAS: u32 = H * H;
const NORM: u32 = BIAS + H;
const OUTER: u32 = NORM + 2u * H;
const OUTER_BIAS: u32 = OUTER + H * H;
const RESIDUAL_LEN: u32 = OUTER_BIAS + 2u * H;

// Loops over networks and blocks have bounds that compilers do not know: unrolled, a stage has a hundred barriers, and
// compiling takes minutes.

// Where an MLP's numbers are: its layers in theta, its norms on the tape, its gates, and its slots among inputs, deltas and
// sums that a stage may keep.
struct Place {
    first_bias: u32,
    residual: u32,
    last: u32,
    tape: u32,
    gates: u32,
    inputs: u32,
    deltas: u32,
    sums: u32,
    first_sums: u32,
}

// sigmoid(gate) of the policy network's blocks and the value network's.
var<private> gates: array<f32, 2 * R>;
// h - y of each block.
var<private> gaps: array<vec2<f32>, 2 * R>;

fn trunk(place: Place, activation: u32, first: vec2<f32>) -> vec2<f32> {
    var h = first;
    for (var r = 0u; r < R + now.zero; r++) {
        let block = place.residual + r * RESIDUAL_LEN;
        let g = gates[place.gates + r];
        keep_input(place.inputs + 2u * r, h);
        share(h);
        let z = dense(block, H, vec2(parameter(block + BIAS + unit)));
        let inner = layer_norm(block + NORM, GELU, place.tape + 1u + r, z);
        keep_input(place.inputs + 2u * r + 1u, inner);
        share(inner);
        let branch = dense(block + OUTER, H, vec2(parameter(block + OUTER_BIAS + unit)));
        gaps[place.gates + r] = h - branch;
        h = exact(g * h) + exact(exact_scalar(1.0 - g) * branch);
    }
    keep_input(place.inputs + 2u * R, h);
    share(h);
    let z = dense(place.last, H, vec2(parameter(place.last + BIAS + unit)));
    return layer_norm(place.last + NORM, activation, place.tape + 1u + R, z);
}

// The adjoint of the first layer's output.
fn trunk_vjp(place: Place, dy: vec2<f32>) -> vec2<f32> {
    let last = place.sums + 5u * R;
    var dz = layer_norm_vjp(place.last + NORM, place.tape + 1u + R, last, dy);
    keep_sum(last + 2u, dz);
    keep_delta(place.deltas + 2u * R, dz);
    share(dz);
    var dh = dense_vjp_input(place.last, H, vec2(0.0));
    for (var index = R + now.zero; index > 0u; index--) {
        let r = index - 1u;
        let block = place.residual + r * RESIDUAL_LEN;
        let sums = place.sums + 5u * r;
        let g = gates[place.gates + r];
        let take = exact_scalar(1.0 - g);
        keep_sum(sums + 4u, exact_scalar(g * take) * exact(gaps[place.gates + r] * dh));
        let dbranch = exact(take * dh);
        keep_sum(sums + 3u, dbranch);
        keep_delta(place.deltas + 2u * r + 1u, dbranch);
        share(dbranch);
        let dinner = dense_vjp_input(block + OUTER, H, vec2(0.0));
        dz = layer_norm_vjp(block + NORM, place.tape + 1u + r, sums, dinner);
        keep_sum(sums + 2u, dz);
        keep_delta(place.deltas + 2u * r, dz);
        share(dz);
        dh = dense_vjp_input(block, H, exact(g * dh));
    }
    return dh;
}
