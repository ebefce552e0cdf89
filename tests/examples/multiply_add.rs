//! Holds the fused multiply-add against one computed in whole numbers: on every triple of corner cases, and on random
//! triples.
//!
//! ```text
//! cargo run --release -p meva-tests --example multiply_add [MILLIONS]
//! ```
//!
//! 1000 million random triples take some minutes of all cores. Exits with 1 if a result differs.

use std::process::ExitCode;

use meva_tests::multiply_add::{Tally, Triples, corners};

fn main() -> ExitCode {
    let millions: u64 = match std::env::args().nth(1).map(|word| word.parse()).transpose() {
        Ok(millions) => millions.unwrap_or(1000),
        Err(error) => {
            eprintln!("error: the number of millions: {error}");
            return ExitCode::from(2);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = |from: usize| {
        let corners = corners();
        let mut cornered = Tally::default();
        for a in corners.iter().skip(from).step_by(threads) {
            for b in &corners {
                for c in &corners {
                    cornered.hold([*a, *b, *c]);
                }
            }
        }
        let mut random = Tally::default();
        for million in (from as u64..millions).step_by(threads) {
            Triples::new(million << 32)
                .take(1_000_000)
                .for_each(|triple| random.hold(triple));
        }
        [cornered, random]
    };
    let tallies = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|from| scope.spawn(move || share(from))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a share does not panic"))
            .fold([Tally::default(); 2], |[a, b], [c, d]| [a.with(c), b.with(d)])
    });
    for (what, Tally { tried, wrong, first }) in ["corner cases", "random triples"].into_iter().zip(tallies) {
        println!(
            "{what}: {tried} tried, {wrong} wrong {}",
            first.map(|triple| format!("{triple:?}")).unwrap_or_default()
        );
    }
    if tallies.iter().all(|tally| tally.wrong == 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
