// core/src/game/iterated_matrix.rs.
//
//   f_i = (1 - delta) d . r_i          d = (I - delta P)^-T p0          v = (I - delta P)^-1 r
//
// import N from host/src/gpu/layout.rs
// import DELTA, PAYOFFS from host/src/gpu/plan.rs
// import exact_pair, exact_scalar from exact.wgsl
// import sigmoid_pair from elementary.wgsl

// 1 - delta, of the rounded delta.
const REST: f32 = 1.0 - DELTA;

// The probabilities of cooperating, at the start and after DD, DC, CD, CC with player 0's action first.
fn cooperation(x: array<vec2<f32>, N>) -> array<vec2<f32>, 5> {
    return array<vec2<f32>, 5>(
        sigmoid_pair(x[0]),
        sigmoid_pair(x[1]),
        sigmoid_pair(vec2(x[2].x, x[3].y)),
        sigmoid_pair(vec2(x[3].x, x[2].y)),
        sigmoid_pair(x[4]),
    );
}

// The distribution over joint states that a row of probabilities implies.
fn joint(p: vec2<f32>) -> vec4<f32> {
    let other = exact_pair(1.0 - p);
    return vec4(other.x * other.y, other.x * p.y, p.x * other.y, p.x * p.y);
}

// I - delta P, by rows.
fn transition_matrix(p: array<vec2<f32>, 5>) -> array<vec4<f32>, 4> {
    return array<vec4<f32>, 4>(
        exact_row(vec4(1.0, 0.0, 0.0, 0.0) - exact_row(DELTA * exact_row(joint(p[1])))),
        exact_row(vec4(0.0, 1.0, 0.0, 0.0) - exact_row(DELTA * exact_row(joint(p[2])))),
        exact_row(vec4(0.0, 0.0, 1.0, 0.0) - exact_row(DELTA * exact_row(joint(p[3])))),
        exact_row(vec4(0.0, 0.0, 0.0, 1.0) - exact_row(DELTA * exact_row(joint(p[4])))),
    );
}

fn exact_row(x: vec4<f32>) -> vec4<f32> {
    return vec4(exact_pair(x.xy), exact_pair(x.zw));
}

// a^-1 b for two right-hand sides, by elimination without pivoting: a is diagonally dominant.
fn solve(matrix: array<vec4<f32>, 4>, rhs: array<vec2<f32>, 4>) -> array<vec2<f32>, 4> {
    var a = matrix;
    var b = rhs;
    for (var pivot = 0u; pivot < 4u; pivot++) {
        let inverse = exact_scalar(1.0 / a[pivot][pivot]);
        for (var row = pivot + 1u; row < 4u; row++) {
            let factor = exact_scalar(a[row][pivot] * inverse);
            a[row] -= exact_row(factor * a[pivot]);
            b[row] -= exact_pair(factor * b[pivot]);
        }
    }
    for (var up = 4u; up > 0u; up--) {
        let row = up - 1u;
        for (var column = up; column < 4u; column++) {
            b[row] -= exact_pair(a[row][column] * b[column]);
        }
        b[row] = exact_pair(b[row] / a[row][row]);
    }
    return b;
}

// (1 - delta) d: how often each joint state is visited, discounted.
fn occupancy(p: array<vec2<f32>, 5>) -> array<f32, 4> {
    let a = transition_matrix(p);
    let start = joint(p[0]);
    let transposed = array<vec4<f32>, 4>(
        vec4(a[0].x, a[1].x, a[2].x, a[3].x),
        vec4(a[0].y, a[1].y, a[2].y, a[3].y),
        vec4(a[0].z, a[1].z, a[2].z, a[3].z),
        vec4(a[0].w, a[1].w, a[2].w, a[3].w),
    );
    let d = solve(transposed, array<vec2<f32>, 4>(vec2(start.x), vec2(start.y), vec2(start.z), vec2(start.w)));
    return array<f32, 4>(
        exact_scalar(REST * d[0].x),
        exact_scalar(REST * d[1].x),
        exact_scalar(REST * d[2].x),
        exact_scalar(REST * d[3].x),
    );
}

fn game_value(x: array<vec2<f32>, N>) -> vec2<f32> {
    let d = occupancy(cooperation(x));
    var value = exact_pair(d[0] * PAYOFFS[0]);
    value = exact_pair(value + exact_pair(d[1] * PAYOFFS[1]));
    value = exact_pair(value + exact_pair(d[2] * PAYOFFS[2]));
    return exact_pair(value + exact_pair(d[3] * PAYOFFS[3]));
}

fn game_own_gradients(x: array<vec2<f32>, N>) -> array<vec2<f32>, N> {
    var p = cooperation(x);
    var d = occupancy(p);
    let v = solve(transition_matrix(p), PAYOFFS);
    // What switching from D to C gains while the opponent plays D, and while it plays C.
    let against_d = exact_pair(vec2(v[2].x - v[0].x, v[1].y - v[0].y));
    let against_c = exact_pair(vec2(v[3].x - v[1].x, v[3].y - v[2].y));
    var by_state: array<vec2<f32>, 5>;
    for (var k = 0u; k < 5u; k++) {
        var weight = REST;
        if k > 0u {
            weight = exact_scalar(DELTA * d[k - 1u]);
        }
        let other = p[k].yx;
        let slope = exact_pair(exact_pair(exact_pair(1.0 - other) * against_d) + exact_pair(other * against_c));
        by_state[k] = exact_pair(exact_pair(exact_pair(weight * slope) * p[k]) * exact_pair(1.0 - p[k]));
    }
    return array<vec2<f32>, N>(
        by_state[0],
        by_state[1],
        vec2(by_state[2].x, by_state[3].y),
        vec2(by_state[3].x, by_state[2].y),
        by_state[4],
    );
}
