//! A custom game: trained, saved, resumed and evaluated through the library alone.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use meva::config::{Config, Game as Played};
use meva::cpu::Cpu;
use meva::follow::play::{Match, Opponent, Side, play};
use meva::follow::{Agent, Ascent, Learner, Precision};
use meva::model::Model;
use meva::model::tensors::TensorFile;
use meva::training::directory::{RunDirectory, STATE};
use meva::training::{self, Backend, Event, Run, Trainer};
use meva_core::game::Game;
use meva_core::{Player, Scalar};

/// Both players put effort into two tasks. What both put into a task pays off, for the first player more in the first
/// task; effort costs.
#[derive(Clone)]
struct Efforts {
    bonus: f64,
}

impl Game<2> for Efforts {
    fn value<S: Scalar>(&self, x: &[[S; 2]; 2]) -> [S; 2] {
        let [first, second] = [0, 1].map(|task| x[0][task] * x[1][task]);
        let cost = |[a, b]: [S; 2]| a * a * a * a + b * b * b * b;
        [
            S::from_f64(1.0 + self.bonus) * first + second - cost(x[0]),
            first + second - cost(x[1]),
        ]
    }
}

const GAME: Efforts = Efforts { bonus: 0.5 };

fn config(changes: &[&str]) -> Config {
    let mut config = Config::preset("ipd").unwrap();
    for change in ["batch=70", "outer=4", "steps=4", "stride=2", "alpha=0.1"]
        .iter()
        .chain(changes)
    {
        config.set(change).unwrap();
    }
    config
}

/// Sizes that no named game has: the program chooses them.
fn trainer(config: &Config) -> Trainer {
    Trainer::for_game::<2, 12, 1, 6>(config, GAME).unwrap()
}

/// Models of one's own game are followed as one, too.
#[test]
fn its_models_make_an_ensemble() {
    let models = ["seed=1", "seed=2"].map(|seed| trainer(&config(&[seed])).model());
    let field = |model: &Model| model.field([&[0.3, -0.2], &[0.1, 0.4]], [0.9, 0.9]).unwrap()[1][0];
    let mean = models.iter().map(field).sum::<f64>() / 2.0;
    assert!((field(&Model::ensemble(models).unwrap()) - mean).abs() < 1e-13);
}

#[test]
fn it_trains_with_shared_and_with_separate_networks() {
    let mut numbers = Vec::new();
    for networks in ["networks=shared", "networks=separate"] {
        let mut trainer = trainer(&config(&[networks]));
        let before = trainer.numbers();
        let losses = trainer.by_ref().collect::<Result<Vec<f32>, _>>().unwrap();
        assert_eq!(losses.len(), 4);
        assert!(losses.iter().all(|loss| loss.is_finite() && *loss > 0.0), "{losses:?}");
        assert_ne!(trainer.numbers(), before);
        numbers.push(before.len());
    }
    assert_eq!(numbers[1], 2 * numbers[0]);
}

/// Where the discount is 0, agents follow the game's own gradient, however the derivative is computed.
#[test]
fn its_model_knows_the_game() {
    let mut trainer = trainer(&config(&[]));
    trainer.train().unwrap();
    let model = trainer.model();
    assert_eq!(model.shape().sizes(), [2, 12, 1, 6]);
    assert_eq!(model.game::<Efforts>().unwrap().bonus, 0.5);
    let x = [[0.3, -0.4], [0.5, 0.2]];
    let field = model.field([&x[0], &x[1]], [0.0; 2]).unwrap();
    for player in Player::BOTH {
        assert_eq!(field[player.index()], GAME.gradient(player, &x)[player.index()]);
    }
    let error = model.network::<5>().err().unwrap().to_string();
    assert!(error.contains("policies of 2 parameters, not of 5"), "{error}");
    assert!(model.field([&[0.0], &[0.0]], [0.9; 2]).is_err());

    let models = [model];
    let side = Side {
        learner: Learner::MetaValue { gamma: 0.9 },
        models: &models,
    };
    let few = Match {
        pairs: 3,
        steps: 20,
        rate: 0.1,
        ..Match::published::<2>()
    };
    for opponent in [Opponent::Itself, Opponent::BestResponse { steps: 20 }] {
        let fared = play(&GAME, Cpu::detect().unwrap(), side, opponent, &few).unwrap();
        assert!(fared.iter().all(|fared| fared.pooled.mean.is_finite()));
    }
    let ascent = Ascent {
        rate: 0.1,
        steps: 20,
        precision: Precision::F64,
    };
    let agents = Agent::both(side.learner, models.first()).unwrap();
    let ends = ascent.ends(agents, &GAME, Cpu::detect().unwrap(), &[x]);
    assert_ne!(ends, [x]);
}

/// A run that was stopped after two iterations and resumed from its directory ends with the bits of one that was not.
#[test]
fn it_is_saved_and_resumed_to_the_same_bits() {
    let mut whole = trainer(&config(&[]));
    whole.train().unwrap();

    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let run = |run: Run| {
        let finished = training::run(vec![run], &Backend::Cpu, |_: Event| {}, &AtomicBool::new(false));
        finished.unwrap().remove(0).unwrap()
    };
    // Every iteration's rate is that of the whole run: the schedule would otherwise follow the shorter run.
    let constant = ["schedule=constant"];
    let mut whole_constant = trainer(&config(&constant));
    whole_constant.train().unwrap();
    let short = trainer(&config(&[constant[0], "outer=2"]));
    run(Run::begin(short, RunDirectory::create(&path).unwrap()).unwrap());
    let directory = RunDirectory::open(&path).unwrap();
    assert_eq!(directory.config().unwrap().game, Played::Custom);
    let state = TensorFile::load(&directory.file(STATE)).unwrap();
    let mut resumed = Trainer::resume_for_game::<2, 12, 1, 6>(&state, GAME).unwrap();
    assert_eq!(resumed.iteration(), 2);
    resumed.set_outer(4);
    let finished = run(Run::go_on(resumed, directory).unwrap());
    assert_eq!(finished.iterations, 4);

    let loaded = Model::load_for_game::<2, 12, 1, 6>(&path, GAME).unwrap();
    let x: [&[f64]; 2] = [&[0.3, -0.4], &[0.5, 0.2]];
    let expected = whole_constant.model();
    assert_eq!(loaded.field(x, [0.9; 2]).unwrap(), expected.field(x, [0.9; 2]).unwrap());
    assert_eq!(
        loaded.quantiles(x, [0.9; 2]).unwrap(),
        expected.quantiles(x, [0.9; 2]).unwrap()
    );
    assert_ne!(whole.numbers(), whole_constant.numbers(), "the schedule has an effect");
}

fn says<T>(result: meva::error::Result<T>, words: &[&str]) {
    let text = result.err().unwrap().to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

/// Loading the files without the game is an error that says so.
#[test]
fn what_cannot_be_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let trainer = trainer(&config(&[]));
    let state = trainer.state().unwrap();
    drop(Run::begin(trainer, RunDirectory::create(&path).unwrap()).unwrap());
    std::fs::write(
        path.join("model.safetensors"),
        self::trainer(&config(&[])).model_file().unwrap().to_bytes().unwrap(),
    )
    .unwrap();
    let lost = ["`custom`", "the program that trained on it", "resume_for_game"];
    says(Model::load(&path), &lost);
    says(Trainer::resume(&state), &lost);
    says(
        Model::load_for_game::<2, 16, 1, 6>(Path::new(&path), GAME),
        &["the shape", "expected [16, 3]"],
    );
    says(Trainer::resume_for_game::<2, 12, 0, 6>(&state, GAME), &["residual"]);
    let gpu = meva::gpu::plan::Plan::of(self::trainer(&config(&[])).config(), 1);
    says(gpu, &["named games only", "CPU engine"]);
    let mut sampled = config(&["estimator=rollouts"]);
    says(
        Trainer::for_game::<2, 12, 1, 6>(&sampled, GAME),
        &["`estimator` is rollouts", "no turns"],
    );
    sampled = Config::preset("cola").unwrap();
    says(
        Trainer::for_game::<2, 12, 1, 6>(&sampled, GAME),
        &["`algorithm` is cola"],
    );
}
