// For `vjp_parameters`: everything from which the gradient with respect to parameters is computed.
//
// import H, PRODUCTS, SUMS, VALUE_FIRST, VALUE_FIRST_OTHER from host/src/gpu/layout.rs
// import Columns, POINTS, at_point from columns/
// import exact_scalar from exact.wgsl
// import thread from unit.wgsl
// import fetch_vjp, dense_vjp_input, dense_vjp_opponent from dense.wgsl

// Per record, which is a step of a trajectory: PRODUCTS times both players times H, by thread.
@group(0) @binding(7) var<storage, read_write> inputs: array<f32>;
@group(0) @binding(8) var<storage, read_write> deltas: array<f32>;
// Per trajectory and segment: SUMS times H, by unit.
@group(0) @binding(9) var<storage, read_write> vector_sums: array<f32>;

// The first of the workgroup's records, and how many of its points have one.
var<private> record: u32;
var<private> points_kept: u32;
var<private> sums: array<f32, SUMS>;

fn keep_input(slot: u32, value: Columns) {
    for (var p = 0u; p < points_kept; p++) {
        let place = ((record + p) * PRODUCTS + slot) * 2u * H + thread;
        let players = at_point(value, p);
        inputs[place] = players.x;
        inputs[place + H] = players.y;
    }
}

fn keep_delta(slot: u32, value: Columns) {
    for (var p = 0u; p < points_kept; p++) {
        let place = ((record + p) * PRODUCTS + slot) * 2u * H + thread;
        let players = at_point(value, p);
        deltas[place] = players.x;
        deltas[place + H] = players.y;
    }
}

// Adjoints are zero in columns that have no record.
fn keep_sum(slot: u32, value: Columns) {
    var sum = sums[slot];
    for (var c = 0u; c < 2u * POINTS; c++) {
        sum = exact_scalar(sum + value[c]);
    }
    sums[slot] = sum;
}

// The adjoints of both players' z, from those of the inputs to both value networks' first norms, which are shared.
fn first_vjp() -> Columns {
    let own = dense_vjp_input(fetch_vjp(VALUE_FIRST, H), H, Columns(0.0));
    // `product` has read all of `line`, but not all threads have read its sums yet.
    workgroupBarrier();
    return dense_vjp_opponent(fetch_vjp(VALUE_FIRST_OTHER, H), own);
}
