//! The comparator. NaN, infinity and length are checked first, then `!(error <= bound)`, so that nothing undefined
//! passes. Each check here has a test in which it fails.

use std::format;
use std::string::String;

/// The root mean square, also of numbers whose squares are too large or too small for `f64`.
///
/// ```
/// use meva_operations::compare::rms;
/// assert_eq!(rms(&[3.0, 4.0, 0.0, 0.0]), 2.5);
/// assert_eq!(rms(&[1e200; 4]), 1e200);
/// assert_eq!(rms(&[0.0; 4]), 0.0);
/// ```
pub fn rms(numbers: &[f64]) -> f64 {
    let of = |numbers: &mut dyn Iterator<Item = f64>| -> f64 { numbers.map(|number| number * number).sum() };
    let count = numbers.len() as f64;
    let squares = of(&mut numbers.iter().copied());
    if squares.is_normal() {
        return (squares / count).sqrt();
    }
    let largest = numbers
        .iter()
        .fold(0.0, |largest: f64, number| largest.max(number.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return squares.sqrt();
    }
    largest * (of(&mut numbers.iter().map(|number| number / largest)) / count).sqrt()
}

/// Whether an error is within its bound: NaN never is, and nothing is within a bound that is not finite.
///
/// ```
/// use meva_operations::compare::keeps;
/// assert!(keeps(1.5, 2.0));
/// assert!(!keeps(f64::NAN, 2.0) && !keeps(1.5, f64::INFINITY));
/// ```
pub fn keeps(error: f64, bound: f64) -> bool {
    error <= bound && bound.is_finite()
}

/// The largest error and its index.
fn worst(got: &[f64], expected: &[f64], error: impl Fn(f64, f64, usize) -> f64) -> Result<(f64, usize), String> {
    let mut worst = (0.0, 0);
    let shape = shape(got, expected)?;
    for k in 0..shape {
        let error = error(got[k], expected[k], k);
        // NaN is the largest of all.
        if !(error <= worst.0) {
            worst = (error, k);
        }
        if error.is_nan() {
            break;
        }
    }
    Ok(worst)
}

/// NaN where the scale is not finite: any distance would vanish beside it.
fn distance(got: f64, expected: f64, scale: f64) -> f64 {
    if !scale.is_finite() {
        return f64::NAN;
    }
    match (got - expected).abs() {
        0.0 => 0.0,
        distance => distance / scale,
    }
}

/// The largest distance between two numbers, divided by the root mean square of all expected numbers. NaN if there is
/// nothing to compare, if there are more or fewer numbers than expected, or if any is not finite.
///
/// ```
/// use meva_operations::compare::relative_error;
/// // The root mean square of (3, 4, 0, 0) is 2.5.
/// assert_eq!(relative_error(&[3.0, 4.25, 0.0, 0.0], &[3.0, 4.0, 0.0, 0.0]), 0.1);
/// assert!(relative_error(&[f64::NAN], &[1.0]).is_nan());
/// ```
pub fn relative_error(got: &[f64], expected: &[f64]) -> f64 {
    relative_error_beside(got, expected, 0.0)
}

/// As [`relative_error`], divided by the root mean square plus `more`: the size of what cancels in the numbers.
pub fn relative_error_beside(got: &[f64], expected: &[f64], more: f64) -> f64 {
    let scale = rms(expected) + more;
    worst(got, expected, |got, expected, _| distance(got, expected, scale)).map_or(f64::NAN, |(error, _)| error)
}

/// The largest distance in units in the last place of `f32` at `size(k)`; NaN as in [`relative_error`].
///
/// ```
/// use meva_operations::compare::ulp_error;
/// assert_eq!(ulp_error(&[1.0 + 2.0_f64.powi(-23)], &[1.0], |_| 1.0), 1.0);
/// ```
pub fn ulp_error(got: &[f64], expected: &[f64], size: impl Fn(usize) -> f64) -> f64 {
    let error = |got: f64, expected: f64, k| (got - expected).abs() / unit_in_the_last_place(size(k));
    worst(got, expected, error).map_or(f64::NAN, |(error, _)| error)
}

/// The scale of an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// The root mean square of the expected array.
    Rms,
    /// The root mean square of the expected array plus this much: the size of what cancels in it.
    RmsPlus(f64),
}

/// The fraction of the bound that the worst number of `got` uses, at most 1; or what is wrong, in words.
///
/// The error of each number is its distance from the expected one divided by the scale. Where the scale is zero, the
/// numbers must be equal.
pub fn relative(label: &str, got: &[f64], expected: &[f64], scale: Scale, bound: f64) -> Result<f64, String> {
    let rms = rms(expected);
    let scale = match scale {
        Scale::Rms => rms,
        Scale::RmsPlus(more) => rms + more,
    };
    let found = worst(got, expected, |got, expected, _| distance(got, expected, scale));
    let (error, k) = found.map_err(|what| format!("{label}: {what}"))?;
    let used = error / bound;
    if !keeps(error, bound) {
        return Err(format!(
            "{label}: {}error {error:.3e} of scale {scale:.3e}, {:.0} % of the bound {bound:.1e}",
            describe(got, expected, k),
            100.0 * used
        ));
    }
    Ok(used)
}

/// Checks that all numbers have the same bits; NaN is rejected.
pub fn identical(label: &str, got: &[f64], expected: &[f64]) -> Result<(), String> {
    shape(got, expected).map_err(|what| format!("{label}: {what}"))?;
    match (0..got.len()).find(|&k| got[k].to_bits() != expected[k].to_bits()) {
        Some(k) => Err(format!("{label}: {}bits differ", describe(got, expected, k))),
        None => Ok(()),
    }
}

/// The distance of `got` from `exact` in units in the last place of the `f32` numbers around `exact`; or what is wrong.
///
/// NaN must match NaN, a result beyond the largest number must match infinity, and signs must agree, including that of zero.
pub fn ulps(label: &str, got: f32, exact: f64, bound: f64) -> Result<f64, String> {
    let fail = |what: &str| Err(format!("{label}: {}{what}", describe(&[f64::from(got)], &[exact], 0)));
    if got.is_nan() || exact.is_nan() {
        return if got.is_nan() && exact.is_nan() {
            Ok(0.0)
        } else {
            fail("NaN on one side")
        };
    }
    if got.is_sign_negative() != exact.is_sign_negative() {
        return fail("signs differ");
    }
    if got.is_infinite() || (exact as f32).is_infinite() {
        return if got.is_infinite() && (exact as f32).is_infinite() {
            Ok(0.0)
        } else {
            fail("infinity on one side")
        };
    }
    let error = (f64::from(got) - exact).abs() / unit_in_the_last_place(exact);
    if !(error <= bound) {
        return fail(&format!(
            "{error:.3} ulp, {:.0} % of the bound {bound}",
            100.0 * error / bound
        ));
    }
    Ok(error)
}

/// The spacing of `f32` numbers in the binade of `exact`, which is within their range.
fn unit_in_the_last_place(exact: f64) -> f64 {
    const MANTISSA_BITS: i32 = 23;
    const LEAST_EXPONENT: i32 = -126;
    let exponent = ((exact.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.max(LEAST_EXPONENT) - MANTISSA_BITS)
}

/// How many numbers there are to compare.
fn shape(got: &[f64], expected: &[f64]) -> Result<usize, String> {
    if expected.is_empty() {
        return Err("nothing to compare".into());
    }
    if got.len() != expected.len() {
        return Err(format!("{} numbers, expected {}", got.len(), expected.len()));
    }
    match (0..got.len()).find(|&k| !got[k].is_finite() || !expected[k].is_finite()) {
        Some(k) => Err(describe(got, expected, k) + "not finite"),
        None => Ok(got.len()),
    }
}

fn describe(got: &[f64], expected: &[f64], k: usize) -> String {
    let bits = |value: f64| {
        let single = value as f32;
        if f64::from(single) == value {
            format!("{:#018x} or as f32 {:#010x}", value.to_bits(), single.to_bits())
        } else {
            format!("{:#018x}", value.to_bits())
        }
    };
    format!(
        "number {k} of {} is {:e} ({}), expected {:e} ({}): ",
        got.len(),
        got[k],
        bits(got[k]),
        expected[k],
        bits(expected[k])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG: [f64; 4] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5];

    #[test]
    fn relative_accepts_and_measures() {
        // The root mean square of (3, 4, 0, 0) is 2.5.
        let used = relative("near", &[3.0, 4.25, 0.0, 0.0], &[3.0, 4.0, 0.0, 0.0], Scale::Rms, 0.2);
        assert_eq!(used, Ok(0.5));
        let used = relative("near", &[1.0, -2.0], &[-1.0, -2.0], Scale::RmsPlus(1e3), 0.01);
        assert!(used.is_ok_and(|used| used > 0.0), "what cancels widens the scale");
        assert_eq!(relative("zeros", &[0.0, -0.0], &[0.0, 0.0], Scale::Rms, 1e-10), Ok(0.0));
    }

    #[test]
    fn relative_rejects() {
        for wrong in WRONG {
            assert!(relative("got", &[1.0, wrong], &[1.0, 1.0], Scale::Rms, 0.1).is_err());
            assert!(relative("expected", &[1.0, 1.0], &[1.0, wrong], Scale::Rms, 0.1).is_err());
        }
        assert!(relative("both", &[f64::NAN], &[f64::NAN], Scale::Rms, 0.1).is_err());
        assert!(relative("both", &[f64::INFINITY], &[f64::INFINITY], Scale::Rms, 0.1).is_err());
        assert!(relative("sign", &[-1.0], &[1.0], Scale::Rms, 0.1).is_err());
        assert!(relative("short", &[1.0], &[1.0, 1.0], Scale::Rms, 0.1).is_err());
        assert!(relative("empty", &[], &[], Scale::Rms, 0.1).is_err());
        assert!(relative("zero", &[1e-300], &[0.0], Scale::Rms, 0.1).is_err());
        assert!(relative("bound", &[1.0], &[2.0], Scale::Rms, f64::NAN).is_err());
        assert!(relative("bound", &[1.0], &[2.0], Scale::Rms, f64::INFINITY).is_err());
        assert!(relative("scale", &[1.0], &[2.0], Scale::RmsPlus(f64::NAN), 0.1).is_err());
        assert!(
            relative("beyond", &[1.0 + 1.1e-10], &[1.0], Scale::Rms, 1e-10).is_err(),
            "just beyond the bound"
        );
    }

    #[test]
    fn failures_say_what_and_where() {
        let failure = relative("game at x", &[1.0, 2.5], &[1.0, 2.0], Scale::Rms, 0.1).unwrap_err();
        for part in [
            "game at x",
            "number 1 of 2",
            "2.5e0",
            "0x4004000000000000",
            "0x40200000",
            "2e0",
            "316 % of the bound",
        ] {
            assert!(failure.contains(part), "{part:?} is missing in {failure:?}");
        }
    }

    /// A number whose square is beyond `f64` is wrong by as much as any other.
    #[test]
    fn huge_expectations_are_held() {
        for huge in [1e153, 1.4e154, 1e200, 1e308, f64::MAX] {
            assert!((relative_error(&[1.0], &[huge]) - 1.0).abs() < 1e-12, "{huge}");
            assert!(relative_error(&[-huge, 1.0], &[huge, 1.0]) > 1.0, "{huge}");
            assert_eq!(relative_error(&[huge], &[huge]), 0.0);
            assert!(relative("huge", &[1.0], &[huge], Scale::Rms, 0.5).is_err());
        }
        for tiny in [1e-160, 1e-200, 1e-308, 5e-324] {
            assert!((relative_error(&[0.0], &[tiny]) - 1.0).abs() < 1e-12, "{tiny}");
        }
        assert!(relative_error_beside(&[1.0], &[2.0], f64::INFINITY).is_nan());
    }

    #[test]
    fn identical_rejects() {
        assert!(identical("same", &[1.0, -0.0], &[1.0, -0.0]).is_ok());
        for wrong in WRONG {
            assert!(identical("got", &[wrong], &[1.0]).is_err());
            assert!(identical("expected", &[1.0], &[wrong]).is_err());
        }
        assert!(identical("both", &[f64::NAN], &[f64::NAN]).is_err());
        assert!(identical("zero", &[0.0], &[-0.0]).is_err());
        assert!(identical("last bit", &[1.0 + f64::EPSILON], &[1.0]).is_err());
        assert!(identical("short", &[1.0], &[1.0, 1.0]).is_err());
        assert!(identical("empty", &[], &[]).is_err());
    }

    #[test]
    fn ulps_measures() {
        assert_eq!(ulps("one", 1.0 + f32::EPSILON, 1.0, 2.0), Ok(1.0));
        assert_eq!(ulps("subnormal", 3e-45, f64::from(f32::from_bits(1)), 2.0), Ok(1.0));
        assert_eq!(ulps("NaN", f32::NAN, f64::NAN, 2.0), Ok(0.0));
        assert_eq!(ulps("overflow", f32::INFINITY, 1e300, 2.0), Ok(0.0));
        assert_eq!(ulps("zero", 0.0, 1e-300, 2.0).map(|error| error < 1e-200), Ok(true));
    }

    #[test]
    fn ulps_rejects() {
        for wrong in [f32::NAN, f32::INFINITY, -1.0, 1.0 + 3.0 * f32::EPSILON] {
            assert!(ulps("got", wrong, 1.0, 2.0).is_err(), "{wrong}");
        }
        assert!(ulps("exact", 1.0, f64::NAN, 2.0).is_err());
        assert!(ulps("exact", f32::MAX, f64::INFINITY, 2.0).is_err());
        assert!(ulps("sign of zero", 0.0, -0.0, 2.0).is_err());
        assert!(ulps("bound", 1.0, 1.5, f64::NAN).is_err());
    }

    #[test]
    fn errors_without_meaning_are_nan() {
        let nothing: [(&[f64], &[f64]); 6] = [
            (&[], &[]),
            (&[1.0], &[1.0, 2.0]),
            (&[f64::NAN], &[f64::NAN]),
            (&[f64::INFINITY], &[f64::INFINITY]),
            (&[1.0], &[f64::NAN]),
            (&[f64::NAN, 1.0], &[1.0, 1.0]),
        ];
        for (got, expected) in nothing {
            assert!(relative_error(got, expected).is_nan(), "{got:?} {expected:?}");
            assert!(ulp_error(got, expected, |_| 1.0).is_nan(), "{got:?} {expected:?}");
            assert!(!keeps(relative_error(got, expected), 1e300));
        }
        assert_eq!(relative_error(&[1e-300], &[0.0]), f64::INFINITY);
    }

    #[test]
    fn bounds_that_are_not_finite_keep_nothing() {
        for bound in [f64::NAN, f64::INFINITY] {
            assert!(!keeps(0.0, bound));
        }
        assert!(!keeps(1.0 + f64::EPSILON, 1.0));
    }
}
