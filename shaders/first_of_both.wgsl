// The first layer of the value networks, passed back through both of its slots.
//
// import H, VALUE_FIRST, VALUE_FIRST_OTHER from host/src/gpu/layout.rs
// import Columns from columns/
// import fetch_vjp, dense_vjp_input, dense_vjp_opponent from dense.wgsl

// The adjoints of both players' z, from those of the inputs to both value networks' first norms, which are shared.
fn first_of_both_vjp() -> Columns {
    let own = dense_vjp_input(fetch_vjp(VALUE_FIRST, H), H, Columns(0.0));
    // `product` has read all of `line`, but not all threads have read its sums yet.
    workgroupBarrier();
    return dense_vjp_opponent(fetch_vjp(VALUE_FIRST_OTHER, H), own);
}
