// core/src/layer_norm.rs: layer normalisation with the activation that follows it. A thread keeps its unit's tape.
//
// import EPSILON from core/src/layer_norm.rs
// import H, NORMS, SHIFT, SCALE_SUM, SHIFT_SUM from host/src/gpu/layout.rs
// import PER_UNIT from host/src/gpu/plan.rs
// import exact from elementary.wgsl
// import activate from activation.wgsl
// import parameter from parameters.wgsl
// import unit, line, shared_at, share from dense.wgsl
// import keep_sum from keep/

// What the backward pass needs of each norm: n, 1 / sqrt(variance + epsilon), the activation's slope.
struct LayerTape {
    normalized: vec2<f32>,
    inverse_deviation: vec2<f32>,
    slope: vec2<f32>,
}

var<private> tape: array<LayerTape, NORMS>;
var<workgroup> pairs: array<vec4<f32>, 2 * H>;
var<private> pairs_at: u32;

fn total(value: vec2<f32>) -> vec2<f32> {
    share(value);
    var sum = vec2(0.0);
    for (var u = 0u; u < H; u++) {
        sum += line[shared_at + u];
    }
    return sum;
}

// y from z; `norm` is the position of the scales.
fn layer_norm(norm: u32, activation: u32, slot: u32, z: vec2<f32>) -> vec2<f32> {
    let mean = exact(total(z) * PER_UNIT);
    let centred = exact(z - mean);
    let variance = exact(total(exact(centred * centred)) * PER_UNIT);
    let inverse = 1.0 / exact(sqrt(variance + EPSILON));
    let n = exact(centred * inverse);
    let y = activate(activation, exact(parameter(norm + unit) * n) + parameter(norm + SHIFT + unit));
    tape[slot] = LayerTape(n, inverse, y.slope);
    return y.value;
}

// dz from dy. The adjoints of scale and shift are kept in the layer's slots, the first of which is `slots`.
fn layer_norm_vjp(norm: u32, slot: u32, slots: u32, dy: vec2<f32>) -> vec2<f32> {
    let n = tape[slot].normalized;
    let g = exact(tape[slot].slope * dy);
    keep_sum(slots + SCALE_SUM, exact(g * n));
    keep_sum(slots + SHIFT_SUM, g);
    let dn = exact(parameter(norm + unit) * g);
    pairs_at = H - pairs_at;
    pairs[pairs_at + unit] = vec4(dn, exact(dn * n));
    workgroupBarrier();
    var totals = vec4(0.0);
    for (var u = 0u; u < H; u++) {
        totals += pairs[pairs_at + u];
    }
    let mean = exact(totals.xy * PER_UNIT);
    let mean_n = exact(totals.zw * PER_UNIT);
    return tape[slot].inverse_deviation * exact(exact(dn - mean) - exact(n * mean_n));
}
