//! Trained models on arrays of joint policies, and their parameters as numpy arrays.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use meva::Error;
use meva::config::Algorithm;
use meva::files::write_atomically;
use meva::model::part;
use meva::model::tensors::{NamedTensor, TensorFile};
use meva_core::Player;
use meva_core::game::{GameVisitor, NamedGame};

use crate::arrays::{Array, array, fill, joints, settings};
use crate::config::{dictionary, read};
use crate::error::OrRaise;
use crate::run::compute;

/// A model with the file that holds it.
pub struct Trained {
    pub file: TensorFile,
    pub model: meva::Model,
}

impl Trained {
    pub fn of_file(file: TensorFile) -> meva::Result<Arc<Self>> {
        let model = meva::Model::of_file(&file)?;
        // Older files also hold the network that was being trained, under other names.
        let file = part(&file, model.config().networks.count(), None);
        Ok(Arc::new(Trained { file, model }))
    }
}

/// A trained model: a meta-value network, or COLA's, with the configuration that it was trained with.
#[pyclass(frozen, module = "meva")]
#[derive(Clone)]
pub struct Model(pub Arc<Trained>);

/// What is computed of a model.
#[derive(Clone, Copy)]
enum Wanted {
    Quantiles,
    Value,
    OwnGradients,
    Field,
}

/// Computes it at joint policies `x` with discounts `gamma`.
struct At<'a> {
    model: &'a meva::Model,
    wanted: Wanted,
    each: usize,
    x: &'a [f64],
    gamma: &'a [[f64; 2]],
}

impl GameVisitor for At<'_> {
    type Output = meva::Result<Vec<f64>>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> meva::Result<Vec<f64>> {
        let At {
            model,
            wanted,
            each,
            gamma,
            ..
        } = self;
        let x = joints::<f64, N>(self.x);
        // Discounts are judged before anything is computed.
        let trained = gamma
            .iter()
            .map(|gamma| model.trained::<N>(*gamma))
            .collect::<meva::Result<Vec<_>>>()?;
        Ok(fill(x.len(), each, |k, result: &mut [f64]| {
            let (x, trained) = (&x[k], &trained[k]);
            for (player, result) in Player::BOTH.into_iter().zip(result.chunks_exact_mut(each / 2)) {
                match wanted {
                    Wanted::Quantiles => result.copy_from_slice(&trained.network.quantiles(player, x, &gamma[k])),
                    Wanted::Value => {
                        let quantiles = trained.network.quantiles(player, x, &gamma[k]);
                        result[0] = quantiles.iter().sum::<f64>() / quantiles.len() as f64;
                    }
                    Wanted::OwnGradients => {
                        result.copy_from_slice(&trained.network.own_gradient(player, x, &gamma[k]));
                    }
                    Wanted::Field => result.copy_from_slice(&trained.direction(player, &game, x)),
                }
            }
        }))
    }
}

impl Model {
    fn at<'py>(&self, wanted: Wanted, x: &Bound<'py, PyAny>, gamma: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (py, inner) = (x.py(), &self.0);
        let shape = inner.model.shape();
        if inner.model.config().algorithm == Algorithm::Cola && !matches!(wanted, Wanted::Field) {
            return Err(Error::usage("this is COLA's model: its outputs are steps, not values")
                .hint("use field(x, alpha), with the length of the imagined step"))
            .or_raise(py);
        }
        let last = match wanted {
            Wanted::Quantiles => vec![2, shape.quantiles],
            Wanted::Value => vec![2],
            Wanted::OwnGradients | Wanted::Field => vec![2, shape.parameters],
        };
        let x = Array::joint(x, "x", shape.parameters)?;
        let gamma = settings(gamma, "gamma", x.batch())?;
        let (all, each) = (x.with(&last), last.iter().product());
        let x = x.wide();
        let numbers = compute(py, || {
            let (model, game) = (&inner.model, inner.model.config().any_game()?);
            game.visit(At {
                model,
                wanted,
                each,
                x: &x,
                gamma: &gamma,
            })
        })?;
        array(py, numbers, &all)
    }

    /// The model with these parameters and notes.
    fn of(
        py: Python,
        parameters: &Bound<PyDict>,
        metadata: std::collections::BTreeMap<String, String>,
    ) -> PyResult<Self> {
        let mut tensors = Vec::new();
        for (name, values) in parameters {
            let name: String = name.extract()?;
            let array = Array::read(&values, &name)?;
            let shape = array.shape.clone();
            let data = array.wide().into_iter().map(|number| number as f32).collect();
            tensors.push(NamedTensor { name, shape, data });
        }
        compute(py, || {
            // Nothing here comes from a file.
            let model = Trained::of_file(TensorFile { tensors, metadata }).map_err(|error| {
                let object = error.json();
                let part = |key: &str| object["error"][key].as_str().map(str::to_owned);
                let usage = Error::usage(part("what").unwrap_or_default());
                part("hint").into_iter().fold(usage, Error::hint)
            })?;
            Ok(Model(model))
        })
    }
}

#[pymethods]
impl Model {
    /// The model of a run directory, or of a model file.
    #[staticmethod]
    fn load(py: Python, path: PathBuf) -> PyResult<Self> {
        compute(py, || {
            let file = meva::Model::file(&path)?;
            let model = Trained::of_file(file).map_err(|error| error.at(path.display()))?;
            Ok(Model(model))
        })
    }

    #[staticmethod]
    fn _from_parameters(py: Python, parameters: &Bound<PyDict>, what: &str, set: Vec<String>) -> PyResult<Self> {
        let metadata = read(what, &set).and_then(|config| config.to_metadata()).or_raise(py)?;
        Self::of(py, parameters, metadata)
    }

    /// The same model with other parameters, whose names and shapes are those of `parameters()`.
    fn with_parameters(&self, py: Python, parameters: &Bound<PyDict>) -> PyResult<Self> {
        Self::of(py, parameters, self.0.file.metadata.clone())
    }

    /// The parameters by name, as `float32`: matrices `[output, input]`, biases and norms `[units]`.
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let parameters = PyDict::new(py);
        for tensor in &self.0.file.tensors {
            parameters.set_item(&tensor.name, array(py, tensor.data.clone(), &tensor.shape)?)?;
        }
        Ok(parameters)
    }

    /// Writes the model file, which `meva.load` and every command read.
    fn save(&self, py: Python, path: PathBuf) -> PyResult<()> {
        compute(py, || write_atomically(&path, &self.0.file.to_bytes()?).map(drop))
    }

    /// The complete configuration.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dictionary(py, self.0.model.config())
    }

    /// `(N, H, R, M)`: parameters of a policy, hidden units, residual blocks, quantiles.
    #[getter]
    fn shape(&self) -> (usize, usize, usize, usize) {
        let [n, h, r, m] = self.0.model.shape().sizes();
        (n, h, r, m)
    }

    /// The `M` quantiles of each player's meta-value (section 4): `x[..., 2, N]` gives `[..., 2, M]`, in double precision.
    ///
    /// `gamma`: one meta-discount, one for each player, or `[..., 2]`.
    fn quantiles<'py>(&self, x: &Bound<'py, PyAny>, gamma: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Quantiles, x, gamma)
    }

    /// Each player's meta-value, the mean of its quantiles: `x[..., 2, N]` gives `[..., 2]`.
    ///
    /// It estimates V, or with `field = "u"` in the configuration the correction U (eq. 7).
    fn value<'py>(&self, x: &Bound<'py, PyAny>, gamma: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Value, x, gamma)
    }

    /// The gradient of each player's meta-value in its own parameters: `x[..., 2, N]` gives `[..., 2, N]`.
    fn own_gradients<'py>(&self, x: &Bound<'py, PyAny>, gamma: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::OwnGradients, x, gamma)
    }

    /// What the agents follow, `grad V` or `grad f + gamma grad U` (Algorithm 1): `x[..., 2, N]` gives `[..., 2, N]`.
    ///
    /// For COLA the length of the imagined step takes the place of `gamma`.
    fn field<'py>(&self, x: &Bound<'py, PyAny>, gamma: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.at(Wanted::Field, x, gamma)
    }

    fn __repr__(&self) -> String {
        let config = self.0.model.config();
        format!(
            "<meva.Model of {}, {}, seed {}>",
            config.game,
            self.0.model.shape(),
            config.seed
        )
    }

    /// Pickles as its bytes.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Vec<u8>,))> {
        let bytes = self.0.file.to_bytes().or_raise(py)?;
        Ok((py.get_type::<Model>().getattr("_from_bytes")?, (bytes,)))
    }

    #[staticmethod]
    fn _from_bytes(py: Python, bytes: Vec<u8>) -> PyResult<Self> {
        compute(py, || {
            TensorFile::from_bytes(&bytes).and_then(Trained::of_file).map(Model)
        })
    }
}
