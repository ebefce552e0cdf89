//! Whether the values of a configuration lie in their ranges and go together.

use meva_core::algorithm1::Bootstrap;
use meva_core::game::GameName;

use super::key::Range;
use super::{Algorithm, Config, Estimator, Sharing};
use crate::error::{Error, Result};

impl Config {
    /// Whether every value lies in its range and they go together. Numbers are judged as the `f32` that they become.
    ///
    /// # Errors
    /// They do not: the first that stands out.
    pub fn validate(&self) -> Result<()> {
        self.validate_numbers()?;
        self.validate_counts()?;
        self.validate_payoffs()?;
        if self.bootstrap == Bootstrap::Residual && self.rho.is_some() {
            return Err(
                Error::usage("`bootstrap` is residual, but with `rho` a target network predicts the targets")
                    .hint("set rho = \"none\", or bootstrap = \"semi-gradient\""),
            );
        }
        if self.algorithm == Algorithm::Cola && self.parameters == Sharing::Separate {
            return Err(Error::usage(
                "`parameters` is separate, but COLA's consistency ties both players to one network",
            )
            .hint("set parameters = \"shared\""));
        }
        if self.estimator == Estimator::Rollouts {
            let refused = if self.algorithm == Algorithm::Cola {
                Some("COLA needs second derivatives, which rollouts do not estimate")
            } else if matches!(self.game, GameName::Logistic | GameName::Tandem) {
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

    fn validate_numbers(&self) -> Result<()> {
        for (key, value, range) in [
            ("discount", self.discount, Range::BelowOne),
            ("alpha", self.alpha, Range::Positive),
            ("alpha_max", self.alpha_max, Range::NotNegative),
            ("lambda", self.lambda, Range::Unit),
            ("rho", self.rho.unwrap_or(0.0), Range::BelowOne),
            ("eta", self.eta, Range::Positive),
            ("beta1", self.beta1, Range::BelowOne),
            ("beta2", self.beta2, Range::BelowOne),
            ("epsilon", self.epsilon, Range::Positive),
            ("weight_decay", self.weight_decay, Range::NotNegative),
            ("flip_probability", self.flip_probability, Range::Unit),
            ("phi", self.phi, Range::Unit),
            ("scale", self.scale, Range::NotNegative),
        ] {
            if !range.contains(value) {
                return Err(Error::usage(format!("`{key}` is {value}: it must be {range}")).hint(self.example(key)));
            }
        }
        Ok(())
    }

    fn validate_counts(&self) -> Result<()> {
        for (key, count) in [
            ("outer", self.outer),
            ("batch", self.batch),
            ("steps", self.steps),
            ("stride", self.stride),
            ("hidden", self.hidden),
            ("quantiles", self.quantiles),
            ("rollouts", self.rollouts),
            ("rollout_length", self.rollout_length),
        ] {
            if count == 0 {
                return Err(Error::usage(format!("`{key}` is 0: it must be at least 1")).hint(self.example(key)));
            }
        }
        let Config { steps, stride, .. } = *self;
        if !steps.is_multiple_of(stride) {
            let near = (steps / stride).max(1) * stride;
            return Err(Error::usage(format!(
                "`steps` is {steps}: it must be a multiple of `stride`, which is {stride}"
            ))
            .hint(format!("{near} is one")));
        }
        let updates = self.outer.checked_mul(steps / stride);
        let countable = updates.is_some_and(|updates| u32::try_from(updates).is_ok());
        if !countable {
            return Err(Error::usage(format!(
                "`outer` is {}: the run would have more than {} updates",
                self.outer,
                u32::MAX
            ))
            .hint(self.example("outer")));
        }
        Ok(())
    }

    fn validate_payoffs(&self) -> Result<()> {
        let own = self.game != GameName::Matrix;
        match &self.payoffs {
            None if own => Ok(()),
            None => Err(Error::usage("game matrix needs `payoffs`").hint(self.example("payoffs"))),
            Some(_) if own => Err(Error::usage("`payoffs` are given, but the game has its own")
                .hint("set game = \"matrix\", or leave them out")),
            Some(payoffs) => match payoffs.as_flattened().iter().find(|r| !(**r as f32).is_finite()) {
                None => Ok(()),
                Some(r) => Err(Error::usage(format!("`payoffs` has {r} in it: payoffs must be finite"))
                    .hint(self.example("payoffs"))),
            },
        }
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
        assert_says(&error("ipd", payoffs), &["the game has its own", "leave them out"]);
        assert_says(
            &error("ipd", "game = 'matrix'\npayoffs = [[1, 1], [3, nan], [0, 3], [2, 2]]"),
            &["NaN", "must be finite"],
        );
        Config::from_toml(&format!("preset = 'ipd'\ngame = 'matrix'\n{payoffs}")).unwrap();
        Config::from_toml("preset = 'logistic'\nbootstrap = 'residual'").unwrap();
    }
}
