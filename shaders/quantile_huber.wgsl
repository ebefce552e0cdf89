// core/src/quantile_huber.rs, for both players at once.

struct Parts {
    weight: vec2<f32>,
    d: vec2<f32>,
    c: vec2<f32>,
}

fn midpoint(i: u32) -> f32 {
    return (f32(i) + 0.5) / f32(M);
}

// (|tau - 1[d < 0]|, d, clamp(d, -1, 1)) of d = y - q.
fn parts(tau: f32, q: vec2<f32>, y: vec2<f32>) -> Parts {
    let d = exact(y - q);
    let weight = select(vec2(tau), vec2(1.0 - tau), d < vec2(0.0));
    let c = select(d, vec2(-1.0), d < vec2(-1.0));
    return Parts(weight, d, select(c, vec2(1.0), vec2(1.0) < c));
}
