//! Checks that the values of a configuration are within their ranges, have an effect, and are consistent.

use meva_core::algorithm1::Bootstrap;
use meva_core::game::GameName;
use meva_core::learner::meta_value::Field;

use super::key::KEYS;
use super::{Algorithm, Config, Estimator, Game, Sharing};
use crate::error::{Error, Result};

impl Config {
    /// Checks that every value is within its range, has an effect, and is consistent with the others. Numbers are
    /// judged as the `f32` that they become; a key without effect must have the preset's value or, without a preset,
    /// that of preset `logistic`.
    ///
    /// ```
    /// use meva::config::Config;
    /// let mut config = Config::preset("ipd")?;
    /// config.set("turns=50")?;
    /// assert!(config.validate().unwrap_err().to_string().starts_with("`turns` is 50, but has no effect"));
    /// config.set("estimator=rollouts")?;
    /// config.validate()?;
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// A check failed; the error describes the first failure.
    pub fn validate(&self) -> Result<()> {
        self.validate_keys()?;
        self.validate_counts()?;
        if self.game == Game::Named(GameName::Matrix) && self.payoffs.is_none() {
            let hint = KEYS.iter().find_map(|key| key.facts.example);
            return Err(Error::usage("game matrix needs `payoffs`").hint(hint.unwrap_or_default()));
        }
        if self.algorithm == Algorithm::Meva && self.bootstrap == Bootstrap::Residual && self.rho.is_some() {
            return Err(
                Error::usage("`bootstrap` is residual, but with `rho` a target network predicts the targets")
                    .hint("set rho = \"none\", or bootstrap = \"semi-gradient\""),
            );
        }
        if self.evaluation_field == Some(Field::V) {
            return Err(
                Error::usage("`evaluation_field` is v, but the network models U, which `field` says")
                    .hint("set evaluation_field to u, u-normalized or u-root"),
            );
        }
        if self.algorithm == Algorithm::Cola && self.networks == Sharing::Separate {
            return Err(Error::usage(
                "`networks` is separate, but COLA's consistency ties both players to one network",
            )
            .hint("set networks = \"shared\""));
        }
        if self.algorithm == Algorithm::Cola && self.game == Game::Custom {
            return Err(
                Error::usage("`algorithm` is cola, which trains on named games only").hint("set algorithm = \"meva\"")
            );
        }
        if self.opponents.shares().iter().sum::<f64>() == 0.0 {
            return Err(
                Error::usage(format!("`opponents` is \"{}\": the shares add up to 0", self.opponents))
                    .hint("give one of them a share"),
            );
        }
        if !self.opponents.are_self() && self.game == Game::Custom {
            return Err(Error::usage(format!(
                "`opponents` is \"{}\", but the game is one of your own, in which learners meet themselves",
                self.opponents
            ))
            .hint("leave `opponents` at self"));
        }
        if self.estimator == Estimator::Rollouts {
            let refused = if self.algorithm == Algorithm::Cola {
                Some("COLA needs second derivatives, which rollouts do not estimate")
            } else if !self.game.is_iterated() {
                Some("the game has no turns to sample")
            } else {
                None
            };
            if let Some(why) = refused {
                return Err(
                    Error::usage(format!("`estimator` is rollouts, but {why}")).hint("set estimator = \"exact\"")
                );
            }
        }
        Ok(())
    }

    fn validate_keys(&self) -> Result<()> {
        let usual = self.usual()?;
        for key in KEYS {
            let value = (key.write)(self);
            let shown = value.as_deref().unwrap_or("none");
            if let Some(idle) = key.idle(self) {
                let usual = (key.write)(&usual);
                if value == usual {
                    continue;
                }
                let leave = usual.map_or("leave it out".to_owned(), |usual| format!("leave it at {usual}"));
                return Err(
                    Error::usage(format!("`{}` is {shown}, but has no effect: {}", key.name, idle.reason))
                        .hint(format!("{leave}, or set {}", idle.remedy)),
                );
            }
            if !(key.lies_in)(self, key.facts.range) {
                return Err(
                    Error::usage(format!("`{}` is {shown}: it must be {}", key.name, key.facts.range))
                        .hint(self.example(key)),
                );
            }
        }
        Ok(())
    }

    fn validate_counts(&self) -> Result<()> {
        let Config {
            steps, stride, outer, ..
        } = *self;
        if !steps.is_multiple_of(stride) {
            let near = (steps / stride).max(1).saturating_mul(stride);
            return Err(Error::usage(format!(
                "`steps` is {steps}: it must be a multiple of `stride`, which is {stride}"
            ))
            .hint(format!("{near} is one")));
        }
        let per_outer = steps / stride;
        if u32::try_from(per_outer).is_err() {
            return Err(Error::usage(format!(
                "`steps` is {steps} with `stride` {stride}: an outer iteration would have more than {} updates",
                u32::MAX
            ))
            .hint("make `steps` smaller or `stride` larger"));
        }
        let updates = outer.checked_mul(per_outer);
        let countable = updates.is_some_and(|updates| u32::try_from(updates).is_ok());
        if !countable {
            return Err(Error::usage(format!(
                "`outer` is {outer}: the run would have more than {} updates",
                u32::MAX
            ))
            .hint("make it shorter"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a configuration made of `preset` and `lines`.
    fn error(preset: &str, lines: &str) -> String {
        Config::from_toml(&format!("preset = '{preset}'\n{lines}"))
            .expect_err(lines)
            .to_string()
    }

    fn assert_says(text: &str, words: &[&str]) {
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in: {text}");
        }
    }

    #[test]
    fn out_of_range() {
        for key in [
            "alpha",
            "discount",
            "lambda",
            "rho",
            "eta",
            "beta1",
            "beta2",
            "epsilon",
            "weight_decay",
            "flip_probability",
            "scale",
        ] {
            for value in ["nan", "inf", "-inf", "-0.5", "1e39"] {
                let line = format!("{key} = {value}");
                assert_says(
                    &error("ipd", &line),
                    &[&format!("`{key}` is"), "it must be", "preset `ipd` has"],
                );
            }
        }
        for key in ["discount", "rho", "beta1", "beta2"] {
            for value in ["1.0", "0.99999999999"] {
                assert_says(&error("ipd", &format!("{key} = {value}")), &["below 1"]);
            }
        }
        for line in ["lambda = 1.001", "flip_probability = 1.001"] {
            assert_says(&error("ipd", line), &["from 0 to 1"]);
        }
        for key in ["alpha", "eta", "epsilon"] {
            for value in ["0", "1e-50"] {
                assert_says(&error("ipd", &format!("{key} = {value}")), &["positive"]);
            }
        }
        for key in ["outer", "batch", "steps", "stride", "hidden", "quantiles"] {
            assert_says(&error("ipd", &format!("{key} = 0")), &["it must be at least 1"]);
        }
        for line in [
            "lambda = 0",
            "lambda = 1",
            "rho = 0",
            "beta1 = 0",
            "flip_probability = 1",
            "residual_blocks = 0",
        ] {
            Config::from_toml(&format!("preset = 'ipd'\n{line}")).expect(line);
        }
    }

    #[test]
    fn keys_go_together() {
        assert_says(
            &error("ipd", "steps = 105"),
            &["multiple of `stride`, which is 10", "100 is one"],
        );
        assert_says(&error("ipd", "steps = 5"), &["hint: 10 is one"]);
        assert_says(&error("ipd", "outer = 429496730"), &["more than 4294967295 updates"]);
        assert_says(
            &error("ipd", "bootstrap = 'residual'"),
            &["target network", "rho = \"none\""],
        );
        assert_says(&error("ipd", "game = 'matrix'"), &["needs `payoffs`"]);
        let payoffs = "payoffs = [[1, 1], [3, 0], [0, 3], [2, 2]]";
        assert_says(
            &error("ipd", payoffs),
            &[
                "`payoffs` is [[1.0, 1.0],",
                "ipd, which has payoffs of its own",
                "leave it out, or set game = \"matrix\"",
            ],
        );
        assert_says(
            &error("ipd", "game = 'matrix'\npayoffs = [[1, 1], [3, nan], [0, 3], [2, 2]]"),
            &["NaN", "it must be finite"],
        );
        Config::from_toml(&format!("preset = 'ipd'\ngame = 'matrix'\n{payoffs}")).unwrap();
        Config::from_toml("preset = 'logistic'\nbootstrap = 'residual'").unwrap();
    }
}
