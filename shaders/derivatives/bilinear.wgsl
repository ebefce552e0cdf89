// core/src/game/bilinear.rs, `gradient`.
//
// import N from host/src/gpu/layout.rs
// import Columns, columns from columns/
// import Derivatives from derivatives.wgsl

fn derivatives(own: array<Columns, N>, other: array<Columns, N>) -> Derivatives {
    let sign = vec2(1.0, -1.0);
    let signs = columns(sign, sign);
    return Derivatives(array<Columns, N>(signs * other[0]), array<Columns, N>(signs * own[0]));
}
