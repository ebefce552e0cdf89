// core/src/algorithm1.rs, `explore` and `roll_out`: a workgroup rolls out a trajectory, or two side by side, k steps each,
// and may keep what `vjp_parameters` needs of their evaluations.
//
//   x~ <- x~ + alpha d U_mean(x~; theta~, gamma~)          k times, with sign flips only
//   x(t+1) = x(t) + alpha field(x(t); theta, gamma)        from x(0) = x~
//
// import N, H, R, M, NORMS from host/src/gpu/layout.rs
// import K, BATCH, SEEDS, NETWORKS, DRAW_LEN, SIGN_FLIPS, ALPHA from host/src/gpu/plan.rs
// import CHUNK, CHUNKS, LEARNED, RECORDED from host/src/gpu/plan.rs
// import SAMPLED, FIELD, FIELD_V, FIELD_U, FIELD_U_NORMALIZED, FIELD_U_ROOT from host/src/gpu/plan.rs
// import REACH from core/src/learner/meta_value.rs
// import now from update.wgsl
// import slice from slice.wgsl
// import Columns, POINTS, columns, at_point from columns/
// import exact from exact.wgsl
// import THETA from parameters.wgsl
// import thread, unit, find_unit from unit.wgsl
// import tape, inverse_deviations from layer_norm.wgsl
// import gaps from mlp.wgsl
// import RECORD_LEN, NORMS_PLACE, GAPS_PLACE, DEVIATIONS_PLACE from tape.wgsl
// import record, records, points_kept from keep/evaluations.wgsl
// import use_network, networks, heads, forward, quantiles, own_gradient, direction from meta_value.wgsl
// import sample_from, estimate, estimated_value, estimated_gradient from estimator/

// The current policy of each trajectory. Then, per outer iteration, seed and trajectory: x~ (N), gamma~, and with sign flips the
// mask (H).
@group(0) @binding(4) var<storage, read_write> starts: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> gammas: array<vec2<f32>>;
// Per trajectory of the group and step: x (N), f.
@group(0) @binding(6) var<storage, read_write> path: array<vec2<f32>>;
// Likewise: quantiles (M), the target network's (M), targets (M).
@group(0) @binding(7) var<storage, read_write> predictions: array<vec2<f32>>;
// Per update, seed and trajectory, where returns are estimated from rollouts: the state and the increment of a generator.
@group(0) @binding(8) var<storage, read> streams: array<vec4<u32>>;

// Both players' numbers in the policies, before those drawn.
const POLICIES: u32 = SEEDS * BATCH * N;
// Items of a seed.
const ITEMS: u32 = (BATCH + POINTS - 1u) / POINTS;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    find_unit(index);
    let item = slice.item + group.x;
    let of_group = item / ITEMS;
    let seed = slice.seed + of_group;
    let number = item % ITEMS * POINTS;
    // Where the batch is odd, the last trajectory is rolled out twice and kept once.
    let trajectories = min(POINTS, BATCH - number);
    let first = seed * BATCH + number;
    let last_of_item = trajectories - 1u;
    let first_kept = of_group * BATCH + number;
    let draw = POLICIES + (now.outer * SEEDS * BATCH + first) * DRAW_LEN;
    let second_draw = draw + last_of_item * DRAW_LEN;
    if NETWORKS == 1u {
        use_network(seed, THETA);
    }
    var x: array<Columns, N>;
    for (var n = 0u; n < N; n++) {
        if now.start == 1u {
            x[n] = columns(starts[draw + n], starts[second_draw + n]);
        } else {
            x[n] = columns(starts[first * N + n], starts[(first + last_of_item) * N + n]);
        }
    }
    let discounts = now.update * SEEDS * BATCH + first;
    let gamma = columns(gammas[discounts], gammas[discounts + last_of_item]);
    if SAMPLED {
        let stream = 2u * (discounts + min(index % POINTS, last_of_item));
        sample_from(streams[stream], streams[stream + 1u]);
    }
    // One loop for both, with a bound that compilers do not know: the network is compiled once and never unrolled.
    let explored = select(0u, K, SIGN_FLIPS);
    let last = explored + K + now.zero;
    for (var s = 0u; s <= last; s++) {
        let exploring = s < explored;
        var discount = gamma;
        var mask = Columns(1.0);
        if exploring {
            discount = columns(starts[draw + N], starts[second_draw + N]);
            let sign = DRAW_LEN - H + unit;
            mask = columns(starts[draw + sign], starts[second_draw + sign]);
        }
        let arrives = s == select(last, explored, SIGN_FLIPS);
        if !exploring {
            estimate(x, trajectories, FIELD != FIELD_V);
        }
        if thread < trajectories {
            let step = ((first_kept + thread) * (K + 1u) + s - explored) * (N + 1u);
            for (var n = 0u; n < N; n++) {
                let at = at_point(x[n], thread);
                if arrives {
                    starts[(first + thread) * N + n] = at;
                }
                if !exploring {
                    path[step + n] = at;
                }
            }
            if !exploring {
                path[step + N] = estimated_value(thread);
            }
        }
        for (var n = 0u; n < networks(); n++) {
            if NETWORKS > 1u {
                use_network(seed * NETWORKS + n, THETA);
            }
            points_kept = 0u;
            if RECORDED && !exploring && s - explored < LEARNED {
                record = ((of_group * NETWORKS + n) * CHUNKS * CHUNK + number) * LEARNED + s - explored;
                points_kept = trajectories;
            }
            let q = quantiles(forward(x, discount));
            if RECORDED && points_kept > 0u {
                keep_tape();
            }
            if !exploring && unit < M {
                for (var p = 0u; p < trajectories; p++) {
                    let place = ((first_kept + p) * (K + 1u) + s - explored) * 3u * M + unit;
                    let old = columns(predictions[place], predictions[place]);
                    predictions[place] = at_point(heads(q, old), p);
                }
            }
            if s < last {
                own_gradient(mask);
            }
        }
        if s == last {
            break;
        }
        for (var n = 0u; n < N; n++) {
            var field = direction[n];
            if FIELD != FIELD_V && !exploring {
                let of_game = estimated_gradient(n, last_of_item);
                if FIELD == FIELD_U {
                    field = exact(of_game + exact(gamma * field));
                } else if FIELD == FIELD_U_NORMALIZED {
                    field = exact(exact(exact(1.0 - gamma) * of_game) + exact(gamma * field));
                } else if FIELD == FIELD_U_ROOT {
                    let root = exact(sqrt(exact(REACH - gamma)));
                    field = exact(of_game + exact(exact(gamma / root) * field));
                }
            }
            x[n] += exact(ALPHA * field);
        }
        // All have read the estimate.
        workgroupBarrier();
    }
}

// After an evaluation.
fn keep_tape() {
    for (var p = 0u; p < points_kept; p++) {
        let first = (record + p * LEARNED) * RECORD_LEN;
        for (var slot = 0u; slot < NORMS; slot++) {
            let of_norm = tape[slot];
            records[first + NORMS_PLACE + slot * H + thread] = vec4(at_point(of_norm.normalized, p), at_point(of_norm.slope, p));
        }
        for (var r = 0u; r < R; r++) {
            records[first + GAPS_PLACE + r * H + thread] = vec4(at_point(gaps[r], p), at_point(gaps[R + r], p));
        }
        if thread < NORMS / 2u {
            let deviations = vec4(
                at_point(inverse_deviations[2u * thread], p),
                at_point(inverse_deviations[2u * thread + 1u], p),
            );
            records[first + DEVIATIONS_PLACE + thread] = deviations;
        }
    }
}
