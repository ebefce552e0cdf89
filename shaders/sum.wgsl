// Sums over units, as balanced binary trees over the threads' numbers: neighbours are added, then neighbouring sums, and so on.
// Two sums of all columns share their barriers: each thread contributes a number to both, then a thread adds eight numbers of a
// column, then another the results of eight.
//
// import H from host/src/gpu/layout.rs
// import Columns, WIDTH, columns from columns/
// import thread from unit.wgsl

// Results of eight numbers each that a sum is formed from.
const EIGHTHS: u32 = H / 8u;
// A gap after every eight numbers lets neighbouring threads read eight numbers each from different banks of memory.
const ADDENDS: u32 = H + EIGHTHS;
// Sums of single columns: first those of one number, then those of the other.
const COLUMN_SUMS: u32 = 2u * WIDTH;

var<workgroup> addends: array<Columns, 2 * ADDENDS>;
var<workgroup> eighths: array<f32, 8 * COLUMN_SUMS>;
var<workgroup> totals: array<f32, COLUMN_SUMS>;

struct Sums {
    a: Columns,
    b: Columns,
}

fn add_up(a: Columns, b: Columns) -> Sums {
    let place = thread + thread / 8u;
    addends[place] = a;
    addends[place + ADDENDS] = b;
    workgroupBarrier();
    if thread < EIGHTHS * COLUMN_SUMS {
        let sum = thread / EIGHTHS;
        let eighth = thread % EIGHTHS;
        eighths[8u * sum + eighth] = eight_addends(sum / WIDTH * ADDENDS + 9u * eighth, sum % WIDTH);
    }
    workgroupBarrier();
    if thread < COLUMN_SUMS {
        totals[thread] = eight_eighths(8u * thread);
    }
    workgroupBarrier();
    return Sums(totals_from(0u), totals_from(WIDTH));
}

fn totals_from(first: u32) -> Columns {
    let second = first + WIDTH - 2u;
    return columns(vec2(totals[first], totals[first + 1u]), vec2(totals[second], totals[second + 1u]));
}

fn eight_addends(at: u32, column: u32) -> f32 {
    return ((addends[at][column] + addends[at + 1u][column]) + (addends[at + 2u][column] + addends[at + 3u][column]))
        + ((addends[at + 4u][column] + addends[at + 5u][column]) + (addends[at + 6u][column] + addends[at + 7u][column]));
}

fn eight_eighths(at: u32) -> f32 {
    return ((eighth(at, 0u) + eighth(at, 1u)) + (eighth(at, 2u) + eighth(at, 3u)))
        + ((eighth(at, 4u) + eighth(at, 5u)) + (eighth(at, 6u) + eighth(at, 7u)));
}

// Small layers have fewer than eight.
fn eighth(at: u32, index: u32) -> f32 {
    if index < EIGHTHS {
        return eighths[at + index];
    }
    return 0.0;
}
