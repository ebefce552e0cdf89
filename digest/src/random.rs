//! Random streams.

use meva_core::random::{Purpose, Stream};

use crate::Report;
use crate::bits::{Bits, Fnv};

const DRAWS: usize = 500;

/// Every distribution of a stream.
pub fn run(report: &mut Report) {
    let mut of = |name, draw: fn(&mut Stream) -> f64| {
        let (mut stream, mut fnv) = (Stream::new(7, Purpose::Policies, 3), Fnv::EMPTY);
        for _ in 0..DRAWS {
            draw(&mut stream).digest(&mut fnv);
        }
        report(&["random", "", name, f64::NAME], fnv.finish());
    };
    of("unit", Stream::unit);
    of("uniform", |stream| stream.uniform(-8.0, 8.0));
    of("normal", Stream::normal);
    of("discount", Stream::discount);
    of("sign", |stream| stream.sign(1.0 / 16.0));
}
