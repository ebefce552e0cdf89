//! The single reader of vectors: cases of operations with outputs computed by another program, in the files described
//! in `tests/vectors/README.md`.
//!
//! A case is read by the names under which its operation asks for inputs and gives outputs, so a new operation needs no
//! reader, only a line that says which operation a file's cases belong to.

use std::collections::BTreeSet;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use meva_core::Lanes;
use meva_core::activation::Activation;
use meva_core::adamw::AdamW as Optimizer;
use meva_core::algorithm1::{Bootstrap, Exploration, Settings};
use meva_core::game::GameName;
use meva_core::kernels::Portable;
use meva_core::learner::LearnerName;
use meva_core::learner::cola::Form;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input};
use meva_core::parameters::Tensor;
use serde_json::Value;

use crate::adamw;
use crate::adamw::AdamW;
use crate::algorithm1::{IPD, Update};
use crate::bounds::{Bound, Implementation, Quantity};
use crate::cases::{Case, Numbers, Single, conditions, evaluate};
use crate::cola::{Cola, ColaLoss};
use crate::compare::{keeps, relative_error_beside};
use crate::game::{OfGame, Played, names, on_each_game};
use crate::json::{Item, Malformed, Result};
use crate::lambda_return::{self, LambdaReturn};
use crate::learner::{OfLearner, key};
use crate::meta_value::{Network, NetworkDerivatives};
use crate::operation::{Domain, Operation, Output, Packed, Relation, Source, WithDuals};
use crate::quantile_huber::QuantileHuber;

/// The files of vectors.
pub const FILES: [&str; 8] = [
    "games.json",
    "learners.json",
    "network.json",
    "quantile_huber.json",
    "lambda_returns.json",
    "adamw.json",
    "algorithm1.json",
    "cola.json",
];

/// Something to do with every case.
pub trait Reader {
    /// Receives a case of an operation; `subject` says what it belongs to.
    ///
    /// # Errors
    /// The case is malformed.
    fn case<O: Operation>(&mut self, operation: &O, subject: &str, vector: Vector) -> Result<()>;
}

/// Outputs that have vectors.
pub fn in_vectors(output: &Output) -> bool {
    let compared = !matches!(output.relation, Relation::Duals(_) | Relation::Auxiliary);
    compared && output.quantity.row().single.is_finite()
}

/// Reads a file's contents case by case. Returns what is in its cases and neither an input of an operation that the reader
/// receives nor a result that it asks for.
///
/// # Errors
/// Something in it is malformed, or the reader returns an error.
pub fn read(file: &str, contents: &Value, reader: &mut impl Reader) -> Result<BTreeSet<String>> {
    let mut ignored = BTreeSet::new();
    for case in Item::whole(contents).get("cases")?.items()? {
        match file {
            "games.json" => of_game(&case, reader)?,
            "learners.json" => of_learners(&case, reader)?,
            "network.json" => of_network(&case, reader)?,
            "quantile_huber.json" => of_loss(&case, reader)?,
            "lambda_returns.json" => of_returns(&case, reader)?,
            "adamw.json" => of_optimizer(&case, reader)?,
            "algorithm1.json" => of_update(&case, reader)?,
            "cola.json" => of_cola(&case, reader)?,
            _ => return Err(case.error("no operation has vectors in a file of this name")),
        }
        ignored.extend(case.ignored());
    }
    Ok(ignored)
}

/// A case as given in a file.
#[derive(Clone, Copy, Debug)]
pub struct Vector<'a, 'b>(&'a Item<'b>);

impl Vector<'_, '_> {
    /// The inputs of an operation.
    ///
    /// # Errors
    /// An input is missing or has the wrong shape.
    pub fn inputs(&self, operation: &dyn Single) -> Result<Case> {
        let mut source = FromJson {
            item: self.0,
            read: Vec::new(),
            error: None,
        };
        let case = Case::record(operation, &mut source, &in_vectors);
        match source.error {
            Some(error) => Err(error),
            None => Ok(case),
        }
    }

    /// The expected value of an output: the whole array, or that of each tensor.
    ///
    /// # Errors
    /// It is missing or has the wrong shape.
    fn expected(&self, output: &Output, got: &Numbers) -> Result<Vec<Vec<f64>>> {
        let named = self.0.path(output.name)?;
        if got.tensors.is_empty() {
            return Ok(vec![named.shaped(got.all().len())?]);
        }
        known_tensors(&named, &got.tensors)?;
        got.tensors.iter().map(|tensor| of_tensor(&named, tensor)).collect()
    }
}

/// The columns of a named matrix, or the vector, that a tensor covers.
fn of_tensor(named: &Item, tensor: &Tensor) -> Result<Vec<f64>> {
    let whole = named
        .get(&format!("{tensor}"))?
        .counted(tensor.rows * tensor.of_columns)?;
    let rows = whole.chunks_exact(tensor.of_columns);
    let own = rows.flat_map(|row| &row[tensor.first_column..tensor.first_column + tensor.columns]);
    Ok(own.copied().collect())
}

/// An error if there is a name that no tensor has.
fn known_tensors(named: &Item, tensors: &[Tensor]) -> Result<()> {
    let names: Vec<String> = tensors.iter().map(|tensor| format!("{tensor}")).collect();
    match named
        .keys()?
        .into_iter()
        .find(|name| !names.iter().any(|known| known == name))
    {
        Some(name) => Err(named.error(format_args!("the network has no tensor `{name}`"))),
        None => Ok(()),
    }
}

/// Provides the values that a file has under each name.
struct FromJson<'a, 'b> {
    item: &'a Item<'b>,
    /// The names asked for so far, with their remaining numbers.
    read: Vec<(&'static str, Vec<f64>)>,
    error: Option<Malformed>,
}

impl FromJson<'_, '_> {
    fn fail(&mut self, error: Malformed) {
        self.error.get_or_insert(error);
    }

    fn fill(&mut self, name: &'static str, domain: Domain, numbers: &mut [f64]) {
        let item = match self.item.path(name) {
            Ok(item) => item,
            // It has a value of its own.
            Err(_) if domain == Domain::Given => return,
            Err(error) => return self.fail(error),
        };
        let first = !self.read.iter().any(|(read, _)| *read == name);
        if first {
            // Asked for once, it must have exactly the requested number of values; piece by piece, as many as are
            // requested in total.
            let whole = if name.starts_with("draws.") || name == "gradients" {
                item.numbers()
            } else {
                item.shaped(numbers.len())
            };
            match whole {
                Ok(whole) => self.read.push((name, whole)),
                Err(error) => return self.fail(error),
            }
        }
        let Some((_, rest)) = self.read.iter_mut().find(|(read, _)| *read == name) else {
            return;
        };
        if rest.len() < numbers.len() {
            return self.fail(item.error("there are too few numbers"));
        }
        let count = numbers.len();
        for (number, value) in numbers.iter_mut().zip(rest.drain(..count)) {
            *number = value;
        }
    }
}

impl Source<f64> for FromJson<'_, '_> {
    fn numbers(&mut self, name: &'static str, domain: Domain, numbers: &mut [f64]) {
        self.fill(name, domain, numbers);
    }
    fn reals(&mut self, name: &'static str, domain: Domain, reals: &mut [f64]) {
        self.fill(name, domain, reals);
    }
    fn constants(&mut self, _: &'static str, _: &mut [f64]) {}
    fn tensor(&mut self, name: &'static str, _: Domain, tensor: &Tensor, values: &mut [f64]) {
        match self.item.path(name).and_then(|named| of_tensor(&named, tensor)) {
            Ok(numbers) => values.copy_from_slice(&numbers),
            Err(error) => self.fail(error),
        }
    }
    fn weight(&mut self) -> f64 {
        1.0
    }
}

/// How far an output of a case is from the file's value.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The output.
    pub quantity: Quantity,
    /// The largest error of any array or tensor in it, relative to the root mean square, or NaN.
    pub error: f64,
    /// The bound on the error.
    pub bound: Bound,
    /// The place of the largest error.
    pub place: String,
}

impl Judgement {
    /// Whether the error is within its bound.
    pub fn ok(&self) -> bool {
        keeps(self.error, self.bound.value)
    }
}

/// Compares an implementation with a case, output by output and tensor by tensor.
///
/// # Errors
/// The case is malformed.
pub fn judge<S: Packed, K: WithDuals<S>, O: Operation>(
    operation: &O,
    kernels: &K,
    implementation: Implementation,
    vector: Vector,
) -> Result<Vec<Judgement>> {
    let inputs = Inputs::new(operation, vector)?;
    let outputs = evaluate::<S, K, O>(operation, kernels, inputs.cases(), &in_vectors);
    inputs.judge(operation.outputs(), implementation, vector, &outputs)
}

/// The inputs of a case.
#[derive(Clone, Debug)]
pub struct Inputs {
    case: Case,
    /// How far each output that cancels moves with its inputs and intermediate results.
    conditions: Vec<f64>,
}

impl Inputs {
    /// Those of an operation in a file.
    ///
    /// # Errors
    /// An input is missing or has the wrong shape.
    pub fn new(operation: &dyn Single, vector: Vector) -> Result<Self> {
        let case = vector.inputs(operation)?;
        let outputs = operation.outputs();
        let conditions = if outputs.iter().any(|output| output.quantity.cancels()) {
            conditions(operation, &case, &in_vectors)
        } else {
            vec![0.0; outputs.len()]
        };
        Ok(Inputs { case, conditions })
    }

    /// As a slice of one case.
    pub fn cases(&self) -> &[Case] {
        core::slice::from_ref(&self.case)
    }

    /// Compares numbers that an implementation computed from these inputs; those of outputs that it does not compute are empty.
    ///
    /// # Errors
    /// The case is malformed.
    pub fn judge(
        &self,
        outputs: &[Output],
        implementation: Implementation,
        vector: Vector,
        numbers: &[Numbers],
    ) -> Result<Vec<Judgement>> {
        let mut judgements = Vec::new();
        for (k, output) in outputs.iter().enumerate() {
            let got = &numbers[k];
            if !in_vectors(output) || *got == Numbers::default() {
                continue;
            }
            let more = if output.quantity.cancels() && implementation != Implementation::F64 {
                self.conditions[k]
            } else {
                0.0
            };
            let all = got.all();
            let mut judgement = Judgement {
                quantity: output.quantity,
                error: 0.0,
                bound: output.quantity.outside(implementation),
                place: String::from(output.name),
            };
            let mut rest = &all[..];
            for (index, expected) in vector.expected(output, got)?.iter().enumerate() {
                let (own, later) = rest.split_at(expected.len().min(rest.len()));
                rest = later;
                let error = relative_error_beside(own, expected, more);
                // NaN stays.
                if !judgement.error.is_nan() && !(error <= judgement.error) {
                    judgement.error = error;
                    if let Some(tensor) = got.tensors.get(index) {
                        judgement.place = format!("{} by {tensor} from column {}", output.name, tensor.first_column);
                    }
                }
            }
            judgements.push(judgement);
        }
        Ok(judgements)
    }
}

/// An operation at a case of a file, as an object, and in lanes.
pub struct Read<'a> {
    /// The operation.
    pub operation: &'a dyn Single,
    /// The operation in lanes, by the core's own kernels.
    pub in_lanes: &'a dyn Fn(&[Case]) -> Vec<Numbers>,
    /// What the case belongs to.
    pub subject: &'a str,
    /// The case.
    pub vector: Vector<'a, 'a>,
}

/// As [`read`], with operations that are objects: their formulas are compiled here, with this crate.
///
/// # Errors
/// Something in it is malformed, or `with` returns an error.
pub fn read_objects(
    file: &str,
    contents: &Value,
    with: &mut dyn FnMut(&Read) -> Result<()>,
) -> Result<BTreeSet<String>> {
    struct Objects<'a>(&'a mut dyn FnMut(&Read) -> Result<()>);
    impl Reader for Objects<'_> {
        fn case<O: Operation>(&mut self, operation: &O, subject: &str, vector: Vector) -> Result<()> {
            let in_lanes = |cases: &[Case]| evaluate::<Lanes<8>, _, O>(operation, &Portable, cases, &in_vectors);
            (self.0)(&Read {
                operation,
                in_lanes: &in_lanes,
                subject,
                vector,
            })
        }
    }
    read(file, contents, &mut Objects(with))
}

fn game_of(case: &Item) -> Result<GameName> {
    case.get("game")?.choice(&names::IN_VECTORS)
}

fn of_game(case: &Item, reader: &mut impl Reader) -> Result<()> {
    let wanted = game_of(case)?;
    on_each_game!(name, module, game => if name == wanted {
        reader.case(&OfGame { name, module, game }, name.name(), Vector(case))?;
    });
    Ok(())
}

fn of_learners(case: &Item, reader: &mut impl Reader) -> Result<()> {
    let (wanted, alpha) = (game_of(case)?, case.get("alpha")?.number()?);
    on_each_game!(name, _module, game => if name == wanted {
        for learner in LearnerName::ALL {
            if Quantity::of_learner(learner).row().single.is_finite() {
                case.get(key(learner))?;
                let operation = OfLearner { learner, alpha, name, game };
                reader.case(&operation, &format!("{name} alpha {alpha}"), Vector(case))?;
            }
        }
    });
    Ok(())
}

/// Sizes `N, H, R, M` and architecture of a network.
fn shape(case: &Item) -> Result<([usize; 4], Architecture)> {
    let shape = case.get("shape")?;
    let size = |key: &str| shape.get(key)?.count();
    let architecture = Architecture {
        input: shape
            .get("input")?
            .choice(&[("tenth", Input::Tenth), ("sigmoid", Input::Sigmoid)])?,
        last_activation: shape
            .get("final")?
            .choice(&[("gelu", Activation::Gelu), ("tanh", Activation::Tanh)])?,
    };
    Ok(([size("n")?, size("H")?, size("R")?, size("M")?], architecture))
}

fn unknown_shape(case: &Item, [n, h, r, m]: [usize; 4], known: &str) -> Result<()> {
    let words = format!("no network with n = {n}, H = {h}, R = {r}, M = {m} is compiled in");
    Err(case.get("shape")?.error(words).hint(format!("there are {known}")))
}

const SHAPES: &str = "n = 1, H = 8, R = 1, M = 4 and n = 5, H = 12, R = 2, M = 6";

fn of_network(case: &Item, reader: &mut impl Reader) -> Result<()> {
    fn of<const N: usize, const H: usize, const R: usize, const M: usize>(
        case: &Item,
        reader: &mut impl Reader,
        subject: &'static str,
        architecture: Architecture,
    ) -> Result<()> {
        let network = Network::<N, H, R, M> { subject, architecture };
        reader.case(&network, subject, Vector(case))?;
        reader.case(&NetworkDerivatives(network), subject, Vector(case))
    }
    match shape(case)? {
        ([1, 8, 1, 4], architecture) => of::<1, 8, 1, 4>(case, reader, "plane", architecture),
        ([5, 12, 2, 6], architecture) => of::<5, 12, 2, 6>(case, reader, "iterated", architecture),
        (sizes, _) => unknown_shape(case, sizes, SHAPES),
    }
}

/// Calls a function generic over the number of quantiles.
macro_rules! with_quantiles {
    ($case:expr, $count:expr, $quantiles:ident => $body:expr) => {
        match $count {
            1 => with_quantiles!(@ $quantiles 1 $body),
            2 => with_quantiles!(@ $quantiles 2 $body),
            3 => with_quantiles!(@ $quantiles 3 $body),
            4 => with_quantiles!(@ $quantiles 4 $body),
            5 => with_quantiles!(@ $quantiles 5 $body),
            16 => with_quantiles!(@ $quantiles 16 $body),
            other => Err($case
                .error(format_args!("{other} quantiles are not compiled in"))
                .hint("there are 1, 2, 3, 4, 5 and 16")),
        }
    };
    (@ $quantiles:ident $count:literal $body:expr) => {{
        const $quantiles: usize = $count;
        $body
    }};
}

fn of_loss(case: &Item, reader: &mut impl Reader) -> Result<()> {
    let count = case.get("q")?.items()?.len();
    with_quantiles!(case, count, COUNT => reader.case(&QuantileHuber::<COUNT>, "", Vector(case)))
}

fn of_returns(case: &Item, reader: &mut impl Reader) -> Result<()> {
    let steps = case.get("rewards")?.items()?.len();
    let rows = case.get("bootstrap")?.items()?;
    if rows.len() != steps {
        return Err(case.error(format_args!("{steps} rewards, but {} bootstraps", rows.len())));
    }
    if steps > lambda_return::STEPS {
        return Err(case.error(format_args!("at most {} steps are compiled in", lambda_return::STEPS)));
    }
    let count = rows[0].items()?.len();
    with_quantiles!(case, count, COUNT => reader.case(&LambdaReturn::<COUNT> { steps }, "", Vector(case)))
}

fn optimizer(hp: &Item, [eta, epsilon, weight_decay]: [&str; 3]) -> Result<Optimizer> {
    let number = |key: &str| hp.get(key)?.number();
    Ok(Optimizer {
        eta: number(eta)?,
        beta1: number("beta1")?,
        beta2: number("beta2")?,
        epsilon: number(epsilon)?,
        weight_decay: number(weight_decay)?,
    })
}

fn of_optimizer(case: &Item, reader: &mut impl Reader) -> Result<()> {
    let parameters = case.get("theta")?.items()?.len();
    let gradients = case.get("gradients")?.items()?;
    if parameters > adamw::PARAMETERS {
        return Err(case.error(format_args!("at most {} parameters are compiled in", adamw::PARAMETERS)));
    }
    for gradient in &gradients {
        gradient.counted(parameters)?;
    }
    let operation = AdamW {
        optimizer: optimizer(&case.get("hp")?, ["lr", "eps", "decay"])?,
        parameters,
        steps: u32::try_from(gradients.len()).map_err(|_| case.error("there are too many gradients"))?,
    };
    reader.case(&operation, "", Vector(case))
}

/// The maximum number of trajectories and the maximum number of steps plus one in an update.
const BATCH: usize = 8;
const LENGTH: usize = 9;

fn settings(case: &Item, architecture: Architecture) -> Result<Settings> {
    let hp = case.get("hp")?;
    let number = |key: &str| hp.get(key)?.number();
    let value = case.get("kind")?.choice(&[("v", true), ("u", false)])?;
    let field = hp
        .get("field")?
        .choice(&[("algorithm1", Field::U), ("normalized", Field::UNormalized)])?;
    Ok(Settings {
        architecture,
        field: if value { Field::V } else { field },
        exploration: if value {
            Exploration::None
        } else {
            Exploration::SignFlips
        },
        bootstrap: Bootstrap::SemiGradient,
        alpha: number("alpha")?,
        lambda: number("lambda")?,
        rho: Some(number("rho")?).filter(|rho| *rho > 0.0),
        optimizer: optimizer(&hp, ["eta", "epsilon", "weight_decay"])?,
        ..IPD
    })
}

fn of_update(case: &Item, reader: &mut impl Reader) -> Result<()> {
    fn of<G: Played<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
        case: &Item,
        reader: &mut impl Reader,
        (subject, game): (&'static str, G),
        architecture: Architecture,
    ) -> Result<()> {
        let (hp, draws) = (case.get("hp")?, case.get("draws")?);
        let (step, stride) = (hp.get("step")?.count()?, hp.get("k")?.count()?);
        let batch = draws.get("x")?.items()?.len();
        if step == 0 || stride == 0 {
            return Err(hp.error("`step` and `k` count from 1"));
        }
        if batch > BATCH || stride >= LENGTH {
            let words = format!("at most {BATCH} trajectories of {} steps are compiled in", LENGTH - 1);
            return Err(case.error(words));
        }
        for (key, count) in [("x", 2 * N), ("gamma_explore", 2), ("mask", 2 * H), ("gamma", 2)] {
            let rows = draws.get(key)?.items()?;
            if rows.len() != batch {
                return Err(draws.error("there must be as many of x, mask, gamma_explore and gamma"));
            }
            for row in rows {
                row.shaped(count)?;
            }
        }
        let operation = Update::<G, N, H, R, M, 1, BATCH, LENGTH> {
            subject,
            game,
            settings: settings(case, architecture)?,
            batch,
            stride,
            before: u32::try_from(step - 1).map_err(|_| hp.error("`step` is too large"))?,
            updates: 1,
        };
        reader.case(&operation, subject, Vector(case))
    }
    let wanted = game_of(case)?;
    let (sizes, architecture) = shape(case)?;
    match (wanted, sizes) {
        (GameName::Logistic, [1, 8, 1, 4]) => {
            let game = ("logistic", meva_core::game::Logistic);
            of::<_, 1, 8, 1, 4>(case, reader, game, architecture)
        }
        (GameName::Tandem, [1, 8, 1, 4]) => {
            let game = ("tandem", meva_core::game::Tandem);
            of::<_, 1, 8, 1, 4>(case, reader, game, architecture)
        }
        (name, [5, 12, 2, 6]) => match name.iterated_matrix() {
            Some(game) => of::<_, 5, 12, 2, 6>(case, reader, (name.name(), game), architecture),
            None => unknown_shape(case, sizes, SHAPES),
        },
        _ => unknown_shape(case, sizes, SHAPES),
    }
}

fn of_cola(case: &Item, reader: &mut impl Reader) -> Result<()> {
    fn of<G: Played<N>, const N: usize, const H: usize, const R: usize>(
        case: &Item,
        reader: &mut impl Reader,
        (subject, game): (&'static str, G),
        architecture: Architecture,
    ) -> Result<()> {
        let cola = Cola::<G, N, H, R> {
            subject,
            architecture,
            form: Form::Direct,
            game,
        };
        reader.case(&cola, subject, Vector(case))?;
        reader.case(&ColaLoss(cola), subject, Vector(case))
    }
    const KNOWN: &str = "n = 1, H = 8, R = 1, M = 1 and n = 5, H = 12, R = 2, M = 5";
    let (sizes, architecture) = shape(case)?;
    case.get("alpha")?.number()?;
    match (game_of(case)?, sizes) {
        (GameName::Logistic, [1, 8, 1, 1]) => {
            let game = ("logistic", meva_core::game::Logistic);
            of::<_, 1, 8, 1>(case, reader, game, architecture)
        }
        (GameName::Tandem, [1, 8, 1, 1]) => {
            let game = ("tandem", meva_core::game::Tandem);
            of::<_, 1, 8, 1>(case, reader, game, architecture)
        }
        (name, [5, 12, 2, 5]) => match name.iterated_matrix() {
            Some(game) => of::<_, 5, 12, 2>(case, reader, (name.name(), game), architecture),
            None => unknown_shape(case, sizes, KNOWN),
        },
        _ => unknown_shape(case, sizes, KNOWN),
    }
}
