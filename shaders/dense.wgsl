// core/src/dense.rs for both players at once: x and y are vec2, with one component for each player. The workgroup holds
// one number per unit, in the half of `line` that starts at `shared_at`; each thread owns one unit of the result and
// sums over that half in order. The halves alternate, so that one barrier is enough: a thread that writes one half
// knows that all threads have read it.
//
// `weights` has three copies of each matrix W [O][I], at `weight + 4 * ..` in elements, so that neighbouring threads read
// neighbouring vec4s:
//
//   FORWARD    [I / 4][O] vec4 of W[o][4 q ..]          y_o = sum_i W[o][i] x_i
//   BACKWARD   [O / 4][I] vec4 of W[4 q ..][i]          x_i = sum_o W[o][i] y_o
//   TARGET     as FORWARD, of the target network
//
// import H from host/src/gpu/layout.rs
// import weights, forward_weights, backward_weights from parameters.wgsl

// The unit that this thread owns.
var<private> unit: u32;

var<workgroup> line: array<vec2<f32>, 2 * H>;
var<private> shared_at: u32;

// Shares one value per thread with all threads.
fn share(value: vec2<f32>) {
    shared_at = H - shared_at;
    line[shared_at + unit] = value;
    workgroupBarrier();
}

// y + W x for the matrix at `weight` with `outputs` rows; x is shared.
fn dense(weight: u32, outputs: u32, start: vec2<f32>) -> vec2<f32> {
    var y = start;
    let column = (forward_weights + weight) / 4u + unit;
    for (var q = 0u; q < H / 4u; q++) {
        let w = weights[column + q * outputs];
        y += w.x * line[shared_at + 4u * q];
        y += w.y * line[shared_at + 4u * q + 1u];
        y += w.z * line[shared_at + 4u * q + 2u];
        y += w.w * line[shared_at + 4u * q + 3u];
    }
    return y;
}

// The same with the players exchanged in x.
fn dense_opponent(weight: u32, start: vec2<f32>) -> vec2<f32> {
    var y = start;
    let column = (forward_weights + weight) / 4u + unit;
    for (var q = 0u; q < H / 4u; q++) {
        let w = weights[column + q * H];
        y += w.x * line[shared_at + 4u * q].yx;
        y += w.y * line[shared_at + 4u * q + 1u].yx;
        y += w.z * line[shared_at + 4u * q + 2u].yx;
        y += w.w * line[shared_at + 4u * q + 3u].yx;
    }
    return y;
}

// dx + W^T dy for the matrix at `weight` with `outputs` rows; dy is shared.
fn dense_vjp_input(weight: u32, outputs: u32, start: vec2<f32>) -> vec2<f32> {
    var dx = start;
    let row = (backward_weights + weight) / 4u + unit;
    for (var q = 0u; q < outputs / 4u; q++) {
        let w = weights[row + q * H];
        dx += w.x * line[shared_at + 4u * q];
        dx += w.y * line[shared_at + 4u * q + 1u];
        dx += w.z * line[shared_at + 4u * q + 2u];
        dx += w.w * line[shared_at + 4u * q + 3u];
    }
    return dx;
}
