//! Learners: formulas, trained networks, and strategies that do not learn.

use std::sync::Arc;

use pyo3::prelude::*;

use meva::Error;
use meva::config::unknown;
use meva::follow::player::Entrant;
use meva::follow::{Agent, Learner as Rule};
use meva_core::Player;
use meva_core::game::{GameVisitor, NamedGame};
use meva_core::jacobian::jacobian;
use meva_core::learner::LearnerName;
use meva_core::strategy::{Strategy, StrategyName};

use crate::arrays::{Array, Number, Numbers, array, array_of, fill, joints};
use crate::error::OrRaise;
use crate::games::{Game, write_blocks};
use crate::model::{Model, Trained};
use crate::run::compute;

/// What an agent follows: `x <- x + rate field(x)`.
#[pyclass(frozen, subclass, module = "meva")]
#[derive(Clone)]
pub struct Learner {
    name: String,
    rule: Rule,
    models: Vec<Arc<Trained>>,
}

/// The names of the learners that are formulas.
#[pyfunction]
pub fn learner_names() -> Vec<&'static str> {
    LearnerName::NAMES.to_vec()
}

/// The names of the classic strategies.
#[pyfunction]
pub fn strategy_names() -> Vec<&'static str> {
    StrategyName::NAMES.to_vec()
}

impl Learner {
    /// The learner as a player of matches and leagues.
    pub fn entrant(&self) -> meva::Result<Entrant> {
        let models = self.models.iter().map(|model| meva::Model::of_file(&model.file));
        Ok(Entrant {
            name: self.name.clone(),
            learner: self.rule,
            models: models.collect::<meva::Result<_>>()?,
        })
    }

    fn checked(rule: Rule) -> meva::Result<Rule> {
        let setting = rule.setting();
        let (fits, hint) = match rule {
            Rule::MetaValue { .. } => ((0.0..=1.0).contains(&setting), "a discount lies in [0, 1]"),
            _ => (
                setting.is_finite() && setting >= 0.0,
                "give a finite number that is at least 0",
            ),
        };
        if fits {
            return Ok(rule);
        }
        Err(Error::usage(format!("{} cannot be {setting}", rule.setting_name())).hint(hint))
    }
}

/// A formula's field in the arithmetic of its array.
struct Field<'a, S> {
    name: LearnerName,
    alpha: f64,
    x: &'a [S],
}

impl<S: Number> GameVisitor for Field<'_, S> {
    type Output = Vec<S>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Vec<S> {
        let x = joints::<S, N>(self.x);
        fill(x.len(), 2 * N, |k, result: &mut [S]| {
            result.copy_from_slice(self.name.field(self.alpha, &game, &x[k]).as_flattened());
        })
    }
}

/// A formula's Jacobian, in double precision.
struct Jacobian<'a> {
    name: LearnerName,
    alpha: f64,
    x: &'a [f64],
}

impl GameVisitor for Jacobian<'_> {
    type Output = Vec<f64>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Vec<f64> {
        let x = joints::<f64, N>(self.x);
        fill(x.len(), 4 * N * N, |k, result: &mut [f64]| {
            write_blocks(&jacobian(&x[k], |x| self.name.field(self.alpha, &game, x)), result);
        })
    }
}

/// A trained network's field, in double precision.
struct Learned<'a> {
    rule: Rule,
    model: Option<&'a meva::Model>,
    x: &'a [f64],
}

impl GameVisitor for Learned<'_> {
    type Output = meva::Result<Vec<f64>>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> meva::Result<Vec<f64>> {
        let (x, agents) = (joints::<f64, N>(self.x), Agent::both(self.rule, self.model)?);
        Ok(fill(x.len(), 2 * N, |k, result: &mut [f64]| {
            for (player, result) in Player::BOTH.into_iter().zip(result.chunks_exact_mut(N)) {
                result.copy_from_slice(&agents[player.index()].direction(player, &game, &x[k]));
            }
        }))
    }
}

#[pymethods]
impl Learner {
    /// A learner by its name: `setting` is the length of the imagined step `alpha`, or the meta-discount `gamma`; trained
    /// learners, `meva` and `cola`, follow `models`, one for each seed.
    #[new]
    #[pyo3(signature = (name, setting=None, models=Vec::new()))]
    fn new(py: Python, name: &str, setting: Option<f64>, models: Vec<Bound<Model>>) -> PyResult<Self> {
        let make = || -> meva::Result<Self> {
            let rule: Rule = name.parse()?;
            let rule = Self::checked(setting.map_or(rule, |setting| rule.with(setting)))?;
            let models: Vec<Arc<Trained>> = models.iter().map(|model| model.get().0.clone()).collect();
            match (rule.algorithm(), models.is_empty()) {
                (Some(_), true) => {
                    return Err(Error::usage(format!("learner `{rule}` needs trained models"))
                        .hint("load one: meva.load(\"runs/..\")"));
                }
                (None, false) => return Err(Error::usage(format!("learner `{rule}` does not follow a model"))),
                _ => models.iter().try_for_each(|model| rule.check(&model.model))?,
            }
            let name = if rule.is_naive() {
                name.to_owned()
            } else {
                format!("{name}:{}", rule.setting())
            };
            Ok(Learner { name, rule, models })
        };
        make().or_raise(py)
    }

    /// A strategy of an iterated game, which does not learn: five probabilities of cooperating, at the start and after DD,
    /// DC, CD, CC, own action first.
    #[staticmethod]
    #[pyo3(signature = (probabilities, name=None))]
    fn strategy(py: Python, probabilities: Strategy, name: Option<String>) -> PyResult<Self> {
        if let Some(p) = probabilities.into_iter().find(|p| !(0.0..=1.0).contains(p)) {
            return Err(Error::usage(format!("{p} is not a probability: it is outside [0, 1]"))
                .hint("five probabilities of cooperating: at the start and after DD, DC, CD, CC, own action first"))
            .or_raise(py);
        }
        let list = probabilities.map(|p| p.to_string()).join(",");
        Ok(Learner {
            name: name.unwrap_or_else(|| format!("policy:{list}")),
            rule: Rule::Strategy {
                by_player: [probabilities; 2],
            },
            models: Vec::new(),
        })
    }

    /// A classic strategy by its name, such as `tit-for-tat`.
    #[staticmethod]
    fn classic(py: Python, name: &str) -> PyResult<Self> {
        let strategy: StrategyName = name
            .parse()
            .map_err(|_| unknown("strategy", name, StrategyName::NAMES.iter().copied()))
            .or_raise(py)?;
        Self::strategy(py, strategy.probabilities(), Some(name.to_owned()))
    }

    /// Its name, with its setting.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// The length of the imagined step, or the meta-discount; `None` for a learner that has neither.
    #[getter]
    fn setting(&self) -> Option<f64> {
        (!self.rule.is_naive() && self.rule.strategy().is_none()).then(|| self.rule.setting())
    }

    /// The models that it follows, one for each seed.
    #[getter]
    fn models(&self) -> Vec<Model> {
        self.models.iter().cloned().map(Model).collect()
    }

    /// The field that both agents follow: `x[..., 2, N]` gives `[..., 2, N]`; formulas in the array's precision, trained networks
    /// in double precision.
    fn field<'py>(&self, game: &Bound<'py, Game>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (py, game) = (x.py(), game.get().game);
        let x = Array::joint(x, "x", game.parameters())?;
        let shape = x.shape.clone();
        if let Rule::Formula { name, alpha } = self.rule {
            let numbers = compute(py, move || {
                Ok(match x.numbers {
                    Numbers::F32(x) => Numbers::F32(game.visit(Field { name, alpha, x: &x })),
                    Numbers::F64(x) => Numbers::F64(game.visit(Field { name, alpha, x: &x })),
                })
            })?;
            return array_of(py, numbers, &shape);
        }
        let (x, model) = (x.wide(), self.models.first().map(|model| &model.model));
        let numbers = compute(py, || {
            game.visit(Learned {
                rule: self.rule,
                model,
                x: &x,
            })
        })?;
        array(py, numbers, &shape)
    }

    /// The field's Jacobian, `d field_i / d x_j`, in double precision: `x[..., 2, N]` gives `[..., 2, N, 2, N]`.
    fn jacobian<'py>(&self, game: &Bound<'py, Game>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (py, game) = (x.py(), game.get().game);
        let n = game.parameters();
        let Rule::Formula { name, alpha } = self.rule else {
            return Err(Error::usage(format!(
                "learner `{}` is no formula: its field has no Jacobian here",
                self.name
            ))
            .hint("take differences of field(x)"))
            .or_raise(py);
        };
        let x = Array::joint(x, "x", n)?;
        let shape = x.with(&[2, n, 2, n]);
        let x = x.wide();
        let numbers = compute(py, || Ok(game.visit(Jacobian { name, alpha, x: &x })))?;
        array(py, numbers, &shape)
    }

    fn __repr__(&self) -> String {
        format!("<meva learner {}>", self.name)
    }
}
