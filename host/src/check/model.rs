//! A trained model on every engine, compared with our `f64` or with the results of an external implementation.
//!
//! A file of points is one JSON object:
//!
//! ```json
//! {"precision": "f64",
//!  "points": [{"x": [[-5.0], [-4.0]], "gamma": [0.95, 0.95], "quantiles": [[..], [..]], "field": [[..], [..]]}, ..]}
//! ```
//!
//! `x` has a row of `N` parameters for each player, and `gamma` a discount for each. The other keys are optional:
//! `quantiles` has a row of `M` numbers for each player, and `field` the direction that each agent follows, a row of
//! `N` numbers. Where they are given, every engine, including our `f64`, is compared with them. `precision` is the
//! precision that they were computed in, `f64` by default.

use std::path::Path;
use std::sync::Arc;

use meva_core::game::{AnyGame, IteratedMatrix, NamedGame};
use meva_core::kernels::{Kernels, Portable};
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::shape::ShapeVisitor;
use meva_core::{Game, Player, Players};

use meva_operations::Packed;
use meva_operations::bounds::{Derivative, Implementation, Quantity};
use meva_operations::compare::{relative_error, rms};
use meva_operations::condition::{Nudge, sensitivities};
use meva_operations::json::{self, Item};

use super::gpu::{self, ask};
use super::packed::{in_lanes, pack_row, pack_rows, rounded};
use super::report::Report;
use super::vectors::{contents, malformed};
use crate::config::{Algorithm, Config};
use crate::cpu::Cpu;
use crate::cpu::Number;
use crate::cpu::memory::{zeroed, zeroed_slice};
use crate::error::{Error, Result};
use crate::follow::ascent::{Joint, Precision};
use crate::follow::starts::starts;
use crate::gpu::Gpu;
use crate::model::tensors::{TensorFile, network_prefix, parameters_from_tensors};
use crate::model::{Model, prefix};

const QUANTITIES: [Quantity; 2] = [Quantity::ModelQuantiles, Quantity::ModelField];

/// Number of points that a model is checked at by default: one group of the CPU engine.
const POINTS: usize = 64;

/// Where a model is evaluated, and the expected results if they are given.
#[derive(Clone, Debug)]
struct Point<const N: usize> {
    x: [[f64; N]; 2],
    gamma: [f64; 2],
    /// Quantiles and field.
    given: [Option<Vec<f64>>; 2],
}

/// A game whose constants can be perturbed.
trait Nudged: Copy + Sync {
    /// The game with perturbed constants.
    fn nudged(&self, nudge: &mut Nudge) -> Self;
}

impl<G: TryFrom<AnyGame> + Into<AnyGame> + Copy + Sync> Nudged for G {
    fn nudged(&self, nudge: &mut Nudge) -> Self {
        let moved = match (*self).into() {
            AnyGame::Plane(game) => game.into(),
            AnyGame::IteratedMatrix(game) => AnyGame::from(IteratedMatrix {
                payoffs: nudge.rows(&game.payoffs),
                discount: nudge.number(game.discount),
            }),
        };
        G::try_from(moved).unwrap_or(*self)
    }
}

/// A model with its game.
struct Subject<'a, G, const N: usize, const H: usize, const R: usize, const M: usize> {
    game: G,
    field: Field,
    architecture: Architecture,
    /// One network shared by both players, or one each.
    theta: &'a [Box<Parameters<f64, N, H, R, M>>],
}

/// Compares a model on the CPU's engines and on these adapters with `f64`, at 64 points from its own distribution of
/// starts; or, at the points of a file, with the file's values.
///
/// # Errors
/// The model or the file cannot be read, is damaged, or they do not fit each other; the model is COLA's; a device failed.
pub fn check(report: &mut Report, model: &Path, points: Option<&Path>, gpus: &[Arc<Gpu>]) -> Result<()> {
    let file = Model::file(model)?;
    let config = Config::of_metadata(&file.metadata).map_err(|error| error.at(model.display()))?;
    if config.algorithm == Algorithm::Cola {
        return Err(Error::usage("this is COLA's model; only meta-values are checked").at(model.display()));
    }
    let checking = Checking {
        report,
        file: &file,
        config: &config,
        model,
        points,
        gpus,
    };
    config.shape()?.visit(checking)?
}

/// A model file that is being checked.
struct Checking<'a> {
    report: &'a mut Report,
    file: &'a TensorFile,
    config: &'a Config,
    model: &'a Path,
    points: Option<&'a Path>,
    gpus: &'a [Arc<Gpu>],
}

impl ShapeVisitor for Checking<'_> {
    type Output = Result<()>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Result<()> {
        let config = self.config;
        let game = G::try_from(config.any_game()?)?;
        let networks = config.networks.count();
        let mut theta: Box<[Parameters<f32, N, H, R, M>]> = zeroed_slice(networks);
        for (n, theta) in theta.iter_mut().enumerate() {
            parameters_from_tensors(self.file, &network_prefix(prefix(self.file), n, networks), theta)
                .map_err(|error| error.at(self.model.display()))?;
        }
        let (points, precision) = match self.points {
            Some(path) => from_file(path, M)?,
            None => (drawn(config), Precision::F64),
        };
        hold(self.report, config, game, &theta, &points, precision, self.gpus)
    }
}

/// Points from the model's own distribution of starts, rounded to `f32`.
fn drawn<const N: usize>(config: &Config) -> Vec<Point<N>> {
    let mut stream = Stream::new(0, Purpose::Evaluation, 1);
    let single = |value: f64| f64::from(value as f32);
    let point = |x: [[f64; N]; 2]| Point {
        x: x.map(|row| row.map(single)),
        gamma: [(); 2].map(|()| single(stream.discount())),
        given: [None, None],
    };
    starts(POINTS, config.starts(), 0).into_iter().map(point).collect()
}

/// The points of a file for a model with `quantiles` quantiles, and the precision of their values.
fn from_file<const N: usize>(path: &Path, quantiles: usize) -> Result<(Vec<Point<N>>, Precision)> {
    let value = contents(path)?;
    parse(&Item::whole(&value), quantiles).map_err(|error| {
        malformed(error).at(path.display()).hint(format!(
            "the model has {N} parameter{} and {quantiles} quantiles for each player; `meva check --help` shows a file",
            if N == 1 { "" } else { "s" }
        ))
    })
}

/// The points of a file, each with its discounts, for a model with `quantiles` quantiles.
///
/// # Errors
/// The file cannot be read, or is not a file of points for policies of `N` parameters.
pub fn points<const N: usize>(path: &Path, quantiles: usize) -> Result<Vec<(Joint<N>, [f64; 2])>> {
    let (points, _) = from_file(path, quantiles)?;
    Ok(points.into_iter().map(|Point { x, gamma, .. }| (x, gamma)).collect())
}

/// How many points a file's text has, for policies of `N` parameters and this many quantiles.
///
/// # Errors
/// The text is not that of a file of points.
pub fn count_points<const N: usize>(text: &str, quantiles: usize) -> Result<usize> {
    let value = json::parse(text).map_err(malformed)?;
    let (points, _) = parse::<N>(&Item::whole(&value), quantiles).map_err(malformed)?;
    Ok(points.len())
}

fn parse<const N: usize>(file: &Item, quantiles: usize) -> json::Result<(Vec<Point<N>>, Precision)> {
    known(file, &["precision", "points"])?;
    let precision = match file.find("precision") {
        Some(precision) => precision.choice(&[("f64", Precision::F64), ("f32", Precision::F32)])?,
        None => Precision::F64,
    };
    let point = |item: &Item| {
        known(item, &["x", "gamma", "quantiles", "field"])?;
        let gamma: [f64; 2] = item.get("gamma")?.row()?;
        if !gamma.iter().all(|gamma| (0.0..=1.0).contains(gamma)) {
            return Err(item.get("gamma")?.error("a discount lies in [0, 1]"));
        }
        let rows = |key: &str, length: usize| {
            let Some(rows) = item.find(key) else {
                return Ok(None);
            };
            let mut numbers = Vec::new();
            let items = rows.items()?;
            if items.len() != 2 {
                return Err(rows.error(format_args!("expected 2 rows, found {}", items.len())));
            }
            for row in items {
                numbers.extend(row.counted(length)?);
            }
            Ok(Some(numbers))
        };
        Ok(Point {
            x: item.get("x")?.rows()?,
            gamma,
            given: [rows("quantiles", quantiles)?, rows("field", N)?],
        })
    };
    let points = file
        .get("points")?
        .items()?
        .iter()
        .map(point)
        .collect::<json::Result<_>>()?;
    Ok((points, precision))
}

/// An error if an object has an unknown key.
fn known(item: &Item, keys: &[&str]) -> json::Result<()> {
    match item.keys()?.into_iter().find(|key| !keys.contains(key)) {
        Some(key) => Err(item.error(format_args!("unknown key `{key}`; there are {}", keys.join(", ")))),
        None => Ok(()),
    }
}

/// Quantiles and field at each point.
fn answers<S, K, G, const N: usize, const H: usize, const R: usize, const M: usize>(
    kernels: &K,
    subject: &Subject<G, N, H, R, M>,
    points: &[Point<N>],
) -> [Vec<f64>; 2]
where
    S: Packed,
    K: Kernels<S>,
    G: Game<N>,
{
    let theta: Vec<_> = subject
        .theta
        .iter()
        .map(|theta| rounded::<S::Real, N, H, R, M>(theta))
        .collect();
    let networks: Vec<_> = theta
        .iter()
        .map(|theta| MetaValue::new(theta, subject.architecture))
        .collect();
    let mut tape = Box::new(Tape::ZERO);
    in_lanes(points, |group| {
        let x: [[S; N]; 2] = pack_rows(|l| group[l].x);
        let gamma: [S; 2] = pack_row(|l| group[l].gamma);
        let naive = subject.game.own_gradients(&x);
        let mut quantiles = [[S::ZERO; M]; 2];
        let field = Player::BOTH.map(|player| {
            let i = player.index();
            let network = &networks[i.min(networks.len() - 1)];
            network.forward(kernels, &x, &gamma, Players::Only(player), &mut tape);
            network.quantiles(kernels, player, &tape, &mut quantiles[i]);
            let own = network.own_gradient(kernels, player, None, &tape);
            subject.field.direction(&naive[i], &own, gamma[i])
        });
        [quantiles.concat(), field.concat()]
    })
}

fn hold<G, const N: usize, const H: usize, const R: usize, const M: usize>(
    report: &mut Report,
    config: &Config,
    game: G,
    theta: &[Parameters<f32, N, H, R, M>],
    points: &[Point<N>],
    precision: Precision,
    gpus: &[Arc<Gpu>],
) -> Result<()>
where
    G: Game<N> + Nudged,
{
    let wide = |theta: &Parameters<f32, N, H, R, M>| {
        let mut wide: Box<Parameters<f64, N, H, R, M>> = zeroed();
        for (wide, value) in wide.numbers_mut().zip(theta.numbers()) {
            *wide = f64::from(*value);
        }
        wide
    };
    let wide: Vec<_> = theta.iter().map(wide).collect();
    let subject = Subject {
        game,
        field: config.followed(),
        architecture: config.architecture(),
        theta: &wide,
    };
    let reference = answers::<f64, _, _, N, H, R, M>(&Portable, &subject, points);
    let sensitivity = sensitivities(&|nudge| {
        let theta: Vec<_> = wide.iter().map(|theta| nudge.parameters(theta)).collect();
        let moved: Vec<Point<N>> = points
            .iter()
            .map(|point| Point {
                x: nudge.rows(&point.x),
                gamma: point.gamma.map(|gamma| nudge.number(gamma)),
                given: [None, None],
            })
            .collect();
        let subject = Subject {
            game: game.nudged(nudge),
            theta: &theta,
            ..subject
        };
        answers::<f64, _, _, N, H, R, M>(&Portable, &subject, &moved).to_vec()
    });
    let cpu = Cpu::detect()?;
    let mut results = vec![
        (Implementation::F64, reference.clone()),
        (
            Implementation::F32,
            answers::<f32, _, _, N, H, R, M>(&Portable, &subject, points),
        ),
        (
            Implementation::Lanes,
            answers::<Number, _, _, N, H, R, M>(&cpu, &subject, points),
        ),
    ];
    for device in gpus {
        results.push((gpu::implementation(device), on_gpu(device, config, theta, points)?));
    }
    for (k, quantity) in QUANTITIES.into_iter().enumerate() {
        let length = reference[k].len() / points.len();
        // The numbers of the points with given values, or of the others.
        let of_points = |numbers: &[f64], given: bool| -> Vec<f64> {
            let rows = numbers.chunks_exact(length).zip(points);
            rows.filter(|(_, point)| point.given[k].is_some() == given)
                .flat_map(|(row, _)| row)
                .copied()
                .collect()
        };
        let given = points.iter().filter_map(|point| point.given[k].clone()).flatten();
        let outside = given.collect::<Vec<f64>>();
        let ours = of_points(&reference[k], false);
        let derivative = quantity.is_derivative().then_some(Derivative::Analytic);
        for (implementation, got) in &results {
            if !ours.is_empty() && *implementation != Implementation::F64 {
                let condition = sensitivity[k] / rms(&ours);
                let bound = quantity.bound(*implementation, derivative, condition, f64::INFINITY);
                let error = relative_error(&of_points(&got[k], false), &ours);
                report.add("model", quantity, (*implementation, derivative), error, bound);
            }
            if !outside.is_empty() {
                let condition = sensitivity[k] / rms(&outside);
                let bound = quantity.outside_together(*implementation, precision == Precision::F32, condition);
                let error = relative_error(&of_points(&got[k], true), &outside);
                report.add("outside", quantity, (*implementation, derivative), error, bound);
            }
        }
    }
    Ok(())
}

fn on_gpu<const N: usize, const H: usize, const R: usize, const M: usize>(
    device: &Arc<Gpu>,
    config: &Config,
    theta: &[Parameters<f32, N, H, R, M>],
    points: &[Point<N>],
) -> Result<[Vec<f64>; 2]> {
    let theta: Vec<f32> = theta.iter().flat_map(Parameters::numbers).copied().collect();
    let asked: Vec<gpu::Point> = points
        .iter()
        .map(|point| gpu::Point {
            x: point.x.concat(),
            gamma: point.gamma,
            mask: vec![1.0; 2 * H],
        })
        .collect();
    let answers = ask(device, config, &theta, &asked, &[])?;
    let single = |row: &[f64]| -> [f32; N] { std::array::from_fn(|n| row[n] as f32) };
    let gradients = answers.naive.chunks_exact(N).zip(answers.own_gradient.chunks_exact(N));
    let gammas = points.iter().flat_map(|point| point.gamma);
    let field = gradients.zip(gammas).flat_map(|((naive, own), gamma)| {
        let direction = config.followed().direction(&single(naive), &single(own), gamma as f32);
        direction.map(f64::from)
    });
    Ok([answers.quantiles, field.collect()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(value: serde_json::Value) -> json::Result<Vec<Point<1>>> {
        parse::<1>(&Item::whole(&value), 2).map(|(points, _)| points)
    }

    #[test]
    fn points_with_and_without_values() {
        let points = parsed(json!({ "points": [
            { "x": [[1.0], [2.0]], "gamma": [0.5, 1] },
            { "x": [[1.0], [2.0]], "gamma": [0.0, 0.9], "quantiles": [[1, 2], [3, 4]], "field": [[5], [6]] },
        ] }))
        .unwrap();
        assert_eq!(points[0].given, [None, None]);
        assert_eq!(points[1].given, [Some(vec![1.0, 2.0, 3.0, 4.0]), Some(vec![5.0, 6.0])]);
    }

    #[test]
    fn malformed_points_are_errors() {
        for (value, words) in [
            (json!([]), "expected an object"),
            (json!({}), "the key `points` is missing"),
            (json!({ "points": [] }), "the list is empty"),
            (json!({ "points": [{ "gamma": [0, 0] }] }), "the key `x` is missing"),
            (json!({ "points": [{ "x": [[1], [2]] }] }), "the key `gamma` is missing"),
            (
                json!({ "points": [{ "x": [[1], [2]], "gamma": [0, 1.5] }] }),
                "lies in [0, 1]",
            ),
            (
                json!({ "points": [{ "x": [[1], [2, 3]], "gamma": [0, 1] }] }),
                "`points[0].x[1]`: expected 1 number, found 2",
            ),
            (
                json!({ "points": [{ "x": [[1], [2]], "gamma": [0, null] }] }),
                "expected a number, found null",
            ),
            (
                json!({ "points": [{ "x": [[1], [2]], "gamma": [0, 1], "feild": [[1], [2]] }] }),
                "unknown key `feild`",
            ),
            (
                json!({ "points": [{ "x": [[1], [2]], "gamma": [0, 1], "quantiles": [[1, 2, 3], [1]] }] }),
                "`points[0].quantiles[0]`: expected 2 numbers, found 3",
            ),
        ] {
            let error = parsed(value.clone()).err().unwrap().to_string();
            assert!(error.contains(words), "{value}: {error}");
        }
    }
}
