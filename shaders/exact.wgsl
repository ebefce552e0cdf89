// Prevents a driver from reassociating or contracting operations on either side: `nothing` is 0, but only at run time.
//
// import CONTRACTS from host/src/gpu/plan.rs
// import Columns, Bits from columns/
// import now from update.wgsl

// Unless the plan lets the driver compute a product and a sum as one operation.
fn exact(x: Columns) -> Columns {
    if CONTRACTS {
        return x;
    }
    return fixed(x);
}

fn exact_pair(x: vec2<f32>) -> vec2<f32> {
    if CONTRACTS {
        return x;
    }
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(x) ^ vec2(now.nothing));
}

fn exact_scalar(x: f32) -> f32 {
    if CONTRACTS {
        return x;
    }
    return bitcast<f32>(bitcast<u32>(x) ^ now.nothing);
}

// Whatever the plan says: where more than a rounding depends on it.
fn fixed(x: Columns) -> Columns {
    return bitcast<Columns>(bitcast<Bits>(x) ^ Bits(now.nothing));
}
