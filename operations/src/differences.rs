//! Derivatives as finite differences, in `f64`.

use std::vec::Vec;

use meva_core::random::{Purpose, Stream};

use crate::cases::{Case, Numbers, Single, in_f64};
use crate::compare::rms;
use crate::operation::Relation;

/// The longer of two step lengths. It is near the fifth root of the unit roundoff, where the rounding error `u / h` and
/// the truncation error `h^4` are of the same size.
const H: f64 = 1e-3;

/// `f'(0)` from central differences with two step lengths, combined so that the error of order `h^2` cancels.
///
/// ```
/// assert!((meva_operations::differences::central(&f64::sin) - 1.0).abs() < 1e-12);
/// ```
pub fn central(f: &dyn Fn(f64) -> f64) -> f64 {
    let slope = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * slope(H / 2.0) - slope(H)) / 3.0
}

/// [`central`] for each of several numbers.
pub fn central_of(f: &dyn Fn(f64) -> Vec<f64>) -> Vec<f64> {
    let at = [H / 2.0, -H / 2.0, H, -H].map(f);
    let slope = |ahead: f64, behind: f64, h: f64| (ahead - behind) / (2.0 * h);
    (0..at[0].len())
        .map(|k| (4.0 * slope(at[0][k], at[1][k], H / 2.0) - slope(at[2][k], at[3][k], H)) / 3.0)
        .collect()
}

/// How far [`central`] differences may be from `slopes`, in units of their root mean square, if `values` are off by
/// `deviation` in units of theirs: two values enter with the weight `4 / (3 h)`, two with `1 / (6 h)`. The truncation
/// error, `h^4 / 480 = 2e-15` of the fifth derivative, is smaller.
pub fn deviation(values: &[f64], deviation: f64, slopes: &[f64]) -> f64 {
    3.0 / H * deviation * rms(values) / rms(slopes)
}

/// A derivative by finite differences, with the analytic derivative and the values that were differenced.
#[derive(Clone, Debug)]
pub struct ByDifferences {
    /// By finite differences.
    pub got: Vec<f64>,
    /// By the formula.
    pub expected: Vec<f64>,
    /// The output that was differenced.
    pub of: &'static str,
    /// By what factor the differenced sum of values may deviate more than a single value: the errors of `n` cases add
    /// up like a random walk, and the factor 2 allows for walks that go further than most.
    pub walk: f64,
}

/// The derivative that output `place` of an operation is, at cases where its formulas give `reference`; `None` if it is
/// not the derivative of another output.
pub fn by_differences(
    operation: &dyn Single,
    place: usize,
    cases: &[Case],
    reference: &[Numbers],
) -> Option<ByDifferences> {
    let of_case = |case: &Case, of: &str| -> Vec<f64> {
        let case = core::slice::from_ref(case);
        let at = operation.outputs().iter().position(|output| output.name == of);
        let outputs = in_f64(operation, case, &|output| output.name == of);
        at.map_or_else(Vec::new, |at| outputs[at].all())
    };
    let columns = |case: &Case, of: &'static str, by: &'static str| -> Vec<Vec<f64>> {
        let count = case.get(by).len();
        (0..count)
            .map(|column| {
                let mut unit = std::vec![0.0; count];
                unit[column] = 1.0;
                central_of(&|h| of_case(&case.along(by, &unit, h), of))
            })
            .collect()
    };
    let mut got = Vec::new();
    let mut expected = reference[place].all();
    let of = match operation.outputs()[place].relation {
        Relation::None | Relation::Duals(_) | Relation::Auxiliary => return None,
        Relation::Jacobian { of, by } => {
            for case in cases {
                let columns = columns(case, of, by);
                for row in 0..columns[0].len() {
                    got.extend(columns.iter().map(|column| column[row]));
                }
            }
            of
        }
        Relation::Own { of, by } => {
            for case in cases {
                let columns = columns(case, of, by);
                // Each player's half of the numbers with respect to its own half of the input.
                let (rows, inputs) = (columns[0].len() / 2, columns.len() / 2);
                for player in 0..2 {
                    for row in 0..rows {
                        let own = &columns[player * inputs..(player + 1) * inputs];
                        got.extend(own.iter().map(|column| column[player * rows + row]));
                    }
                }
            }
            of
        }
        Relation::Along { of, by, direction } => {
            for case in cases {
                let direction = case.get(direction);
                got.extend(central_of(&|h| of_case(&case.along(by, direction, h), of)));
            }
            of
        }
        Relation::Tensors { of, by } => {
            let mut stream = Stream::new(3, Purpose::Evaluation, 0);
            let mut sums = &expected[..];
            let mut slopes = Vec::new();
            let names: Vec<_> = cases[0]
                .tensors(by)
                .map(|(name, values)| (std::string::String::from(name), values.len()))
                .collect();
            for (name, length) in names {
                let direction: Vec<f64> = (0..length).map(|_| stream.normal()).collect();
                let norm = rms(&direction) * (length as f64).sqrt();
                let direction: Vec<f64> = direction.iter().map(|u| u / norm).collect();
                let (own, rest) = sums.split_at(length);
                sums = rest;
                slopes.push(own.iter().zip(&direction).map(|(d, u)| d * u).sum());
                let total = |h| {
                    cases
                        .iter()
                        .map(|case| of_case(&case.along(&name, &direction, h), of)[0])
                        .sum()
                };
                got.push(central(&total));
            }
            expected = slopes;
            of
        }
    };
    let walk = match operation.outputs()[place].relation {
        Relation::Tensors { .. } => 2.0 * (cases.len() as f64).sqrt(),
        _ => 1.0,
    };
    Some(ByDifferences {
        got,
        expected,
        of,
        walk,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::relative_error;
    use crate::layer_norm::LAYER_NORM_GELU;
    use crate::operation::Operation;
    use std::vec;

    #[test]
    fn differences_of_known_functions() {
        assert!((central(&f64::sin) - 1.0).abs() < 1e-12);
        assert!((central(&|h| (1.0 + h).powi(4)) - 4.0).abs() < 1e-11);
        let slopes = central_of(&|h| vec![3.0 * h, -h]);
        assert!((slopes[0] - 3.0).abs() < 1e-12 && (slopes[1] + 1.0).abs() < 1e-12);
    }

    /// A vjp is the gradient of a product, and a wrong one is detected.
    #[test]
    fn a_wrong_vjp_is_seen() {
        let cases = Case::drawn(&LAYER_NORM_GELU, 3);
        let mut reference = in_f64(&LAYER_NORM_GELU, &cases, &|_| true);
        let outputs = Operation::outputs(&LAYER_NORM_GELU);
        let place = outputs.iter().position(|output| output.name == "vjp").unwrap();
        let error = |reference: &[Numbers]| {
            let ByDifferences { got, expected, .. } =
                by_differences(&LAYER_NORM_GELU, place, &cases, reference).unwrap();
            relative_error(&got, &expected)
        };
        assert!(error(&reference) < 1e-9);
        reference[place].of_cases[1][2] += 1e-6;
        assert!(error(&reference) > 1e-7);
    }
}
