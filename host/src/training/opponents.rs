//! The opponents of a run: from the words of its configuration to what the engine plays against.

use meva_core::algorithm1::Follow;
use meva_core::arithmetic::ArithmeticName;
use meva_core::learner::LearnerName;
use meva_core::learner::meta_value::Field;
use meva_core::{Game, Player, Players, Scalar};

use crate::config::{Config, Estimator, Opponents};
use crate::cpu::estimate::Playable;
use crate::cpu::opponents::{Mixture, Mover, Opponent, Rival, Shaping};
use crate::cpu::{Cpu, Number};
use crate::error::{Error, Result};
use crate::follow::Learner;
use crate::follow::player::Entrant;
use crate::follow::starts::log_odds;
use crate::model::network::{Lockstep, Network};

/// Strategies that are certain of an action are held at these log-odds, which is finite and a probability of 1 in `f32`.
const CERTAIN: f64 = 30.0;

/// The opponents of a run in this game, with their models.
///
/// # Errors
/// A player cannot be read, or does not fit the game; it is no opponent that a learner can meet in training; or it needs to know
/// the game, which agents only sample.
pub fn mixture<G: Playable<N>, const N: usize>(config: &Config, game: &G) -> Result<Mixture<N>> {
    if config.opponents.are_self() {
        return Ok(Mixture::default());
    }
    let opponent = |(player, _): &(String, f64)| {
        if player == Opponents::SELF {
            return Ok(Opponent {
                rival: Rival::Itself,
                gamma: None,
            });
        }
        let entrant = Entrant::read(player, config.any_game()?)?;
        opponent(player, entrant, config, game).map_err(|error| error.at(format!("player `{player}`")))
    };
    let opponents: Result<Vec<_>> = config.opponents.each().iter().map(opponent).collect();
    opponents.map(Mixture::new).map_err(|error| error.at("`opponents`"))
}

/// The opponent that a player is, with the words that named it.
fn opponent<G: Playable<N>, const N: usize>(
    words: &str,
    Entrant { learner, models, .. }: Entrant,
    config: &Config,
    game: &G,
) -> Result<Opponent<N>> {
    if config.estimator == Estimator::Rollouts {
        learner.samples()?;
        if !models.is_empty() {
            return Err(
                Error::usage("a model that is met in training follows the exact game, not rollouts")
                    .hint("set estimator = \"exact\", or leave the model out"),
            );
        }
    }
    let formula = |rival| {
        Ok(Opponent {
            rival,
            gamma: Some(0.0),
        })
    };
    match learner {
        Learner::Formula {
            name: LearnerName::Naive | LearnerName::Hola0,
            ..
        } => formula(Rival::Naive),
        Learner::Formula {
            name: LearnerName::Lola | LearnerName::Hola1,
            alpha,
        } => {
            let game = game.clone();
            formula(Rival::Mover(Box::new(Shaping { game, alpha })))
        }
        Learner::Strategy { by_player } => {
            let held = |p: f64| log_odds(p).clamp(-CERTAIN, CERTAIN) as f32;
            let mut at = [[0.0; N]; 2];
            for (at, strategy) in at.iter_mut().zip(by_player) {
                for (at, p) in at.iter_mut().zip(strategy) {
                    *at = held(p);
                }
            }
            formula(Rival::Fixed(at))
        }
        Learner::MetaValue { gamma } => {
            let count = models.len();
            let mut models = models.into_iter();
            let (Some(model), None) = (models.next(), models.next()) else {
                return Err(Error::usage(format!("it is {count} models, and an opponent is one"))
                    .hint("name each of them, with a share of its own"));
            };
            let frozen = Frozen {
                game: game.clone(),
                field: model.config().followed(),
                arithmetic: model.config().arithmetic,
                network: model.into_network()?,
            };
            // Words without a setting mean one that is drawn.
            let is_set = words.rsplit_once('@').is_some_and(|(_, setting)| !setting.is_empty());
            Ok(Opponent {
                rival: Rival::Mover(Box::new(frozen)),
                gamma: is_set.then_some(gamma as f32),
            })
        }
        other => Err(Error::usage(format!("`{other}` cannot be met in training"))
            .hint("choose self, naive, lola, a strategy, or a model, as meva:DIR")),
    }
}

/// A trained model, which does not learn any more.
struct Frozen<G, const N: usize> {
    game: G,
    network: Box<dyn Network<N>>,
    field: Field,
    arithmetic: ArithmeticName,
}

impl<G: Game<N> + Send + Sync, const N: usize> Mover<N> for Frozen<G, N> {
    fn follow(&self, cpu: Cpu) -> Box<Follow<'_, Number, N>> {
        let cpu = cpu.with_arithmetic(self.arithmetic);
        let gradients = |player| Number::evaluate(&*self.network).gradients(cpu, Players::Only(player));
        let mut by_player = Player::BOTH.map(gradients);
        Box::new(move |player, x, gamma| {
            let i = player.index();
            let naive = if self.field.is_correction() {
                self.game.own_gradients(x)[i]
            } else {
                [Number::ZERO; N]
            };
            self.field.direction(&naive, &by_player[i](x, gamma)[i], gamma[i])
        })
    }
}

#[cfg(test)]
mod tests {
    use meva_core::algorithm1::{self, Algorithm1, Rollout, Rule, Settings, State, Step, Trajectory};
    use meva_core::arithmetic::Fused;
    use meva_core::game::IteratedMatrix;
    use meva_core::learner::{Learner as _, Lola};
    use meva_core::meta_value::Tape;
    use meva_core::parameters::Parameters;

    use super::*;
    use crate::cpu::WIDTH;
    use crate::cpu::algorithm1::Engine;
    use crate::cpu::memory::{zeroed, zeroed_slice};
    use crate::draws::Draws;
    use crate::error::assert_says;
    use crate::training::Trainer;

    const BATCH: usize = 70;

    /// A small network of preset `ipd` with these changes.
    fn config(changes: &[&str]) -> Config {
        let mut config = Config::preset("ipd").unwrap();
        let small = [
            "hidden=16",
            "residual_blocks=1",
            "quantiles=16",
            "steps=4",
            "stride=2",
            "outer=3",
            "batch=70",
        ];
        for change in small.iter().chain(changes) {
            config.set(change).unwrap();
        }
        config
    }

    fn trained(config: &Config) -> Vec<f32> {
        let mut trainer = Trainer::new(config).unwrap();
        trainer.train().unwrap();
        trainer.numbers()
    }

    const POOL: &str = "opponents=self 0.4, naive 0.3, lola:2 0.2, tit-for-tat 0.3, always-defect 0.1";

    fn pool(config: &Config) -> Mixture<5> {
        mixture(config, &IteratedMatrix::PRISONERS_DILEMMA).unwrap()
    }

    fn drawn(config: &Config) -> Draws<5, 16> {
        let draws = Draws::new(config.seed, 0, BATCH, 2, config.starts(), config.flips());
        draws.with_opponents(config.seed, 0, &config.opponents.shares())
    }

    /// The trajectory in lane `l` of group `g`, and whether it only pads the group.
    fn place(g: usize, l: usize) -> (usize, bool) {
        let b = g * WIDTH + l;
        if b < BATCH { (b, false) } else { (g * WIDTH, true) }
    }

    /// What the core makes of one update, group after group, with the opponents of each trajectory from the words above.
    fn by_core<const P: usize>(
        settings: &Settings,
        states: &mut [State<f32, 5, 16, 1, 16>; P],
        draws: &Draws<5, 16>,
        updates: usize,
    ) -> Vec<f32> {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let strategies = [[30.0, -30.0, 30.0, -30.0, 30.0], [-30.0_f32; 5]];
        let player_of = |b: usize| Player::BOTH[(b + 1) % 2];
        let mut groups = [Trajectory::<Number, 5, 16>::ZERO; 2];
        let mut movers = [[Number::ZERO; 2]; 2];
        for g in 0..2 {
            for l in 0..WIDTH {
                let ((b, is_idle), group) = (place(g, l), &mut groups[g]);
                let k = draws.opponents[b];
                let held = player_of(b).index();
                let mut x = draws.x[b];
                if k >= 3 {
                    x[held] = strategies[k - 3];
                }
                group.weight.set_lane(l, if is_idle { 0.0 } else { 1.0 });
                for i in 0..2 {
                    let told = |gamma: f32| if k > 0 && i == held { 0.0 } else { gamma };
                    movers[g][i].set_lane(l, if k > 0 && i == held { (k + 1) as f32 } else { 0.0 });
                    group.exploration_gamma[i].set_lane(l, told(draws.exploration_gamma[b][i]));
                    for n in 0..5 {
                        group.x[i][n].set_lane(l, x[i][n]);
                    }
                    for u in 0..16 {
                        group.mask[i][u].set_lane(l, draws.mask[b][i][u]);
                    }
                }
            }
        }
        let learners: usize = draws.opponents.iter().map(|k| if *k > 0 { 1 } else { 2 }).sum();
        let share = algorithm1::share(learners as f32 / 2.0, 3).unwrap();
        let mut losses = Vec::new();
        let mut steps: Box<[Step<Number, 5, 16>]> = zeroed_slice(3);
        let mut tapes: Box<[[Tape<Number, 5, 16, 1>; P]]> = zeroed_slice(3);
        for update in 0..updates {
            let mut each: Box<[[Parameters<f32, 5, 16, 1, 16>; P]; 2]> = zeroed();
            let mut loss = 0.0;
            for g in 0..2 {
                for l in 0..WIDTH {
                    let (b, _) = place(g, l);
                    for i in 0..2 {
                        let is_held = draws.opponents[b] > 0 && i == player_of(b).index();
                        groups[g].gamma[i].set_lane(l, if is_held { 0.0 } else { draws.gamma[update][b][i] });
                    }
                }
                let mut lola =
                    |player: Player, x: &[[Number; 5]; 2], _: &[Number; 2]| Lola::new(2.0).direction(&game, player, x);
                let rules = &mut [
                    Rule::Fixed,
                    Rule::Naive,
                    Rule::Follow(&mut lola),
                    Rule::Fixed,
                    Rule::Fixed,
                ];
                let opponents = &mut algorithm1::Opponents {
                    movers: movers[g],
                    rules,
                };
                let rollout = &mut Rollout {
                    steps: &mut steps,
                    tapes: &mut tapes,
                };
                let algorithm1 = Algorithm1::new(&Fused, settings, states);
                loss +=
                    algorithm1.learn_against(opponents, &mut { game }, &mut groups[g], share, rollout, &mut each[g]);
            }
            let [first, second] = &mut *each;
            for (state, (gradient, other)) in states.iter_mut().zip(first.iter_mut().zip(second)) {
                for (sum, other) in gradient.numbers_mut().zip(other.numbers()) {
                    *sum += *other;
                }
                algorithm1::descend(settings, state, gradient);
            }
            losses.push(loss);
        }
        losses
    }

    fn engine_is_core<const P: usize>() {
        let config = config(&[POOL]);
        let draws = drawn(&config);
        for k in 0..5 {
            assert!(draws.opponents.contains(&k), "each opponent is met");
        }
        let cpu = Cpu::detect().unwrap().with_arithmetic(config.arithmetic);
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let engine = || Engine::<5, 16, 1, 16, P>::new(&game, None, cpu, BATCH, 2, 3).against(pool(&config));
        let mut expected = engine().states;
        let losses = by_core(&config.settings(), &mut expected, &draws, 2);
        for threads in [1, 2] {
            let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut engine = engine();
            let learned = threads
                .install(|| engine.outer_iteration(&config.settings(), None, &draws))
                .unwrap();
            assert_eq!(learned.loss.to_bits(), ((losses[0] + losses[1]) / 2.0).to_bits());
            for (got, expected) in engine.states.iter().zip(expected.iter()) {
                assert!(got == expected);
            }
        }
    }

    #[test]
    fn the_engine_has_the_bits_of_the_core() {
        engine_is_core::<1>();
        engine_is_core::<2>();
    }

    /// Learners that meet themselves alone train to the bits of today's, however that is said.
    #[test]
    fn self_alone_changes_nothing() {
        let usual = trained(&config(&[]));
        assert!(usual == trained(&config(&["opponents=self"])));
        assert!(usual == trained(&config(&["opponents=self 0.5, self 3"])));
        assert!(usual != trained(&config(&["opponents=self 0.5, naive 0.5"])));
    }

    /// The mixture is part of the state, and what is drawn follows from the iteration.
    #[test]
    fn a_resumed_run_meets_the_same_opponents() {
        let config = config(&[POOL]);
        let whole = trained(&config);
        let mut first = Trainer::new(&config).unwrap();
        first.outer_iteration().unwrap();
        let mut second = Trainer::resume(&first.state().unwrap()).unwrap();
        assert_eq!(second.config().opponents, config.opponents);
        second.train().unwrap();
        assert!(whole == second.numbers());
    }

    /// A model is met at a discount of its own, or at a given one; its own network decides where it goes.
    #[test]
    fn models_are_met() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let model = |seed: &str| {
            let file = Trainer::new(&config(&[seed])).unwrap().model_file().unwrap();
            std::fs::write(&path, file.to_bytes().unwrap()).unwrap();
        };
        let against = |setting: &str| {
            let opponents = format!("opponents=meva:{}{setting}", path.display());
            trained(&config(&[&opponents]))
        };
        model("seed=7");
        let (drawn, given) = (against(""), against("@0.9"));
        assert!(drawn != given);
        assert!(given == against("@0.9 0.5"));
        model("seed=8");
        assert!(given != against("@0.9"));
        let other_game = format!("opponents=meva:{}", path.display());
        assert_says(
            Trainer::new(&config(&["game=chicken", &other_game])).map(drop),
            &["another game, `ipd`", "`opponents`"],
        );
        assert_says(
            Trainer::new(&config(&["estimator=rollouts", &other_game])).map(drop),
            &["exact game"],
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |changes: &[&str], words: &[&str]| {
            let config = config(changes);
            assert_says(Trainer::check(&config), words);
            assert_says(Trainer::new(&config).map(drop), words);
        };
        refused(&["opponents=naive -1, self 2"], &["must be at least 0"]);
        refused(&["opponents=naive 0, self 0"], &["the shares add up to 0"]);
        refused(
            &["opponents=naiv 1"],
            &["unknown player `naiv`", "did you mean `naive`?"],
        );
        refused(&["opponents=sos"], &["`sos` cannot be met in training", "naive, lola"]);
        refused(&["opponents=m-fos"], &["cannot be met in training"]);
        refused(&["opponents=meva:nowhere"], &["nowhere"]);
        refused(
            &["estimator=rollouts", "opponents=lola"],
            &["second derivatives", "player `lola`"],
        );
        assert_says(
            crate::gpu::Plan::of(&config(&[POOL]), 1).map(drop),
            &["on the GPU engine learners meet themselves", "--engine cpu"],
        );
        let mut plane = Config::preset("logistic").unwrap();
        plane.set("opponents=tit-for-tat").unwrap();
        assert_says(Trainer::check(&plane), &["strategies are for iterated games"]);
        let mut cola = Config::preset("cola").unwrap();
        cola.set("opponents=naive").unwrap();
        assert_says(cola.validate(), &["`opponents` is \"naive\", but has no effect"]);
        for words in ["self half", "self,naive", "self, ", "lola, zd:3,0.5 1, self,zd:3"] {
            assert_says(
                config(&[]).set(&format!("opponents={words}")).map(drop),
                &["players in quotes", "a comma and a space"],
            );
        }
        // Naive opponents know as much of a sampled game as the learner.
        trained(&config(&[
            "estimator=rollouts",
            "episodes=2",
            "turns=4",
            "outer=1",
            "opponents=naive 1, tit-for-tat 1",
        ]));
    }
}
