//! Sweeps: one configuration for each combination of values of some keys, and for each seed.
//!
//! ```toml
//! preset = "logistic"        # or config = "base.toml", beside this file
//! seeds = "0..4"             # or a list; without it, the configuration's seed
//!
//! [keys]
//! outer = 300                # a value: the same everywhere
//! eta = [1e-3, 3e-4]         # a list: each of them
//! alpha = { from = 0.5, to = 2, count = 4, scale = "log" }   # evenly spaced from one end to the other; "linear" without a scale
//! batch = { from = 64, to = 256, step = 64 }                 # or in steps
//! ```

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;
use crate::error::{Error, Result};
use crate::files::{MOST_TEXT, read_text};
use crate::limits::room_for;

/// What a run takes in memory before it starts, in bytes, counted generously.
pub const BYTES_WAITING: u128 = 4096;

/// What is swept.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The keys with several values, in the order in which they vary: the last one fastest.
    pub keys: Vec<String>,
    /// Their combinations.
    pub points: Vec<Point>,
    /// Each point is trained with each of them.
    pub seeds: Vec<u64>,
}

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The values of [`Sweep::keys`], as in a configuration.
    pub values: Vec<String>,
    /// The configuration; its seed is replaced by each of [`Sweep::seeds`].
    pub config: Config,
}

impl Sweep {
    /// Reads a file.
    ///
    /// # Errors
    /// As [`Sweep::from_toml`], or the file cannot be read.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read_text(path, MOST_TEXT)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::from_toml(&text, folder).map_err(|error| error.at(path.display()))
    }

    /// Reads a sweep from TOML; a `config` in it is looked for in `folder`.
    ///
    /// ```
    /// use meva::config::sweep::Sweep;
    /// let sweep = Sweep::from_toml("preset = 'ipd'\nseeds = '0..3'\n[keys]\nrho = 'none'\nbatch = [32, 64]", "".as_ref())?;
    /// assert_eq!((sweep.points.len(), sweep.seeds.len()), (2, 3));
    /// assert_eq!((sweep.points[1].config.batch, sweep.points[1].config.rho), (64, None));
    /// assert_eq!(sweep.keys, ["batch"]);
    /// # Ok::<(), meva::Error>(())
    /// ```
    ///
    /// # Errors
    /// The text is not TOML; it has an unknown key, or a value that is not allowed; a value is given twice; or a point is not a
    /// valid configuration.
    pub fn from_toml(text: &str, folder: &Path) -> Result<Self> {
        let table: Table = text.parse().map_err(|error| super::text::syntax_error(text, error))?;
        for name in table.keys() {
            const KNOWN: [&str; 4] = ["preset", "config", "seeds", "keys"];
            if !KNOWN.contains(&name.as_str()) {
                return Err(super::unknown("part of a sweep", name, KNOWN.into_iter()));
            }
        }
        let base = match (table.get("preset"), table.get("config")) {
            (Some(Value::String(name)), None) => Config::preset(name)?,
            (None, Some(Value::String(path))) => Config::load(&folder.join(path))?,
            _ => {
                return Err(Error::usage("a sweep starts from one configuration")
                    .hint("begin with preset = \"logistic\", or with config = \"FILE.toml\""));
            }
        };
        let seeds = match table.get("seeds") {
            None => vec![base.seed],
            Some(seeds) => read_seeds(seeds)?,
        };
        let empty = Table::new();
        let keys = match table.get("keys") {
            None => &empty,
            Some(Value::Table(keys)) => keys,
            Some(_) => {
                return Err(Error::usage("`keys` must be a table").hint("write [keys] and below it key = values"));
            }
        };
        let mut swept = Vec::new();
        let mut points = vec![Point {
            values: Vec::new(),
            config: base,
        }];
        for (key, value) in keys {
            if key == "seed" {
                return Err(Error::usage("`seed` is no key of a sweep").hint("write seeds = \"0..4\" above [keys]"));
            }
            let fixed = assignment(key, value);
            // What the key takes as it is, such as a table of payoffs, is one value.
            let is_list = value.is_array() || value.is_table();
            if !is_list || points[0].config.clone().set(&fixed).is_ok() {
                for point in &mut points {
                    point.config.set(&fixed)?;
                }
                continue;
            }
            let values = values(key, value)?;
            let total = (points.len() * values.len() * seeds.len()) as u128;
            room_for(
                total.saturating_mul(BYTES_WAITING),
                &format!("`{key}` with {} values", values.len()),
            )?;
            swept.push(key.clone());
            let mut combined = Vec::with_capacity(points.len() * values.len());
            for point in &points {
                for value in &values {
                    let mut point = point.clone();
                    point.config.set(&assignment(key, value))?;
                    point.values.push(plain(value));
                    combined.push(point);
                }
            }
            points = combined;
        }
        for point in &points {
            let named = swept
                .iter()
                .zip(&point.values)
                .map(|(key, value)| format!("{key}={value}"));
            let name = named.collect::<Vec<_>>().join(", ");
            point.config.validate().map_err(|error| match &*name {
                "" => error,
                name => error.at(name),
            })?;
        }
        Ok(Sweep {
            keys: swept,
            points,
            seeds,
        })
    }

    /// Where the run of a point and a seed is, below the directory of the sweep: `KEY=VALUE/../seed-N`.
    pub fn place(&self, point: &Point, seed: u64) -> PathBuf {
        let folders = self.keys.iter().zip(&point.values);
        let mut path: PathBuf = folders
            .map(|(key, value)| format!("{key}={}", value.replace(['/', '\\'], "_")))
            .collect();
        path.push(format!("seed-{seed}"));
        path
    }
}

/// A value as [`Config::set`] reads it.
fn assignment(key: &str, value: &Value) -> String {
    format!("{key}={value}")
}

/// A value for readers: words have no quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn read_seeds(seeds: &Value) -> Result<Vec<u64>> {
    let wrong = || {
        Error::usage(format!("`seeds` cannot be {seeds}"))
            .hint("write a range in quotes, as in \"0..8\", or a list, as in [0, 3]")
    };
    let read = match seeds {
        Value::String(range) => {
            let (first, end) = range.split_once("..").ok_or_else(wrong)?;
            let (first, end): (u64, u64) = (first.parse().map_err(|_| wrong())?, end.parse().map_err(|_| wrong())?);
            room_for(
                u128::from(end.saturating_sub(first)) * BYTES_WAITING,
                &format!("seeds = \"{range}\""),
            )?;
            (first..end).collect()
        }
        Value::Array(list) => {
            let number = |seed: &Value| u64::try_from(seed.as_integer()?).ok();
            list.iter()
                .map(number)
                .collect::<Option<Vec<u64>>>()
                .ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    if read.is_empty() {
        return Err(wrong());
    }
    twice("seeds", &read.iter().map(u64::to_string).collect::<Vec<_>>())?;
    Ok(read)
}

fn twice(key: &str, values: &[String]) -> Result<()> {
    let mut sorted: Vec<&String> = values.iter().collect();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            Err(Error::usage(format!("`{key}` has the value {} twice", pair[0])).hint("leave one of them out"))
        }
        None => Ok(()),
    }
}

/// All values of a key: those of a list, or of a range.
fn values(key: &str, value: &Value) -> Result<Vec<Value>> {
    let values = match value {
        Value::Array(list) => list.clone(),
        Value::Table(range) => read_range(range).map_err(|error| error.at(format!("`{key}`")))?,
        other => vec![other.clone()],
    };
    if values.is_empty() {
        return Err(Error::usage(format!("`{key}` has no values")).hint("give at least one, as in eta = [1e-3, 3e-4]"));
    }
    twice(key, &values.iter().map(plain).collect::<Vec<_>>())?;
    Ok(values)
}

fn read_range(range: &Table) -> Result<Vec<Value>> {
    const HINT: &str =
        "write { from = 1e-4, to = 1e-2, count = 5, scale = \"log\" }, or { from = 64, to = 256, step = 64 }";
    let wrong = |what: String| Error::usage(what).hint(HINT);
    for name in range.keys() {
        const KNOWN: [&str; 5] = ["from", "to", "count", "step", "scale"];
        if !KNOWN.contains(&name.as_str()) {
            return Err(super::unknown("part of a range", name, KNOWN.into_iter()).hint(HINT));
        }
    }
    let number = |name: &str| -> Result<Option<f64>> {
        let Some(value) = range.get(name) else { return Ok(None) };
        let number = value.as_float().or(value.as_integer().map(|whole| whole as f64));
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(format!(
                "`{name}` of the range is {value}: it must be a finite number"
            ))),
        }
    };
    let needed = |name: &str| number(name)?.ok_or_else(|| wrong(format!("the range has no `{name}`")));
    let (from, to) = (needed("from")?, needed("to")?);
    let log = match range.get("scale").map(|scale| scale.as_str().unwrap_or_default()) {
        None | Some("linear") => false,
        Some("log") if from > 0.0 && to > 0.0 => true,
        Some("log") => return Err(wrong("a range with scale \"log\" needs ends above 0".into())),
        Some(other) => {
            return Err(wrong(format!(
                "`scale` of the range is \"{other}\": it must be linear or log"
            )));
        }
    };
    let numbers: Vec<f64> = match (number("count")?, number("step")?) {
        (Some(count), None) if (2.0..=1e6).contains(&count) && count.fract() == 0.0 => {
            let last = count - 1.0;
            let at = |k: usize| {
                let share = k as f64 / last;
                match (k as f64 == last, log) {
                    // The ends are as they were given.
                    (true, _) => to,
                    (_, true) if k > 0 => from * libm::pow(to / from, share),
                    _ => from + (to - from) * share,
                }
            };
            (0..count as usize).map(at).collect()
        }
        (None, Some(step)) if step != 0.0 && (to - from) / step >= 0.0 && (to - from) / step <= 1e6 && !log => {
            // A step that ends within rounding of the end reaches it.
            let steps = libm::floor((to - from) / step + 1e-9) as usize;
            (0..=steps).map(|k| from + step * k as f64).collect()
        }
        (Some(_), Some(_)) => return Err(wrong("the range has both `count` and `step`".into())),
        (None, None) => return Err(wrong("the range has neither `count` nor `step`".into())),
        _ => return Err(wrong("the range does not lead from one end to the other".into())),
    };
    let whole = ["from", "to", "step"]
        .iter()
        .all(|name| range.get(*name).is_none_or(Value::is_integer));
    Ok(numbers
        .into_iter()
        .map(|number| {
            if whole {
                Value::Integer(libm::round(number) as i64)
            } else {
                // Twelve digits: what rounding adds beyond them would only make names of directories long.
                Value::Float(format!("{number:.11e}").parse().unwrap_or(number))
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;

    fn sweep(text: &str) -> Result<Sweep> {
        Sweep::from_toml(text, Path::new(""))
    }

    #[test]
    fn values_are_combined() {
        let sweep = sweep(
            "preset = 'logistic'\nseeds = [5, 2]\n[keys]\nouter = 3\nbatch = [64, 128]\neta = { from = 1e-4, to = 1e-2, count = 3, scale = 'log' }",
        )
        .unwrap();
        assert_eq!(sweep.keys, ["batch", "eta"]);
        assert_eq!(sweep.seeds, [5, 2]);
        let eta: Vec<f64> = sweep.points[..3].iter().map(|point| point.config.eta).collect();
        assert_eq!(eta, [1e-4, 1e-3, 1e-2]);
        assert_eq!(sweep.points.len(), 6);
        let last = &sweep.points[5];
        assert_eq!((last.config.batch, last.config.outer), (128, 3));
        assert_eq!(sweep.place(last, 2), Path::new("batch=128/eta=0.01/seed-2"));
    }

    #[test]
    fn ranges() {
        let values = |range: &str| {
            let table: Table = format!("x = {range}").parse().unwrap();
            values("x", &table["x"]).map(|values| values.iter().map(Value::to_string).collect::<Vec<_>>())
        };
        assert_eq!(
            values("{ from = 64, to = 200, step = 64 }").unwrap(),
            ["64", "128", "192"]
        );
        assert_eq!(
            values("{ from = 0.1, to = 0.3, step = 0.1 }").unwrap(),
            ["0.1", "0.2", "0.3"]
        );
        assert_eq!(values("{ from = 1, to = 3, count = 3 }").unwrap(), ["1", "2", "3"]);
        assert_eq!(values("{ from = 3, to = 1, step = -1 }").unwrap(), ["3", "2", "1"]);
        for (range, words) in [
            ("{ from = 1, to = 2 }", "neither"),
            ("{ from = 1, to = 2, count = 2, step = 1 }", "both"),
            ("{ from = 1, to = 2, step = 0 }", "does not lead"),
            ("{ from = 1, to = 2, step = -1 }", "does not lead"),
            ("{ from = 1, to = 2, count = 1 }", "does not lead"),
            ("{ from = 0, to = 2, count = 3, scale = 'log' }", "above 0"),
            ("{ from = nan, to = 2, count = 3 }", "finite"),
            ("{ to = 2, count = 3 }", "no `from`"),
            ("{ from = 1, to = 1, count = 3 }", "twice"),
            ("{ from = 1, until = 1, count = 3 }", "`until`"),
            ("[]", "no values"),
        ] {
            assert_says(values(range), &[words]);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("preset = 'logistik'", &["`logistik`", "logistic"][..]),
            ("[keys]\neta = [1e-3]", &["starts from one configuration", "preset ="]),
            ("preset = 'ipd'\nconfig = 'a.toml'", &["starts from one configuration"]),
            ("preset = 'ipd'\nseed = 3", &["`seed`", "seeds"]),
            ("preset = 'ipd'\nseeds = '3..3'", &["`seeds`", "0..8"]),
            ("preset = 'ipd'\nseeds = [1, 1]", &["`seeds` has the value 1 twice"]),
            ("preset = 'ipd'\nseeds = '0..100000000000000'", &["GiB"]),
            ("preset = 'ipd'\n[keys]\nseed = [1, 2]", &["`seed`", "seeds = "]),
            ("preset = 'ipd'\n[keys]\nbatsch = [1, 2]", &["`batsch`", "`batch`"]),
            (
                "preset = 'ipd'\n[keys]\nbatch = [64, 'many']",
                &["`batch` cannot be \"many\""],
            ),
            (
                "preset = 'ipd'\n[keys]\nlambda = [0.5, 3.0]",
                &["`lambda`", "lambda=3.0"],
            ),
            ("preset = 'ipd'\n[keys\n", &["not TOML", "line 2"]),
        ] {
            assert_says(sweep(text), words);
        }
    }

    #[test]
    fn a_list_that_the_key_takes_is_one_value() {
        let text =
            "preset = 'ipd'\n[keys]\ngame = 'matrix'\npayoffs = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]";
        let sweep = sweep(text).unwrap();
        assert!(sweep.keys.is_empty());
        assert_eq!(sweep.points.len(), 1);
    }
}
