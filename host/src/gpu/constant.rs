//! Constants that shaders import from Rust.

use std::fmt;

use meva_core::game::Logistic;
use meva_core::learner::meta_value::REACH;
use meva_core::meta_value::Input;
use meva_core::{activation, elementary, layer_norm, quantile_huber};

/// A constant under the name by which a shader imports it from a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    /// The file that it comes from, as an import names it.
    pub file: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
}

/// A value of one of the types that shaders import.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// `bool`.
    Bool(bool),
    /// `u32`.
    Index(usize),
    /// `array<u32>`.
    Indices(Vec<usize>),
    /// `f32`.
    Number(f32),
    /// `array<f32>`.
    Numbers(Vec<f32>),
    /// `array<vec2<f32>>`.
    Pairs(Vec<[f32; 2]>),
}

impl Value {
    /// Whether it contains no infinite or NaN numbers: WGSL has no literals for those.
    pub(super) fn is_finite(&self) -> bool {
        match self {
            Value::Bool(_) | Value::Index(_) | Value::Indices(_) => true,
            Value::Number(value) => value.is_finite(),
            Value::Numbers(values) => values.iter().all(|value| value.is_finite()),
            Value::Pairs(pairs) => pairs.as_flattened().iter().all(|value| value.is_finite()),
        }
    }
}

/// The constant's declaration.
impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Constant { name, value, .. } = self;
        match value {
            Value::Bool(value) => write!(f, "const {name}: bool = {value};"),
            Value::Index(value) => write!(f, "const {name}: u32 = {value}u;"),
            Value::Indices(values) => array(f, name, "u32", values.iter().map(|value| format!("{value}u"))),
            Value::Number(value) => write!(f, "const {name}: f32 = {};", literal(*value)),
            Value::Numbers(values) => array(f, name, "f32", values.iter().map(|value| literal(*value))),
            Value::Pairs(values) => {
                let pairs = values.iter().map(|pair| pair.map(literal));
                let pairs = pairs.map(|[a, b]| format!("vec2<f32>({a}, {b})"));
                array(f, name, "vec2<f32>", pairs)
            }
        }
    }
}

fn array(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    element: &str,
    values: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    let length = values.len();
    let values: Vec<String> = values.collect();
    write!(f, "const {name} = array<{element}, {length}>({});", values.join(", "))
}

/// The shortest literal that WGSL reads as exactly this finite number.
fn literal(value: f32) -> String {
    format!("{value:?}f")
}

/// The constants that shaders import from the core.
pub(super) fn of_core() -> Vec<Constant> {
    let number = |file, name, value| Constant {
        file,
        name,
        value: Value::Number(value),
    };
    let numbers = |file, name, values: &[f32]| Constant {
        file,
        name,
        value: Value::Numbers(values.to_vec()),
    };
    let elementary = "core/src/elementary.rs";
    let activation = "core/src/activation.rs";
    vec![
        number(elementary, "LOG2_E", elementary::LOG2_E),
        number(elementary, "LN_2_HIGH", elementary::LN_2_HIGH),
        number(elementary, "LN_2_LOW", elementary::LN_2_LOW),
        number(elementary, "ROUNDER", elementary::ROUNDER),
        numbers(elementary, "EXPM1_POLYNOMIAL", &elementary::EXPM1_POLYNOMIAL),
        number(elementary, "EXP_HIGHEST", elementary::EXP_HIGHEST),
        number(elementary, "EXP_LOWEST", elementary::EXP_LOWEST),
        numbers(elementary, "TANH_POLYNOMIAL", &elementary::TANH_POLYNOMIAL),
        number(elementary, "TANH_NEAR", elementary::TANH_NEAR),
        number(elementary, "TANH_HIGHEST", elementary::TANH_HIGHEST),
        number(activation, "GELU_LINEAR", activation::GELU_LINEAR as f32),
        number(activation, "GELU_CUBIC", activation::GELU_CUBIC as f32),
        number(activation, "GELU_CUBIC_SLOPE", activation::GELU_CUBIC_SLOPE as f32),
        number("core/src/layer_norm.rs", "EPSILON", layer_norm::EPSILON as f32),
        number("core/src/quantile_huber.rs", "KAPPA", quantile_huber::KAPPA as f32),
        number("core/src/meta_value.rs", "TENTH", Input::TENTH as f32),
        number("core/src/game/logistic.rs", "DIVISOR", Logistic::DIVISOR as f32),
        number("core/src/learner/meta_value.rs", "REACH", REACH as f32),
    ]
}

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use wgpu::naga::front::wgsl;
    use wgpu::naga::{Expression, Handle, Literal, Module};

    use super::*;

    /// The bits of all numbers in a constant, as WGSL reads them.
    fn bits(module: &Module, expression: Handle<Expression>) -> Vec<u32> {
        match &module.global_expressions[expression] {
            Expression::Literal(Literal::F32(value)) => vec![value.to_bits()],
            Expression::Compose { components, .. } => components
                .iter()
                .flat_map(|component| bits(module, *component))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    fn read(constants: &[Constant]) -> Vec<Vec<u32>> {
        let text: Vec<String> = constants.iter().map(ToString::to_string).collect();
        let module = wgsl::parse_str(&text.join("\n")).unwrap();
        constants
            .iter()
            .map(|constant| {
                let mut all = module.constants.iter();
                let (_, found) = all
                    .find(|(_, found)| found.name.as_deref() == Some(constant.name))
                    .unwrap();
                bits(&module, found.init)
            })
            .collect()
    }

    fn numbers(constant: &Constant) -> Vec<u32> {
        match &constant.value {
            Value::Number(value) => vec![value.to_bits()],
            Value::Numbers(values) => values.iter().map(|value| value.to_bits()).collect(),
            Value::Pairs(pairs) => pairs.as_flattened().iter().map(|value| value.to_bits()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_core_s_constants_keep_their_bits() {
        let constants = of_core();
        for (constant, bits) in constants.iter().zip(read(&constants)) {
            assert_eq!(bits, numbers(constant), "{constant}");
        }
    }

    /// Every exponent, with the shortest, the longest and an ordinary mantissa, and both signs.
    #[test]
    fn literals_keep_their_bits() {
        let values = (0..255_u32).flat_map(|exponent| {
            [0, 1, 0x2a_aaab, 0x7f_ffff].map(|mantissa| f32::from_bits(exponent << 23 | mantissa))
        });
        let values: Vec<f32> = values.flat_map(|value| [value, -value]).collect();
        let constant = |name, value| Constant { file: "", name, value };
        let constants = [
            constant("A", Value::Numbers(values.clone())),
            constant("B", Value::Pairs(values.iter().map(|value| [*value, -value]).collect())),
        ];
        for (constant, bits) in constants.iter().zip(read(&constants)) {
            assert_eq!(bits, numbers(constant));
        }
    }
}
