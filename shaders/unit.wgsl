// Which numbers a thread owns. A workgroup has a thread for each unit of a layer. Products of matrices are computed by quads,
// four units at a time, and every quad has four threads, one for each quarter of the inputs; of the quad's units, a thread
// owns the one whose number is that of its quarter.
//
//   thread = quarter * QUADS + quad          unit = 4 quad + quarter
//
// import H from host/src/gpu/layout.rs

const QUADS: u32 = H / 4u;

var<private> thread: u32;
var<private> quad: u32;
var<private> quarter: u32;
var<private> unit: u32;

fn find_unit(index: u32) {
    thread = index;
    quad = index % QUADS;
    quarter = index / QUADS;
    unit = 4u * quad + quarter;
}
