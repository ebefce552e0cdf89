//! The maximum number of multiplications and additions per second that the processor can do.
//!
//! Chains of products and chains of sums, or of fused multiply-adds, which count as two operations, advance in vector
//! registers, with enough chains that none waits for its own last result, and without touching memory. Where fused
//! multiply-adds are computed in software, the peak is that of separate operations.

use std::hint::black_box;
use std::time::Instant;

use meva::cpu::{Cpu, InstructionSet};
use meva_core::arithmetic::ArithmeticName;

/// How often the loop is timed; the fastest run counts, since other work on the machine only slows it down.
const REPEATS: usize = 12;
/// Passes through the loop in each timing: a few milliseconds.
const ROUNDS: usize = 400_000;

/// GFLOP/s of `threads` threads together, with this instruction set and arithmetic.
pub fn peak(cpu: Cpu, threads: usize) -> f64 {
    (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            let operations: u64 = std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| run(cpu, ROUNDS))).collect();
                workers.into_iter().filter_map(|worker| worker.join().ok()).sum()
            });
            operations as f64 / start.elapsed().as_nanos() as f64
        })
        .fold(0.0, f64::max)
}

/// Operations done by one thread.
fn run(cpu: Cpu, rounds: usize) -> u64 {
    match (cpu.instruction_set(), cpu.arithmetic()) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Cpu` holds what the processor has.
        (InstructionSet::Avx512, ArithmeticName::Separate) => unsafe { x86_64::avx512(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        (InstructionSet::Avx512, ArithmeticName::Fused) => unsafe { x86_64::avx512_fused(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        (InstructionSet::Avx2, ArithmeticName::Separate) => unsafe { x86_64::avx2(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        (InstructionSet::Avx2, ArithmeticName::Fused) => unsafe { x86_64::avx2_fused(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every processor of this architecture has it.
        _ => unsafe { x86_64::sse2(rounds) },
        #[cfg(not(target_arch = "x86_64"))]
        (InstructionSet::Neon, ArithmeticName::Fused) => portable(rounds, |x, factor, term| x.mul_add(factor, term)),
        #[cfg(not(target_arch = "x86_64"))]
        _ => portable(rounds, |x, factor, term| x * factor + term),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::black_box;
    use std::arch::x86_64::*;

    macro_rules! chains {
        // Few enough chains of each kind that both kinds and their constants fit into the registers.
        ($name:ident, $feature:literal, $chains:literal x $width:literal, $splat:ident, $multiply:ident, $add:ident) => {
            #[target_feature(enable = $feature)]
            pub fn $name(rounds: usize) -> u64 {
                // Hidden from the compiler, which would otherwise see that all chains are equal.
                let start = |_| $splat(black_box(1.0));
                let (mut products, mut sums): ([_; $chains], [_; $chains]) =
                    (std::array::from_fn(start), std::array::from_fn(start));
                let (factor, term) = ($splat(black_box(1.0)), $splat(black_box(1.0)));
                for _ in 0..rounds {
                    for chain in 0..$chains {
                        products[chain] = $multiply(products[chain], factor);
                        sums[chain] = $add(sums[chain], term);
                    }
                }
                black_box((products, sums));
                (rounds * 2 * $chains * $width) as u64
            }
        };
    }

    macro_rules! fused_chains {
        ($name:ident, $feature:literal, $chains:literal x $width:literal, $splat:ident, $multiply_add:ident) => {
            #[target_feature(enable = $feature)]
            pub fn $name(rounds: usize) -> u64 {
                let mut chains: [_; $chains] = std::array::from_fn(|_| $splat(black_box(1.0)));
                let (factor, term) = ($splat(black_box(1.0)), $splat(black_box(1.0)));
                for _ in 0..rounds {
                    for chain in 0..$chains {
                        chains[chain] = $multiply_add(chains[chain], factor, term);
                    }
                }
                black_box(chains);
                (rounds * 2 * $chains * $width) as u64
            }
        };
    }

    chains!(avx512, "avx512f", 12 x 16, _mm512_set1_ps, _mm512_mul_ps, _mm512_add_ps);
    chains!(avx2, "avx2", 7 x 8, _mm256_set1_ps, _mm256_mul_ps, _mm256_add_ps);
    fused_chains!(avx512_fused, "avx512f", 24 x 16, _mm512_set1_ps, _mm512_fmadd_ps);
    fused_chains!(avx2_fused, "avx2,fma", 12 x 8, _mm256_set1_ps, _mm256_fmadd_ps);
    chains!(sse2, "sse2", 7 x 4, _mm_set1_ps, _mm_mul_ps, _mm_add_ps);
}

/// For processors without intrinsics above: the compiler vectorises.
#[cfg(not(target_arch = "x86_64"))]
fn portable(rounds: usize, multiply_add: impl Fn(f32, f32, f32) -> f32) -> u64 {
    const CHAINS: usize = 16;
    const WIDTH: usize = 4;
    let mut chains = [[black_box(1.0_f32); WIDTH]; CHAINS].map(black_box);
    let (factor, term) = (black_box(1.0), black_box(1.0));
    for _ in 0..rounds {
        for chain in &mut chains {
            for lane in chain {
                *lane = multiply_add(*lane, factor, term);
            }
        }
    }
    black_box(chains);
    (rounds * 2 * CHAINS * WIDTH) as u64
}
