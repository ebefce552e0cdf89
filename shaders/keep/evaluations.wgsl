// For `roll_out`: what `vjp_parameters` needs of each evaluation, if there is memory for all of them, so that it does not have to
// evaluate the networks again.
//
// import H from host/src/gpu/layout.rs
// import LEARNED, RECORDED, RECORD_ROWS from host/src/gpu/plan.rs
// import Columns, at_point from columns/
// import thread, QUADS from unit.wgsl
// import own_first_vjp from own_first.wgsl

// Per record, which is a step of a trajectory: RECORD_ROWS rows, each of both players times H. First the inputs of products, by
// thread, then the tape. Threads write single numbers of a vec4 at once with others, which all drivers of Vulkan keep apart.
@group(0) @binding(9) var<storage, read_write> records: array<vec4<f32>>;

// The first of the workgroup's records, and how many of its points have one. Those of the next trajectory follow.
var<private> record: u32;
var<private> points_kept: u32;

fn keep_input(slot: u32, value: Columns) {
    if RECORDED {
        for (var p = 0u; p < points_kept; p++) {
            let place = ((record + p * LEARNED) * RECORD_ROWS + slot) * 2u * H + thread;
            let players = at_point(value, p);
            records[place / 4u][place % 4u] = players.x;
            records[place / 4u + QUADS][place % 4u] = players.y;
        }
    }
}

fn keep_delta(slot: u32, value: Columns) {}

fn keep_sum(slot: u32, value: Columns) {}

fn first_vjp() -> Columns {
    return own_first_vjp();
}
