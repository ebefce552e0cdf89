// core/src/activation.rs: a function of one number with its slope.

const GELU: u32 = 0u;
const TANH: u32 = 1u;

const SLOPE_AT_ZERO: f32 = 1.5957691216057307;
const CUBIC: f32 = 1.5957691216057307 * 0.044715;
const CUBIC_SLOPE: f32 = 1.5957691216057307 * 0.044715 * 3.0;

struct Activated {
    value: vec2<f32>,
    slope: vec2<f32>,
}

fn gelu(z: vec2<f32>) -> Activated {
    let square = exact(z * z);
    let s = sigmoid(exact(z * exact(SLOPE_AT_ZERO + exact(CUBIC * square))));
    let inner = exact(SLOPE_AT_ZERO + exact(CUBIC_SLOPE * square));
    return Activated(z * s, s + exact(exact(z * inner) * s) * exact(1.0 - s));
}

fn activate(activation: u32, z: vec2<f32>) -> Activated {
    if activation == GELU {
        return gelu(z);
    }
    let t = hyperbolic_tangent(z);
    return Activated(t, exact(1.0 - exact(t * t)));
}
