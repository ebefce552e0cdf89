// core/src/dual.rs: a workgroup evaluates the network at one point in dual numbers, a column for each player's value, then
// for its tangent. What is linear treats all columns alike.

const POINTS: u32 = 1u;
// The number of columns.
const WIDTH: u32 = 4u;

alias Columns = vec4<f32>;
alias Bits = vec4<u32>;
alias Integers = vec4<i32>;

// The players' values and tangents.
fn columns(value: vec2<f32>, tangent: vec2<f32>) -> Columns {
    return vec4(value, tangent);
}

// The players' values (0) or tangents (1).
fn at_point(value: Columns, part: u32) -> vec2<f32> {
    return select(value.zw, value.xy, part == 0u);
}

fn constant(number: f32) -> Columns {
    return vec4(number, number, 0.0, 0.0);
}

fn times(a: Columns, b: Columns) -> Columns {
    return vec4(a.xy * b.xy, a.xy * b.zw + a.zw * b.xy);
}

// A function of x, from its values and slopes at the numbers that `values` has.
fn chain(value: Columns, slope: Columns, x: Columns) -> Columns {
    return vec4(value.xy, slope.xy * x.zw);
}

fn values(x: Columns) -> Columns {
    return x.xyxy;
}

// The players exchanged.
fn opponents(value: Columns) -> Columns {
    return value.yxwz;
}

// Which columns belong to a player.
fn columns_of(player: u32) -> vec4<bool> {
    return vec4(0u, 1u, 0u, 1u) == vec4(player);
}
