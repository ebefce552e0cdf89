// For stages that need no gradient with respect to parameters: an own gradient passes only through the player's own slot.
//
// import H, VALUE_FIRST from host/src/gpu/layout.rs
// import dense_vjp_input from dense.wgsl

fn keep_input(slot: u32, value: vec2<f32>) {}

fn keep_delta(slot: u32, value: vec2<f32>) {}

fn keep_sum(slot: u32, value: vec2<f32>) {}

// The adjoints of each player's z in its own value network.
fn first_vjp() -> vec2<f32> {
    return dense_vjp_input(VALUE_FIRST, H, vec2(0.0));
}
