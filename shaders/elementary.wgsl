// exp, tanh and sigmoid of core/src/elementary.rs, for both players at once. The built-in ones are off by up to millions
// of ulp near zero, and some drivers return NaN from tanh beyond 88.

const LOG2_E: f32 = 1.44269504088896340736;
const LN_2_HIGH: f32 = 0.693359375;
const LN_2_LOW: f32 = -2.1219444e-4;
const ROUNDER: f32 = 12582912.0;

// Keeps a driver from re-associating what lies on either side: `zero` is 0, but only at run time.
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
    let q = 0.5 + r * (0.16666667 + r * (0.04166635 + r * (0.008333272 + r * (0.0013941206 + r * 0.00019914449))));
    let integer = bitcast<vec2<i32>>(shifted) - bitcast<vec2<i32>>(vec2(ROUNDER));
    return Reduced(integer, exact(r + exact(r * r) * exact(q)));
}

// 2^n for -126 <= n <= 127.
fn power_of_two(n: vec2<i32>) -> vec2<f32> {
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(n + 127) << vec2(23u));
}

fn exponential(value: vec2<f32>) -> vec2<f32> {
    var x = select(value, vec2(90.0), value > vec2(90.0));
    x = select(x, vec2(-105.0), x < vec2(-105.0));
    let reduced = reduce(x);
    let half = reduced.n >> vec2(1u);
    return exact(exact(1.0 + reduced.p) * power_of_two(half)) * power_of_two(reduced.n - half);
}

fn hyperbolic_tangent(x: vec2<f32>) -> vec2<f32> {
    let magnitude = abs(x);
    let a = select(magnitude, vec2(9.1), magnitude > vec2(9.1));
    let z = exact(a * a);
    let p = -0.33333278 + z * (0.13331331 + z * (-0.053730007 + z * (0.020606177 + z * -0.005666977)));
    let near = a + exact(exact(a * z) * exact(p));
    let reduced = reduce(2.0 * a);
    let far = 1.0 - exact(2.0 / exact(exact(exact(1.0 + reduced.p) * power_of_two(reduced.n)) + 1.0));
    let sign = bitcast<vec2<u32>>(x) & vec2(0x80000000u);
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(select(far, near, a < vec2(0.625))) | sign);
}

fn sigmoid(x: vec2<f32>) -> vec2<f32> {
    let e = exponential(-abs(x));
    return select(vec2(1.0), e, x < vec2(0.0)) / exact(1.0 + e);
}
