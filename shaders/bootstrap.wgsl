// core/src/algorithm1.rs, `bootstrap`: the target network's predictions, one workgroup per step, trajectory and seed.
//
// import N, H, M from host/src/gpu/layout.rs
// import K, BATCH, SEEDS, NETWORKS from host/src/gpu/plan.rs
// import now from update.wgsl
// import TARGET from parameters.wgsl
// import unit from dense.wgsl
// import use_network, networks, heads, forward, quantiles from meta_value.wgsl

@group(0) @binding(4) var<storage, read> gammas: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> path: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read_write> predictions: array<vec2<f32>>;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    unit = thread;
    let trajectory = group.z * BATCH + group.y;
    let step = trajectory * (K + 1u) + group.x + 1u;
    var x: array<vec2<f32>, N>;
    for (var n = 0u; n < N; n++) {
        x[n] = path[step * (N + 1u) + n];
    }
    for (var n = 0u; n < networks(); n++) {
        use_network(group.z * NETWORKS + n, TARGET);
        let q = quantiles(forward(x, gammas[now.update * SEEDS * BATCH + trajectory]));
        if unit < M {
            let place = (step * 3u + 1u) * M + unit;
            predictions[place] = heads(q, predictions[place]);
        }
    }
}
