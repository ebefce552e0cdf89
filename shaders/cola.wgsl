// core/src/learner/cola.rs, `loss_and_gradient`: one workgroup per point, which evaluates the network in dual numbers, three
// times.
//
// At first tangents are 0, so those of adjoints are free for another backward pass: player 0 finds (d g_1 / d x_0)^T v_0 in the
// values, player 1 its own in the tangents. With both players' residuals r, the point then moves along r_0 in x_0, and along
// r_1 in x_1.
//
// import N, H, QUANTILES, QUANTILES_BIAS, QUANTILES_SUM, OUTPUT_SUMS, POLICY_INPUT_SUMS, SUMS from host/src/gpu/layout.rs
// import BATCH, SEEDS, CHUNK, CHUNKS, CORRECTION, SHARE from host/src/gpu/plan.rs
// import now from update.wgsl
// import slice from slice.wgsl
// import Columns, columns, opponents, constant, times from columns/
// import exact, exact_pair from exact.wgsl
// import THETA, parameter from parameters.wgsl
// import unit, find_unit from unit.wgsl
// import add_up from sum.wgsl
// import use_network, forward, network_vjp, embedded, embedded_slope, term from meta_value.wgsl
// import derivatives from derivatives/
// import keeps, record, sums, vector_sums, keep_sum from keep/duals.wgsl

// Per update, seed and point: x (N), and the length of the imagined step.
@group(0) @binding(4) var<storage, read> starts: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> trajectory_losses: array<f32>;

// The outputs of the network.
var<private> outputs: array<Columns, N>;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    find_unit(index);
    // Counted from the first whose records are in memory.
    let of_slice = slice.item + group.x;
    let chunk = slice.chunk + of_slice / CHUNK;
    let of_group = chunk / CHUNKS;
    let number = (chunk % CHUNKS) * CHUNK + of_slice % CHUNK;
    // The last chunk may have fewer points.
    if number >= BATCH {
        return;
    }
    let seed = slice.seed + of_group;
    let draw = ((now.update * SEEDS + seed) * BATCH + number) * (N + 1u);
    let alpha = columns(starts[draw + N], vec2(0.0));
    use_network(seed, THETA);
    for (var slot = 0u; slot < SUMS; slot++) {
        sums[slot] = 0.0;
    }
    var residual: array<vec2<f32>, N>;
    var loss = 0.0;
    // A bound that compilers do not know, so that the network is compiled once.
    for (var evaluation = 0u; evaluation < 3u + now.zero; evaluation++) {
        let moves = vec2(1u, 2u) == vec2(evaluation);
        keeps = evaluation > 0u;
        record = 4u * of_slice + 2u * (max(evaluation, 1u) - 1u);
        var x: array<Columns, N>;
        for (var n = 0u; n < N; n++) {
            x[n] = columns(starts[draw + n], select(vec2(0.0), residual[n], moves));
        }
        let h = forward(x, alpha);
        find_outputs(h);
        // Where each player sees its opponent, without and with its step.
        var facing: array<Columns, N>;
        var stepped: array<Columns, N>;
        for (var n = 0u; n < N; n++) {
            facing[n] = opponents(x[n]);
        }
        if CORRECTION {
            var naive = derivatives(x, facing);
            for (var n = 0u; n < N; n++) {
                outputs[n] = exact(naive.own[n] + exact(times(alpha, outputs[n])));
            }
        }
        for (var n = 0u; n < N; n++) {
            stepped[n] = exact(facing[n] + opponents(exact(times(alpha, outputs[n]))));
        }
        // d_i f_i(x_i, y_j), and v_i = d_j f_i(x_i, y_j) in column i.
        var after = derivatives(x, stepped);
        var dq: array<Columns, N>;
        for (var n = 0u; n < N; n++) {
            if evaluation == 0u {
                let v = after.other[n];
                dq[n] = vec4(0.0, v.x, v.y, 0.0);
                continue;
            }
            let through = -2.0 * SHARE * opponents(exact(times(alpha, after.other[n])));
            dq[n] = columns(
                select(through.xy, vec2(0.0), moves),
                select(through.zw, exact_pair(2.0 * SHARE * residual[n]), moves),
            );
            if CORRECTION {
                dq[n] = exact(times(alpha, dq[n]));
            }
        }
        let dz = pass_back(h, dq, alpha);
        if evaluation > 0u {
            continue;
        }
        // (d g_j / d x_i)^T v_i, through the network and, for a correction, through the naive gradient.
        var direct: array<Columns, N>;
        if CORRECTION {
            for (var n = 0u; n < N; n++) {
                x[n] = columns(x[n].xy, after.other[n].yx);
            }
            direct = derivatives(x, facing).other;
        }
        for (var n = 0u; n < N; n++) {
            let adjoint = times(exact(add_up(term(n, dz), Columns(0.0)).a), embedded_slope[n]);
            var through = vec2(adjoint.x, adjoint.w);
            if CORRECTION {
                through = exact_pair(direct[n].wz + exact_pair(alpha.xy * through));
            }
            let target_ = exact_pair(after.own[n].xy + exact_pair(alpha.xy * through));
            residual[n] = exact_pair(outputs[n].xy - target_);
            let square = exact_pair(residual[n] * residual[n]);
            loss += square.x + square.y;
        }
    }
    let place = of_slice * SUMS * H + unit;
    for (var slot = 0u; slot < SUMS; slot++) {
        vector_sums[place + slot * H] = sums[slot];
    }
    if index == 0u {
        trajectory_losses[of_group * BATCH + number] = SHARE * loss;
    }
}

// W h + b; W has so few rows that each is summed like a vector.
fn find_outputs(h: Columns) {
    for (var n = 0u; n < N; n++) {
        let sum = add_up(exact(parameter(QUANTILES + n * H + unit) * h), Columns(0.0));
        outputs[n] = exact(sum.a + constant(parameter(QUANTILES_BIAS + n)));
    }
}

// The adjoint of the input to the policy network's first norm, from those of the outputs.
fn pass_back(h: Columns, of_outputs: array<Columns, N>, alpha: Columns) -> Columns {
    var dq = of_outputs;
    var dh = Columns(0.0);
    var bias = Columns(0.0);
    for (var n = 0u; n < N; n++) {
        keep_sum(OUTPUT_SUMS + n, exact(times(dq[n], h)));
        bias = select(bias, dq[n], vec4(unit == n));
        dh += exact(parameter(QUANTILES + n * H + unit) * dq[n]);
    }
    keep_sum(QUANTILES_SUM, bias);
    let dz = network_vjp(dh);
    for (var n = 0u; n < N; n++) {
        keep_sum(POLICY_INPUT_SUMS + n, exact(times(dz, embedded[n])));
    }
    keep_sum(POLICY_INPUT_SUMS + N, exact(times(dz, alpha)));
    return dz;
}
