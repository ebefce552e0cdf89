//! The `f32` elementary functions compared with `f64`, on a sample; the example `exhaustive` tries all inputs.

use meva_core::activation::Activation;
use meva_core::random::{Purpose, Stream};
use meva_operations::bounds::Quantity;
use meva_operations::compare::{keeps, ulp_error};
use meva_tests::elementary::FUNCTIONS;

/// Bits of the mantissa.
const MANTISSA: u32 = 23;
/// Random mantissas for each sign and exponent.
const DRAWS: usize = 2048;
/// Numbers on either side of a threshold.
const NEIGHBOURS: i32 = 64;

/// Every sign and exponent, with the ends and the middle of the binade and random mantissas: this includes zeros,
/// subnormals, infinities and NaN.
fn every_exponent() -> impl Iterator<Item = f32> {
    let mut stream = Stream::new(0, Purpose::Evaluation, 0);
    let mut mantissas = vec![0, 1, 1 << (MANTISSA - 1), (1 << MANTISSA) - 1];
    mantissas.extend((0..DRAWS).map(|_| stream.uniform(0.0, f64::from(1 << MANTISSA)) as u32));
    (0..512_u32).flat_map(move |top| {
        let mantissas = mantissas.clone();
        // A different shift in each binade, so that the binades do not share their draws.
        mantissas.into_iter().map(move |m| {
            let shifted = if m < 2 { m } else { (m + top * 12_347) % (1 << MANTISSA) };
            f32::from_bits(top << MANTISSA | shifted)
        })
    })
}

/// Where something changes: the ends of the domain, the clamps, the breakpoints of the reduction at odd multiples of
/// ln(2) / 2.
fn thresholds() -> impl Iterator<Item = f32> {
    let ends = [
        88.0, 88.722_84, 90.0, 103.97, 103.28, 105.0, 87.336_55, 9.0, 9.010_913, 9.1, 16.64, 17.33, 0.5, 1.0, 2.0,
        1e-4, 1e-8,
    ];
    let joints = (0..310).map(|n| (0.5 * f64::from(n) * 0.5 * std::f64::consts::LN_2) as f32);
    let around =
        |x: f32| (-NEIGHBOURS..=NEIGHBOURS).map(move |step| f32::from_bits(x.to_bits().saturating_add_signed(step)));
    ends.into_iter().chain(joints).flat_map(around).flat_map(|x| [x, -x])
}

fn special() -> impl Iterator<Item = f32> {
    let some = [
        0.0,
        f32::from_bits(1),
        f32::MIN_POSITIVE,
        f32::MIN_POSITIVE / 2.0,
        f32::EPSILON,
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
    ];
    some.into_iter().flat_map(|x| [x, -x])
}

#[test]
fn elementary_functions() {
    for function in FUNCTIONS {
        let inputs = every_exponent().chain(thresholds()).chain(special());
        match function.judge(function.measure(inputs)) {
            Ok(verdict) => println!("{verdict}"),
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// The sample contains all kinds of numbers.
#[test]
fn the_sample_is_complete() {
    let all: Vec<f32> = every_exponent().chain(thresholds()).chain(special()).collect();
    for sign in [false, true] {
        for exponent in 0..=255 {
            let of_kind = |x: &&f32| x.is_sign_negative() == sign && x.to_bits() >> MANTISSA & 0xff == exponent;
            assert!(
                all.iter().filter(of_kind).count() > DRAWS,
                "sign {sign}, exponent {exponent}"
            );
        }
    }
    let has = |kind: fn(&f32) -> bool| all.iter().any(kind);
    assert!(has(|x| x.is_nan()) && has(|x| x.is_infinite()) && has(|x| x.is_subnormal()));
    assert!(has(|x| x.to_bits() == 0) && has(|x| x.to_bits() == (-0.0_f32).to_bits()));
}

/// The values of the functions at the ends.
#[test]
fn limits() {
    use meva_core::elementary::{exp, sigmoid, tanh};
    let bits = |values: [f32; 4]| values.map(f32::to_bits);
    let ends = [f32::NEG_INFINITY, -0.0, 0.0, f32::INFINITY];
    assert_eq!(bits(ends.map(exp)), bits([0.0, 1.0, 1.0, f32::INFINITY]));
    assert_eq!(bits(ends.map(tanh)), bits([-1.0, -0.0, 0.0, 1.0]));
    assert_eq!(bits(ends.map(sigmoid)), bits([0.0, 0.5, 0.5, 1.0]));
    assert!([exp, tanh, sigmoid].iter().all(|f| f(f32::NAN).is_nan()));
}

/// GELU and its slope: errors are relative to the input, since far to the left the value is nearly zero.
#[test]
fn gelu() {
    /// Far beyond the outputs of a normalised layer.
    const LARGEST: f32 = 1e6;
    let mut used: f64 = 0.0;
    for z in every_exponent().chain(thresholds()).filter(|z| z.abs() <= LARGEST) {
        let (value, slope) = Activation::Gelu.value_and_slope(z);
        let (exact_value, exact_slope) = Activation::Gelu.value_and_slope(f64::from(z));
        for (quantity, got, expected, size) in [
            (Quantity::Gelu, value, exact_value, f64::from(z)),
            (Quantity::GeluSlope, slope, exact_slope, 1.0),
        ] {
            let (error, bound) = (
                ulp_error(&[f64::from(got)], &[expected], |_| size),
                quantity.row().amount,
            );
            assert!(
                keeps(error, bound),
                "{quantity:?} of {z:e}: {error} ulp of {size:e}, the bound is {bound}"
            );
            used = used.max(error / bound);
        }
    }
    println!("{:.0} % of the bounds", 100.0 * used);
}
