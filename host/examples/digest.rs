//! Prints the digests of every operation, computed with the instruction set that `MEVA_INSTRUCTION_SET` names. Exits with
//! 77 if this processor lacks it.

use std::process::ExitCode;

use meva::cpu::{Cpu, FORCE, InstructionSet};

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
    meva_digest::run(&cpu, &mut |words, digest| {
        println!("{} {digest:016x}", words.join(" "));
    });
    ExitCode::SUCCESS
}
