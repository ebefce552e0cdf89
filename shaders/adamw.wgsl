// core/src/adamw.rs and core/src/target_network.rs: one thread per parameter and network sums the chunks' adjoints,
// takes a step, and keeps the copies in `weights` up to date.
//
// import LEN, COPY_LEN, PARTIAL_LEN, STATE_SETS, WEIGHT_COPIES from host/src/gpu/layout.rs
// import SEEDS, NETWORKS, CHUNKS, HAS_TARGET, ADAMW_WIDTH from host/src/gpu/plan.rs
// import BETA1, REST1, BETA2, REST2, ADAM_EPSILON, DECAY, RATE from host/src/gpu/plan.rs
// import now from update.wgsl
// import slice from slice.wgsl
// import exact_scalar from exact.wgsl

@group(0) @binding(2) var<storage, read_write> state: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
@group(0) @binding(4) var<storage, read> partials: array<f32>;
// The index of each parameter in the copies FORWARD (or TARGET) and BACKWARD of dense.wgsl; NOWHERE for vectors.
@group(0) @binding(5) var<storage, read> places: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;

const NOWHERE: u32 = 0xffffffffu;

@compute @workgroup_size(ADAMW_WIDTH)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    let p = slice.item * ADAMW_WIDTH + thread.x;
    if p > LEN {
        return;
    }
    var g = 0.0;
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        g += partials[(thread.y * CHUNKS + chunk) * PARTIAL_LEN + p];
    }
    let network = slice.seed * NETWORKS + thread.y;
    if p == LEN {
        if network % NETWORKS == 0u {
            losses[now.update * SEEDS + network / NETWORKS] = g;
        }
        return;
    }
    let at = network * STATE_SETS * LEN + p;
    var theta = state[at];
    let m = exact_scalar(BETA1 * state[at + 2u * LEN]) + exact_scalar(REST1 * g);
    let v = exact_scalar(BETA2 * state[at + 3u * LEN]) + exact_scalar(REST2 * exact_scalar(g * g));
    let root = exact_scalar(sqrt(exact_scalar(v * now.correction2)));
    let direction = exact_scalar(exact_scalar(m * now.correction1) / exact_scalar(root + ADAM_EPSILON));
    theta -= exact_scalar(now.eta * exact_scalar(direction + exact_scalar(DECAY * theta)));
    var target_ = theta;
    if HAS_TARGET {
        let old = state[at + LEN];
        target_ = old + exact_scalar(RATE * exact_scalar(theta - old));
    }
    state[at] = theta;
    state[at + LEN] = target_;
    state[at + 2u * LEN] = m;
    state[at + 3u * LEN] = v;
    let place = places[p];
    if place.x != NOWHERE {
        let copies = network * WEIGHT_COPIES * COPY_LEN;
        weights[copies + place.x] = theta;
        weights[copies + COPY_LEN + place.y] = theta;
        weights[copies + 2u * COPY_LEN + place.x] = target_;
    }
}
