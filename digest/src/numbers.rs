//! Random streams and elementary functions.

use meva_core::activation::Activation;
use meva_core::random::{Purpose, Stream};

use crate::Report;
use crate::bits::{Bits, Fnv, inputs};

const DRAWS: usize = 500;

/// Every distribution of a stream.
pub fn random(report: &mut Report) {
    let mut of = |name, draw: fn(&mut Stream) -> f64| {
        let (mut stream, mut fnv) = (Stream::new(7, Purpose::Policies, 3), Fnv::EMPTY);
        for _ in 0..DRAWS {
            draw(&mut stream).digest(&mut fnv);
        }
        report(name, "f64", fnv.finish());
    };
    of("random::unit", Stream::unit);
    of("random::uniform", |stream| stream.uniform(-8.0, 8.0));
    of("random::normal", Stream::normal);
    of("random::discount", Stream::discount);
    of("random::sign", |stream| stream.sign(1.0 / 16.0));
}

/// Where functions saturate, overflow or change their formula; exact in `f32`.
const EDGES: [f64; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-45,
    -1e-40,
    f32::MIN_POSITIVE as f64,
    f32::MAX as f64,
    f32::MIN as f64,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    88.75,
    -87.5,
    -104.0,
    9.015,
    89.0,
    -103.5,
];

/// Arithmetic and elementary functions, at edges and for numbers of every relevant magnitude.
pub fn elementary<S: Bits>(report: &mut Report)
where
    S::Lane: Bits,
{
    let mut of = |name, function: fn(S) -> S| {
        let (mut stream, mut fnv) = (inputs(0), Fnv::EMPTY);
        for edge in EDGES {
            function(S::from_f64(edge)).digest(&mut fnv);
        }
        for range in [1e-3, 1.0, 12.0, 100.0] {
            for _ in 0..50 {
                function(S::draw(&mut stream, -range, range)).digest(&mut fnv);
            }
        }
        report(name, S::NAME, fnv.finish());
    };
    of("scalar::exp", S::exp);
    of("scalar::tanh", S::tanh);
    of("scalar::sigmoid", S::sigmoid);
    of("scalar::sqrt", S::sqrt);
    of("scalar::arithmetic", |x| {
        let mut sum = x * x + S::ONE / (x - S::from_f64(0.3));
        sum.add_scaled(S::Real::round_third(), &-x);
        sum -= x.scale(S::Real::round_third());
        sum
    });
    of("scalar::select_less", |x| {
        S::select_less(x, S::from_f64(0.1), -x, x * x)
    });
    of("scalar::sum_lanes", |x| S::splat(x.sum_lanes()));
    of("activation::gelu", |x| sum(Activation::Gelu.value_and_slope(x)));
    of("activation::tanh", |x| sum(Activation::Tanh.value_and_slope(x)));
}

fn sum<S: Bits>((value, slope): (S, S)) -> S {
    value + slope + slope
}

/// A factor that is not exact in any format.
trait Third {
    fn round_third() -> Self;
}

impl<T: meva_core::Real> Third for T {
    fn round_third() -> Self {
        T::round(1.0 / 3.0)
    }
}
