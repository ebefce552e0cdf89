// core/src/dense.rs for all columns at once. The workgroup holds one number per unit, in `line`, by thread. A thread
// computes the four outputs of its quad from the inputs of its quarter, k = quarter, quarter + 4, ..., in this order:
//
//   y_o = start_o + ((s_0 + s_1) + (s_2 + s_3))          s_p = sum of W[o][k] x_k over k = p mod 4
//
// `weights` has three copies of each matrix W [O][I], in which neighbouring threads read neighbouring vec4s:
//
//   FORWARD    [I][O / 4] vec4 of W[4 q ..][i]          y_o = sum_i W[o][i] x_i
//   BACKWARD   [O][I / 4] vec4 of W[o][4 q ..]          x_i = sum_o W[o][i] y_o
//   TARGET     as FORWARD, of the target network
//
// The way of the weights is long. So a matrix is fetched well before its product: what else is to be computed, and the
// barrier of `share`, come in between.
//
// Two barriers order everything: nothing is written to `line` between the barrier of `share` and that of `product`, and
// nothing to `partial_sums` after the latter until the next `share`.
//
// import H from host/src/gpu/layout.rs
// import Columns, opponents from columns/
// import thread, quad, quarter, QUADS from unit.wgsl
// import weights, forward_weights, backward_weights from parameters.wgsl

var<workgroup> line: array<Columns, H>;
// By quarter, output of the quad, and quad.
var<workgroup> partial_sums: array<Columns, 4 * H>;

// Shares one number per thread with all threads.
fn share(value: Columns) {
    line[thread] = value;
    workgroupBarrier();
}

// What a thread needs of a matrix: the weights of its quad, by input of its quarter. Each has a name, since an array may not
// stay in registers, which can cost four times the time.
struct Fetched {
    w0: vec4<f32>,
    w1: vec4<f32>,
    w2: vec4<f32>,
    w3: vec4<f32>,
    w4: vec4<f32>,
    w5: vec4<f32>,
    w6: vec4<f32>,
    w7: vec4<f32>,
    w8: vec4<f32>,
    w9: vec4<f32>,
    w10: vec4<f32>,
    w11: vec4<f32>,
    w12: vec4<f32>,
    w13: vec4<f32>,
    w14: vec4<f32>,
    w15: vec4<f32>,
}

// The matrix at `weight` with `outputs` rows, for `dense`.
fn fetch(weight: u32, outputs: u32) -> Fetched {
    return fetch_from(forward_weights + weight, H, outputs);
}

// The same for `dense_vjp_input`.
fn fetch_vjp(weight: u32, outputs: u32) -> Fetched {
    return fetch_from(backward_weights + weight, outputs, H);
}

fn fetch_from(matrix: u32, inputs: u32, outputs: u32) -> Fetched {
    var fetched: Fetched;
    let quads = outputs / 4u;
    if quad < quads {
        let first = matrix / 4u + quarter * quads + quad;
        // From one input of the quarter to the next.
        let stride = 4u * quads;
        fetched.w0 = weights[first];
        fetched.w1 = weights[first + stride];
        fetched.w2 = weights[first + 2u * stride];
        fetched.w3 = weights[first + 3u * stride];
        if inputs > 16u {
            fetched.w4 = weights[first + 4u * stride];
            fetched.w5 = weights[first + 5u * stride];
            fetched.w6 = weights[first + 6u * stride];
            fetched.w7 = weights[first + 7u * stride];
        }
        if inputs > 32u {
            fetched.w8 = weights[first + 8u * stride];
            fetched.w9 = weights[first + 9u * stride];
            fetched.w10 = weights[first + 10u * stride];
            fetched.w11 = weights[first + 11u * stride];
        }
        if inputs > 48u {
            fetched.w12 = weights[first + 12u * stride];
            fetched.w13 = weights[first + 13u * stride];
            fetched.w14 = weights[first + 14u * stride];
            fetched.w15 = weights[first + 15u * stride];
        }
    }
    return fetched;
}

// y + W x for a matrix with `outputs` rows; x is shared.
fn dense(matrix: Fetched, outputs: u32, y: Columns) -> Columns {
    return y + product(matrix, H, outputs, false);
}

// The same with the players exchanged in x.
fn dense_opponent(matrix: Fetched, y: Columns) -> Columns {
    return y + product(matrix, H, H, true);
}

// dx + W^T dy for a matrix with `outputs` rows; dy is shared.
fn dense_vjp_input(matrix: Fetched, outputs: u32, dx: Columns) -> Columns {
    return dx + product(matrix, outputs, H, false);
}

// The same with the players exchanged in dy.
fn dense_vjp_opponent(matrix: Fetched, dx: Columns) -> Columns {
    return dx + product(matrix, H, H, true);
}

// The product of a matrix with the shared numbers, for the unit of this thread.
fn product(matrix: Fetched, inputs: u32, outputs: u32, exchanged: bool) -> Columns {
    if quad < outputs / 4u {
        let x = quarter * QUADS;
        var s = QuadSums(Columns(0.0), Columns(0.0), Columns(0.0), Columns(0.0));
        s = add_scaled(s, matrix.w0, input(x, exchanged));
        s = add_scaled(s, matrix.w1, input(x + 1u, exchanged));
        s = add_scaled(s, matrix.w2, input(x + 2u, exchanged));
        s = add_scaled(s, matrix.w3, input(x + 3u, exchanged));
        if inputs > 16u {
            s = add_scaled(s, matrix.w4, input(x + 4u, exchanged));
            s = add_scaled(s, matrix.w5, input(x + 5u, exchanged));
            s = add_scaled(s, matrix.w6, input(x + 6u, exchanged));
            s = add_scaled(s, matrix.w7, input(x + 7u, exchanged));
        }
        if inputs > 32u {
            s = add_scaled(s, matrix.w8, input(x + 8u, exchanged));
            s = add_scaled(s, matrix.w9, input(x + 9u, exchanged));
            s = add_scaled(s, matrix.w10, input(x + 10u, exchanged));
            s = add_scaled(s, matrix.w11, input(x + 11u, exchanged));
        }
        if inputs > 48u {
            s = add_scaled(s, matrix.w12, input(x + 12u, exchanged));
            s = add_scaled(s, matrix.w13, input(x + 13u, exchanged));
            s = add_scaled(s, matrix.w14, input(x + 14u, exchanged));
            s = add_scaled(s, matrix.w15, input(x + 15u, exchanged));
        }
        let place = quarter * H + quad;
        partial_sums[place] = s.y0;
        partial_sums[place + QUADS] = s.y1;
        partial_sums[place + 2u * QUADS] = s.y2;
        partial_sums[place + 3u * QUADS] = s.y3;
    }
    workgroupBarrier();
    return (partial_sums[thread] + partial_sums[H + thread]) + (partial_sums[2u * H + thread] + partial_sums[3u * H + thread]);
}

// The sums of a quad's four outputs.
struct QuadSums {
    y0: Columns,
    y1: Columns,
    y2: Columns,
    y3: Columns,
}

fn add_scaled(s: QuadSums, w: vec4<f32>, x: Columns) -> QuadSums {
    return QuadSums(s.y0 + w.x * x, s.y1 + w.y * x, s.y2 + w.z * x, s.y3 + w.w * x);
}

fn input(place: u32, exchanged: bool) -> Columns {
    let x = line[place];
    if exchanged {
        return opponents(x);
    }
    return x;
}
