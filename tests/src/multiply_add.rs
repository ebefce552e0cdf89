//! The fused multiply-add of `f32` from whole numbers, as a referee for the one that is computed in `f64`.

use meva_core::arithmetic::{Arithmetic, Fused};

/// A finite number, `sign * digits * 2^exponent`.
#[derive(Clone, Copy)]
struct Term {
    negative: bool,
    digits: u128,
    exponent: i32,
}

impl Term {
    fn of(number: f32) -> Self {
        let bits = number.to_bits();
        let (exponent, fraction) = ((bits >> 23 & 0xff) as i32, bits & 0x7f_ffff);
        let hidden = u32::from(exponent > 0) << 23;
        Term {
            negative: number.is_sign_negative(),
            digits: u128::from(fraction | hidden),
            exponent: exponent.max(1) - 150,
        }
    }

    fn times(self, other: Self) -> Self {
        Term {
            negative: self.negative != other.negative,
            digits: self.digits * other.digits,
            exponent: self.exponent + other.exponent,
        }
    }

    /// The exponent of the bit above the highest.
    fn top(self) -> i32 {
        self.exponent + (u128::BITS - self.digits.leading_zeros()) as i32
    }

    /// With this exponent; digits that are lost leave their trace in the lowest.
    fn with_exponent(self, exponent: i32) -> Self {
        let down = exponent - self.exponent;
        let digits = match down {
            ..=0 => self.digits << -down,
            1..=127 => {
                let kept = self.digits >> down;
                kept | u128::from(kept << down != self.digits)
            }
            _ => u128::from(self.digits != 0),
        };
        Term {
            digits,
            exponent,
            ..self
        }
    }

    /// The nearest `f32`, ties to even.
    fn round(self) -> f32 {
        let last = (self.top() - 24).max(-149);
        // Two more digits: the half and the trace of the rest.
        let Term { digits, negative, .. } = self.with_exponent(last - 2);
        let (kept, rest) = (digits >> 2, digits & 3);
        let up = rest == 3 || rest == 2 && kept & 1 == 1;
        let magnitude = (kept + u128::from(up)) as f64 * 2.0_f64.powi(last);
        (if negative { -magnitude } else { magnitude }) as f32
    }
}

/// `a b + c`, rounded once.
pub fn exact(a: f32, b: f32, c: f32) -> f32 {
    let product = f64::from(a) * f64::from(b);
    if !product.is_finite() || !c.is_finite() || product == 0.0 || c == 0.0 {
        // Nothing is lost but by the one rounding of the product, if any.
        return (product + f64::from(c)) as f32;
    }
    let (x, y) = (Term::of(a).times(Term::of(b)), Term::of(c));
    let (high, low) = if x.top() >= y.top() { (x, y) } else { (y, x) };
    let exponent = high.top() - 100;
    let (high, low) = (high.with_exponent(exponent), low.with_exponent(exponent));
    let sum = if high.negative == low.negative {
        high.digits as i128 + low.digits as i128
    } else {
        high.digits as i128 - low.digits as i128
    };
    if sum == 0 {
        return 0.0;
    }
    Term {
        negative: high.negative != (sum < 0),
        digits: sum.unsigned_abs(),
        exponent,
    }
    .round()
}

/// How many of the triples [`Fused`] and the referee differ on, and the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Triples that were tried.
    pub tried: u64,
    /// Triples with different results.
    pub wrong: u64,
    /// The first of these.
    pub first: Option<[f32; 3]>,
}

impl Tally {
    /// Tries a triple.
    pub fn hold(&mut self, [a, b, c]: [f32; 3]) {
        let (got, expected) = (Fused::multiply_add(a, b, c), exact(a, b, c));
        self.tried += 1;
        if got.to_bits() != expected.to_bits() && !(got.is_nan() && expected.is_nan()) {
            self.wrong += 1;
            self.first = self.first.or(Some([a, b, c]));
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Tally {
            tried: self.tried + other.tried,
            wrong: self.wrong + other.wrong,
            first: self.first.or(other.first),
        }
    }
}

/// Numbers at which rounding has its corners: zeros, subnormal numbers, neighbours of powers of two at both ends of the
/// range and around 1, infinity, NaN.
pub fn corners() -> Vec<f32> {
    let exponents = [
        0, 1, 2, 23, 24, 25, 64, 102, 103, 104, 125, 126, 127, 128, 150, 151, 190, 253, 254,
    ];
    let fractions = [0, 1, 2, 3, 0x3f_ffff, 0x40_0000, 0x40_0001, 0x7f_fffe, 0x7f_ffff];
    let positive = exponents
        .into_iter()
        .flat_map(|exponent| fractions.map(|fraction| f32::from_bits(exponent << 23 | fraction)))
        .chain([f32::INFINITY, f32::NAN]);
    positive.flat_map(|number| [number, -number]).collect()
}

/// Random triples: any three numbers; addends that nearly cancel the product; addends that lie far below or above it, at
/// the places where a digit more or less decides.
pub struct Triples(u64);

impl Triples {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Triples(seed)
    }

    /// SplitMix64.
    fn next_word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

impl Iterator for Triples {
    type Item = [f32; 3];

    fn next(&mut self) -> Option<[f32; 3]> {
        let (word, other) = (self.next_word(), self.next_word());
        let (a, b) = (f32::from_bits(word as u32), f32::from_bits((word >> 32) as u32));
        let any = f32::from_bits(other as u32);
        let choice = other >> 32;
        let product = (a * b).to_bits();
        let c = match choice % 4 {
            0 => any,
            1 => f32::from_bits(
                (product ^ 1 << 31)
                    .wrapping_add((choice >> 2) as u32 % 9)
                    .wrapping_sub(4),
            ),
            // Its exponent moved, and most of its digits zero or one.
            way => {
                let exponent = (product >> 23).wrapping_add((choice >> 2) as u32 % 60).wrapping_sub(30) & 0xff;
                let few = (other as u32 & 0x7f_ffff) >> ((choice >> 8) % 24);
                let fraction = if way == 2 { few } else { !few } & 0x7f_ffff;
                f32::from_bits(other as u32 & 1 << 31 | exponent << 23 | fraction)
            }
        };
        Some([a, b, c])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against what is known: sums that f64 holds exactly, ties, the ends of the range.
    #[test]
    fn the_referee_rounds() {
        assert_eq!(exact(3.0, 5.0, 7.0), 22.0);
        assert_eq!(exact(3.0, 5.0, -15.0), 0.0);
        let half = f32::EPSILON / 2.0;
        assert_eq!(exact(half, 1.0, 1.0), 1.0);
        assert_eq!(exact(half, 1.0 + f32::EPSILON, 1.0), 1.0 + f32::EPSILON);
        assert_eq!(exact(half, 1.0, 1.0 + f32::EPSILON), 1.0 + 2.0 * f32::EPSILON);
        assert_eq!(exact(f32::from_bits(1), 0.5, f32::from_bits(1)), f32::from_bits(2));
        assert_eq!(exact(f32::from_bits(1), 0.5, f32::from_bits(2)), f32::from_bits(2));
        assert_eq!(exact(f32::MAX, 2.0, -f32::MAX), f32::MAX);
        assert_eq!(exact(f32::MAX, 1.0, f32::MAX), f32::INFINITY);
        assert_eq!(exact(1e-30, 1e-30, 1.0), 1.0);
        assert_eq!(exact(-1e-30, 1e-30, 1.0), 1.0);
        assert_eq!(exact(1e-30, -1e-30, 0.0).to_bits(), (-0.0_f32).to_bits());
        for (a, b, c) in [(1.5_f32, 2.5, 1e3), (-7.25, 3.0, 1e-3), (1e10, 1e-10, 1.0)] {
            // Exact in f64.
            let wide = f64::from(a) * f64::from(b) + f64::from(c);
            assert_eq!(exact(a, b, c), wide as f32);
        }
    }

    #[test]
    fn fused_is_exact() {
        let mut tally = Tally::default();
        let corners = corners();
        for (n, a) in corners.iter().enumerate().step_by(7) {
            for b in corners.iter().skip(n % 3).step_by(3) {
                for c in &corners {
                    tally.hold([*a, *b, *c]);
                }
            }
        }
        Triples::new(0).take(1_000_000).for_each(|triple| tally.hold(triple));
        assert_eq!((tally.wrong, tally.first), (0, None));
        assert!(tally.tried > 2_000_000);
    }
}
