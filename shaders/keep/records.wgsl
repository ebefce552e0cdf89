// For `vjp_parameters`: everything from which the gradient with respect to parameters is computed.
//
// import H, PRODUCTS, SUMS from host/src/gpu/layout.rs
// import RECORDED, RECORD_ROWS from host/src/gpu/plan.rs
// import Columns, POINTS, at_point from columns/
// import exact_scalar from exact.wgsl
// import thread from unit.wgsl
// import first_of_both_vjp from first_of_both.wgsl

// Per record, which is a step of a trajectory: RECORD_ROWS rows, each of both players times H. First the inputs of products, by
// thread, then the tape that `roll_out` may have kept.
@group(0) @binding(7) var<storage, read_write> records: array<f32>;
// Likewise: PRODUCTS rows of the adjoints of outputs, by thread.
@group(0) @binding(8) var<storage, read_write> deltas: array<f32>;
// Per trajectory and segment: SUMS times H, by unit.
@group(0) @binding(9) var<storage, read_write> vector_sums: array<f32>;

// The first of the workgroup's records, and how many of its points have one.
var<private> record: u32;
var<private> points_kept: u32;
var<private> sums: array<f32, SUMS>;

fn keep_input(slot: u32, value: Columns) {
    if RECORDED {
        return;
    }
    for (var p = 0u; p < points_kept; p++) {
        let place = ((record + p) * RECORD_ROWS + slot) * 2u * H + thread;
        let players = at_point(value, p);
        records[place] = players.x;
        records[place + H] = players.y;
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

fn first_vjp() -> Columns {
    return first_of_both_vjp();
}
