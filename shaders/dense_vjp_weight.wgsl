// core/src/dense.rs, `vjp_weight`, for all matrices at once: dW = sum over trajectories, steps and players, in this
// order, of dy x^T. One workgroup per matrix and chunk of trajectories, one thread for each block of eight outputs and
// four inputs; further workgroups sum the vectors' adjoints. `adamw` adds the chunks.
//
// import H, LEN, PARTIAL_LEN, PRODUCTS, SUMS, MATRICES, MATRIX_PRODUCT, MATRIX_SWAP from host/src/gpu/layout.rs
// import MATRIX_OFFSET, MATRIX_ROWS, SUM_OFFSET, SUM_STRIDE, SUM_LENGTH from host/src/gpu/layout.rs
// import LEARNED, BATCH, NETWORKS, CHUNK, CHUNKS, SEGMENTS, RECORDED, RECORD_ROWS from host/src/gpu/plan.rs
// import slice from slice.wgsl
// import QUADS from unit.wgsl

@group(0) @binding(2) var<storage, read> records: array<f32>;
@group(0) @binding(3) var<storage, read> deltas: array<f32>;
@group(0) @binding(4) var<storage, read> vector_sums: array<f32>;
@group(0) @binding(5) var<storage, read> trajectory_losses: array<f32>;
// Per chunk of a network of the group: LEN adjoints, and the loss, which covers both players for either network.
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;

const THREADS: u32 = QUADS * QUADS / 2u;
// Rows (steps of one player) that are in workgroup memory at once: two vec4s per thread.
const ROWS: u32 = QUADS;

// By unit, where records are by thread.
var<workgroup> dy: array<vec4<f32>, ROWS * QUADS>;
var<workgroup> x: array<vec4<f32>, ROWS * QUADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let item = slice.item + group.x;
    let index = item % (MATRICES + SUMS);
    // Counted from the first whose records are in memory.
    let of_slice = item / (MATRICES + SUMS);
    let chunk = slice.chunk + of_slice;
    let first = (chunk % CHUNKS) * CHUNK;
    let trajectories = min(CHUNK, BATCH - first);
    let partial_ = chunk * PARTIAL_LEN;
    if index < MATRICES {
        // What `roll_out` kept is there for all chunks of the group.
        let kept = select(of_slice, chunk, RECORDED) * CHUNK * LEARNED;
        add_outer(index, kept, of_slice * CHUNK * LEARNED, trajectories * LEARNED * 2u, partial_, thread);
        return;
    }
    let slot = index - MATRICES;
    for (var unit = thread; unit < SUM_LENGTH[slot]; unit += THREADS) {
        var sum = 0.0;
        let first_sum = of_slice * CHUNK * SEGMENTS;
        for (var k = 0u; k < trajectories * SEGMENTS; k++) {
            sum += vector_sums[(first_sum + k) * SUMS * H + slot * H + unit];
        }
        partials[partial_ + SUM_OFFSET[slot] + unit * SUM_STRIDE[slot]] = sum;
    }
    if slot == 0u && thread == 0u {
        var loss = 0.0;
        for (var k = 0u; k < trajectories; k++) {
            loss += trajectory_losses[chunk / CHUNKS / NETWORKS * BATCH + first + k];
        }
        partials[partial_ + LEN] = loss;
    }
}

// A quad of a row of dy and of x.
struct Four {
    dy: vec4<f32>,
    x: vec4<f32>,
}

// The `place`th quad of the rows from `row` on, of which there are `rows`; zero beyond them.
fn fetch(index: u32, kept: u32, first: u32, row: u32, rows: u32, place: u32) -> Four {
    let own = row + place / QUADS;
    if own >= rows {
        return Four(vec4(0.0), vec4(0.0));
    }
    let player = own % 2u;
    let output = 2u * ((first + own / 2u) * PRODUCTS + MATRIX_PRODUCT[index]) + player;
    let input = 2u * ((kept + own / 2u) * RECORD_ROWS + MATRIX_PRODUCT[index]) + (player ^ MATRIX_SWAP[index]);
    // Units of a quad are QUADS threads apart.
    let a = output * H + place % QUADS;
    let b = input * H + place % QUADS;
    return Four(
        vec4(deltas[a], deltas[a + QUADS], deltas[a + 2u * QUADS], deltas[a + 3u * QUADS]),
        vec4(records[b], records[b + QUADS], records[b + 2u * QUADS], records[b + 3u * QUADS]),
    );
}

fn store(place: u32, four: Four) {
    dy[place] = four.dy;
    x[place] = four.x;
}

fn add_outer(index: u32, kept: u32, first: u32, rows: u32, partial_: u32, thread: u32) {
    // Two quads of outputs, a quad of inputs.
    let o = 2u * (thread / QUADS);
    let i = thread % QUADS;
    var dw: array<vec4<f32>, 8>;
    var a = fetch(index, kept, first, 0u, rows, thread);
    var b = fetch(index, kept, first, 0u, rows, thread + THREADS);
    for (var row = 0u; row < rows; row += ROWS) {
        workgroupBarrier();
        store(thread, a);
        store(thread + THREADS, b);
        workgroupBarrier();
        // On the way while the threads compute.
        a = fetch(index, kept, first, row + ROWS, rows, thread);
        b = fetch(index, kept, first, row + ROWS, rows, thread + THREADS);
        for (var r = 0u; r < ROWS; r++) {
            let d = dy[r * QUADS + o];
            let e = dy[r * QUADS + o + 1u];
            let input_quad = x[r * QUADS + i];
            dw[0] += d.x * input_quad;
            dw[1] += d.y * input_quad;
            dw[2] += d.z * input_quad;
            dw[3] += d.w * input_quad;
            dw[4] += e.x * input_quad;
            dw[5] += e.y * input_quad;
            dw[6] += e.z * input_quad;
            dw[7] += e.w * input_quad;
        }
    }
    for (var r = 0u; r < 8u; r++) {
        let output = 4u * o + r;
        if output < MATRIX_ROWS[index] {
            let place = partial_ + MATRIX_OFFSET[index] + output * H + 4u * i;
            partials[place] = dw[r].x;
            partials[place + 1u] = dw[r].y;
            partials[place + 2u] = dw[r].z;
            partials[place + 3u] = dw[r].w;
        }
    }
}
