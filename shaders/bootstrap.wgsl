// core/src/algorithm1.rs, `bootstrap`: the target network's predictions, one workgroup for a step of a trajectory, or for
// two steps that follow each other.
//
// import N, H, M from host/src/gpu/layout.rs
// import K, BATCH, SEEDS, NETWORKS from host/src/gpu/plan.rs
// import now from update.wgsl
// import slice from slice.wgsl
// import Columns, POINTS, columns, at_point from columns/
// import TARGET from parameters.wgsl
// import unit, find_unit from unit.wgsl
// import use_network, networks, heads, forward, quantiles from meta_value.wgsl

@group(0) @binding(4) var<storage, read> gammas: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> path: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read_write> predictions: array<vec2<f32>>;

// Items of a trajectory.
const ITEMS: u32 = (K + POINTS - 1u) / POINTS;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    find_unit(index);
    let item = slice.item + group.x;
    let of_group = item / ITEMS;
    let t = 1u + item % ITEMS * POINTS;
    let steps = min(POINTS, K + 1u - t);
    let first = of_group * (K + 1u) + t;
    let last = first + steps - 1u;
    let discounts = gammas[now.update * SEEDS * BATCH + slice.seed * BATCH + of_group];
    let gamma = columns(discounts, discounts);
    var x: array<Columns, N>;
    for (var n = 0u; n < N; n++) {
        x[n] = columns(path[first * (N + 1u) + n], path[last * (N + 1u) + n]);
    }
    for (var n = 0u; n < networks(); n++) {
        use_network((slice.seed + of_group / BATCH) * NETWORKS + n, TARGET);
        let q = quantiles(forward(x, gamma));
        if unit < M {
            for (var p = 0u; p < steps; p++) {
                let place = ((first + p) * 3u + 1u) * M + unit;
                let old = columns(predictions[place], predictions[place]);
                predictions[place] = at_point(heads(q, old), p);
            }
        }
    }
}
