//! The command line: one file for each command.
//!
//! Results go to stdout, as text or, with `--json`, as one JSON object; progress, notes and errors go to stderr, errors
//! as an object too with `--json`. `docs/exit-codes.md` lists the exit codes.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};

use meva::error::{Error, Result};
use meva::hand_out;
use meva::ranks::{Ranks, Session};
use meva::training;

mod basins;
mod calibrate;
mod check;
mod devices;
mod drawing;
mod evaluate;
mod export;
mod figure;
mod league;
mod manual;
mod options;
mod play;
mod progress;
#[cfg(feature = "figures")]
mod reproduce;
mod stability;
mod sweep;
mod train;
mod trajectories;

/// Learning with learning awareness: meta-values, and the learners that they are compared with.
#[derive(Debug, Parser)]
#[command(name = "meva", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How many threads to use, on each rank of an MPI job; the result does not depend on it [default: all]
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::Train),
    Sweep(sweep::Sweep),
    Basins(basins::Basins),
    Trajectories(trajectories::Trajectories),
    Figure(figure::Figure),
    Evaluate(evaluate::Evaluate),
    Export(export::Export),
    Play(play::Play),
    Calibrate(calibrate::Calibrate),
    League(league::League),
    Stability(stability::Stability),
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
    Completions(manual::Completions),
    Manual(manual::Manual),
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

/// Whether this is one of the ranks that help rank 0, which alone talks to the user.
static IS_HELPER: AtomicBool = AtomicBool::new(false);

/// Whether errors are to be told as JSON.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// More would be started, and wait: machines have some hundred processors.
const MOST_THREADS: usize = 4096;

/// The exit code after an interruption: 128 and the number of the signal.
const EXIT_INTERRUPTED: u8 = 130;

/// From now on Ctrl-C does not kill the process: long-running work polls [`INTERRUPTED`]. A second one ends it at once,
/// which costs at most what was trained since the last save.
fn listen_to_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(EXIT_INTERRUPTED.into());
        }
        if !IS_HELPER.load(Ordering::Relaxed) {
            eprintln!("note: stopping after this step; Ctrl-C once more ends at once");
        }
    })
    .map_err(|error| Error::other(format!("cannot listen to Ctrl-C: {error}")))
}

/// Prints the notes of the library.
struct Notes;

impl log::Log for Notes {
    fn enabled(&self, of: &log::Metadata) -> bool {
        of.level() <= log::Level::Warn && of.target().starts_with("meva")
    }

    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            eprintln!("note: {}", record.args());
        }
    }

    fn flush(&self) {}
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    if log::set_logger(&Notes).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
    AS_JSON.store(
        std::env::args_os().any(|argument| argument == "--json"),
        Ordering::Relaxed,
    );
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && AS_JSON.load(Ordering::Relaxed) => {
            let text = error.render().to_string();
            tell(&Error::usage(text.trim_start_matches("error: ").trim_end()));
            return ExitCode::from(2);
        }
        Err(error) => error.exit(),
    };
    match run(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Ok(Outcome::Interrupted) => ExitCode::from(EXIT_INTERRUPTED),
        Err(error) => {
            tell(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Tells an error on stderr.
fn tell(error: &Error) {
    if AS_JSON.load(Ordering::Relaxed) {
        eprintln!("{}", error.json());
    } else {
        eprintln!("error: {error}");
    }
}

/// A path in JSON, which is Unicode: what is not is replaced.
fn path_json(path: &Path) -> serde_json::Value {
    path.display().to_string().into()
}

fn run(cli: Cli) -> Result<Outcome> {
    let threads = match cli.threads {
        Some(0) => {
            return Err(Error::usage("0 threads can do nothing")
                .at("--threads")
                .hint("leave it out to use all"));
        }
        Some(count) if count > MOST_THREADS => {
            return Err(
                Error::usage(format!("{count} threads are more than any machine has a use for"))
                    .at("--threads")
                    .hint(format!("give at most {MOST_THREADS}, or leave it out to use all")),
            );
        }
        threads => threads,
    };
    let session = Session::start(threads, tell)?;
    let ranks = session.ranks();
    let threads = ranks.map_or(threads.unwrap_or(0), |ranks| ranks.threads(ranks.rank()));
    // The engine's groups keep some hundred kilobytes on the stack.
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(16 << 20)
        .build_global()
        .map_err(|error| Error::other(format!("cannot start threads: {error}")))?;
    if cli.command.is_shared() {
        session.check_alone()?;
    }
    match ranks {
        Some(ranks) if ranks.rank() > 0 => {
            IS_HELPER.store(true, Ordering::Relaxed);
            cli.command.help(ranks)
        }
        ranks => {
            let is_shared = cli.command.is_shared();
            let outcome = cli.command.run(ranks);
            if let Some(ranks) = ranks.filter(|_| is_shared) {
                hand_out::end(ranks);
            }
            outcome
        }
    }
}

impl Command {
    /// Whether the ranks of an MPI job share its work.
    fn is_shared(&self) -> bool {
        match self {
            Command::Train(train) => train.is_shared(),
            #[cfg(feature = "figures")]
            Command::Reproduce(_) => true,
            Command::League(_) | Command::Sweep(_) => true,
            _ => false,
        }
    }

    /// Helps rank 0, which carries out the command.
    fn help(self, ranks: &Arc<Ranks>) -> Result<Outcome> {
        if !self.is_shared() {
            return Ok(Outcome::Done);
        }
        match self {
            Command::League(league) => {
                if let Err(error) = league.run(Some(ranks)) {
                    // Rank 0 tells what all of them find; what this rank alone finds, it is told when it asks.
                    hand_out::serve(ranks, &INTERRUPTED, |_, _| error.json(), |_| ());
                }
            }
            _ => {
                listen_to_ctrl_c()?;
                training::serve(ranks, &INTERRUPTED);
            }
        }
        Ok(Outcome::Done)
    }

    fn run(self, ranks: Option<&Arc<Ranks>>) -> Result<Outcome> {
        match self {
            Command::Train(train) => train.run(ranks),
            Command::Sweep(sweep) => sweep.run(ranks),
            Command::Basins(basins) => basins.run(),
            Command::Trajectories(trajectories) => trajectories.run(),
            Command::Figure(figure) => figure.run(),
            Command::Evaluate(evaluate) => evaluate.run(),
            Command::Export(export) => export.run(),
            Command::Play(play) => play.run(),
            Command::Calibrate(calibrate) => calibrate.run(),
            Command::League(league) => league.run(ranks),
            Command::Stability(stability) => stability.run(),
            #[cfg(feature = "figures")]
            Command::Reproduce(reproduce) => reproduce.run(ranks),
            #[cfg(not(feature = "figures"))]
            Command::Reproduce { .. } => drawing::check().map(|()| Outcome::Done),
            Command::Check(check) => check.run(),
            Command::Devices(devices) => devices.run(),
            Command::Completions(completions) => completions.run(),
            Command::Manual(manual) => manual.run(),
        }
    }
}

/// Prints a result; a closed pipe ends the program quietly.
fn print(text: &str) -> Result<()> {
    print_part(text).map(drop)
}

/// Prints a part of a result, and says whether anybody reads on: a closed pipe is no error.
fn print_part(text: &str) -> Result<bool> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n')) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::files(format!("cannot write to stdout: {error}"))),
        Ok(()) => Ok(true),
    }
}
