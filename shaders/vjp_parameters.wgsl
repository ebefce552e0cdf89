// core/src/meta_value.rs, `vjp_parameters`: one workgroup per network, trajectory and segment of its steps. Takes
// the tape from `roll_out`, or evaluates the network again; backpropagates the adjoints of the quantiles; and keeps for each step
// what `dense_vjp_weight` multiplies and `roll_out` has not kept: the output adjoints of each matrix product, or also its inputs.
// Adjoints of vectors are summed here, over the segment.
//
// import N, H, R, M, NORMS, QUANTILES, QUANTILES_PRODUCT, QUANTILES_SUM, POLICY_INPUT_SUMS, SUMS from host/src/gpu/layout.rs
// import K, LEARNED, BATCH, SEEDS, NETWORKS, CHUNK, CHUNKS, SEGMENT, SEGMENTS from host/src/gpu/plan.rs
// import RECORDED from host/src/gpu/plan.rs
// import now from update.wgsl
// import slice from slice.wgsl
// import Columns, POINTS, columns from columns/
// import exact from exact.wgsl
// import THETA from parameters.wgsl
// import thread, unit, find_unit from unit.wgsl
// import LayerTape, tape, inverse_deviations from layer_norm.wgsl
// import gaps from mlp.wgsl
// import RECORD_LEN, NORMS_PLACE, GAPS_PLACE, DEVIATIONS_PLACE from tape.wgsl
// import share, fetch_vjp, dense_vjp_input from dense.wgsl
// import use_network, heads, embed, forward, network_vjp, embedded from meta_value.wgsl
// import record, points_kept, records, sums, vector_sums, keep_input, keep_delta, keep_sum from keep/records.wgsl

@group(0) @binding(4) var<storage, read> gammas: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> path: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read> predictions: array<vec2<f32>>;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    find_unit(index);
    let item = slice.item + group.x;
    let segment = item % SEGMENTS;
    // Counted from the first whose records are in memory.
    let of_slice = item / SEGMENTS;
    let chunk = slice.chunk + of_slice / CHUNK;
    let network = chunk / CHUNKS;
    let number = (chunk % CHUNKS) * CHUNK + of_slice % CHUNK;
    // The last chunk may have fewer trajectories.
    if number >= BATCH {
        return;
    }
    let of_group = network / NETWORKS * BATCH + number;
    let discounts = gammas[(now.update * SEEDS + slice.seed) * BATCH + of_group];
    let gamma = columns(discounts, discounts);
    use_network(slice.seed * NETWORKS + network, THETA);
    for (var slot = 0u; slot < SUMS; slot++) {
        sums[slot] = 0.0;
    }
    let end = min((segment + 1u) * SEGMENT, LEARNED);
    for (var t = segment * SEGMENT; t < end; t += POINTS) {
        record = of_slice * LEARNED + t;
        points_kept = min(POINTS, end - t);
        let first = of_group * (K + 1u) + t;
        let last = first + points_kept - 1u;
        var x: array<Columns, N>;
        for (var n = 0u; n < N; n++) {
            x[n] = columns(path[first * (N + 1u) + n], path[last * (N + 1u) + n]);
        }
        if RECORDED {
            for (var n = 0u; n < N; n++) {
                embed(n, x[n]);
            }
            find_tape((chunk * CHUNK + of_slice % CHUNK) * LEARNED + t);
        } else {
            keep_input(QUANTILES_PRODUCT, forward(x, gamma));
        }
        var dq = Columns(0.0);
        if unit < M {
            let second = select(vec2(0.0), predictions[last * 3u * M + unit], points_kept > 1u);
            dq = heads(columns(predictions[first * 3u * M + unit], second), Columns(0.0));
        }
        keep_delta(QUANTILES_PRODUCT, dq);
        keep_sum(QUANTILES_SUM, dq);
        let matrix = fetch_vjp(QUANTILES, M);
        share(dq);
        let dz = network_vjp(dense_vjp_input(matrix, M, Columns(0.0)));
        for (var n = 0u; n < N; n++) {
            keep_sum(POLICY_INPUT_SUMS + n, exact(dz * embedded[n]));
        }
        keep_sum(POLICY_INPUT_SUMS + N, exact(dz * gamma));
    }
    let place = (of_slice * SEGMENTS + segment) * SUMS * H + unit;
    for (var slot = 0u; slot < SUMS; slot++) {
        vector_sums[place + slot * H] = sums[slot];
    }
}

// What `roll_out` kept of its evaluations at the points whose records start with this one.
fn find_tape(record_of_group: u32) {
    let first = record_of_group * RECORD_LEN;
    let second = first + (points_kept - 1u) * RECORD_LEN;
    for (var slot = 0u; slot < NORMS; slot++) {
        let place = NORMS_PLACE + slot * H + thread;
        let a = kept(first + place);
        let b = kept(second + place);
        tape[slot] = LayerTape(columns(a.xy, b.xy), columns(a.zw, b.zw));
    }
    for (var r = 0u; r < R; r++) {
        let place = GAPS_PLACE + r * H + thread;
        let a = kept(first + place);
        let b = kept(second + place);
        gaps[r] = columns(a.xy, b.xy);
        gaps[R + r] = columns(a.zw, b.zw);
    }
    // All have passed back through the points before.
    workgroupBarrier();
    if thread < NORMS / 2u {
        let place = DEVIATIONS_PLACE + thread;
        let a = kept(first + place);
        let b = kept(second + place);
        inverse_deviations[2u * thread] = columns(a.xy, b.xy);
        inverse_deviations[2u * thread + 1u] = columns(a.zw, b.zw);
    }
}

fn kept(place: u32) -> vec4<f32> {
    let first = 4u * place;
    return vec4(records[first], records[first + 1u], records[first + 2u], records[first + 3u]);
}
