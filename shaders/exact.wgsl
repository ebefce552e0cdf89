// Prevents a driver from reassociating operations on either side: `zero` is 0, but only at run time.
//
// import Columns, Bits from columns/
// import now from update.wgsl

fn exact(x: Columns) -> Columns {
    return bitcast<Columns>(bitcast<Bits>(x) ^ Bits(now.zero));
}

fn exact_pair(x: vec2<f32>) -> vec2<f32> {
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(x) ^ vec2(now.zero));
}

fn exact_scalar(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ now.zero);
}
