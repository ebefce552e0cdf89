// core/src/activation.rs: a function of one number, and its slope.
//
// import GELU_LINEAR, GELU_CUBIC, GELU_CUBIC_SLOPE from core/src/activation.rs
// import GELU from host/src/gpu/plan.rs
// import Columns from columns/
// import exact from exact.wgsl
// import hyperbolic_tangent, sigmoid from elementary.wgsl

struct Activated {
    value: Columns,
    slope: Columns,
}

fn gelu(z: Columns) -> Activated {
    let square = exact(z * z);
    let s = sigmoid(exact(z * exact(GELU_LINEAR + exact(GELU_CUBIC * square))));
    let inner = exact(GELU_LINEAR + exact(GELU_CUBIC_SLOPE * square));
    return Activated(z * s, s + exact(exact(z * inner) * s) * exact(1.0 - s));
}

fn activate(activation: u32, z: Columns) -> Activated {
    if activation == GELU {
        return gelu(z);
    }
    let t = hyperbolic_tangent(z);
    return Activated(t, exact(1.0 - exact(t * t)));
}
