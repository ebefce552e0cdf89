//! Players by the words that name them: learners with their settings, trained models, strategies that do not learn.
//!
//! ```text
//! naive                       a learner
//! lola:10                     a learner with its setting
//! meva:DIR@0.95               a trained learner: a run directory, a model file, or several, and its setting
//! tit-for-tat                 a classic strategy
//! zd:3  zd:3,0.5              the zero-determinant strategy with this factor and generosity
//! policy:1,0,1,0,1            any strategy: at the start and after DD, DC, CD, CC, own action first
//! m-maml                      a learner that learns where to start, for each seed
//! m-fos  m-fos:lola:10        a meta-policy that is trained, for each seed, against each opponent, or against this learner
//! m-fos:self                  a meta-policy that is trained against itself
//! ```
//!
//! Several models are separated by commas, named by a `*` in the last part of a path, or lie in one folder; they count as
//! seeds, in the order of their own seeds. Paths that are joined by `+` are one model: an [ensemble](Model::ensemble).

use std::fs;
use std::path::{Path, PathBuf};

use meva_core::Player;
use meva_core::game::{AnyGame, IteratedMatrix};
use meva_core::strategy::{Strategy, StrategyName, zero_determinant};

use crate::config::unknown;
use crate::error::{Error, Result};
use crate::follow::learner::Learner;
use crate::model::{MODEL, Model};

/// A player with what it is called.
pub struct Entrant {
    /// The words that named it.
    pub name: String,
    /// The learner, or the strategy.
    pub learner: Learner,
    /// The models of a trained learner, one for each seed.
    pub models: Vec<Model>,
}

impl Entrant {
    /// Reads a player of a game.
    ///
    /// ```
    /// use meva::follow::player::Entrant;
    /// use meva_core::game::{AnyGame, IteratedMatrix};
    ///
    /// let game = AnyGame::from(IteratedMatrix::PRISONERS_DILEMMA);
    /// assert_eq!(Entrant::read("lola:10", game)?.learner.setting(), 10.0);
    /// assert!(Entrant::read("tit-for-tat", game)?.learner.strategy().is_some());
    /// assert!(Entrant::read("tit-for-tatt", game).is_err_and(|error| error.to_string().contains("`tit-for-tat`?")));
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// No player has this name; a setting, a probability or a factor is not in its range, or is given to a player that has
    /// none; a strategy in a game that is not iterated; a model that cannot be read, or is of another game or learner, or of
    /// other sizes than the first.
    pub fn read(text: &str, game: AnyGame) -> Result<Self> {
        let (name, setting) = match text.split_once(':') {
            Some((name, setting)) => (name, Some(setting)),
            None => (text, None),
        };
        let mut models = Vec::new();
        let learner = match (name, setting) {
            ("policy", _) => of_probabilities(&numbers(setting.unwrap_or_default())?, game),
            ("zd", _) => of_line(&numbers(setting.unwrap_or_default())?, game),
            _ => match (name.parse::<StrategyName>(), setting) {
                (Ok(strategy), None) => iterated(game, "strategies").map(|_| Learner::Strategy {
                    by_player: [strategy.probabilities(); 2],
                }),
                (Ok(_), Some(_)) => {
                    Err(Error::usage(format!("`{name}` has no setting")).hint("zd:3 and policy:1,0,1,0,1 have one"))
                }
                (Err(_), _) => named(name, setting, game, &mut models),
            },
        };
        Ok(Entrant {
            name: text.to_string(),
            learner: learner.map_err(|error| error.at(format!("player `{text}`")))?,
            models,
        })
    }
}

/// A learner by its name, with its setting and its models.
fn named(name: &str, setting: Option<&str>, game: AnyGame, models: &mut Vec<Model>) -> Result<Learner> {
    let names = Learner::names()
        .chain(StrategyName::NAMES.iter().copied())
        .chain(["zd", "policy"]);
    if let ("m-fos", Some(rival)) = (name, setting) {
        iterated(game, "meta-policies")?;
        return Ok(Learner::MFos { rival: rival.parse()? });
    }
    let learner: Learner = name.parse().map_err(|_| unknown("player", name, names))?;
    if learner.prepares() && setting.is_some() {
        return Err(
            Error::usage(format!("`{name}` has no setting")).hint("its start is learned at the rate of the match")
        );
    }
    if matches!(learner, Learner::MFos { .. }) {
        iterated(game, "meta-policies")?;
    }
    let number = if learner.algorithm().is_some() {
        let (paths, number) = match setting.map(|setting| setting.rsplit_once('@').unwrap_or((setting, ""))) {
            Some((paths, number)) if !paths.is_empty() => (paths, number),
            _ => {
                return Err(
                    Error::usage(format!("learner `{name}` needs trained models")).hint(format!(
                        "name their directory and a setting: {name}:DIR@{}",
                        learner.setting()
                    )),
                );
            }
        };
        *models = load(paths, learner, game)?;
        Some(number).filter(|number| !number.is_empty())
    } else {
        setting
    };
    let Some(number) = number else { return Ok(learner) };
    let [value] = numbers(number)?[..] else {
        return Err(Error::usage(format!("`{number}` is not one number")));
    };
    let fits = match learner {
        Learner::MetaValue { .. } => (0.0..=1.0).contains(&value),
        _ => value.is_finite() && value >= 0.0,
    };
    if !fits {
        return Err(
            Error::usage(format!("{} cannot be {value}", learner.setting_name())).hint(match learner {
                Learner::MetaValue { .. } => "a discount lies in [0, 1]",
                _ => "give a finite number that is at least 0",
            }),
        );
    }
    Ok(learner.with(value))
}

fn numbers(text: &str) -> Result<Vec<f64>> {
    let number = |word: &str| {
        let wrong = || Error::usage(format!("`{word}` is not a number"));
        word.trim().parse::<f64>().map_err(|_| wrong())
    };
    text.split(',').map(number).collect()
}

/// The iterated game, which they are for.
fn iterated(game: AnyGame, they: &str) -> Result<IteratedMatrix> {
    IteratedMatrix::try_from(game).map_err(|_| {
        Error::usage(format!("{they} are for iterated games, and this game has no turns"))
            .hint("play ipd, or name a learner")
    })
}

fn of_probabilities(probabilities: &[f64], game: AnyGame) -> Result<Learner> {
    iterated(game, "strategies")?;
    let hint = "five probabilities of cooperating: at the start and after DD, DC, CD, CC, own action first";
    let strategy: Strategy = probabilities
        .try_into()
        .map_err(|_| Error::usage(format!("{} probabilities", probabilities.len())).hint(hint))?;
    if let Some(p) = strategy.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(Error::usage(format!("{p} is not a probability: it is outside [0, 1]")).hint(hint));
    }
    Ok(Learner::Strategy {
        by_player: [strategy; 2],
    })
}

fn of_line(numbers: &[f64], game: AnyGame) -> Result<Learner> {
    let game = iterated(game, "strategies")?;
    let (chi, generosity) = match *numbers {
        [chi] => (chi, 0.0),
        [chi, generosity] => (chi, generosity),
        _ => return Err(Error::usage("a factor and a generosity are expected").hint("as in zd:3 or zd:3,0.5")),
    };
    let strategy = |player| {
        zero_determinant(&game, player, chi, generosity).ok_or_else(|| {
            Error::usage(format!(
                "no strategy of this game enforces a factor of {chi} with generosity {generosity}"
            ))
            .hint("the factor must be above 1 by more than the discount allows for, the generosity in [0, 1]")
        })
    };
    Ok(Learner::Strategy {
        by_player: [strategy(Player::Zero)?, strategy(Player::One)?],
    })
}

/// The models at these paths.
fn load(paths: &str, learner: Learner, game: AnyGame) -> Result<Vec<Model>> {
    let mut models = Vec::new();
    for path in paths.split(',') {
        for place in places(Path::new(path))? {
            let model = Model::load(&place)?;
            let own = model.config().any_game()?;
            if own != game {
                let name = model.config().game.name();
                return Err(
                    Error::usage(format!("the model was trained for another game, `{name}`"))
                        .at(place.display())
                        .hint("a game with other payoffs or another discount is another game"),
                );
            }
            learner.check(&model).map_err(|error| error.at(place.display()))?;
            models.push(model);
        }
    }
    let shape = models.first().map(Model::shape);
    if let Some(other) = models.iter().find(|model| Some(model.shape()) != shape) {
        return Err(Error::usage(format!(
            "models of one player must be of one shape; the first is {:?}, another {:?}",
            models[0].shape().sizes(),
            other.shape().sizes()
        ))
        .hint("name them as players of their own"));
    }
    models.sort_by_key(|model| model.config().seed);
    Ok(models)
}

/// The models that a path names: itself; those that a `*` in its last part stands for; those in the folder.
fn places(path: &Path) -> Result<Vec<PathBuf>> {
    let (folder, pattern) = match path.file_name().and_then(|name| name.to_str()) {
        Some(name) if name.contains('*') => (path.parent().filter(|parent| *parent != Path::new("")), Some(name)),
        _ if path.is_dir() && !path.join(MODEL).exists() => (Some(path), None),
        _ => return Ok(vec![path.to_path_buf()]),
    };
    let folder = folder.unwrap_or(Path::new("."));
    let io = |cause| Error::io("read", folder, cause);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let fits = pattern.is_none_or(|pattern| matches(pattern, &entry.file_name().to_string_lossy()));
        if fits && entry.path().join(MODEL).exists() {
            found.push(entry.path());
        }
    }
    if found.is_empty() {
        return Err(Error::files(format!("no trained models in `{}`", path.display()))
            .hint("name a run directory, a folder of run directories, or end the path in a pattern with *"));
    }
    found.sort();
    Ok(found)
}

/// Whether a name fits a pattern in which each `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.any(|at| matches(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;
    use meva_core::game::PlaneGame;

    fn read(text: &str) -> Result<Learner> {
        Entrant::read(text, IteratedMatrix::PRISONERS_DILEMMA.into()).map(|entrant| entrant.learner)
    }

    #[test]
    fn players_are_read() {
        assert_eq!(read("naive"), Ok(Learner::NAIVE.with(1.0)));
        assert_eq!(read("sos:0.5").map(Learner::setting), Ok(0.5));
        let tit_for_tat = [1.0, 0.0, 1.0, 0.0, 1.0];
        assert_eq!(
            read("policy:1,0,1,0,1").map(Learner::strategy),
            Ok(Some([tit_for_tat; 2]))
        );
        assert_eq!(read("tit-for-tat"), read("policy:1, 0, 1, 0, 1"));
        assert!(read("zd:3").is_ok() && read("zd:2,1").is_ok());
        assert_eq!(read("m-maml"), Ok(Learner::MMaml));
        assert_eq!(read("m-fos:lola-2018:25"), "m-fos:lola-2018:25".parse());
    }

    #[test]
    fn what_is_no_player_is_refused() {
        assert_says(
            read("tit-for-tot"),
            &["unknown player `tit-for-tot`", "did you mean `tit-for-tat`?"],
        );
        assert_says(read("lolla:3"), &["did you mean `lola`?"]);
        assert_says(read("lola:x"), &["`x` is not a number", "player `lola:x`"]);
        assert_says(read("lola:-1"), &["alpha cannot be -1"]);
        assert_says(read("policy:1,0,1,0"), &["4 probabilities", "own action first"]);
        assert_says(read("policy:1,0,1.5,0,1"), &["1.5 is not a probability"]);
        assert_says(read("policy:1,0,nan,0,1"), &["not a probability"]);
        assert_says(read("zd:1"), &["no strategy of this game enforces a factor of 1"]);
        assert_says(read("zd:3,2"), &["generosity 2"]);
        assert_says(read("zd:1,2,3"), &["as in zd:3"]);
        assert_says(read("grim:3"), &["`grim` has no setting"]);
        assert_says(read("m-maml:3"), &["`m-maml` has no setting"]);
        assert_says(
            read("m-fos:lolla"),
            &["unknown rival of m-fos `lolla`", "player `m-fos:lolla`"],
        );
        assert_says(read("m-fos:lola:-1"), &["alpha cannot be `-1`"]);
        for name in ["m-fos", "m-fos:naive"] {
            assert_says(
                Entrant::read(name, PlaneGame::Tandem.into()).map(drop),
                &["meta-policies are for iterated games"],
            );
        }
        assert_says(read("meva"), &["needs trained models", "meva:DIR@0.95"]);
        assert_says(read("meva:nowhere@0.5"), &["nowhere"]);
        assert_says(
            Entrant::read("grim", PlaneGame::Tandem.into()).map(drop),
            &["strategies are for iterated games"],
        );
    }

    #[test]
    fn stars_stand_for_any_characters() {
        assert!(matches("ipd-seed-*", "ipd-seed-12") && matches("*", "") && matches("a*c*e", "abcde"));
        assert!(!matches("ipd-*", "imp-1") && !matches("a*c", "ab") && !matches("", "a"));
    }
}
