//! What the numbers were computed with.

use std::fs;

use crate::config::VERSION;
use crate::cpu::Cpu;

/// One line for each relevant fact about this machine: its name and its value.
///
/// ```
/// let machine = meva::machine::describe(meva::cpu::Cpu::detect()?);
/// assert!(machine.iter().any(|(name, _)| *name == "Instruction set"));
/// # Ok::<(), meva::error::Error>(())
/// ```
pub fn describe(cpu: Cpu) -> Vec<(&'static str, String)> {
    let processor = field("/proc/cpuinfo", "model name", ':')
        .or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok())
        .unwrap_or_else(|| "unknown".to_string());
    let system = field("/etc/os-release", "PRETTY_NAME", '=').unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    vec![
        ("Processor", processor),
        ("Cores", cores.to_string()),
        ("Threads", rayon::current_num_threads().to_string()),
        (
            "Instruction set",
            format!("{} ({})", cpu.instruction_set().name(), std::env::consts::ARCH),
        ),
        (
            "System",
            format!("{} {system}", std::env::consts::OS).trim_end().to_string(),
        ),
        ("meva", VERSION.to_string()),
    ]
}

/// The value of a key in a file whose lines consist of key, separator and value; `None` if there is no such file.
fn field(path: &str, key: &str, separator: char) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = |line: &str| {
        let (found, value) = line.split_once(separator)?;
        (found.trim() == key).then(|| value.trim().trim_matches('"').to_string())
    };
    text.lines().find_map(value)
}
