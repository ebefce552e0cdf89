// Sums over units, as balanced binary trees over the threads' numbers: neighbours are added, then neighbouring
// sums, and so on. Two sums share their barriers: each thread contributes a number to both, then they are formed.
//
// import H from host/src/gpu/layout.rs
// import Columns from columns/
// import thread from unit.wgsl

// A gap after every eight numbers lets neighbouring threads read eight numbers each from different banks of memory.
const ADDENDS: u32 = H + H / 8u;

var<workgroup> addends: array<Columns, 2 * ADDENDS>;
var<workgroup> eighths: array<Columns, 16>;

struct Sums {
    a: Columns,
    b: Columns,
}

fn add_up(a: Columns, b: Columns) -> Sums {
    let place = thread + thread / 8u;
    addends[place] = a;
    addends[place + ADDENDS] = b;
    workgroupBarrier();
    if thread < 16u {
        let eighth = thread % 8u;
        var sum = Columns(0.0);
        if eighth < H / 8u {
            sum = eight_addends(thread / 8u * ADDENDS + 9u * eighth);
        }
        eighths[thread] = sum;
    }
    workgroupBarrier();
    return Sums(eight_eighths(0u), eight_eighths(8u));
}

fn eight_addends(at: u32) -> Columns {
    return ((addends[at] + addends[at + 1u]) + (addends[at + 2u] + addends[at + 3u]))
        + ((addends[at + 4u] + addends[at + 5u]) + (addends[at + 6u] + addends[at + 7u]));
}

fn eight_eighths(at: u32) -> Columns {
    return ((eighths[at] + eighths[at + 1u]) + (eighths[at + 2u] + eighths[at + 3u]))
        + ((eighths[at + 4u] + eighths[at + 5u]) + (eighths[at + 6u] + eighths[at + 7u]));
}
