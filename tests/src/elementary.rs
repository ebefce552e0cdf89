//! The `f32` elementary functions and their expected values.

use meva_core::arithmetic::{ArithmeticName, Fused};
use meva_core::{Scalar, elementary};

use meva_operations::bounds::Quantity;
use meva_operations::compare::{keeps, ulps};

/// An `f32` function with its `f64` original, whose own error is a billionth of an `f32` unit in the last place.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its row in the table.
    pub quantity: Quantity,
    /// How it rounds.
    pub arithmetic: ArithmeticName,
    /// The function.
    pub single: fn(f32) -> f32,
    /// The original.
    pub double: fn(f64) -> f64,
}

/// `exp`, `tanh` and `sigmoid` in both arithmetics.
pub const FUNCTIONS: [Function; 6] = [
    Function {
        quantity: Quantity::Exp,
        arithmetic: ArithmeticName::Separate,
        single: elementary::exp,
        double: <f64 as Scalar>::exp,
    },
    Function {
        quantity: Quantity::Tanh,
        arithmetic: ArithmeticName::Separate,
        single: elementary::tanh,
        double: <f64 as Scalar>::tanh,
    },
    Function {
        quantity: Quantity::Sigmoid,
        arithmetic: ArithmeticName::Separate,
        single: elementary::sigmoid,
        double: <f64 as Scalar>::sigmoid,
    },
    Function {
        quantity: Quantity::Exp,
        arithmetic: ArithmeticName::Fused,
        single: |x| elementary::exp_in(Fused, x),
        double: <f64 as Scalar>::exp,
    },
    Function {
        quantity: Quantity::Tanh,
        arithmetic: ArithmeticName::Fused,
        single: |x| elementary::tanh_in(Fused, x),
        double: <f64 as Scalar>::tanh,
    },
    Function {
        quantity: Quantity::Sigmoid,
        arithmetic: ArithmeticName::Fused,
        single: |x| elementary::sigmoid_in(Fused, x),
        double: <f64 as Scalar>::sigmoid,
    },
];

/// The largest error over a set of inputs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worst {
    /// In units in the last place.
    pub ulps: f64,
    /// The input where it occurs.
    pub input: f32,
}

impl Worst {
    /// The larger of two errors; if they are equal, the first.
    pub fn max(self, other: Worst) -> Worst {
        if other.ulps > self.ulps { other } else { self }
    }
}

impl Function {
    /// The largest error over the inputs; or what is wrong with NaN, infinity or a sign, in words.
    pub fn measure(&self, inputs: impl IntoIterator<Item = f32>) -> Result<Worst, String> {
        let mut worst = Worst::default();
        for input in inputs {
            let (got, exact) = ((self.single)(input), (self.double)(f64::from(input)));
            let ulps = ulps("", got, exact, f64::INFINITY)
                .map_err(|failure| format!("{:?} of {input:e} ({:#010x}){failure}", self.quantity, input.to_bits()))?;
            worst = worst.max(Worst { ulps, input });
        }
        Ok(worst)
    }

    /// The verdict on a measurement, in words.
    pub fn judge(&self, measured: Result<Worst, String>) -> Result<String, String> {
        let Worst { ulps, input } = measured?;
        let bound = self.quantity.row().amount;
        let words = format!(
            "{:?}, {}: {ulps:.4} ulp at {input:e} ({:#010x}), {:.0} % of the bound {bound}",
            self.quantity,
            self.arithmetic,
            input.to_bits(),
            100.0 * ulps / bound
        );
        if keeps(ulps, bound) { Ok(words) } else { Err(words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function that is off by four units, loses a sign, or loses NaN is detected.
    #[test]
    fn wrong_functions_fail() {
        let exp = FUNCTIONS[0];
        let judge = |function: Function| function.judge(function.measure([0.0, 1.0, -1.0, f32::NAN]));
        assert!(judge(exp).is_ok());
        let wrong: [fn(f32) -> f32; 4] = [
            |x| f32::from_bits(meva_core::elementary::exp(x).to_bits() + 4),
            |x| -meva_core::elementary::exp(x),
            |x| if x.is_nan() { 1.0 } else { meva_core::elementary::exp(x) },
            |x| {
                if x > 0.5 {
                    f32::NAN
                } else {
                    meva_core::elementary::exp(x)
                }
            },
        ];
        for single in wrong {
            assert!(judge(Function { single, ..exp }).is_err());
        }
    }
}
