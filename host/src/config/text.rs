//! Configurations as text: files, metadata and assignments on the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::Config;
use super::key::{KEYS, OPTIONAL};
use super::presets::logistic;
use crate::error::{Error, Result};

impl Config {
    /// Reads a file, as [`Config::from_toml`] reads its text.
    ///
    /// # Errors
    /// The file cannot be read, or its text is not that of a valid configuration.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
        Self::from_toml(&text).map_err(|error| error.at(path.display()))
    }

    /// Reads a valid configuration from TOML: absent keys have the values of the `preset` that the text names. Without
    /// one it must give every key, except that `payoffs` and `rho` may be none and `discount` the usual one.
    ///
    /// ```
    /// use meva::config::Config;
    /// let config = Config::from_toml("preset = 'ipd'\nbatch = 32")?;
    /// assert_eq!((config.batch, config.alpha), (32, 2.0));
    /// assert!(Config::from_toml("batch = 32").unwrap_err().to_string().starts_with("missing keys: `game`, "));
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// The text is not TOML, a key is unknown or missing, or a value is not one that the key can have.
    pub fn from_toml(text: &str) -> Result<Self> {
        let table: Table = text.parse().map_err(|error| syntax_error(text, &error))?;
        let mut config = match table.get("preset") {
            Some(Value::String(name)) => Self::preset(name)?,
            Some(value) => {
                return Err(Error::usage(format!(
                    "`preset` is {value}: it must be a name in quotes"
                )));
            }
            None => Config {
                preset: None,
                ..logistic()
            },
        };
        for (key, value) in &table {
            config.assign(key, value)?;
        }
        if config.preset.is_none() {
            require_all_keys(&table)?;
        }
        config.validate()?;
        Ok(config)
    }

    /// Changes one key: `"key=value"`, with a value as in TOML, or a bare word.
    ///
    /// A change may need another one to make sense, so [`Config::validate`] after the last.
    ///
    /// # Errors
    /// There is no such key, or the value is not of its kind.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        self.set_inner(assignment)
            .map_err(|error| error.at(format_args!("--set {assignment}")))
    }

    fn set_inner(&mut self, assignment: &str) -> Result<()> {
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(Error::usage(format!("`{assignment}` sets nothing")).hint("write key=value, as in batch=64"));
        };
        let (key, text) = (key.trim(), text.trim());
        if ["preset", "version"].contains(&key) {
            return Err(Error::usage(format!("`{key}` cannot be set")).hint("start from another preset instead"));
        }
        let value = match text.parse() {
            Ok(value) => value,
            Err(_) if is_bare(text) => Value::String(text.to_owned()),
            Err(error) => {
                return Err(
                    Error::usage(format!("the value of `{key}` cannot be read: {}", error.message()))
                        .hint("values are numbers, words, and lists in brackets, as in TOML"),
                );
            }
        };
        self.assign(key, &value)
    }

    fn assign(&mut self, key: &str, value: &Value) -> Result<()> {
        let mut keys = KEYS.iter().map(|(key, _)| *key);
        if !keys.any(|known| known == key) {
            return Err(unknown("key", key, KEYS.iter().map(|(key, _)| *key)));
        }
        let mut table = self.to_table()?;
        table.insert(key.to_owned(), value.clone());
        *self = table.try_into().map_err(|error: toml::de::Error| {
            unknown_variant(key, error.message()).unwrap_or_else(|| {
                Error::usage(format!("`{key}` cannot be {value}: {}", error.message())).hint(self.example(key))
            })
        })?;
        Ok(())
    }

    pub(super) fn to_table(&self) -> Result<Table> {
        Table::try_from(self).map_err(|error| Error::usage(format!("a number does not fit into TOML: {error}")))
    }

    /// The whole configuration as TOML, with notes. [`Config::from_toml`] gives the same one back.
    ///
    /// # Errors
    /// A seed or a count is beyond TOML's integers, which end at 2^63 - 1.
    pub fn to_toml(&self) -> Result<String> {
        let table = self.to_table()?;
        let line = |(key, note): &(&str, &str)| {
            let assignment = format!("{key} = {}", written(table.get(*key)?));
            Some(format!("{assignment:<31} # {note}\n"))
        };
        Ok(KEYS.iter().filter_map(line).collect())
    }

    /// The configuration as the metadata of a model file.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn to_metadata(&self) -> Result<BTreeMap<String, String>> {
        Ok(BTreeMap::from([("config".to_owned(), self.to_toml()?)]))
    }

    /// The configuration that a model file's metadata holds.
    ///
    /// # Errors
    /// There is none, or it is not valid.
    pub fn of_metadata(metadata: &BTreeMap<String, String>) -> Result<Self> {
        let text = metadata.get("config").ok_or_else(|| {
            Error::files("this is no model of meva: its metadata has no `config`")
                .hint("name a file that `meva train` wrote")
        })?;
        Self::from_toml(text).map_err(|error| error.at("metadata `config`"))
    }

    /// What the preset has for `key`, or for what no preset has, the payoffs, how they look.
    pub(super) fn example(&self, key: &str) -> String {
        let name = self.preset.as_deref().unwrap_or("logistic");
        let table = Self::preset(name).and_then(|preset| preset.to_table());
        match table.ok().as_ref().and_then(|table| table.get(key)) {
            Some(value) => format!("preset `{name}` has {key} = {}", written(value)),
            None => "rows are DD, DC, CD, CC, columns players: payoffs = [[1, 1], [3, 0], [0, 3], [2, 2]]".to_owned(),
        }
    }
}

/// The candidate that `word` is probably a misspelling of: at most a third of its letters, or one, are wrong.
///
/// ```
/// use meva::config::nearest;
/// assert_eq!(nearest("logistik", ["ipd", "logistic"]), Some("logistic"));
/// assert_eq!(nearest("poker", ["ipd", "logistic"]), None);
/// assert_eq!(nearest("x", ["u", "v"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let bound = (length / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound && *distance < length)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// No `kind` is called `word`; perhaps one of the candidates was meant.
pub fn unknown<'a>(kind: &str, word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Error {
    let hint = match nearest(word, candidates.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("choose from {}", candidates.collect::<Vec<_>>().join(", ")),
    };
    Error::usage(format!("unknown {kind} `{word}`")).hint(hint)
}

/// Reads the message "unknown variant `word`, expected one of `a`, `b`": the candidates are known to the enum alone.
fn unknown_variant(key: &str, message: &str) -> Option<Error> {
    let mut quoted = message.strip_prefix("unknown variant ")?.split('`').skip(1).step_by(2);
    Some(unknown(key, quoted.next()?, quoted))
}

fn require_all_keys(table: &Table) -> Result<()> {
    let missing: Vec<_> = KEYS
        .iter()
        .filter(|(key, _)| !OPTIONAL.contains(key) && !table.contains_key(*key))
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::usage(format!("missing keys: {}", missing.join(", ")))
        .hint("add them, or take them from a preset, as in preset = \"logistic\""))
}

fn syntax_error(text: &str, error: &toml::de::Error) -> Error {
    let wrong = Error::usage(format!("not TOML: {}", error.message()));
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => wrong.at(format_args!("line {}", 1 + before.matches('\n').count())),
        None => wrong,
    }
}

/// A word that needs no quotes on the command line.
fn is_bare(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// A value as in TOML, small numbers with an exponent.
fn written(value: &Value) -> String {
    match value {
        Value::Float(number) if number.is_finite() => format!("{number:?}"),
        value => value.to_string(),
    }
}

/// A payoff table, whose shape an error can tell.
pub(super) fn four_by_two<'de, D: serde::Deserializer<'de>>(
    input: D,
) -> std::result::Result<Option<[[f64; 2]; 4]>, D::Error> {
    let rows = Vec::<Vec<f64>>::deserialize(input)?;
    let pairs: Option<Vec<[f64; 2]>> = rows.iter().map(|row| row.as_slice().try_into().ok()).collect();
    match pairs.and_then(|pairs| pairs.try_into().ok()) {
        Some(table) => Ok(Some(table)),
        None => Err(serde::de::Error::custom(format!(
            "it has {} rows of lengths {:?}, expected 4 rows (DD, DC, CD, CC) of length 2 (players)",
            rows.len(),
            rows.iter().map(Vec::len).collect::<Vec<_>>()
        ))),
    }
}

/// A number, or the word none: TOML has no null, and a file must be able to take a preset's number back.
pub(super) mod number_or_none {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged, expecting = "expected a number or \"none\"")]
    enum NumberOrWord {
        Number(f64),
        Word(Word),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        None,
    }

    pub fn serialize<S: Serializer>(value: &Option<f64>, output: S) -> Result<S::Ok, S::Error> {
        match *value {
            Some(number) => NumberOrWord::Number(number),
            None => NumberOrWord::Word(Word::None),
        }
        .serialize(output)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<f64>, D::Error> {
        Ok(match NumberOrWord::deserialize(input)? {
            NumberOrWord::Number(number) => Some(number),
            NumberOrWord::Word(Word::None) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use meva_core::algorithm1::Bootstrap;
    use meva_core::game::GameName;
    use meva_core::learner::meta_value::Field;

    use super::*;
    use crate::config::presets::{PRESETS, ipd, logistic};
    use crate::config::{Schedule, Sharing};

    fn presets() -> impl Iterator<Item = Config> {
        PRESETS.iter().map(|(_, config)| config())
    }

    fn assert_says(text: &str, words: &[&str]) {
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in: {text}");
        }
    }

    #[test]
    fn files_come_back() {
        let matrix = Config {
            game: GameName::Matrix,
            payoffs: Some([[0.1, -1e-300], [3.0, 1e30], [-0.0, 1.0 / 3.0], [2.0, 2.0]]),
            rho: None,
            seed: i64::MAX as u64,
            epsilon: 1.25e-17,
            version: "0.0.1".to_owned(),
            ..ipd()
        };
        let nameless = Config {
            preset: None,
            schedule: Schedule::Cosine,
            field: Field::UNormalized,
            parameters: Sharing::Separate,
            ..ipd()
        };
        for config in presets().chain([matrix, nameless]) {
            let text = config.to_toml().unwrap();
            assert_eq!(Config::from_toml(&text).unwrap(), config, "{text}");
        }
    }

    #[test]
    fn a_file_is_as_readable_as_this() {
        let text = ipd().to_toml().unwrap();
        for line in [
            "preset = \"ipd\"                  # where absent keys come from",
            "rho = 0.99                      # inertia of the target network, below 1, or \"none\"",
            "epsilon = 1e-8                  # added to the root of the second moment",
            "flip_probability = 0.0625       # per unit and player, of sign-flips",
        ] {
            assert!(text.lines().any(|l| l == line), "{line:?} is missing in:\n{text}");
        }
        assert!(!text.contains("payoffs"), "{text}");
    }

    #[test]
    fn a_file_overrides_its_preset() {
        let config = Config::from_toml("preset = 'ipd'\nrho = 'none'\nalpha = 3\ngame = 'chicken'").unwrap();
        let expected = Config {
            rho: None,
            alpha: 3.0,
            game: GameName::Chicken,
            ..ipd()
        };
        assert_eq!(config, expected);
    }

    /// Without preset only some keys may be absent, and those do not come from a preset.
    #[test]
    fn a_file_without_preset_is_complete() {
        let lines = |left_out: &[&str]| -> String {
            let text = ipd().to_toml().unwrap();
            let stays = |line: &&str| !left_out.contains(&line.split(' ').next().unwrap());
            text.lines().filter(stays).map(|line| format!("{line}\n")).collect()
        };
        let config = Config::from_toml(&lines(&OPTIONAL)).unwrap();
        assert_eq!((config.preset, config.rho, config.discount), (None, None, 0.96));
        for (key, _) in KEYS.iter().filter(|(key, _)| !OPTIONAL.contains(key)) {
            let error = Config::from_toml(&lines(&["preset", key])).unwrap_err().to_string();
            assert_says(&error, &["missing keys", &format!("`{key}`"), "preset = "]);
        }
    }

    #[test]
    fn assignments() {
        let mut config = logistic();
        for assignment in [
            "game=matrix",
            "payoffs = [[1, 1], [3, 0], [0, 3], [2, 2.5]]",
            "eta=1e-2",
            "rho=0.5",
            "bootstrap=semi-gradient",
            "schedule=\"linear\"",
            "field=u-normalized",
        ] {
            config.set(assignment).unwrap();
        }
        config.validate().unwrap();
        let expected = Config {
            game: GameName::Matrix,
            payoffs: Some([[1.0, 1.0], [3.0, 0.0], [0.0, 3.0], [2.0, 2.5]]),
            eta: 1e-2,
            rho: Some(0.5),
            bootstrap: Bootstrap::SemiGradient,
            schedule: Schedule::Linear,
            field: Field::UNormalized,
            ..logistic()
        };
        assert_eq!(config, expected);
    }

    /// A failed assignment says so and changes nothing.
    #[test]
    fn bad_assignments() {
        for (assignment, words) in [
            ("batch", ["sets nothing", "key=value"]),
            ("batch=", ["the value of `batch`", "--set batch="]),
            ("bach=3", ["unknown key `bach`", "did you mean `batch`?"]),
            ("gamma=3", ["unknown key `gamma`", "lambda, rho"]),
            (
                "batch=many",
                ["`batch` cannot be \"many\"", "preset `logistic` has batch = 128"],
            ),
            ("batch=-1", ["`batch` cannot be -1", "--set batch=-1"]),
            ("batch=1.5", ["`batch` cannot be 1.5", "--set batch=1.5"]),
            ("batch=3\nseed=4", ["the value of `batch`", "batch=3"]),
            ("game=logistik", ["unknown game `logistik`", "did you mean `logistic`?"]),
            ("game=poker", ["unknown game `poker`", "ipd, imp, chicken, matrix"]),
            ("bootstrap=residula", ["unknown bootstrap", "did you mean `residual`?"]),
            ("schedule=3", ["`schedule` cannot be 3", "schedule = \"constant\""]),
            ("rho=often", ["`rho` cannot be \"often\"", "a number or \"none\""]),
            ("payoffs=[[1, 2", ["the value of `payoffs`", "--set payoffs"]),
            ("seed=99999999999999999999", ["`seed`", "--set seed"]),
            ("eta=1e-", ["the value of `eta`", "lists in brackets"]),
            (
                "payoffs=[[1, 2], [3], [4, 5]]",
                ["3 rows of lengths [2, 1, 2]", "expected 4 rows"],
            ),
            ("preset=ipd", ["`preset` cannot be set", "another preset"]),
        ] {
            let mut config = logistic();
            let error = config.set(assignment).expect_err(assignment);
            assert_says(&error.to_string(), &words);
            assert_eq!(error.exit_code(), 2);
            assert_eq!(config, logistic(), "{assignment}");
        }
    }

    #[test]
    fn errors_in_files_say_where() {
        let path = std::env::temp_dir().join(format!("meva-config-{}.toml", std::process::id()));
        let message = |text: &str| {
            fs::write(&path, text).unwrap();
            let error = Config::load(&path).unwrap_err();
            assert_says(&error.to_string(), &[&path.display().to_string()]);
            error.to_string()
        };
        assert_says(&message("preset = 'ipd'\n\nbatch = = 3\n"), &["not TOML", ", line 3)"]);
        assert_says(
            &message("preset = 'idp'"),
            &["unknown preset `idp`", "did you mean `ipd`?"],
        );
        assert_says(
            &message("preset = 'go'"),
            &["logistic, logistic-paper, ipd, ipd-paper, imp"],
        );
        assert_says(&message("preset = 3"), &["`preset` is 3"]);
        assert_says(
            &message("preset = 'ipd'\nalpha = -1"),
            &["`alpha` is -1", "alpha = 2.0"],
        );
        assert_says(
            &message("preset = 'ipd'\nlearning_rate = 1"),
            &["unknown key `learning_rate`"],
        );
        assert_says(&message("preset = 'ipd'\n[nested]"), &["unknown key `nested`"]);
        fs::remove_file(&path).unwrap();
        let absent = Config::load(&path).unwrap_err();
        assert_says(&absent.to_string(), &["cannot read", &path.display().to_string()]);
        assert_eq!(absent.exit_code(), 3);
    }

    #[test]
    fn a_seed_beyond_toml_is_an_error() {
        let config = Config {
            seed: u64::MAX,
            ..logistic()
        };
        assert_says(&config.to_toml().unwrap_err().to_string(), &["does not fit"]);
    }
}
