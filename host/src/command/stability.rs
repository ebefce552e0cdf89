//! `meva stability`: where agents come to rest, and what learners make of the game's stable fixed points.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use meva_core::Player;
use meva_core::game::{AnyGame, GameVisitor, NamedGame};
use serde_json::json;

use super::drawing;
use super::options::{GameOptions, at_least_one, finite};
use super::{Outcome, print};
use meva::draws::Start;
use meva::error::{Error, Result};
use meva::follow::fixed_points::{Fate, FixedPoint, Kind, fate, fixed_points, limit, usual_range};
use meva::follow::player::Entrant;
use meva::follow::starts::starts;
use meva::follow::{Agent, Joint};
use meva::limits::{product, room_for};
use meva::paper::figures::{Content, Figure, Panel};

/// Find where learners come to rest, and which stable fixed points of the game they keep, move or lose.
#[derive(Debug, Args)]
pub struct Stability {
    #[command(flatten)]
    game: GameOptions,
    /// The learners, written NAME[:SETTING]: naive, lola:0.1, meva:DIR@0.95
    #[arg(long = "learner", num_args = 1.., required = true, value_name = "LEARNER")]
    learners: Vec<String>,
    /// The setting of learners that are written without one [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    alpha: Option<f64>,
    /// Learning rate of both agents, for which it is said whether a fixed point attracts [default: the model's, or 1]
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// How many starts Newton's method takes
    #[arg(long, default_value_t = 200)]
    starts: usize,
    /// The largest coordinate of starts [default: 8 on the plane, 2 elsewhere]
    #[arg(long, allow_negative_numbers = true)]
    range: Option<f64>,
    /// Seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw the plane with each learner's field and fixed points into this .svg or .png file
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Print one JSON object: options, the game's `fixed_points`, and by learner its own and the `fate` of the stable ones
    #[arg(long)]
    json: bool,
}

struct On<'a>(&'a Stability);

impl GameVisitor for On<'_> {
    type Output = Result<Outcome>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Result<Outcome> {
        self.0.on(&game)
    }
}

/// What was found of a learner.
struct Found<const N: usize> {
    name: String,
    rate: f64,
    points: Vec<FixedPoint<N>>,
    /// Of the game's stable fixed points.
    fates: Vec<Fate<N>>,
}

impl Stability {
    pub(super) fn run(&self) -> Result<Outcome> {
        at_least_one(self.starts, "--starts")?;
        let game = self.game.game()?;
        if self.figure.is_some() {
            drawing::check()?;
            if let AnyGame::IteratedMatrix(_) = game {
                return Err(Error::usage(format!(
                    "the joint policies of `{}` do not form a plane to draw",
                    self.game.name
                ))
                .at("--figure")
                .hint("leave the option out, or name a game of one parameter per policy"));
            }
        }
        game.visit(On(self))
    }

    fn on<const N: usize, G: NamedGame<N>>(&self, game: &G) -> Result<Outcome> {
        let range = finite(self.range.unwrap_or(usual_range::<N>()), "--range", 0.0)?;
        let limit = limit(range);
        // Each start, and what Newton's method finds from it.
        let each = size_of::<Joint<N>>() + size_of::<FixedPoint<N>>();
        room_for(product([self.starts, each]), &format!("--starts {}", self.starts))?;
        let starts: Vec<Joint<N>> = starts(self.starts, Start::Uniform(range), self.seed);
        let own = fixed_points([Agent::NAIVE; 2], game, &starts, limit);
        let stable: Vec<&FixedPoint<N>> = own.iter().filter(|point| point.kind == Kind::Stable).collect();
        let players = self.learners.iter().map(|words| self.player(words, (*game).into()));
        let players: Vec<Entrant> = players.collect::<Result<_>>()?;
        let found = |player: &Entrant| -> Result<Found<N>> {
            let model = player.models.first();
            let agents = Agent::both(player.learner, model)?;
            let rate = self.rate.or(model.map(|model| model.config().alpha)).unwrap_or(1.0);
            Ok(Found {
                rate: finite(rate, "--rate", 0.0)?,
                points: fixed_points(agents, game, &starts, limit),
                fates: stable
                    .iter()
                    .map(|point| fate(agents, game, point, &starts, limit))
                    .collect(),
                name: player.name.clone(),
            })
        };
        let found: Vec<Found<N>> = players.iter().map(found).collect::<Result<_>>()?;
        if let Some(path) = &self.figure {
            drawing::save(&drawing_of(game, &players, &found, range)?, path)?;
        }
        if self.json {
            let learner = |found: &Found<N>| {
                let fates = stable.iter().zip(&found.fates);
                json!({
                    "learner": found.name,
                    "rate": found.rate,
                    "fixed_points": found.points.iter().map(|point| point.json(found.rate)).collect::<Vec<_>>(),
                    "fates": fates.map(|(point, fate)| fate.json(point)).collect::<Vec<_>>(),
                })
            };
            let value = json!({
                "game": self.game.name,
                "starts": self.starts,
                "range": range,
                "seed": self.seed,
                "fixed_points": own.iter().map(|point| point.json(self.rate.unwrap_or(1.0))).collect::<Vec<_>>(),
                "learners": found.iter().map(learner).collect::<Vec<_>>(),
            });
            print(&value.to_string())?;
        } else {
            print(&text(&self.game.name, &own, &stable, &found))?;
        }
        Ok(Outcome::Done)
    }

    /// A learner with at most one model; without a setting of its own, at `--alpha`.
    fn player(&self, words: &str, game: AnyGame) -> Result<Entrant> {
        let wrong = |what: String, hint: &str| Err(Error::usage(what).at("--learner").hint(hint));
        let mut player = Entrant::read(words, game).map_err(|error| error.at("--learner"))?;
        if player.learner.strategy().is_some() {
            return wrong(
                format!("`{words}` is a strategy, which does not learn"),
                "name a learner",
            );
        }
        if player.models.len() > 1 {
            let count = player.models.len();
            return wrong(
                format!("`{words}` names {count} models"),
                "name one: each has fixed points of its own",
            );
        }
        if !words.contains(':') {
            if let Some(alpha) = self.alpha {
                player.learner = player.learner.with(finite(alpha, "--alpha", 0.0)?);
            }
            player.name = player.learner.title();
        }
        Ok(player)
    }
}

/// Arrows along each side of the plane.
const ARROWS: usize = 17;

/// A panel for each learner.
fn drawing_of<const N: usize, G: NamedGame<N>>(
    game: &G,
    players: &[Entrant],
    found: &[Found<N>],
    range: f64,
) -> Result<Figure> {
    let coordinate = |k: usize| range * ((2 * k + 1) as f64 / ARROWS as f64 - 1.0);
    let panel = |(player, found): (&Entrant, &Found<N>)| -> Result<Panel> {
        let agents: [Agent<N>; 2] = Agent::both(player.learner, player.models.first())?;
        let arrow = |k: usize| {
            let at = [coordinate(k / ARROWS), coordinate(k % ARROWS)];
            let x: Joint<N> = at.map(|number| [number; N]);
            (
                at,
                Player::BOTH.map(|player| agents[player.index()].direction(player, game, &x)[0]),
            )
        };
        let members = |point: &FixedPoint<N>| {
            let places: Vec<_> = point
                .members
                .iter()
                .map(|at| ([at[0][0], at[1][0]], point.kind))
                .collect();
            places
        };
        Ok(Panel {
            title: found.name.clone(),
            content: Content::Field {
                range,
                arrows: (0..ARROWS * ARROWS).map(arrow).collect(),
                points: found.points.iter().flat_map(members).collect(),
            },
        })
    };
    let panels = players.iter().zip(found).map(panel).collect::<Result<Vec<_>>>()?;
    Ok(Figure::of(panels, 240.0))
}

/// A joint policy in words.
fn place<const N: usize>(x: &Joint<N>) -> String {
    let row = |row: &[f64; N]| {
        row.iter()
            .map(|number| format!("{number:.4}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    format!("({}, {})", row(&x[0]), row(&x[1]))
}

fn lines<const N: usize>(points: &[FixedPoint<N>], rate: f64) -> String {
    let mut text = String::new();
    for point in points {
        let eigenvalues: Vec<String> = point
            .spectrum
            .iter()
            .map(|lambda| {
                if lambda.im == 0.0 {
                    format!("{:.4}", lambda.re)
                } else {
                    format!("{:.4}{:+.4}i", lambda.re, lambda.im)
                }
            })
            .collect();
        let line = match point.neutral {
            0 => String::new(),
            neutral => format!(", one of a {}-dimensional set", neutral),
        };
        let attracts = if point.attracts(rate) { "" } else { "not " };
        let _ = writeln!(
            text,
            "  {:8} at {}{line}; eigenvalues {}; {attracts}attracting at rate {rate}",
            point.kind,
            place(&point.at),
            eigenvalues.join(" ")
        );
    }
    if points.is_empty() {
        text.push_str("  none found\n");
    }
    text
}

fn text<const N: usize>(game: &str, own: &[FixedPoint<N>], stable: &[&FixedPoint<N>], found: &[Found<N>]) -> String {
    let mut text = format!("fixed points of {game} (naive learning)\n{}", lines(own, 1.0));
    for found in found {
        let _ = write!(text, "{}\n{}", found.name, lines(&found.points, found.rate));
        for (point, fate) in stable.iter().zip(&found.fates) {
            let at = place(&point.at);
            let _ = match fate {
                Fate::Kept => writeln!(text, "  keeps the stable {at}"),
                Fate::Moved(to) => writeln!(text, "  moves the stable {at} to {}", place(to)),
                Fate::Lost => writeln!(text, "  loses the stable {at}"),
            };
        }
    }
    text
}
