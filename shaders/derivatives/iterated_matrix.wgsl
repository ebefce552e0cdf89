// core/src/game/iterated_matrix.rs, `gradient`. In a player's view, joint actions are ordered DD, DC, CD, CC with its own first.
//
// import N from host/src/gpu/layout.rs
// import DELTA, PAYOFFS from host/src/gpu/plan.rs
// import now from update.wgsl
// import Columns, columns, constant, times, values, chain from columns/
// import exact from exact.wgsl
// import sigmoid from elementary.wgsl
// import Derivatives from derivatives.wgsl

// 1 - delta, of the rounded delta.
const REST: f32 = 1.0 - DELTA;

fn derivatives(own: array<Columns, N>, other: array<Columns, N>) -> Derivatives {
    var policies = own;
    var opposed = other;
    // Probabilities of cooperating at the start and after each joint action, in the player's view.
    var p: array<Columns, 5>;
    var q: array<Columns, 5>;
    for (var k = 0u; k < 5u; k++) {
        p[k] = sigmoid(policies[k]);
        q[k] = sigmoid(opposed[in_other_view(k)]);
    }
    var forward: array<array<Columns, 4>, 4>;
    var backward: array<array<Columns, 4>, 4>;
    var payoffs: array<Columns, 4>;
    for (var from_ = 0u; from_ < 4u; from_++) {
        var next = joint(p[from_ + 1u], q[from_ + 1u]);
        for (var to = 0u; to < 4u; to++) {
            let entry = constant(f32(from_ == to)) - exact(DELTA * next[to]);
            forward[from_][to] = entry;
            backward[to][from_] = entry;
        }
        payoffs[from_] = columns(vec2(PAYOFFS[from_].x, PAYOFFS[2u * (from_ % 2u) + from_ / 2u].y), vec2(0.0));
    }
    // What is yet to come after each joint action, and how often it is visited.
    var v = payoffs;
    var visits = joint(p[0], q[0]);
    for (var solved = 0u; solved < 2u + now.zero; solved++) {
        if solved == 0u {
            v = solve(forward, payoffs);
        } else {
            visits = solve(backward, visits);
        }
    }
    // What switching from D to C gains while the other player plays D, and while it plays C.
    let own_gains = array<Columns, 2>(v[2] - v[0], v[3] - v[1]);
    let other_gains = array<Columns, 2>(v[1] - v[0], v[3] - v[2]);
    var derived: Derivatives;
    for (var k = 0u; k < 5u; k++) {
        var weight = constant(REST);
        if k > 0u {
            weight = exact(DELTA * exact(REST * visits[k - 1u]));
        }
        let not_p = constant(1.0) - p[k];
        let not_q = constant(1.0) - q[k];
        let slope = exact(times(not_q, own_gains[0])) + exact(times(q[k], own_gains[1]));
        let other_slope = exact(times(not_p, other_gains[0])) + exact(times(p[k], other_gains[1]));
        derived.own[k] = times(exact(times(weight, slope)), exact(times(p[k], not_p)));
        derived.other[in_other_view(k)] = times(exact(times(weight, other_slope)), exact(times(q[k], not_q)));
    }
    return derived;
}

// The index at which the other player reads what is at k in a player's view; and back.
fn in_other_view(k: u32) -> u32 {
    return select(k, 5u - k, k == 2u || k == 3u);
}

fn joint(p: Columns, q: Columns) -> array<Columns, 4> {
    let not_p = constant(1.0) - p;
    let not_q = constant(1.0) - q;
    return array<Columns, 4>(times(not_p, not_q), times(not_p, q), times(p, not_q), times(p, q));
}

// a^-1 b by elimination without pivoting: a is diagonally dominant.
fn solve(matrix: array<array<Columns, 4>, 4>, rhs: array<Columns, 4>) -> array<Columns, 4> {
    var a = matrix;
    var b = rhs;
    for (var pivot = 0u; pivot < 4u; pivot++) {
        let inverse = reciprocal(a[pivot][pivot]);
        for (var row = pivot + 1u; row < 4u; row++) {
            let factor = exact(times(a[row][pivot], inverse));
            for (var column = pivot; column < 4u; column++) {
                a[row][column] -= exact(times(factor, a[pivot][column]));
            }
            b[row] -= exact(times(factor, b[pivot]));
        }
    }
    for (var up = 4u; up > 0u; up--) {
        let row = up - 1u;
        for (var column = up; column < 4u; column++) {
            b[row] -= exact(times(a[row][column], b[column]));
        }
        b[row] = exact(times(b[row], reciprocal(a[row][row])));
    }
    return b;
}

fn reciprocal(x: Columns) -> Columns {
    let inverse = 1.0 / values(x);
    return chain(inverse, -inverse * inverse, x);
}
