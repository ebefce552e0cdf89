//! Tries the `f32` elementary functions on all 2^32 inputs against `f64`, and prints the largest error of each.
//!
//! ```text
//! cargo run --release -p meva-tests --example exhaustive
//! ```
//!
//! Takes some minutes of all cores. Exits with 1 if an error is beyond its bound.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use meva_tests::elementary::{FUNCTIONS, Function, Worst};

/// Inputs per piece of work.
const PIECE: u64 = 1 << 24;
const INPUTS: u64 = 1 << 32;

fn all(function: Function) -> Result<Worst, String> {
    let next = AtomicU64::new(0);
    let work = || -> Result<Worst, String> {
        let mut worst = Worst::default();
        loop {
            let start = next.fetch_add(PIECE, Ordering::Relaxed);
            if start >= INPUTS {
                return Ok(worst);
            }
            let inputs = (start..start + PIECE).map(|bits| f32::from_bits(bits as u32));
            worst = worst.max(function.measure(inputs)?);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut worst = Worst::default();
        for worker in workers {
            worst = worst.max(worker.join().unwrap_or_else(|_| Err("a thread failed".into()))?);
        }
        Ok(worst)
    })
}

fn main() -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for function in FUNCTIONS {
        match function.judge(all(function)) {
            Ok(verdict) => println!("{verdict}"),
            Err(failure) => {
                println!("FAILED: {failure}");
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}
