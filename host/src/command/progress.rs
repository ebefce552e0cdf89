//! The progress of trainings, on stderr: a bar for each run on a terminal, a line from time to time elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use meva::training::{Event, Progress};

/// How often a line is printed if there is no terminal.
const PRINT_EVERY: Duration = Duration::from_secs(5);

/// The runs in progress, by index.
#[derive(Default)]
pub struct Bars {
    all: MultiProgress,
    shown: Mutex<BTreeMap<usize, Shown>>,
}

/// How a run is shown.
enum Shown {
    Bar(ProgressBar),
    /// The time of the last line, on the run's own clock.
    Lines(Duration),
}

impl Bars {
    /// Shows an event.
    pub fn report(&self, event: &Event) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Iteration(progress) => match shown.entry(progress.run).or_insert_with(|| self.show(progress)) {
                Shown::Bar(bar) => {
                    bar.set_message(format!("loss {:.5}", progress.loss));
                    bar.set_position(progress.iteration as u64);
                }
                Shown::Lines(last) if progress.elapsed - *last > PRINT_EVERY => {
                    *last = progress.elapsed;
                    eprintln!("{}", line(progress));
                }
                Shown::Lines(_) => {}
            },
            Event::End(run, _) => {
                if let Some(Shown::Bar(bar)) = shown.remove(run) {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }

    fn show(&self, progress: &Progress) -> Shown {
        if !std::io::stderr().is_terminal() {
            return Shown::Lines(Duration::ZERO);
        }
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len}  {msg}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = self
            .all
            .add(ProgressBar::new(progress.outer as u64))
            .with_prefix(format!("seed {}", progress.seed))
            .with_style(style);
        bar.set_position(progress.first as u64);
        bar.reset_eta();
        Shown::Bar(bar)
    }
}

fn line(progress: &Progress) -> String {
    let Progress {
        seed,
        first,
        iteration,
        outer,
        loss,
        elapsed,
        ..
    } = *progress;
    let each = elapsed.as_secs_f64() / (iteration - first) as f64;
    let left = each * (outer - iteration) as f64;
    format!("seed {seed}: {iteration}/{outer}, loss {loss:.5}, {left:.0} s left")
}
