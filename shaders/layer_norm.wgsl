// core/src/layer_norm.rs: layer normalisation with the activation that follows it. A thread keeps its unit's tape.
//
// Mean and variance come from one round of sums, of each unit's distance from the first and of its square:
//
//   d = z - z_0          mean = z_0 + mean(d)          variance = mean(d^2) - mean(d)^2
//
// z_0 is one of the numbers, so as a rule it is about as far from their mean as the others are, and little cancels.
//
// import EPSILON from core/src/layer_norm.rs
// import NORMS, SHIFT, SCALE_SUM, SHIFT_SUM from host/src/gpu/layout.rs
// import PER_UNIT from host/src/gpu/plan.rs
// import Columns, constant, times, values, chain from columns/
// import exact from exact.wgsl
// import activate from activation.wgsl
// import parameter from parameters.wgsl
// import thread, unit from unit.wgsl
// import add_up from sum.wgsl
// import keep_sum from keep/

// The unit's scale and shift. They are read before the product that the norm is applied to, so that nobody waits for them.
struct Affine {
    scale: f32,
    shift: f32,
}

fn affine(norm: u32) -> Affine {
    return Affine(parameter(norm + unit), parameter(norm + SHIFT + unit));
}

// What the backward pass needs of each norm: n and the activation's slope, by unit; 1 / sqrt(variance + epsilon).
struct LayerTape {
    normalized: Columns,
    slope: Columns,
}

var<private> tape: array<LayerTape, NORMS>;
var<workgroup> inverse_deviations: array<Columns, NORMS>;
var<workgroup> pivot: Columns;

// y from z.
fn layer_norm(norm: Affine, activation: u32, slot: u32, z: Columns) -> Columns {
    if thread == 0u {
        pivot = z;
    }
    workgroupBarrier();
    let d = exact(z - pivot);
    let sums = add_up(d, exact(times(d, d)));
    let mean = exact(sums.a * PER_UNIT);
    let variance = exact(exact(sums.b * PER_UNIT) - exact(times(mean, mean)));
    let inverse = inverse_root(select(variance, Columns(0.0), values(variance) < Columns(0.0)));
    let n = exact(times(exact(d - mean), inverse));
    let y = activate(activation, exact(norm.scale * n) + constant(norm.shift));
    if thread == 0u {
        inverse_deviations[slot] = inverse;
    }
    tape[slot] = LayerTape(n, y.slope);
    return y.value;
}

// 1 / sqrt(x + EPSILON)
fn inverse_root(x: Columns) -> Columns {
    let inverse = 1.0 / exact(sqrt(values(x) + EPSILON));
    return chain(inverse, -0.5 * inverse * inverse * inverse, x);
}

// dz from dy; `scale` is read early, as above. The adjoints of scale and shift are kept in the layer's slots, the first of
// which is `slots`.
fn layer_norm_vjp(scale: f32, slot: u32, slots: u32, dy: Columns) -> Columns {
    let n = tape[slot].normalized;
    let g = exact(times(tape[slot].slope, dy));
    keep_sum(slots + SCALE_SUM, exact(times(g, n)));
    keep_sum(slots + SHIFT_SUM, g);
    let dn = exact(scale * g);
    let sums = add_up(dn, exact(times(dn, n)));
    let mean = exact(sums.a * PER_UNIT);
    let mean_n = exact(sums.b * PER_UNIT);
    return times(inverse_deviations[slot], exact(exact(dn - mean) - exact(times(n, mean_n))));
}
