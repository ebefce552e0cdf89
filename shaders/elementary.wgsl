// core/src/elementary.rs: exp, tanh and sigmoid for both players at once. WGSL's own functions are off by up to
// millions of ulp near zero, and some drivers return NaN from tanh beyond 88.
//
// import LOG2_E, LN_2_HIGH, LN_2_LOW, ROUNDER, EXPM1_POLYNOMIAL, EXP_HIGHEST, EXP_LOWEST from core/src/elementary.rs
// import TANH_POLYNOMIAL, TANH_NEAR, TANH_HIGHEST from core/src/elementary.rs
// import now from update.wgsl

const Q = EXPM1_POLYNOMIAL;
const P = TANH_POLYNOMIAL;

// Prevents a driver from reassociating operations on either side: `zero` is 0, but only at run time.
fn exact(x: vec2<f32>) -> vec2<f32> {
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(x) ^ vec2(now.zero));
}

fn exact_scalar(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ now.zero);
}

struct Reduced {
    n: vec2<i32>,
    p: vec2<f32>,
}

// x = n ln 2 + r; p = exp(r) - 1.
fn reduce(x: vec2<f32>) -> Reduced {
    let shifted = exact(exact(x * LOG2_E) + ROUNDER);
    let n = exact(shifted - ROUNDER);
    let r = exact(exact(x - exact(n * LN_2_HIGH)) - exact(n * LN_2_LOW));
    let q = Q[0] + r * (Q[1] + r * (Q[2] + r * (Q[3] + r * (Q[4] + r * Q[5]))));
    let integer = bitcast<vec2<i32>>(shifted) - bitcast<vec2<i32>>(vec2(ROUNDER));
    return Reduced(integer, exact(r + exact(r * r) * exact(q)));
}

// 2^n for -126 <= n <= 127.
fn power_of_two(n: vec2<i32>) -> vec2<f32> {
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(n + 127) << vec2(23u));
}

fn exponential(value: vec2<f32>) -> vec2<f32> {
    var x = select(value, vec2(EXP_HIGHEST), value > vec2(EXP_HIGHEST));
    x = select(x, vec2(EXP_LOWEST), x < vec2(EXP_LOWEST));
    let reduced = reduce(x);
    let half = reduced.n >> vec2(1u);
    return exact(exact(1.0 + reduced.p) * power_of_two(half)) * power_of_two(reduced.n - half);
}

fn hyperbolic_tangent(x: vec2<f32>) -> vec2<f32> {
    let magnitude = abs(x);
    let a = select(magnitude, vec2(TANH_HIGHEST), magnitude > vec2(TANH_HIGHEST));
    let z = exact(a * a);
    let p = P[0] + z * (P[1] + z * (P[2] + z * (P[3] + z * P[4])));
    let near = a + exact(exact(a * z) * exact(p));
    let reduced = reduce(2.0 * a);
    let far = 1.0 - exact(2.0 / exact(exact(exact(1.0 + reduced.p) * power_of_two(reduced.n)) + 1.0));
    let sign = bitcast<vec2<u32>>(x) & vec2(0x80000000u);
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(select(far, near, a < vec2(TANH_NEAR))) | sign);
}

fn sigmoid(x: vec2<f32>) -> vec2<f32> {
    let e = exponential(-abs(x));
    return select(vec2(1.0), e, x < vec2(0.0)) / exact(1.0 + e);
}
