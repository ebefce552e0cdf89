// core/src/activation.rs: a function of one number, and its slope.
//
// import GELU_LINEAR, GELU_CUBIC, GELU_CUBIC_SLOPE from core/src/activation.rs
// import GELU from host/src/gpu/plan.rs
// import Columns, constant, times from columns/
// import exact from exact.wgsl
// import hyperbolic_tangent, sigmoid from elementary.wgsl

struct Activated {
    value: Columns,
    slope: Columns,
}

fn gelu(z: Columns) -> Activated {
    let square = exact(times(z, z));
    let linear = constant(GELU_LINEAR);
    let s = sigmoid(exact(times(z, exact(linear + exact(GELU_CUBIC * square)))));
    let inner = exact(linear + exact(GELU_CUBIC_SLOPE * square));
    return Activated(times(z, s), s + times(exact(times(exact(times(z, inner)), s)), exact(constant(1.0) - s)));
}

fn activate(activation: u32, z: Columns) -> Activated {
    if activation == GELU {
        return gelu(z);
    }
    let t = hyperbolic_tangent(z);
    return Activated(t, exact(constant(1.0) - exact(times(t, t))));
}
