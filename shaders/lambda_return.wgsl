// core/src/lambda_return.rs.
//
// import LAMBDA, REST_LAMBDA from host/src/gpu/plan.rs
// import exact from elementary.wgsl

// y(t) from y(t+1): reward (1 - gamma) f, bootstrap q(t+1).
fn lambda_return(f: vec2<f32>, q: vec2<f32>, gamma: vec2<f32>, y: vec2<f32>) -> vec2<f32> {
    let reward = exact(exact(1.0 - gamma) * f);
    return reward + exact(gamma * exact(exact(REST_LAMBDA * q) + exact(LAMBDA * y)));
}
