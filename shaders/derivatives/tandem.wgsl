// core/src/game/tandem.rs, `gradient`.
//
// import N from host/src/gpu/layout.rs
// import Columns, constant from columns/
// import exact from exact.wgsl
// import Derivatives from derivatives.wgsl

fn derivatives(own: array<Columns, N>, other: array<Columns, N>) -> Derivatives {
    let slope = exact(-2.0 * exact(own[0] + other[0]));
    return Derivatives(array<Columns, N>(constant(2.0) + slope), array<Columns, N>(slope));
}
