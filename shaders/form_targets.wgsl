// core/src/algorithm1.rs, `form_targets` and the losses of `add_gradient`: one workgroup per trajectory, one thread for
// each quantile. Overwrites the quantiles with their adjoints.
//
// import N, M from host/src/gpu/layout.rs
// import K, BATCH, SEEDS, FIELD, FIELD_V, BOOTSTRAP, RESIDUAL from host/src/gpu/plan.rs
// import PER_QUANTILE, SHARE, PHI, LAMBDA, REST_LAMBDA from host/src/gpu/plan.rs
// import now from update.wgsl
// import slice from slice.wgsl
// import exact_pair from exact.wgsl
// import midpoint, parts from quantile_huber.wgsl
// import lambda_return from lambda_return.wgsl

@group(0) @binding(4) var<storage, read> gammas: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read> path: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read_write> predictions: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read_write> trajectory_losses: array<f32>;

var<workgroup> quantile_and_target: array<vec4<f32>, M>;

@compute @workgroup_size(M)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) m: u32) {
    let trajectory = slice.item + group.x;
    let gamma = gammas[(now.update * SEEDS + slice.seed) * BATCH + trajectory];
    let first = trajectory * (K + 1u);
    // A bound that compilers do not know, so that they do not unroll the loop over steps.
    let k = K + now.zero;
    // Y(k) = q(k), then backwards.
    var y = predictions[((first + K) * 3u + BOOTSTRAP) * M + m];
    for (var t = k; t > 0u; t--) {
        let f = path[(first + t - 1u + u32(FIELD != FIELD_V)) * (N + 1u) + N];
        y = lambda_return(f, predictions[((first + t) * 3u + BOOTSTRAP) * M + m], gamma, y);
        predictions[((first + t - 1u) * 3u + 2u) * M + m] = y;
    }
    // What flows through the targets into later predictions: the adjoints of Y(t) and of q(t).
    var dy = vec2(0.0);
    var through = vec2(0.0);
    var loss = vec2(0.0);
    for (var t = 0u; t <= k; t++) {
        var dq = vec2(0.0);
        var dtarget = vec2(0.0);
        let step = (first + t) * 3u * M;
        if t < k {
            let q = predictions[step + m];
            let target_ = predictions[step + 2u * M + m];
            workgroupBarrier();
            quantile_and_target[m] = vec4(q, target_);
            workgroupBarrier();
            var slopes = vec2(0.0);
            let tau = midpoint(m);
            for (var j = 0u; j < M; j++) {
                let p = parts(tau, q, quantile_and_target[j].zw);
                let slope = exact_pair(p.weight * p.c);
                slopes -= slope;
                loss += exact_pair(slope * (p.d - 0.5 * p.c));
            }
            dq = exact_pair(PER_QUANTILE * slopes);
            if RESIDUAL {
                var sum = vec2(0.0);
                for (var i = 0u; i < M; i++) {
                    let p = parts(midpoint(i), quantile_and_target[i].xy, target_);
                    sum += exact_pair(p.weight * p.c);
                }
                dtarget = exact_pair(PHI * exact_pair(PER_QUANTILE * sum));
            }
        }
        var adjoint = exact_pair(exact_pair(SHARE * dq) + through);
        if t == k {
            adjoint += dy;
        }
        dy += exact_pair(SHARE * dtarget);
        if RESIDUAL {
            let d = exact_pair(gamma * dy);
            through = exact_pair(REST_LAMBDA * d);
            dy = exact_pair(LAMBDA * d);
        }
        predictions[step + m] = adjoint;
    }
    workgroupBarrier();
    quantile_and_target[m] = vec4(loss, 0.0, 0.0);
    workgroupBarrier();
    if m == 0u {
        var sum = 0.0;
        for (var i = 0u; i < M; i++) {
            sum += quantile_and_target[i].x + quantile_and_target[i].y;
        }
        trajectory_losses[trajectory] = SHARE * PER_QUANTILE * sum;
    }
}
