//! Prints the digests of every operation, computed with the instruction set that `MEVA_INSTRUCTION_SET` names. Exits with
//! 77 if this processor lacks it.

use std::process::ExitCode;
use std::sync::Mutex;

use meva::cpu::{Cpu, FORCE, InstructionSet};
use meva_digest::{Memory, run};

static MEMORY: Mutex<Memory> = Mutex::new(Memory::ZERO);

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
    let mut memory = MEMORY.lock().expect("nobody else has it");
    run(&cpu, &mut memory, &mut |operation, scalar, digest| {
        println!("{operation} {scalar} {digest:016x}");
    });
    ExitCode::SUCCESS
}
