// Where a record has what a backward pass needs besides the inputs of products, in vec4s.
//
// import H, R, NORMS, PRODUCTS from host/src/gpu/layout.rs
// import RECORD_ROWS from host/src/gpu/plan.rs

const RECORD_LEN: u32 = RECORD_ROWS * H / 2u;
// By norm and thread: n and slope of both players.
const NORMS_PLACE: u32 = PRODUCTS * H / 2u;
// By block and thread: the policy network's gap and the value network's, of both players.
const GAPS_PLACE: u32 = NORMS_PLACE + NORMS * H;
// 1 / sqrt(variance + epsilon) of two norms each, of both players.
const DEVIATIONS_PLACE: u32 = GAPS_PLACE + R * H;
