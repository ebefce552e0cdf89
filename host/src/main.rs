//! The command line `meva`.

use std::process::ExitCode;

mod command;

fn main() -> ExitCode {
    command::main()
}
