//! Configurations as text: files, metadata of models, and assignments on the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use meva_core::arithmetic::ArithmeticName;
use toml::{Table, Value};

use super::key::{KEYS, Key, Refusal};
use super::{Config, VERSION};
use crate::error::{Error, Result};
use crate::files::{MOST_TEXT, read_text};

/// The newest version whose files are read, where it is not this one: those of the time before the first release were
/// counted up to it.
const NEWEST: [u64; 3] = [0, 2, 0];

/// An outdated spelling found in a file or an assignment, and the current one.
///
/// ```
/// use meva::config::Config;
/// let (config, renamed) = Config::from_toml_noting("preset = 'ipd'\nestimator = 'rollouts'\nrollout_length = 50")?;
/// assert_eq!(config.turns, 50);
/// assert_eq!(renamed[0].to_string(), "`rollout_length` is now called `turns`");
/// # Ok::<(), meva::error::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renamed {
    /// The spelling that was read.
    pub old: String,
    /// The spelling to use instead.
    pub new: String,
}

impl fmt::Display for Renamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is now called `{}`", self.old, self.new)
    }
}

impl Config {
    /// Reads a file, as [`Config::from_toml`] reads its text.
    ///
    /// # Errors
    /// The file cannot be read, or its text is not a valid configuration.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_noting(path).map(|(config, _)| config)
    }

    /// As [`Config::load`], and also returns the outdated spellings in the file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_noting(path: &Path) -> Result<(Self, Vec<Renamed>)> {
        let text = read_text(path, MOST_TEXT)?;
        Self::from_toml_noting(&text).map_err(|error| error.at(path.display()))
    }

    /// Reads a valid configuration from TOML. Keys that are left out have the values of the `preset` that the text
    /// names. A text without a preset must give every key that has an effect, except for those whose default is "none"
    /// or the value of the published experiments: `algorithm`, `payoffs`, `discount`, `estimator`, `episodes`, `turns`, `opponents`,
    /// `arithmetic`, `alpha_max`, `cola_form`, `rho`, `anneal`, `evaluation_field` and `phi`. A text with a `version` and without an `arithmetic` means
    /// `separate`, which was the only one when it was written, and without `anneal` or `evaluation_field`, all of the schedule and
    /// none.
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
    /// The text is not TOML, a key is unknown or missing, a value is not allowed for its key, or the keys are not consistent.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::from_toml_noting(text).map(|(config, _)| config)
    }

    /// As [`Config::from_toml`], and also returns the outdated spellings in the text.
    ///
    /// # Errors
    /// As [`Config::from_toml`].
    pub fn from_toml_noting(text: &str) -> Result<(Self, Vec<Renamed>)> {
        let (config, renamed) = Self::parse(text)?;
        config.validate()?;
        Ok((config, renamed))
    }

    /// Reads a configuration that may be invalid.
    fn parse(text: &str) -> Result<(Self, Vec<Renamed>)> {
        let table: Table = text.parse().map_err(|error| syntax_error(text, error))?;
        let mut config = match table.get("preset") {
            Some(Value::String(name)) => Self::preset(name)?,
            Some(value) => {
                return Err(Error::usage(format!(
                    "`preset` is {value}: it must be a name in quotes"
                )));
            }
            None => Self::base(),
        };
        if table.contains_key("version") {
            // What a program wrote before arithmetics had names was made with the only one there was.
            config.arithmetic = ArithmeticName::Separate;
        }
        let mut renamed = Vec::new();
        for (name, value) in &table {
            renamed.extend(config.assign(name, value)?);
        }
        if table.contains_key("version") {
            // Likewise: a program that knew these keys wrote them where they have an effect.
            for key in ["anneal", "evaluation_field"].into_iter().filter_map(Key::named) {
                if !table.contains_key(key.name) && key.idle(&config).is_none() {
                    (key.copy)(&mut config, &Self::base());
                }
            }
        }
        for key in KEYS {
            if let Some(old) = key.facts.formerly
                && table.contains_key(old)
                && table.contains_key(key.name)
            {
                return Err(
                    Error::usage(format!("`{}` is given twice: `{old}` is its old name", key.name))
                        .hint(format!("leave `{old}` out")),
                );
            }
        }
        if config.preset.is_none() {
            config.require_all_keys(&table)?;
        }
        config.update_version()?;
        Ok((config, renamed))
    }

    /// Takes over a configuration that an older version wrote.
    ///
    /// # Errors
    /// A newer version wrote it, whose keys may mean something else.
    fn update_version(&mut self) -> Result<()> {
        let numbers = |version: &str| -> Option<[u64; 3]> {
            let numbers: Option<Vec<u64>> = version.split('.').map(|number| number.parse().ok()).collect();
            numbers?.try_into().ok()
        };
        match numbers(&self.version) {
            Some(found) if Some(found) <= numbers(VERSION) || found <= NEWEST => {
                self.version = VERSION.to_owned();
                Ok(())
            }
            Some(_) => Err(
                Error::usage(format!("`version` is {}, and this is {VERSION}", self.version))
                    .hint("use the newer program, whose keys may mean something else"),
            ),
            None => Err(
                Error::usage(format!("`version` is {:?}: it must be three numbers", self.version))
                    .hint(format!("this is {VERSION}; leave the key out in a file of your own")),
            ),
        }
    }

    /// The first key that has another value than in `other`, apart from the version.
    pub fn difference(&self, other: &Config) -> Option<&'static str> {
        let differs = |key: &&Key| key.name != "version" && (key.write)(self) != (key.write)(other);
        KEYS.iter().find(differs).map(|key| key.name)
    }

    /// Whether `given` has every key that has an effect and no default.
    fn require_all_keys(&self, given: &Table) -> Result<()> {
        let absent = |key: &&Key| {
            let names = [Some(key.name), key.facts.formerly];
            let given = names.into_iter().flatten().any(|name| given.contains_key(name));
            !given && !key.facts.optional && key.idle(self).is_none()
        };
        let missing: Vec<_> = KEYS
            .iter()
            .filter(absent)
            .map(|key| format!("`{}`", key.name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::usage(format!("missing keys: {}", missing.join(", ")))
            .hint("add them, or take them from a preset, as in preset = \"logistic\""))
    }

    /// Changes one key: `"key=value"`, with a value as in TOML or a bare word. Returns the outdated spelling, if there
    /// was one.
    ///
    /// The order of several changes does not matter: call [`Config::validate`] after the last one to check whether they
    /// are consistent and each has an effect.
    ///
    /// # Errors
    /// There is no such key, or it cannot have this value. The configuration is then unchanged.
    pub fn set(&mut self, assignment: &str) -> Result<Option<Renamed>> {
        self.set_inner(assignment)
            .map_err(|error| error.at(format_args!("--set {assignment}")))
    }

    fn set_inner(&mut self, assignment: &str) -> Result<Option<Renamed>> {
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(Error::usage(format!("`{assignment}` sets nothing")).hint("write key=value, as in batch=64"));
        };
        let (key, text) = (key.trim(), text.trim());
        if ["preset", "version"].contains(&key) {
            return Err(Error::usage(format!("`{key}` cannot be set")).hint("start from another preset instead"));
        }
        let value = match text.parse() {
            Ok(value) => value,
            Err(_) if is_bare(text) || Key::named(key).is_some_and(|key| key.facts.words) => {
                Value::String(text.to_owned())
            }
            Err(error) => {
                return Err(
                    Error::usage(format!("the value of `{key}` cannot be read: {}", error.message()))
                        .hint("values are numbers, words, and lists in brackets, as in TOML"),
                );
            }
        };
        self.assign(key, &value)
    }

    fn assign(&mut self, name: &str, value: &Value) -> Result<Option<Renamed>> {
        let key = Key::named(name).ok_or_else(|| unknown("key", name, KEYS.iter().map(|key| key.name)))?;
        let mut words = key.facts.formerly_valued.iter();
        let word = words.find(|(old, _)| value.as_str() == Some(old));
        let today = word.map(|(_, new)| Value::String((*new).to_owned()));
        (key.read)(self, today.as_ref().unwrap_or(value)).map_err(|refusal| match refusal {
            Refusal::MustBe(what) => {
                Error::usage(format!("`{}` cannot be {value}: it must be {what}", key.name)).hint(self.example(key))
            }
            Refusal::Unknown(known) => {
                let text = value.to_string();
                unknown(known.kind, value.as_str().unwrap_or(&text), known.names.iter().copied())
            }
        })?;
        Ok(match word {
            Some((old, new)) => Some(Renamed {
                old: format!("{name} = {old:?}"),
                new: format!("{} = {new:?}", key.name),
            }),
            None => (name != key.name).then(|| Renamed {
                old: name.to_owned(),
                new: key.name.to_owned(),
            }),
        })
    }

    /// The whole configuration as TOML, with notes; keys without effect are commented out. [`Config::from_toml`]
    /// returns the same configuration.
    ///
    /// # Errors
    /// The configuration is not valid, so it could not be read back.
    pub fn to_toml(&self) -> Result<String> {
        self.validate()?;
        let line = |key: &Key| {
            let assignment = format!("{} = {}", key.name, (key.write)(self)?);
            Some(match key.idle(self) {
                None => format!("{assignment:<31} # {}\n", key.note()),
                Some(idle) => format!("{:<31} # no effect: {}\n", format!("# {assignment}"), idle.reason),
            })
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

    /// The configuration in a model file's metadata. Older files may have values for keys without effect; these are
    /// reset to the preset's.
    ///
    /// # Errors
    /// There is no configuration, or it is not valid.
    pub fn of_metadata(metadata: &BTreeMap<String, String>) -> Result<Self> {
        let text = metadata.get("config").ok_or_else(|| {
            Error::files("this is not a model of meva: its metadata has no `config`")
                .hint("name a file that `meva train` wrote")
        })?;
        let read = || {
            let (mut config, _) = Self::parse(text)?;
            let usual = config.usual()?;
            for key in KEYS {
                if key.idle(&config).is_some() {
                    (key.copy)(&mut config, &usual);
                }
            }
            config.validate()?;
            Ok(config)
        };
        read().map_err(|error: Error| error.at("metadata `config`"))
    }

    /// The preset's value for a key, or a hint about its form.
    pub(super) fn example(&self, key: &Key) -> String {
        let name = self.preset.as_deref().unwrap_or("logistic");
        let value = Self::preset(name).ok().and_then(|preset| (key.write)(&preset));
        match (value, key.facts.example) {
            (Some(value), _) => format!("preset `{name}` has {} = {value}", key.name),
            (None, Some(example)) => example.to_owned(),
            (None, None) => format!("it is {}", key.note()),
        }
    }
}

/// The candidate that `word` is probably a misspelling of: at most a third of its letters, or one letter, are wrong.
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

/// The error for an unknown `word`, which should be a `kind`; perhaps one of the candidates was meant.
pub fn unknown<'a>(kind: &str, word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Error {
    let hint = match nearest(word, candidates.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("choose from {}", candidates.collect::<Vec<_>>().join(", ")),
    };
    Error::usage(format!("unknown {kind} `{word}`")).hint(hint)
}

pub(super) fn syntax_error(text: &str, error: toml::de::Error) -> Error {
    let wrong = Error::usage(format!("not TOML: {}", error.message()));
    let wrong = match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => wrong.at(format_args!("line {}", 1 + before.matches('\n').count())),
        None => wrong,
    };
    wrong.because(error)
}

/// A word that needs no quotes on the command line.
fn is_bare(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use std::fs;

    use meva_core::algorithm1::Bootstrap;
    use meva_core::game::GameName;
    use meva_core::learner::meta_value::Field;

    use super::*;
    use crate::config::{Algorithm, Estimator, Schedule, Sharing};

    fn preset(name: &str) -> Config {
        Config::preset(name).unwrap()
    }

    fn assert_says(text: &str, words: &[&str]) {
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in: {text}");
        }
    }

    #[test]
    fn files_come_back() {
        let matrix = Config {
            game: GameName::Matrix.into(),
            payoffs: Some([[0.1, -1e-300], [3.0, 1e30], [-0.0, 1.0 / 3.0], [2.0, 2.0]]),
            rho: None,
            seed: i64::MAX as u64,
            epsilon: 1.25e-17,
            ..preset("ipd")
        };
        let nameless = Config {
            preset: None,
            schedule: Schedule::Cosine,
            field: Field::UNormalized,
            networks: Sharing::Separate,
            ..preset("ipd")
        };
        let sampled = Config {
            estimator: Estimator::Rollouts,
            turns: 7,
            ..preset("imp")
        };
        // Keys without effect come back from the preset.
        let cola = Config {
            algorithm: Algorithm::Cola,
            ..preset("ipd")
        };
        let presets = Config::presets().map(preset);
        for config in presets.chain([matrix, nameless, sampled, cola]) {
            let text = config.to_toml().unwrap();
            assert_eq!(Config::from_toml(&text).unwrap(), config, "{text}");
        }
    }

    #[test]
    fn older_files_are_read_and_newer_ones_refused() {
        let with = |version: &str| Config::from_toml(&format!("preset = 'logistic'\nversion = '{version}'"));
        let before = Config {
            arithmetic: ArithmeticName::Separate,
            ..preset("logistic")
        };
        for version in ["0.0.1", "0.2.0", VERSION] {
            assert_eq!(
                with(version).as_ref(),
                Ok(&before),
                "the program that reads it is the one that goes on, in the arithmetic that was the only one"
            );
        }
        let chosen = Config::from_toml(&format!(
            "preset = 'logistic'\nversion = '{VERSION}'\narithmetic = 'fused'"
        ));
        assert_eq!(chosen, Ok(preset("logistic")));
        let ipd = Config::from_toml(&format!("preset = 'ipd'\nversion = '{VERSION}'")).unwrap();
        assert_eq!((ipd.anneal, ipd.evaluation_field), (1.0, None));
        // Every preset is read back as it was written, also where some of its keys lost their effect.
        let mut constant = preset("ipd");
        constant.set("schedule=constant").unwrap();
        for config in [preset("ipd"), constant] {
            assert_eq!(Config::from_toml(&config.to_toml().unwrap()).as_ref(), Ok(&config));
        }
        for version in ["99.0.0", "0.2.1", "0.10.0"] {
            assert_says(
                &with(version).unwrap_err().to_string(),
                &[version, VERSION, "newer program"],
            );
        }
        for version in ["", "1", "0.1.0.0", "0.1.x"] {
            assert_says(&with(version).unwrap_err().to_string(), &["must be three numbers"]);
        }
    }

    #[test]
    fn differences_have_names() {
        let mut other = preset("ipd");
        assert_eq!(preset("ipd").difference(&other), None);
        other.version = "0.0.1".to_owned();
        assert_eq!(preset("ipd").difference(&other), None);
        other.rho = None;
        assert_eq!(preset("ipd").difference(&other), Some("rho"));
    }

    #[test]
    fn a_file_is_as_readable_as_this() {
        let text = preset("ipd").to_toml().unwrap();
        for line in [
            "preset = \"ipd\"                  # supplies the keys that are left out",
            "# turns = 100                   # no effect: `estimator` is exact",
            "rho = 0.99                      # inertia of the target network, below 1, or \"none\"",
            "epsilon = 1e-8                  # added to the root of the second moment",
            "flip_probability = 0.0625       # of a sign flip, per unit and player",
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
            game: GameName::Chicken.into(),
            ..preset("ipd")
        };
        assert_eq!(config, expected);
    }

    /// Without a preset only some keys may be left out, and their values do not come from a preset.
    #[test]
    fn a_file_without_preset_is_complete() {
        let lines = |left_out: &[&str]| -> String {
            let text = preset("ipd").to_toml().unwrap();
            let stays = |line: &&str| !left_out.contains(&line.split(' ').next().unwrap());
            text.lines().filter(stays).map(|line| format!("{line}\n")).collect()
        };
        let optional: Vec<_> = KEYS
            .iter()
            .filter(|key| key.facts.optional)
            .map(|key| key.name)
            .collect();
        let config = Config::from_toml(&lines(&optional)).unwrap();
        assert_eq!((config.preset, config.rho, config.discount), (None, None, 0.96));
        for key in KEYS.iter().filter(|key| !optional.contains(&key.name)) {
            let error = Config::from_toml(&lines(&["preset", key.name])).unwrap_err();
            assert_says(
                &error.to_string(),
                &["missing keys", &format!("`{}`", key.name), "preset = "],
            );
        }
        // COLA does not use some of them.
        let unused = [
            "lambda",
            "field",
            "evaluation_field",
            "exploration",
            "flip_probability",
            "bootstrap",
        ];
        let text = lines(&[&["preset", "algorithm"], &unused[..]].concat());
        Config::from_toml(&format!("algorithm = 'cola'\n{text}")).unwrap();
    }

    /// A file of version 0.2, as it was written then: every key, those without effect at their defaults, under the old names.
    const OLD: &str = "preset = 'ipd'\nversion = '0.2.0'\nalgorithm = 'meva'\ngame = 'ipd'\ndiscount = 0.96\n\
        estimator = 'exact'\nrollouts = 16\nrollout_length = 100\nouter = 1000\nbatch = 128\nseed = 0\nalpha = 2.0\n\
        alpha_max = 10.0\nsteps = 200\nstride = 10\nlambda = 0.9\nrho = 0.99\neta = 0.0003\nschedule = 'cosine'\n\
        beta1 = 0.9\nbeta2 = 0.99\nepsilon = 1e-8\nweight_decay = 0.01\nfield = 'algorithm1'\n\
        exploration = 'sign-flips'\nflip_probability = 0.0625\nbootstrap = 'semi-gradient'\nphi = 1.0\n\
        parameters = 'shared'\nhidden = 64\nresidual_blocks = 2\nquantiles = 32\nlast_activation = 'tanh'\n\
        start = 'normal'\nscale = 1.0\n";

    #[test]
    fn old_files_are_read() {
        let (config, renamed) = Config::from_toml_noting(OLD).unwrap();
        let expected = Config {
            outer: 1000,
            arithmetic: ArithmeticName::Separate,
            anneal: 1.0,
            evaluation_field: None,
            ..preset("ipd")
        };
        assert_eq!(config, expected);
        let notes: Vec<_> = renamed.iter().map(Renamed::to_string).collect();
        for note in [
            "`rollouts` is now called `episodes`",
            "`rollout_length` is now called `turns`",
            "`parameters` is now called `networks`",
            "`field = \"algorithm1\"` is now called `field = \"u\"`",
        ] {
            assert!(notes.iter().any(|line| line == note), "{note} is missing in {notes:?}");
        }
        assert_eq!(notes.len(), 4);
        let nameless = Config::from_toml(&OLD.replace("preset = 'ipd'\n", "")).unwrap();
        assert_eq!(
            nameless,
            Config {
                preset: None,
                ..expected
            }
        );
        let twice = Config::from_toml(&format!("{OLD}turns = 100\n")).unwrap_err();
        assert_says(
            &twice.to_string(),
            &["`turns` is given twice", "leave `rollout_length` out"],
        );
    }

    /// Models trained with a key that had no effect can still be read, without that key's value.
    #[test]
    fn old_models_are_read() {
        let of = |text: &str| Config::of_metadata(&BTreeMap::from([("config".to_owned(), text.to_owned())]));
        let idle = OLD.replace("rollout_length = 100", "rollout_length = 7");
        assert_says(
            &Config::from_toml(&idle).unwrap_err().to_string(),
            &[
                "`turns` is 7, but has no effect: `estimator` is exact",
                "leave it at 100",
            ],
        );
        assert_eq!(of(&idle).unwrap(), of(OLD).unwrap());
        let sampled = idle.replace("'exact'", "'rollouts'");
        assert_eq!(of(&sampled).unwrap().turns, 7);
        assert_says(
            &of(&OLD.replace("alpha = 2.0", "alpha = -2.0")).unwrap_err().to_string(),
            &["`alpha` is -2.0", "metadata `config`"],
        );
        let foreign = Config::of_metadata(&BTreeMap::new()).unwrap_err();
        assert_says(&foreign.to_string(), &["not a model of meva"]);
    }

    #[test]
    fn assignments() {
        let mut config = preset("logistic");
        for assignment in [
            "game=matrix",
            "payoffs = [[1, 1], [3, 0], [0, 3], [2, 2.5]]",
            "eta=1e-2",
            "rho=0.5",
            "bootstrap=semi-gradient",
            "schedule=\"linear\"",
            "field=u-normalized",
        ] {
            assert_eq!(config.set(assignment).unwrap(), None);
        }
        config.validate().unwrap();
        let expected = Config {
            game: GameName::Matrix.into(),
            payoffs: Some([[1.0, 1.0], [3.0, 0.0], [0.0, 3.0], [2.0, 2.5]]),
            eta: 1e-2,
            rho: Some(0.5),
            bootstrap: Bootstrap::SemiGradient,
            schedule: Schedule::Linear,
            field: Field::UNormalized,
            ..preset("logistic")
        };
        assert_eq!(config, expected);
    }

    /// A key and the key that gives it an effect may be set in either order, and under the old name.
    #[test]
    fn the_order_of_assignments_does_not_matter() {
        let by = |assignments: [&str; 2]| {
            let mut config = preset("ipd");
            let renamed = assignments.map(|assignment| config.set(assignment).unwrap());
            config.validate().unwrap();
            (config, renamed.into_iter().flatten().count())
        };
        let (expected, renamed) = by(["estimator=rollouts", "episodes=4"]);
        assert_eq!((expected.episodes, renamed), (4, 0));
        assert_eq!(by(["episodes=4", "estimator=rollouts"]), (expected.clone(), 0));
        assert_eq!(by(["rollouts=4", "estimator=rollouts"]), (expected, 1));
    }

    /// A failed assignment returns an error and changes nothing.
    #[test]
    fn bad_assignments() {
        for (assignment, words) in [
            ("batch", ["sets nothing", "key=value"]),
            ("batch=", ["the value of `batch`", "--set batch="]),
            ("bach=3", ["unknown key `bach`", "did you mean `batch`?"]),
            ("gamma=3", ["unknown key `gamma`", "lambda, rho"]),
            (
                "batch=many",
                [
                    "`batch` cannot be \"many\": it must be a whole number",
                    "preset `logistic` has batch = 128",
                ],
            ),
            ("batch=-1", ["`batch` cannot be -1", "--set batch=-1"]),
            ("batch=1.5", ["`batch` cannot be 1.5", "--set batch=1.5"]),
            ("batch=3\nseed=4", ["the value of `batch`", "batch=3"]),
            ("game=logistik", ["unknown game `logistik`", "did you mean `logistic`?"]),
            ("game=poker", ["unknown game `poker`", "ipd, imp, chicken, stag-hunt"]),
            ("bootstrap=residula", ["unknown bootstrap", "did you mean `residual`?"]),
            ("schedule=3", ["unknown schedule `3`", "constant, linear, cosine"]),
            ("rho=often", ["`rho` cannot be \"often\"", "a number or \"none\""]),
            ("eta=often", ["`eta` cannot be \"often\"", "it must be a number"]),
            ("payoffs=[[1, 2", ["the value of `payoffs`", "--set payoffs"]),
            ("payoffs=3", ["`payoffs` cannot be 3", "rows are DD, DC, CD, CC"]),
            ("seed=99999999999999999999", ["`seed`", "--set seed"]),
            ("eta=1e-", ["the value of `eta`", "lists in brackets"]),
            (
                "payoffs=[[1, 2], [3], [4, 5]]",
                ["it must be 4 rows", "not 3 of lengths [2, 1, 2]"],
            ),
            ("preset=ipd", ["`preset` cannot be set", "another preset"]),
        ] {
            let mut config = preset("logistic");
            let error = config.set(assignment).expect_err(assignment);
            assert_says(&error.to_string(), &words);
            assert_eq!(error.exit_code(), 2);
            assert_eq!(config, preset("logistic"), "{assignment}");
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
            ..preset("logistic")
        };
        assert_says(
            &config.to_toml().unwrap_err().to_string(),
            &["`seed` is 18446744073709551615", "below 2^63"],
        );
    }
}
