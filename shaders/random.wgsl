// core/src/random.rs: the numbers of a stream, which are those of PCG64 (O'Neill, 2014), a linear congruential generator.
//
//   s <- a s + c  modulo 2^128          number: the halves of s xored, rotated right by the upper six bits of s
//
// Steps can be taken many at a time, so threads draw a stream's numbers side by side. A number of 128 bits is four words,
// the lowest first.

const MULTIPLIER = vec4<u32>(0x9fccf645u, 0x4385df64u, 0x1fc65da4u, 0x2360ed05u);

// s <- factor s + summand.
struct Steps {
    factor: vec4<u32>,
    summand: vec4<u32>,
}

// A step of the generator with this increment, `count` times.
fn steps(increment: vec4<u32>, count: u32) -> Steps {
    var all = Steps(vec4(1u, 0u, 0u, 0u), vec4(0u));
    var power = Steps(MULTIPLIER, increment);
    for (var rest = count; rest > 0u; rest >>= 1u) {
        if (rest & 1u) == 1u {
            all = Steps(product_of_wide(power.factor, all.factor), moved(all.summand, power));
        }
        power = Steps(product_of_wide(power.factor, power.factor), moved(power.summand, power));
    }
    return all;
}

fn moved(state: vec4<u32>, by: Steps) -> vec4<u32> {
    return sum_of_wide(product_of_wide(by.factor, state), by.summand);
}

// The number of a state, uniform on [0, 1): its upper 24 bits.
fn uniform_number(state: vec4<u32>) -> f32 {
    let rotation = state.w >> 26u;
    let halves = state.xy ^ state.zw;
    let exchanged = rotation >= 32u;
    let upper = select(halves.y, halves.x, exchanged);
    let lower = select(halves.x, halves.y, exchanged);
    let bits = rotation % 32u;
    // In two steps, since a shift by 32 bits is none.
    let word = (upper >> bits) | ((lower << 1u) << (31u - bits));
    return f32(word >> 8u) * 0x1p-24f;
}

fn product_of_wide(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let second = scaled(a, b.y);
    let third = scaled(a, b.z);
    let first_two = sum_of_wide(scaled(a, b.x), vec4(0u, second.xyz));
    return sum_of_wide(first_two, vec4(0u, 0u, third.x, third.y + a.x * b.w));
}

fn scaled(a: vec4<u32>, b: u32) -> vec4<u32> {
    let x = product_of_words(a.x, b);
    let y = product_of_words(a.y, b);
    let z = product_of_words(a.z, b);
    return sum_of_wide(vec4(x.x, y.x, z.x, a.w * b), vec4(0u, x.y, y.y, z.y));
}

// The 64 bits of a product.
fn product_of_words(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
    return vec2((other << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u));
}

fn sum_of_wide(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let x = a.x + b.x;
    let y = plus_carry(a.y, b.y, u32(x < a.x));
    let z = plus_carry(a.z, b.z, y.y);
    return vec4(x, y.x, z.x, a.w + b.w + z.y);
}

// A sum with its carry.
fn plus_carry(a: u32, b: u32, carry: u32) -> vec2<u32> {
    let sum = a + b;
    let carried = sum + carry;
    return vec2(carried, u32(sum < a) + u32(carried < sum));
}
