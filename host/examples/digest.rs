//! Prints the digests of every operation, computed with the instruction set that `MEVA_INSTRUCTION_SET` names, in the
//! arithmetic that the command line names: `separate`, as without a word, or `fused`. Exits with 77 if this processor lacks
//! the instruction set.

use std::process::ExitCode;

use meva::cpu::{Cpu, FORCE, InstructionSet};
use meva_core::arithmetic::ArithmeticName;

fn main() -> ExitCode {
    let name = std::env::var(FORCE).unwrap_or_else(|_| "baseline".into());
    let Some(set) = InstructionSet::ALL.into_iter().find(|set| set.name() == name) else {
        eprintln!("error: unknown instruction set `{name}` in {FORCE}");
        return ExitCode::from(2);
    };
    let Some(cpu) = Cpu::new(set) else {
        eprintln!("this processor lacks the instruction set `{name}`");
        return ExitCode::from(77);
    };
    let arithmetic = match std::env::args().nth(1).map(|word| word.parse()).transpose() {
        Ok(arithmetic) => arithmetic.unwrap_or(ArithmeticName::Separate),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    meva_digest::run(&cpu.with_arithmetic(arithmetic), &mut |words, digest| {
        println!("{} {digest:016x}", words.join(" "));
    });
    ExitCode::SUCCESS
}
