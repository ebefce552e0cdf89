//! `meva league`: every player against every other.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use meva_core::game::{GameVisitor, NamedGame};
use serde_json::{Value, json};

use super::drawing;
use super::options::{GameOptions, SamplingOptions, at_least_one, finite, room_for_pairs};
use super::{INTERRUPTED, Outcome, listen_to_ctrl_c, print};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::files::write_atomically;
use meva::follow::Joint;
use meva::follow::league::{Cell, League as Played, Standing, Terms, league, league_on};
use meva::follow::play::Match;
use meva::follow::player::Entrant;
use meva::follow::preparation::Effort;
use meva::limits::{product, room_for};
use meva::paper::figures::{Content, Figure, Panel};
use meva::ranks::Ranks;

/// Let every player meet every other and tell how they fare.
///
/// A player is written NAME[:SETTING]: naive, lola:10, meva:DIR@0.95, meva:DIR+DIR@0.95 (followed as their mean), tit-for-tat, zd:3 (factor, generosity),
/// policy:1,0,1,0,1 (the probabilities of cooperating at the start and after DD, DC, CD, CC, own action first). m-maml learns where
/// to start, and m-fos a meta-policy against each opponent (m-fos:lola:10, m-fos:self: against this one), anew for each seed.
#[derive(Debug, Args)]
pub struct League {
    #[command(flatten)]
    game: GameOptions,
    /// The players
    #[arg(long, num_args = 1.., required = true, value_name = "PLAYER")]
    players: Vec<String>,
    /// Pairs of agents for each seed
    #[arg(long, default_value_t = 1024)]
    pairs: usize,
    /// Steps that the agents learn together
    #[arg(long, default_value_t = 300)]
    steps: usize,
    /// Learning rate of all agents [default: the models', or 1 on the plane and 2 in other games]
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// The first seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds [default: as many as the player with the most models has, or 1]
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    #[command(flatten)]
    sampling: SamplingOptions,
    /// Write returns by player, opponent and seed into this .csv file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the table of mean returns into this .tex file
    #[arg(long, value_name = "FILE")]
    latex: Option<PathBuf>,
    /// Draw the mean returns into this .svg or .png file
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Print one JSON object: options, `players`, `returns[i][j]` of i against j, intervals, and `standings`
    #[arg(long)]
    json: bool,
}

struct On<'a>(&'a League, Option<&'a Arc<Ranks>>);

impl GameVisitor for On<'_> {
    type Output = Result<Outcome>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Result<Outcome> {
        self.0.on(&game, self.1)
    }
}

impl League {
    pub(super) fn run(&self, ranks: Option<&Arc<Ranks>>) -> Result<Outcome> {
        at_least_one(self.pairs, "--pairs")?;
        at_least_one(self.seeds.unwrap_or(1), "--seeds")?;
        room_for_pairs(self.pairs, 5)?;
        if self.figure.is_some() {
            drawing::check()?;
        }
        self.game.game()?.visit(On(self, ranks))
    }

    fn on<const N: usize, G: NamedGame<N>>(&self, game: &G, ranks: Option<&Arc<Ranks>>) -> Result<Outcome> {
        let any = (*game).into();
        let sampling = self.sampling.check(any, self.seed, self.pairs)?;
        let players: Vec<Entrant> = self
            .players
            .iter()
            .map(|words| Entrant::read(words, any))
            .collect::<Result<_>>()?;
        let models = || players.iter().flat_map(|player| &player.models);
        let rates: Vec<f64> = models().map(|model| model.config().alpha).collect();
        if let (None, Some(other)) = (self.rate, rates.iter().find(|rate| **rate != rates[0])) {
            return Err(Error::usage(format!(
                "models were trained for different rates, {} and {other}",
                rates[0]
            ))
            .at("--rate")
            .hint("give the rate at which all players learn"));
        }
        let seeds = self.seeds.unwrap_or_else(|| {
            let models = players.iter().map(|player| player.models.len());
            models.max().unwrap_or(1).max(1)
        });
        // The returns of each pair in every meeting, where it ends, and the meeting itself.
        let meeting = self.pairs * (size_of::<Option<[f64; 2]>>() + size_of::<Joint<N>>()) + 256;
        room_for(
            product([seeds, players.len(), players.len(), meeting]),
            &format!("--seeds {seeds} with --pairs {}", self.pairs),
        )?;
        let published = Match::published::<N>();
        let terms = Terms {
            pairs: self.pairs,
            steps: self.steps,
            rate: finite(
                self.rate.or(rates.first().copied()).unwrap_or(published.rate),
                "--rate",
                0.0,
            )?,
            start: published.start,
            seed: self.seed,
            seeds,
            sampling,
            effort: Effort::USUAL,
        };
        let played = match ranks {
            None => league(game, Cpu::detect()?, &players, &terms, progress())?,
            Some(ranks) => {
                listen_to_ctrl_c()?;
                match league_on(ranks, game, Cpu::detect()?, &players, &terms, progress(), &INTERRUPTED) {
                    Ok(Some(played)) => played,
                    Ok(None) => return Ok(Outcome::Done),
                    Err(_) if INTERRUPTED.load(Ordering::Relaxed) => return Ok(Outcome::Interrupted),
                    Err(error) => return Err(error),
                }
            }
        };
        for (player, opponent, diverged, pairs) in played.diverged() {
            log::warn!("{player} against {opponent}: {diverged} of {pairs} pairs diverged and are left out");
        }
        if let Some(path) = &self.csv {
            write(path, &csv(&played))?;
        }
        if let Some(path) = &self.latex {
            write(path, &latex(&played))?;
        }
        if let Some(path) = &self.figure {
            drawing::save(&heat_map(&played, &self.game.name), path)?;
        }
        print(&if self.json {
            self.object(&played, &terms).to_string()
        } else {
            text(&played)
        })?;
        let lost: Vec<&str> = played
            .players
            .iter()
            .zip(&played.cells)
            .filter(|(_, row)| row.iter().any(|cell| !cell.mean.is_finite()))
            .map(|(player, _)| player.as_str())
            .collect();
        if lost.is_empty() {
            return Ok(Outcome::Done);
        }
        Err(Error::diverged(format!(
            "all pairs of a seed diverged, with players {}",
            lost.join(", ")
        ))
        .hint("lower --rate or the players' alpha; their returns are missing above"))
    }

    fn object(&self, played: &Played, terms: &Terms) -> Value {
        let by_cell = |of: &dyn Fn(&Cell) -> Value| -> Vec<Vec<Value>> {
            played.cells.iter().map(|row| row.iter().map(of).collect()).collect()
        };
        let ranked = |order: Vec<usize>| order.into_iter().map(|k| &played.players[k]).collect::<Vec<_>>();
        let standing = |(name, standing): (&String, &Standing)| {
            json!({
                "player": name,
                "return_mean": standing.mean,
                "return_iqm": standing.interquartile,
                "return_interval": standing.interval,
                "exploitability": standing.exploitability,
                "best_response": standing.response,
                "extortion_factor": standing.extortion,
                "extortion_residual": standing.residual,
            })
        };
        json!({
            "game": self.game.name,
            "players": played.players,
            "returns": by_cell(&|cell| json!(cell.mean)),
            "returns_iqm": by_cell(&|cell| json!(cell.interquartile)),
            "returns_interval": by_cell(&|cell| json!(cell.interval)),
            "returns_by_seed": by_cell(&|cell| json!(cell.by_seed)),
            "diverged": by_cell(&|cell| json!(cell.diverged)),
            "standings": played.players.iter().zip(&played.standings).map(standing).collect::<Vec<_>>(),
            "by_return": ranked(played.by_return()),
            "by_exploitability": ranked(played.by_exploitability()),
            "by_extortion": ranked(played.by_extortion()),
            "pairs": terms.pairs,
            "steps": terms.steps,
            "rate": terms.rate,
            "seed": terms.seed,
            "seeds": terms.seeds,
        })
    }
}

/// Tells on stderr, from time to time, how far the league is.
fn progress() -> impl Fn(usize, usize) + Sync {
    let every = if std::io::stderr().is_terminal() { 1 } else { 5 };
    let last = Mutex::new(Instant::now());
    move |done, total| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= Duration::from_secs(every) {
            *last = Instant::now();
            eprintln!("{done} of {total} meetings");
        }
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, text.as_bytes()).map(drop)
}

/// A number with three decimals, or a dash.
fn number(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.3}")
    } else {
        "-".to_string()
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_string(), number)
}

fn interval(ends: Option<[f64; 2]>) -> String {
    ends.map_or_else(|| "-".to_string(), |[low, high]| format!("[{low:.3}, {high:.3}]"))
}

fn text(played: &Played) -> String {
    let names = &played.players;
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(10) + 2;
    let column = |name: &str| name.chars().count().max(7) + 2;
    let mut text = format!("{:width$}", "return of");
    for name in names {
        let _ = write!(text, "{name:>0$}", column(name));
    }
    text.push('\n');
    for (name, row) in names.iter().zip(&played.cells) {
        let _ = write!(text, "{name:width$}");
        for (opponent, cell) in names.iter().zip(row) {
            let _ = write!(text, "{:>1$}", number(cell.mean), column(opponent));
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "\n{:width$}{:>9}{:>9}  {:20}{:>13}{:>11}",
        "best first", "return", "iqm", "95 % interval", "exploitable", "extortion"
    );
    for k in played.by_return() {
        let standing = &played.standings[k];
        let _ = writeln!(
            text,
            "{:width$}{:>9}{:>9}  {:20}{:>13}{:>11}",
            names[k],
            number(standing.mean),
            number(standing.interquartile),
            interval(standing.interval),
            optional(standing.exploitability),
            optional(standing.extortion)
        );
    }
    text
}

fn csv(played: &Played) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut text =
        "player,opponent,seed_index,return,interquartile_mean,interval_low,interval_high,pairs_diverged,pairs\n"
            .to_string();
    for (player, row) in played.players.iter().zip(&played.cells) {
        for (opponent, cell) in played.players.iter().zip(row) {
            let [low, high] = cell
                .interval
                .map_or([String::new(), String::new()], |ends| ends.map(|end| end.to_string()));
            for (seed, value) in cell.by_seed.iter().enumerate() {
                let _ = writeln!(
                    text,
                    "{},{},{seed},{value},{},{low},{high},{},{}",
                    quoted(player),
                    quoted(opponent),
                    cell.interquartile,
                    cell.diverged,
                    cell.pairs
                );
            }
        }
    }
    text
}

fn latex(played: &Played) -> String {
    let escaped = |name: &str| {
        let mut text = String::new();
        for c in name.chars() {
            match c {
                '\\' => text.push_str("\\textbackslash{}"),
                '~' => text.push_str("\\textasciitilde{}"),
                '^' => text.push_str("\\textasciicircum{}"),
                '_' | '%' | '&' | '#' | '$' | '{' | '}' => {
                    text.push('\\');
                    text.push(c);
                }
                _ => text.push(c),
            }
        }
        text
    };
    let names: Vec<String> = played.players.iter().map(|name| escaped(name)).collect();
    let mut text = format!("\\begin{{tabular}}{{l{}}}\n\\hline\n", "r".repeat(names.len()));
    let _ = writeln!(text, " & {} \\\\", names.join(" & "));
    text.push_str("\\hline\n");
    for (name, row) in names.iter().zip(&played.cells) {
        let numbers: Vec<String> = row
            .iter()
            .map(|cell| {
                if cell.mean.is_finite() {
                    format!("${:.3}$", cell.mean)
                } else {
                    "--".to_string()
                }
            })
            .collect();
        let _ = writeln!(text, "{name} & {} \\\\", numbers.join(" & "));
    }
    text.push_str("\\hline\n\\end{tabular}\n");
    text
}

/// The mean returns as colours.
fn heat_map(played: &Played, game: &str) -> Figure {
    let side = 44.0 * played.players.len().max(3) as f64;
    let content = Content::Heat {
        names: played.players.clone(),
        values: played
            .cells
            .iter()
            .map(|row| row.iter().map(|cell| cell.mean).collect())
            .collect(),
    };
    Figure::of(
        vec![Panel {
            title: format!("Mean return of the row\u{2019}s player in {game}"),
            content,
        }],
        side,
    )
}
