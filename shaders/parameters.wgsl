// core/src/parameters.rs: the numbers of the network in use.
//
// import LEN, COPY_LEN, STATE_SETS, WEIGHT_COPIES from host/src/gpu/layout.rs

// The sets theta, theta_bar, m and v of each network, seed by seed.
@group(0) @binding(2) var<storage, read> state: array<f32>;
// Copies of the matrices; see dense.wgsl.
@group(0) @binding(3) var<storage, read> weights: array<vec4<f32>>;

// Sets that a network can be evaluated with.
const THETA: u32 = 0u;
const TARGET: u32 = 1u;

var<private> parameters: u32;
var<private> forward_weights: u32;
var<private> backward_weights: u32;

// `network` is counted across all seeds, `version` is THETA or TARGET.
fn find_network(network: u32, version: u32) {
    parameters = (network * STATE_SETS + version) * LEN;
    forward_weights = (network * WEIGHT_COPIES + version * 2u) * COPY_LEN;
    backward_weights = (network * WEIGHT_COPIES + 1u) * COPY_LEN;
}

fn parameter(index: u32) -> f32 {
    return state[parameters + index];
}
