// A workgroup evaluates the network at two points at once, joint policies with their discounts: a column for each player
// at the first, then at the second. A weight that has been fetched serves four products.

const POINTS: u32 = 2u;
// The number of columns.
const WIDTH: u32 = 4u;

alias Columns = vec4<f32>;
alias Bits = vec4<u32>;
alias Integers = vec4<i32>;

// The columns of up to POINTS points.
fn columns(first: vec2<f32>, second: vec2<f32>) -> Columns {
    return vec4(first, second);
}

// The players' numbers at a point.
fn at_point(value: Columns, point: u32) -> vec2<f32> {
    return select(value.zw, value.xy, point == 0u);
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
    return value.yxwz;
}

// Which columns belong to a player.
fn columns_of(player: u32) -> vec4<bool> {
    return vec4(0u, 1u, 0u, 1u) == vec4(player);
}
