// A workgroup evaluates the network at one point, a joint policy with its discounts: a column for each player.

const POINTS: u32 = 1u;
// The number of columns.
const WIDTH: u32 = 2u;

alias Columns = vec2<f32>;
alias Bits = vec2<u32>;
alias Integers = vec2<i32>;

// The columns of up to POINTS points.
fn columns(first: vec2<f32>, second: vec2<f32>) -> Columns {
    return first;
}

// The players' numbers at a point.
fn at_point(value: Columns, point: u32) -> vec2<f32> {
    return value;
}

fn constant(number: f32) -> Columns {
    return Columns(number);
}

fn times(a: Columns, b: Columns) -> Columns {
    return a * b;
}

// A function of x, from its values and slopes at the numbers that `values` has.
fn chain(value: Columns, slope: Columns, x: Columns) -> Columns {
    return value;
}

fn values(x: Columns) -> Columns {
    return x;
}

// The players exchanged.
fn opponents(value: Columns) -> Columns {
    return value.yx;
}

// Which columns belong to a player.
fn columns_of(player: u32) -> vec2<bool> {
    return vec2(0u, 1u) == vec2(player);
}
