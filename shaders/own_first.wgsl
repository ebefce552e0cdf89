// The first layer of the value networks, passed back through each player's own slot alone.
//
// import H, VALUE_FIRST from host/src/gpu/layout.rs
// import Columns from columns/
// import fetch_vjp, dense_vjp_input from dense.wgsl

// The adjoints of each player's z in its own value network.
fn own_first_vjp() -> Columns {
    return dense_vjp_input(fetch_vjp(VALUE_FIRST, H), H, Columns(0.0));
}
