// core/src/quantile_huber.rs, for both players at once.
//
// import KAPPA from core/src/quantile_huber.rs
// import M from host/src/gpu/layout.rs
// import exact_pair from exact.wgsl

struct Parts {
    weight: vec2<f32>,
    d: vec2<f32>,
    c: vec2<f32>,
}

fn midpoint(i: u32) -> f32 {
    return (f32(i) + 0.5) / f32(M);
}

// (|tau - 1[d < 0]|, d, clamp(d, -kappa, kappa)) of d = y - q.
fn parts(tau: f32, q: vec2<f32>, y: vec2<f32>) -> Parts {
    let d = exact_pair(y - q);
    let weight = select(vec2(tau), vec2(1.0 - tau), d < vec2(0.0));
    let c = select(d, vec2(-KAPPA), d < vec2(-KAPPA));
    return Parts(weight, d, select(c, vec2(KAPPA), vec2(KAPPA) < c));
}
