//! The command line `meva`.

use std::process::ExitCode;

fn main() -> ExitCode {
    meva::command::main()
}
