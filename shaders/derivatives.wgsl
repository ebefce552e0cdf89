// The first derivatives of a game in each player's view, `own` its policy and `other` its opponent's: with `Columns` of dual
// numbers also second ones. The players may be at different points.
//
// import N from host/src/gpu/layout.rs
// import Columns from columns/

struct Derivatives {
    // d f_i / d own.
    own: array<Columns, N>,
    // d f_i / d other.
    other: array<Columns, N>,
}
