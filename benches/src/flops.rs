//! Time as measured by criterion, shown as GFLOP/s and as a share of the peak measured beforehand.

use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{BenchmarkGroup, Criterion, Throughput};
use meva::cpu::{Cpu, InstructionSet};
use meva_core::arithmetic::ArithmeticName;

use crate::peak::peak;

/// Wall-clock time, with the peak that rates are compared to.
pub struct Flops {
    /// GFLOP/s.
    peak: f64,
}

impl Flops {
    /// Relative to the peak of `threads` threads, which is measured now.
    pub fn new(cpu: Cpu, threads: usize) -> Self {
        let peak = peak(cpu, threads);
        println!(
            "peak of multiplications and additions, {}, {threads} thread{}: {peak:.1} GFLOP/s",
            label(cpu),
            if threads == 1 { "" } else { "s" }
        );
        Flops { peak }
    }
}

/// An instruction set and an arithmetic, in words: `avx512, fused`.
pub fn label(cpu: Cpu) -> String {
    format!("{}, {}", cpu.instruction_set(), cpu.arithmetic())
}

/// Calls `bench` for each arithmetic with each instruction set that this processor has, with criterion reporting shares
/// of their peak.
pub fn each_cpu(mut bench: impl FnMut(&mut Criterion<Flops>, Cpu)) {
    for set in InstructionSet::ALL {
        let Some(cpu) = Cpu::new(set) else {
            println!("SKIPPED: this processor lacks {set}");
            continue;
        };
        for arithmetic in ArithmeticName::ALL {
            let cpu = cpu.with_arithmetic(arithmetic);
            let mut criterion = Criterion::default()
                .with_measurement(Flops::new(cpu, 1))
                .configure_from_args();
            bench(&mut criterion, cpu);
        }
    }
}

/// A group of benches that each do `operations` floating-point operations.
pub fn group<'a>(criterion: &'a mut Criterion<Flops>, name: &str, operations: u64) -> BenchmarkGroup<'a, Flops> {
    let mut group = criterion.benchmark_group(name);
    group
        .throughput(Throughput::Elements(operations))
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    group
}

impl Measurement for Flops {
    type Intermediate = Instant;
    type Value = Duration;

    fn start(&self) -> Instant {
        Instant::now()
    }
    fn end(&self, start: Instant) -> Duration {
        start.elapsed()
    }
    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }
    fn zero(&self) -> Duration {
        Duration::ZERO
    }
    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl ValueFormatter for Flops {
    fn format_throughput(&self, throughput: &Throughput, nanoseconds: f64) -> String {
        match throughput {
            Throughput::Elements(operations) => {
                let rate = *operations as f64 / nanoseconds;
                format!("{rate:.2} GFLOP/s = {:.0} % of peak", 100.0 * rate / self.peak)
            }
            _ => format!("{nanoseconds} ns"),
        }
    }

    fn scale_values(&self, typical: f64, values: &mut [f64]) -> &'static str {
        let (unit, name) = match typical {
            _ if typical < 1e3 => (1.0, "ns"),
            _ if typical < 1e6 => (1e3, "us"),
            _ if typical < 1e9 => (1e6, "ms"),
            _ => (1e9, "s"),
        };
        values.iter_mut().for_each(|value| *value /= unit);
        name
    }

    fn scale_throughputs(&self, _typical: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        if let Throughput::Elements(operations) = throughput {
            values.iter_mut().for_each(|value| *value = *operations as f64 / *value);
        }
        "GFLOP/s"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "ns"
    }
}
