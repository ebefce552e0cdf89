//! The command line: one file for each command.
//!
//! Results go to stdout, as text or, with `--json`, as one JSON object; progress and errors go to stderr. Exit codes: 0
//! done, 2 the command or the configuration asks for something impossible, 3 trouble with a file, 4 training diverged,
//! 130 interrupted, 1 anything else, including a check that failed.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};

use meva::error::{Error, Result};

mod basins;
mod check;
mod devices;
mod drawing;
mod export;
mod figure;
mod options;
mod play;
mod progress;
#[cfg(feature = "figures")]
mod reproduce;
mod train;
mod trajectories;

/// Learning with learning awareness: meta-values, and the learners that they are compared with.
#[derive(Debug, Parser)]
#[command(name = "meva", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How many threads to use; the result does not depend on it [default: all]
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::Train),
    Basins(basins::Basins),
    Trajectories(trajectories::Trajectories),
    Figure(figure::Figure),
    Export(export::Export),
    Play(play::Play),
    #[cfg(feature = "figures")]
    Reproduce(reproduce::Reproduce),
    /// Reproduce the paper; this build cannot, as it was made without the feature `figures`
    #[cfg(not(feature = "figures"))]
    Reproduce {
        /// Options that a build with figures has
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        _options: Vec<std::ffi::OsString>,
    },
    Check(check::Check),
    Devices(devices::Devices),
}

/// The outcome of a command.
enum Outcome {
    Done,
    /// It ran, and a check failed.
    Failed,
    Interrupted,
}

/// Set by Ctrl-C: long work ends at the next opportunity.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C does not kill the process: long-running work polls [`INTERRUPTED`].
fn listen_to_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
        .map_err(|error| Error::other(format!("cannot listen to Ctrl-C: {error}")))
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<Outcome> {
    let threads = match cli.threads {
        Some(0) => {
            return Err(Error::usage("0 threads can do nothing")
                .at("--threads")
                .hint("leave it out to use all"));
        }
        threads => threads.unwrap_or(0),
    };
    // The engine's groups keep some hundred kilobytes on the stack.
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(16 << 20)
        .build_global()
        .map_err(|error| Error::other(format!("cannot start threads: {error}")))?;
    match cli.command {
        Command::Train(train) => train.run(),
        Command::Basins(basins) => basins.run(),
        Command::Trajectories(trajectories) => trajectories.run(),
        Command::Figure(figure) => figure.run(),
        Command::Export(export) => export.run(),
        Command::Play(play) => play.run(),
        #[cfg(feature = "figures")]
        Command::Reproduce(reproduce) => reproduce.run(),
        #[cfg(not(feature = "figures"))]
        Command::Reproduce { .. } => drawing::check().map(|()| Outcome::Done),
        Command::Check(check) => check.run(),
        Command::Devices(devices) => devices.run(),
    }
}

/// Prints a result; a closed pipe ends the program quietly.
fn print(text: &str) -> Result<()> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n')) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Error::files(format!("cannot write to stdout: {error}"))),
        Ok(()) => Ok(()),
    }
}
