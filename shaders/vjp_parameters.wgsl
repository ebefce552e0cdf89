// core/src/meta_value.rs, `vjp_parameters`: one workgroup per network, trajectory and segment of its steps. Evaluates the network
// once more, passes the adjoints of the quantiles back, and keeps for each step what `dense_vjp_weight` multiplies: the
// inputs and the adjoints of each matrix product. Adjoints of vectors are summed here, over the segment.

struct Slice {
    // The first chunk of trajectories, counted through all networks.
    first: u32,
}

@group(0) @binding(1) var<uniform> slice: Slice;
@group(0) @binding(4) var<storage, read> gammas: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> path: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read> predictions: array<vec2<f32>>;
// Per trajectory of the slice and step: INPUTS, DELTAS times both players times H.
@group(0) @binding(7) var<storage, read_write> inputs: array<f32>;
@group(0) @binding(8) var<storage, read_write> deltas: array<f32>;
// Per trajectory of the slice and segment: SUMS times H.
@group(0) @binding(9) var<storage, read_write> vector_sums: array<f32>;

var<private> record: u32;
var<private> sums: array<f32, SUMS>;

fn keep_input(slot: u32, value: vec2<f32>) {
    let place = (record * INPUTS + slot) * 2u * H + unit;
    inputs[place] = value.x;
    inputs[place + H] = value.y;
}

fn keep_delta(slot: u32, value: vec2<f32>) {
    let place = (record * DELTAS + slot) * 2u * H + unit;
    deltas[place] = value.x;
    deltas[place + H] = value.y;
}

fn keep_sum(slot: u32, value: vec2<f32>) {
    sums[slot] = exact_scalar(sums[slot] + value.x) + value.y;
}

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    unit = thread;
    let chunk = slice.first + group.y / CHUNK;
    let network = chunk / CHUNKS;
    let index = (chunk % CHUNKS) * CHUNK + group.y % CHUNK;
    if index >= BATCH {
        return;
    }
    let trajectory = network / NETWORKS * BATCH + index;
    let gamma = gammas[now.update * SEEDS * BATCH + trajectory];
    use_network(network, THETA);
    for (var slot = 0u; slot < SUMS; slot++) {
        sums[slot] = 0.0;
    }
    for (var t = group.x * SEGMENT; t < min((group.x + 1u) * SEGMENT, LEARNED); t++) {
        record = group.y * LEARNED + t;
        let step = trajectory * (K + 1u) + t;
        var x: array<vec2<f32>, N>;
        for (var n = 0u; n < N; n++) {
            x[n] = path[step * (N + 1u) + n];
        }
        keep_input(LAST_INPUT, forward(x, gamma));
        var dq = vec2(0.0);
        if unit < M {
            dq = heads(predictions[step * 3u * M + unit], vec2(0.0));
        }
        keep_delta(QUANTILES_DELTA, dq);
        keep_sum(QUANTILES_SUM, dq);
        share(dq);
        let dz = network_vjp(dense_vjp_input(QUANTILES, M, vec2(0.0)));
        for (var n = 0u; n < N; n++) {
            keep_sum(POLICY_INPUT_SUMS + n, exact(dz * embedded[n]));
        }
        keep_sum(POLICY_INPUT_SUMS + N, exact(dz * gamma));
    }
    let place = (group.y * SEGMENTS + group.x) * SUMS * H + unit;
    for (var slot = 0u; slot < SUMS; slot++) {
        vector_sums[place + slot * H] = sums[slot];
    }
}

// The adjoints of both players' z, from those of what enters both value networks' first norms, which are shared:
// player 0's network first.
fn first_vjp() -> vec2<f32> {
    var dpolicy = vec2(0.0);
    let own = (backward_weights + VALUE_FIRST) / 4u + unit;
    let other = own + H * H / 4u;
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
