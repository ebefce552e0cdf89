// For stages that need no gradient with respect to parameters: an own gradient passes only through the player's own slot.
//
// import H, VALUE_FIRST from host/src/gpu/layout.rs
// import Columns from columns/
// import fetch_vjp, dense_vjp_input from dense.wgsl

fn keep_input(slot: u32, value: Columns) {}

fn keep_delta(slot: u32, value: Columns) {}

fn keep_sum(slot: u32, value: Columns) {}

// The adjoints of each player's z in its own value network.
fn first_vjp() -> Columns {
    return dense_vjp_input(fetch_vjp(VALUE_FIRST, H), H, Columns(0.0));
}
