// For `vjp_parameters`: everything from which the gradient with respect to parameters is computed.
//
// import H, PRODUCTS, SUMS, VALUE_FIRST, VALUE_FIRST_OTHER from host/src/gpu/layout.rs
// import exact_scalar from elementary.wgsl
// import weights, backward_weights from parameters.wgsl
// import unit, line, shared_at from dense.wgsl

// Per trajectory of the slice and step: PRODUCTS times both players times H.
@group(0) @binding(7) var<storage, read_write> inputs: array<f32>;
@group(0) @binding(8) var<storage, read_write> deltas: array<f32>;
// Per trajectory of the slice and segment: SUMS times H.
@group(0) @binding(9) var<storage, read_write> vector_sums: array<f32>;

// The current trajectory of the slice and the current step, in this order.
var<private> record: u32;
var<private> sums: array<f32, SUMS>;

fn keep_input(slot: u32, value: vec2<f32>) {
    let place = (record * PRODUCTS + slot) * 2u * H + unit;
    inputs[place] = value.x;
    inputs[place + H] = value.y;
}

fn keep_delta(slot: u32, value: vec2<f32>) {
    let place = (record * PRODUCTS + slot) * 2u * H + unit;
    deltas[place] = value.x;
    deltas[place + H] = value.y;
}

fn keep_sum(slot: u32, value: vec2<f32>) {
    sums[slot] = exact_scalar(sums[slot] + value.x) + value.y;
}

// The adjoints of both players' z, from those of the inputs to both value networks' first norms, which are shared:
// player 0's network first.
fn first_vjp() -> vec2<f32> {
    var dpolicy = vec2(0.0);
    let own = (backward_weights + VALUE_FIRST) / 4u + unit;
    let other = (backward_weights + VALUE_FIRST_OTHER) / 4u + unit;
    for (var q = 0u; q < H / 4u; q++) {
        let a = weights[own + q * H];
        let b = weights[other + q * H];
        dpolicy += vec2(a.x, b.x) * line[shared_at + 4u * q].x;
        dpolicy += vec2(a.y, b.y) * line[shared_at + 4u * q + 1u].x;
        dpolicy += vec2(a.z, b.z) * line[shared_at + 4u * q + 2u].x;
        dpolicy += vec2(a.w, b.w) * line[shared_at + 4u * q + 3u].x;
    }
    for (var q = 0u; q < H / 4u; q++) {
        let a = weights[own + q * H];
        let b = weights[other + q * H];
        dpolicy += vec2(b.x, a.x) * line[shared_at + 4u * q].y;
        dpolicy += vec2(b.y, a.y) * line[shared_at + 4u * q + 1u].y;
        dpolicy += vec2(b.z, a.z) * line[shared_at + 4u * q + 2u].y;
        dpolicy += vec2(b.w, a.w) * line[shared_at + 4u * q + 3u].y;
    }
    return dpolicy;
}
