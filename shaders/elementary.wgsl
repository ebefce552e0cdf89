// core/src/elementary.rs: exp, tanh and sigmoid for all columns at once. WGSL's own functions are off by up to millions of
// ulp near zero, and some drivers return NaN from tanh beyond 88.
//
// import LOG2_E, LN_2_HIGH, LN_2_LOW, ROUNDER, EXPM1_POLYNOMIAL, EXP_HIGHEST, EXP_LOWEST from core/src/elementary.rs
// import TANH_POLYNOMIAL, TANH_NEAR, TANH_HIGHEST from core/src/elementary.rs
// import Columns, Bits, Integers, columns, at_point, values, chain from columns/
// import exact, fixed from exact.wgsl

const Q = EXPM1_POLYNOMIAL;
const P = TANH_POLYNOMIAL;

struct Reduced {
    n: Integers,
    p: Columns,
}

// x = n ln 2 + r; p = exp(r) - 1.
fn reduce(x: Columns) -> Reduced {
    let shifted = fixed(exact(x * LOG2_E) + ROUNDER);
    let n = exact(shifted - ROUNDER);
    let r = exact(exact(x - exact(n * LN_2_HIGH)) - exact(n * LN_2_LOW));
    let q = Q[0] + r * (Q[1] + r * (Q[2] + r * (Q[3] + r * (Q[4] + r * Q[5]))));
    let integer = bitcast<Integers>(shifted) - bitcast<Integers>(Columns(ROUNDER));
    return Reduced(integer, exact(r + exact(r * r) * exact(q)));
}

// 2^n for -126 <= n <= 127.
fn power_of_two(n: Integers) -> Columns {
    return bitcast<Columns>(bitcast<Bits>(n + 127) << Bits(23u));
}

fn exponential(value: Columns) -> Columns {
    var x = select(value, Columns(EXP_HIGHEST), value > Columns(EXP_HIGHEST));
    x = select(x, Columns(EXP_LOWEST), x < Columns(EXP_LOWEST));
    let reduced = reduce(x);
    let half = reduced.n >> Bits(1u);
    return exact(exact(1.0 + reduced.p) * power_of_two(half)) * power_of_two(reduced.n - half);
}

fn hyperbolic_tangent(x: Columns) -> Columns {
    let t = tanh_of_values(values(x));
    return chain(t, exact(1.0 - exact(t * t)), x);
}

fn tanh_of_values(x: Columns) -> Columns {
    let magnitude = abs(x);
    let a = select(magnitude, Columns(TANH_HIGHEST), magnitude > Columns(TANH_HIGHEST));
    let z = exact(a * a);
    let p = P[0] + z * (P[1] + z * (P[2] + z * (P[3] + z * P[4])));
    let near = a + exact(exact(a * z) * exact(p));
    let reduced = reduce(2.0 * a);
    let far = 1.0 - exact(2.0 / exact(exact(exact(1.0 + reduced.p) * power_of_two(reduced.n)) + 1.0));
    let sign = bitcast<Bits>(x) & Bits(0x80000000u);
    return bitcast<Columns>(bitcast<Bits>(select(far, near, a < Columns(TANH_NEAR))) | sign);
}

fn sigmoid(x: Columns) -> Columns {
    let s = sigmoid_of_values(values(x));
    return chain(s, exact(s * exact(1.0 - s)), x);
}

fn sigmoid_of_values(x: Columns) -> Columns {
    let e = exponential(-abs(x));
    return select(Columns(1.0), e, x < Columns(0.0)) / exact(1.0 + e);
}

// For the two players alone.
fn hyperbolic_tangent_pair(x: vec2<f32>) -> vec2<f32> {
    return at_point(hyperbolic_tangent(columns(x, x)), 0u);
}

fn sigmoid_pair(x: vec2<f32>) -> vec2<f32> {
    return at_point(sigmoid(columns(x, x)), 0u);
}
