// core/src/algorithm1.rs, `explore` and `roll_out`: one workgroup per trajectory and seed, k steps inside.
//
//   x~ <- x~ + alpha d U_mean(x~; theta~, gamma~)          k times, with sign flips only
//   x(t+1) = x(t) + alpha field(x(t); theta, gamma)        from x(0) = x~
//
// import N, H, M from host/src/gpu/layout.rs
// import K, BATCH, SEEDS, NETWORKS, DRAW_LEN, SIGN_FLIPS, ALPHA from host/src/gpu/plan.rs
// import FIELD, FIELD_V, FIELD_U, FIELD_U_NORMALIZED from host/src/gpu/plan.rs
// import now from update.wgsl
// import exact from elementary.wgsl
// import THETA from parameters.wgsl
// import unit from dense.wgsl
// import use_network, networks, heads, forward, quantiles, own_gradient, direction from meta_value.wgsl
// import game_value, game_own_gradients from game/

// Per outer iteration, seed and trajectory: x~ (N), gamma~, and with sign flips the mask (H).
@group(0) @binding(4) var<storage, read> starts: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> gammas: array<vec2<f32>>;
// The current policy of each trajectory.
@group(0) @binding(6) var<storage, read_write> positions: array<vec2<f32>>;
// Per step: x (N), f.
@group(0) @binding(7) var<storage, read_write> path: array<vec2<f32>>;
// Per step: quantiles (M), the target network's (M), targets (M).
@group(0) @binding(8) var<storage, read_write> predictions: array<vec2<f32>>;

@compute @workgroup_size(H)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    unit = thread;
    let trajectory = group.y * BATCH + group.x;
    let draw = (now.outer * SEEDS * BATCH + trajectory) * DRAW_LEN;
    if NETWORKS == 1u {
        use_network(group.y, THETA);
    }
    var x: array<vec2<f32>, N>;
    for (var n = 0u; n < N; n++) {
        if now.start == 1u {
            x[n] = starts[draw + n];
        } else {
            x[n] = positions[trajectory * N + n];
        }
    }
    let gamma = gammas[now.update * SEEDS * BATCH + trajectory];
    // One loop for both, with a bound that compilers do not know: the network is compiled once and never unrolled.
    let explored = select(0u, K, SIGN_FLIPS);
    let last = explored + K + now.zero;
    for (var s = 0u; s <= last; s++) {
        let exploring = s < explored;
        var discount = gamma;
        var mask = vec2(1.0);
        if exploring {
            discount = starts[draw + N];
            mask = starts[draw + DRAW_LEN - H + unit];
        }
        if s == select(last, explored, SIGN_FLIPS) {
            arrive(trajectory, x);
        }
        let step = trajectory * (K + 1u) + s - explored;
        if !exploring && unit == 0u {
            for (var n = 0u; n < N; n++) {
                path[step * (N + 1u) + n] = x[n];
            }
            path[step * (N + 1u) + N] = game_value(x);
        }
        for (var n = 0u; n < networks(); n++) {
            if NETWORKS > 1u {
                use_network(group.y * NETWORKS + n, THETA);
            }
            let q = quantiles(forward(x, discount));
            if !exploring && unit < M {
                let place = step * 3u * M + unit;
                predictions[place] = heads(q, predictions[place]);
            }
            if s < last {
                own_gradient(mask);
            }
        }
        if s == last {
            break;
        }
        var naive: array<vec2<f32>, N>;
        if FIELD != FIELD_V && !exploring {
            naive = game_own_gradients(x);
        }
        for (var n = 0u; n < N; n++) {
            var field = direction[n];
            if FIELD == FIELD_U && !exploring {
                field = exact(naive[n] + exact(gamma * field));
            } else if FIELD == FIELD_U_NORMALIZED && !exploring {
                field = exact(exact(exact(1.0 - gamma) * naive[n]) + exact(gamma * field));
            }
            x[n] += exact(ALPHA * field);
        }
    }
}

fn arrive(trajectory: u32, x: array<vec2<f32>, N>) {
    var arrived = x;
    if unit < N {
        positions[trajectory * N + unit] = arrived[unit];
    }
}
