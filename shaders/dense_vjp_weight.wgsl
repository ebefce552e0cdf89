// core/src/dense.rs, `vjp_weight`, for all matrices at once: dW = sum over trajectories, steps and players, in this
// order, of dy x^T. One workgroup per matrix and chunk of trajectories, one thread for each 4 x 4 block; further
// workgroups sum the vectors' adjoints. `adamw` adds the chunks.
//
// import H, LEN, PRODUCTS, SUMS, MATRICES, MATRIX_PRODUCT, MATRIX_SWAP, MATRIX_OFFSET from host/src/gpu/layout.rs
// import MATRIX_ROWS, SUM_OFFSET, SUM_STRIDE, SUM_LENGTH from host/src/gpu/layout.rs
// import LEARNED, BATCH, NETWORKS, CHUNK, CHUNKS, SEGMENTS from host/src/gpu/plan.rs
// import slice from slice.wgsl

@group(0) @binding(2) var<storage, read> inputs: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> deltas: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> vector_sums: array<f32>;
@group(0) @binding(5) var<storage, read> trajectory_losses: array<f32>;
// Per chunk of a network: LEN adjoints, and the loss, which covers both players for either network.
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;

// Rows (steps of one player) that are fetched together.
const ROWS: u32 = 16u;
// vec4s in a row.
const QUADS: u32 = H / 4u;
const THREADS: u32 = QUADS * QUADS;

var<workgroup> dy: array<vec4<f32>, ROWS * QUADS>;
var<workgroup> x: array<vec4<f32>, ROWS * QUADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let chunk = slice.first + group.y;
    let first = (chunk % CHUNKS) * CHUNK;
    let trajectories = min(CHUNK, BATCH - first);
    let partial_ = chunk * (LEN + 1u);
    if group.x < MATRICES {
        add_outer(group.x, group.y * CHUNK * LEARNED * 2u, trajectories * LEARNED * 2u, partial_, thread);
        return;
    }
    let slot = group.x - MATRICES;
    if thread < SUM_LENGTH[slot] {
        var sum = 0.0;
        let place = group.y * CHUNK * SEGMENTS;
        for (var k = 0u; k < trajectories * SEGMENTS; k++) {
            sum += vector_sums[(place + k) * SUMS * H + slot * H + thread];
        }
        partials[partial_ + SUM_OFFSET[slot] + thread * SUM_STRIDE[slot]] = sum;
    }
    if slot == 0u && thread == 0u {
        var loss = 0.0;
        for (var k = 0u; k < trajectories; k++) {
            loss += trajectory_losses[chunk / CHUNKS / NETWORKS * BATCH + first + k];
        }
        partials[partial_ + LEN] = loss;
    }
}

fn add_outer(index: u32, first_row: u32, rows: u32, partial_: u32, thread: u32) {
    let product = MATRIX_PRODUCT[index];
    let swap = MATRIX_SWAP[index];
    let o = thread / QUADS;
    let i = thread % QUADS;
    var dw: array<vec4<f32>, 4>;
    for (var start = 0u; start < rows; start += ROWS) {
        workgroupBarrier();
        for (var place = thread; place < ROWS * QUADS; place += THREADS) {
            let row = start + place / QUADS;
            if row < rows {
                let player = row % 2u;
                let record = (first_row + row) / 2u;
                let quad = place % QUADS;
                dy[place] = deltas[((record * PRODUCTS + product) * 2u + player) * QUADS + quad];
                x[place] = inputs[((record * PRODUCTS + product) * 2u + (player ^ swap)) * QUADS + quad];
            }
        }
        workgroupBarrier();
        for (var row = 0u; row < min(ROWS, rows - start); row++) {
            let d = dy[row * QUADS + o];
            let input_quad = x[row * QUADS + i];
            dw[0] += d.x * input_quad;
            dw[1] += d.y * input_quad;
            dw[2] += d.z * input_quad;
            dw[3] += d.w * input_quad;
        }
    }
    for (var r = 0u; r < 4u; r++) {
        let output = 4u * o + r;
        if output < MATRIX_ROWS[index] {
            for (var c = 0u; c < 4u; c++) {
                partials[partial_ + MATRIX_OFFSET[index] + output * H + 4u * i + c] = dw[r][c];
            }
        }
    }
}
