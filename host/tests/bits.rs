//! The program trains to the same bits, whatever the number of threads and the instruction set.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use meva::cpu::{Cpu, FORCE, InstructionSet};
use meva_core::arithmetic::{ArithmeticName, Fused};
use meva_core::kernels::Portable;
use tempfile::TempDir;

/// Short runs in both arithmetics: three groups, the last of which is not full.
const RUNS: [&[&str]; 4] = [
    &[
        "logistic",
        "--set",
        "game=tandem",
        "--set",
        "steps=10",
        "--set",
        "stride=5",
    ],
    &[
        "ipd",
        "--set",
        "residual_blocks=1",
        "--set",
        "quantiles=16",
        "--set",
        "steps=10",
        "--set",
        "stride=5",
    ],
    &[
        "logistic",
        "--set",
        "steps=10",
        "--set",
        "stride=10",
        "--set",
        "arithmetic=separate",
    ],
    &[
        "imp",
        "--set",
        "residual_blocks=1",
        "--set",
        "quantiles=16",
        "--set",
        "steps=10",
        "--set",
        "arithmetic=separate",
    ],
];

/// The bytes of the model and of the state that a process produces.
fn trained(directory: &Path, run: &[&str], threads: &str, set: InstructionSet) -> [Vec<u8>; 2] {
    let name = format!("{}-{}-{threads}-{set}", run[0], run[run.len() - 1]);
    let status = Command::new(env!("CARGO_BIN_EXE_meva"))
        .current_dir(directory)
        .env(FORCE, set.name())
        .args(["train", "--out", &name, "--threads", threads, "--json"])
        .args(["--set", "hidden=16", "--set", "batch=131", "--set", "outer=2"])
        .args(run)
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    ["model.safetensors", "state.safetensors"].map(|file| fs::read(directory.join(&name).join(file)).unwrap())
}

fn available() -> impl Iterator<Item = InstructionSet> {
    InstructionSet::ALL.into_iter().filter(|set| {
        if !set.is_available() {
            println!("SKIPPED: this processor lacks {}", set.name());
        }
        set.is_available()
    })
}

#[test]
fn threads_do_not_change_a_bit() {
    let scratch = TempDir::new().unwrap();
    let widest = available().last().unwrap();
    for run in RUNS {
        let [one, two, seven] = ["1", "2", "7"].map(|threads| trained(scratch.path(), run, threads, widest));
        assert!(one == two && one == seven, "{}", run[0]);
    }
}

#[test]
fn instruction_sets_do_not_change_a_bit() {
    let scratch = TempDir::new().unwrap();
    for run in RUNS {
        let baseline = trained(scratch.path(), run, "2", InstructionSet::Baseline);
        for set in available().skip(1) {
            assert!(
                trained(scratch.path(), run, "2", set) == baseline,
                "{} with {}",
                run[0],
                set.name()
            );
        }
    }
}

/// Every operation gives the bits of the core's formulas, in both arithmetics, on every instruction set.
#[test]
fn kernels_have_the_bits_of_the_core() {
    fn lines<K: meva_digest::AllKernels>(kernels: &K) -> BTreeMap<String, u64> {
        let mut lines = BTreeMap::new();
        meva_digest::run(kernels, &mut |words, digest| {
            lines.insert(words.join(" "), digest);
        });
        lines
    }
    let (separate, fused) = (lines(&Portable), lines(&Fused));
    assert_ne!(separate["dense  forward f32"], fused["dense  forward f32"]);
    for set in available() {
        let cpu = Cpu::new(set).unwrap();
        for (arithmetic, expected) in [(ArithmeticName::Separate, &separate), (ArithmeticName::Fused, &fused)] {
            for (line, digest) in lines(&cpu.with_arithmetic(arithmetic)) {
                assert_eq!(digest, expected[&line], "{line} with {set}, {arithmetic}");
            }
        }
    }
}
