// core/src/meta_value.rs, `vjp_parameters`: one workgroup per network, trajectory and segment of its steps. Evaluates the
// network again, backpropagates the adjoints of the quantiles, and keeps for each step what `dense_vjp_weight` multiplies:
// the inputs and the output adjoints of each matrix product. Adjoints of vectors are summed here, over the segment.
//
// import N, H, M, QUANTILES, QUANTILES_PRODUCT, QUANTILES_SUM, POLICY_INPUT_SUMS, SUMS from host/src/gpu/layout.rs
// import K, LEARNED, BATCH, SEEDS, NETWORKS, CHUNK, CHUNKS, SEGMENT, SEGMENTS from host/src/gpu/plan.rs
// import now from update.wgsl
// import slice from slice.wgsl
// import exact from elementary.wgsl
// import THETA from parameters.wgsl
// import unit, share, dense_vjp_input from dense.wgsl
// import use_network, heads, forward, network_vjp, embedded from meta_value.wgsl
// import record, sums, vector_sums, keep_input, keep_delta, keep_sum from keep/records.wgsl

@group(0) @binding(4) var<storage, read> gammas: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> path: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read> predictions: array<vec2<f32>>;

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
        keep_input(QUANTILES_PRODUCT, forward(x, gamma));
        var dq = vec2(0.0);
        if unit < M {
            dq = heads(predictions[step * 3u * M + unit], vec2(0.0));
        }
        keep_delta(QUANTILES_PRODUCT, dq);
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
