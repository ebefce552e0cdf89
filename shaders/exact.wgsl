// Prevents a driver from contracting or reassociating operations on either side: `nothing` is 0, but only at run time.
//
// import CONTRACTS from host/src/gpu/plan.rs
// import Columns, Bits from columns/
// import now from update.wgsl

// Where bits matter; elsewhere a product and a sum may become one operation.
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

// Where the result matters.
fn fixed(x: Columns) -> Columns {
    return bitcast<Columns>(bitcast<Bits>(x) ^ Bits(now.nothing));
}
