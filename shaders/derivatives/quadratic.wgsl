// core/src/game/quadratic.rs, `gradient`.
//
// import N from host/src/gpu/layout.rs
// import Columns, columns from columns/
// import exact from exact.wgsl
// import Derivatives from derivatives.wgsl

fn derivatives(own: array<Columns, N>, other: array<Columns, N>) -> Derivatives {
    let turn = vec2(-10.0, 10.0);
    let turns = columns(turn, turn);
    return Derivatives(array<Columns, N>(exact(turns * other[0]) - own[0]), array<Columns, N>(turns * own[0]));
}
