//! What the firmware does, in three scenes. Each prints a digest of its results and its cost.

use core::hint::black_box;

use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{Bootstrap, Exploration, Settings, Workspace};
use meva_core::game::{Game, IteratedMatrix, Logistic, Tandem};
use meva_core::image::Image;
use meva_core::kernels::Portable;
use meva_core::learner::meta_value::Field;
use meva_core::learner::{Hola, Learner, Lola, LolaTaylor, LookAhead, MetaValueLearner, Naive};
use meva_core::meta_value::{Architecture, Input, Tape};
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Players, Scalar};
use meva_digest::Fnv;

use crate::print::line;
use crate::stack::measured;
use crate::static_cell::StaticCell;

/// The model, in flash. The compiler checks it: an image that is damaged or of another shape does not compile.
pub static MODEL: Image<1, 64, 1, 16> = match Image::of_bytes(include_bytes!(env!("MEVA_MODEL"))) {
    Ok(image) => image,
    Err(error) => panic!("{}", error.message().as_str()),
};

/// One player's own gradient of the exported model: forward and backward pass.
pub fn own_gradient() {
    let (x, gamma) = black_box(([[3.0_f32], [-2.0]], [0.9; 2]));
    let mut gradient = [0.0];
    measured(&["own_gradient"], &mut || {
        if let Ok(network) = MODEL.network() {
            let mut tape = Tape::ZERO;
            network.forward(&Portable, &x, &gamma, Players::Only(Player::Zero), &mut tape);
            gradient = network.own_gradient(&Portable, Player::Zero, None, &tape);
        }
    });
    let mut fnv = Fnv::EMPTY;
    fnv.take_all(&gradient);
    line(&["own_gradient"], fnv.finish());
}

/// Both agents follow the model's field through the Logistic Game.
pub fn follow() {
    let (Ok(network), Ok(model)) = (MODEL.network(), MODEL.header.model()) else {
        return;
    };
    let learner = MetaValueLearner {
        network,
        field: model.field,
        gamma: [0.95; 2],
    };
    let mut x = black_box([[-3.0_f32], [2.5]]);
    let mut tape = Tape::ZERO;
    for _ in 0..50 {
        let field = learner.field_in(&Portable, &Logistic, &x, &mut tape);
        for (row, direction) in x.as_flattened_mut().iter_mut().zip(field.as_flattened()) {
            row.add_scaled(model.alpha as f32, direction);
        }
    }
    let mut fnv = Fnv::EMPTY;
    fnv.take_all(x.as_flattened());
    line(&["follow"], fnv.finish());
}

/// A step of each learner in each game.
pub fn learners() {
    step(&Naive, "naive");
    step(&LookAhead { alpha: 1.0 }, "lookahead");
    step(&Lola::new(1.0), "lola");
    step(&LolaTaylor { alpha: 1.0 }, "lola_taylor");
    let hola2 = Hola {
        alpha: 1.0,
        opponent: Lola::new(1.0),
    };
    step(&hola2, "hola2");
}

fn step<L: Learner<f32, 1> + Learner<f32, 5>>(learner: &L, name: &str) {
    let plane = black_box([[1.5], [-0.5]]);
    let iterated = black_box([[0.5, -1.0, 2.0, 0.25, 1.0], [-0.5, 1.5, 0.75, -2.0, 0.0]]);
    field_of(learner, &Logistic, &plane, [name, "logistic"]);
    field_of(learner, &Tandem, &plane, [name, "tandem"]);
    field_of(
        learner,
        &IteratedMatrix::PRISONERS_DILEMMA,
        &iterated,
        [name, "prisoners_dilemma"],
    );
}

fn field_of<L: Learner<f32, N>, G: Game<N>, const N: usize>(
    learner: &L,
    game: &G,
    x: &[[f32; N]; 2],
    [name, game_name]: [&str; 2],
) {
    let mut field = [[0.0; N]; 2];
    measured(&["learner", name, game_name], &mut || field = learner.field(game, x));
    let mut fnv = Fnv::EMPTY;
    fnv.take_all(field.as_flattened());
    line(&["learner", name, game_name], fnv.finish());
}

/// `k + 1`.
const STEPS: usize = 5;
const H: usize = 16;

static TRAINING: StaticCell<Workspace<f32, 1, H, 1, 16, STEPS, STEPS, 1>> = StaticCell::new(Workspace::ZERO);

/// Three updates of Algorithm 1 on a small network: batch 1, k = 4.
pub fn train() {
    let Some(training) = TRAINING.take() else {
        return;
    };
    let settings = Settings {
        architecture: Architecture {
            input: Input::Tenth,
            last_activation: Activation::Gelu,
        },
        field: Field::V,
        exploration: Exploration::None,
        bootstrap: Bootstrap::SemiGradient,
        phi: 1.0,
        alpha: 1.0,
        lambda: 0.9,
        rho: Some(0.99),
        optimizer: AdamW {
            eta: 1e-3,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 1e-2,
        },
    };
    training.initialize(0);
    let mut draws = Stream::new(0, Purpose::Policies, 0);
    let mut fnv = Fnv::EMPTY;
    for _ in 0..3 {
        for group in &mut training.groups {
            group.x = [[draws.uniform(-8.0, 8.0) as f32], [draws.uniform(-8.0, 8.0) as f32]];
            group.gamma = [draws.discount() as f32, draws.discount() as f32];
            group.weight = 1.0;
        }
        let mut loss = 0.0;
        measured(&["update"], &mut || {
            loss = training.update(&Portable, &mut Logistic, &settings);
        });
        fnv.take_all(&[loss]);
    }
    for (_, values) in training.states[0].theta.iter() {
        fnv.take_all(values);
    }
    line(&["update"], fnv.finish());
}
