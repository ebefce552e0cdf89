//! The sources of the stages: files of `shaders/` behind the sizes and constants of a plan.

use std::fmt::Write as _;

use meva_core::activation::Activation;
use meva_core::algorithm1::{self, Exploration};
use meva_core::game::{AnyGame, PlaneGame};
use meva_core::layer_norm::EPSILON;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::Input;

use super::layout::{Matrix, Sum};
use super::plan::Plan;

/// A stage: a shader with an entry point, named like the operation of the core that it twins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Explores and rolls out.
    RollOut,
    /// Predicts by the target network.
    Bootstrap,
    /// Targets, losses and adjoints of the quantiles.
    FormTargets,
    /// Passes back.
    VjpParameters,
    /// Sums outer products.
    DenseVjpWeight,
    /// Steps.
    AdamW,
    /// Every formula at given points.
    Probe,
}

macro_rules! shader {
    ($name:literal) => {
        include_str!(concat!("../../../shaders/", $name, ".wgsl"))
    };
}

const NETWORK: [&str; 5] = [
    shader!("activation"),
    shader!("dense"),
    shader!("layer_norm"),
    shader!("mlp"),
    shader!("meta_value"),
];

impl Stage {
    /// All of them.
    pub const ALL: [Stage; 7] = [
        Stage::RollOut,
        Stage::Bootstrap,
        Stage::FormTargets,
        Stage::VjpParameters,
        Stage::DenseVjpWeight,
        Stage::AdamW,
        Stage::Probe,
    ];

    /// The stem of its file.
    pub fn name(self) -> &'static str {
        match self {
            Stage::RollOut => "roll_out",
            Stage::Bootstrap => "bootstrap",
            Stage::FormTargets => "form_targets",
            Stage::VjpParameters => "vjp_parameters",
            Stage::DenseVjpWeight => "dense_vjp_weight",
            Stage::AdamW => "adamw",
            Stage::Probe => "probe",
        }
    }

    /// The whole source for a plan.
    pub fn source(self, plan: &Plan) -> String {
        let game = match plan.game {
            AnyGame::Plane(PlaneGame::Logistic) => shader!("game/logistic"),
            AnyGame::Plane(PlaneGame::Tandem) => shader!("game/tandem"),
            AnyGame::IteratedMatrix(_) => shader!("game/iterated_matrix"),
        };
        let keep_nothing = shader!("keep_nothing");
        let mut source = plan.constants();
        source.push_str(shader!("elementary"));
        let (network, rest): (bool, &[&str]) = match self {
            Stage::RollOut => (true, &[keep_nothing, game, shader!("roll_out")]),
            Stage::Bootstrap => (true, &[keep_nothing, shader!("bootstrap")]),
            Stage::FormTargets => (
                false,
                &[
                    shader!("lambda_return"),
                    shader!("quantile_huber"),
                    shader!("form_targets"),
                ],
            ),
            Stage::VjpParameters => (true, &[shader!("vjp_parameters")]),
            Stage::DenseVjpWeight => (false, &[shader!("dense_vjp_weight")]),
            Stage::AdamW => (false, &[shader!("adamw")]),
            Stage::Probe => (true, &[keep_nothing, game, shader!("probe")]),
        };
        for piece in NETWORK.iter().filter(|_| network).chain(rest) {
            source.push('\n');
            source.push_str(piece);
        }
        source
    }
}

impl Plan {
    /// Adds what stands for itself before every stage.
    fn constants(&self) -> String {
        let Plan { settings, layout, .. } = self;
        let mut text = String::from(
            "struct Update {\n    // 0, which no compiler knows.\n    zero: u32,\n    // Counted within the \
             submission.\n    update: u32,\n    outer: u32,\n    // 1 in the first update of an outer iteration.\n    start: \
             u32,\n    eta: f32,\n    correction1: f32,\n    correction2: f32,\n}\n\n@group(0) @binding(0) var<uniform> now: \
             Update;\n\n",
        );
        let counts = [
            ("K", self.stride),
            ("LEARNED", self.learned()),
            ("BATCH", self.batch),
            ("SEEDS", self.seeds),
            ("NETWORKS", self.networks),
            ("CHUNK", self.chunk),
            ("CHUNKS", self.chunks()),
            ("SEGMENT", self.segment),
            ("SEGMENTS", self.segments()),
            ("DRAW_LEN", self.draw_len()),
            ("MATRICES", layout.matrices().len()),
            (
                "LAST_ACTIVATION",
                usize::from(settings.architecture.last_activation == Activation::Tanh),
            ),
            ("FIELD_V", Field::V as usize),
            ("FIELD_U", Field::U as usize),
            ("FIELD_U_NORMALIZED", Field::UNormalized as usize),
            ("FIELD", settings.field as usize),
            // The predictions that targets rest on: the target network's, or those made already.
            ("BOOTSTRAP", usize::from(settings.rho.is_some())),
        ];
        for (name, value) in layout.constants().into_iter().chain(counts) {
            let _ = writeln!(text, "const {name}: u32 = {value}u;");
        }
        for (name, value) in [
            ("TENTH", settings.architecture.input == Input::Tenth),
            ("SIGN_FLIPS", settings.exploration == Exploration::SignFlips),
            ("RESIDUAL", self.residual()),
            ("HAS_TARGET", settings.rho.is_some()),
        ] {
            let _ = writeln!(text, "const {name}: bool = {value};");
        }
        let shape = layout.shape;
        let (lambda, adamw) = (settings.lambda as f32, &settings.optimizer);
        let share = algorithm1::share(self.batch as f32, self.stride + 1).unwrap_or(0.0);
        for (name, value) in [
            ("EPSILON", EPSILON as f32),
            ("PER_UNIT", (1.0 / shape.hidden as f64) as f32),
            ("PER_QUANTILE", (1.0 / shape.quantiles as f64) as f32),
            ("PER_TARGET", (1.0 / shape.quantiles as f64) as f32),
            ("SHARE", share),
            ("ALPHA", settings.alpha as f32),
            ("PHI", settings.phi as f32),
            ("LAMBDA", lambda),
            ("REST_LAMBDA", 1.0 - lambda),
            ("BETA1", adamw.beta1 as f32),
            ("REST1", (1.0 - adamw.beta1) as f32),
            ("BETA2", adamw.beta2 as f32),
            ("REST2", (1.0 - adamw.beta2) as f32),
            ("ADAM_EPSILON", adamw.epsilon as f32),
            ("DECAY", adamw.weight_decay as f32),
            ("RATE", settings.rho.map_or(0.0, |rho| (1.0 - rho) as f32)),
        ] {
            let _ = writeln!(text, "const {name}: f32 = {};", literal(value));
        }
        if let AnyGame::IteratedMatrix(game) = self.game {
            let _ = writeln!(text, "const DELTA: f32 = {};", literal(game.discount as f32));
            let rows = game.payoffs.map(|row| {
                let [a, b] = row.map(|payoff| literal(payoff as f32));
                format!("vec2<f32>({a}, {b})")
            });
            let _ = writeln!(text, "const PAYOFFS = array<vec2<f32>, 4>({});", rows.join(", "));
        }
        let (matrices, sums) = (layout.matrices(), layout.sums());
        let mut table = |name: &str, values: Vec<usize>| {
            let list: Vec<String> = values.iter().map(|value| format!("{value}u")).collect();
            let _ = writeln!(text, "const {name} = array<u32, {}>({});", list.len(), list.join(", "));
        };
        let of_matrices = |part: fn(&Matrix) -> usize| matrices.iter().map(part).collect();
        table("MATRIX_DELTA", of_matrices(|matrix| matrix.delta));
        table("MATRIX_INPUT", of_matrices(|matrix| matrix.input));
        table("MATRIX_SWAP", of_matrices(|matrix| usize::from(matrix.swap)));
        table("MATRIX_OFFSET", of_matrices(|matrix| matrix.offset));
        table("MATRIX_ROWS", of_matrices(|matrix| matrix.rows));
        let of_sums = |part: fn(&Sum) -> usize| sums.iter().map(part).collect();
        table("SUM_OFFSET", of_sums(|sum| sum.offset));
        table("SUM_STRIDE", of_sums(|sum| sum.stride));
        table("SUM_LENGTH", of_sums(|sum| sum.length));
        text.push('\n');
        text
    }
}

/// A number as WGSL writes it, to the last bit.
fn literal(value: f32) -> String {
    format!("{value:?}f")
}
