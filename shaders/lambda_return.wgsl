// core/src/lambda_return.rs.
//
// import LAMBDA, REST_LAMBDA from host/src/gpu/plan.rs
// import exact_pair from exact.wgsl

// y(t) from y(t+1): reward (1 - gamma) f, bootstrap q(t+1).
fn lambda_return(f: vec2<f32>, q: vec2<f32>, gamma: vec2<f32>, y: vec2<f32>) -> vec2<f32> {
    let reward = exact_pair(exact_pair(1.0 - gamma) * f);
    return reward + exact_pair(gamma * exact_pair(exact_pair(REST_LAMBDA * q) + exact_pair(LAMBDA * y)));
}
