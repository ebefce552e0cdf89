//! Several networks that are followed as one: agents go where the networks point on average.
//!
//! ```text
//! q(x, gamma) = mean over networks of q_j(x, gamma)          grad V = mean over networks of grad V_j
//! ```
//!
//! The mean of the values has the mean of the gradients, so an ensemble is a meta-value like any other. What one network
//! makes up where it has seen little, the others do not share: see `docs/ipd-options.md` for what that is worth.

use meva_core::shape::Shape;
use meva_core::{Player, Players, image};

use crate::cpu::Cpu;
use crate::model::network::{Evaluate, Gradients, Lockstep, Memory, Network, Outputs};

/// Networks for the same policies, in the order in which their outputs are added up.
pub struct Ensemble<const N: usize>(Vec<Box<dyn Network<N>>>);

impl<const N: usize> Ensemble<N> {
    /// The mean of `first` and `others`.
    pub fn new(first: Box<dyn Network<N>>, others: impl IntoIterator<Item = Box<dyn Network<N>>>) -> Self {
        Ensemble([first].into_iter().chain(others).collect())
    }

    fn share(&self) -> f64 {
        1.0 / self.0.len() as f64
    }

    /// Adds the mean of what `of_member` gives to `mean`, number by number.
    fn add_mean<V: AsRef<[f64]>>(&self, mean: &mut [f64], of_member: impl Fn(&dyn Network<N>) -> V) {
        for member in &self.0 {
            for (mean, number) in mean.iter_mut().zip(of_member(&**member).as_ref()) {
                *mean += self.share() * number;
            }
        }
    }
}

impl<S: Lockstep, const N: usize> Evaluate<S, N> for Ensemble<N> {
    fn gradients(&self, cpu: Cpu<S::Arithmetic>, players: Players) -> Gradients<'_, S, N> {
        let members = self
            .0
            .iter()
            .map(|member| S::evaluate(&**member).gradients(cpu, players));
        let (mut members, share) = (members.collect::<Vec<_>>(), S::from_f64(self.share()));
        Box::new(move |x, gamma| {
            let mut mean = [[S::ZERO; N]; 2];
            for member in &mut members {
                for (mean, numbers) in mean.iter_mut().zip(member(x, gamma)) {
                    add_share(mean, share, &numbers);
                }
            }
            mean
        })
    }

    fn outputs(&self, cpu: Cpu<S::Arithmetic>, player: Player) -> Outputs<'_, S, N> {
        let members = self.0.iter().map(|member| S::evaluate(&**member).outputs(cpu, player));
        let (mut members, share) = (members.collect::<Vec<_>>(), S::from_f64(self.share()));
        Box::new(move |x, alpha| {
            let mut mean = [S::ZERO; N];
            for member in &mut members {
                add_share(&mut mean, share, &member(x, alpha));
            }
            mean
        })
    }
}

fn add_share<S: Lockstep, const N: usize>(mean: &mut [S; N], share: S, numbers: &[S; N]) {
    for (mean, number) in mean.iter_mut().zip(numbers) {
        *mean += share * *number;
    }
}

impl<const N: usize> Network<N> for Ensemble<N> {
    fn shape(&self) -> Shape {
        self.0[0].shape()
    }

    fn own_gradient(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> [f64; N] {
        let mut mean = [0.0; N];
        self.add_mean(&mut mean, |member| member.own_gradient(player, x, gamma));
        mean
    }

    /// Quantile by quantile.
    fn quantiles(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> Vec<f64> {
        let mut mean = vec![0.0; self.shape().quantiles];
        self.add_mean(&mut mean, |member| member.quantiles(player, x, gamma));
        mean
    }

    /// None: an image holds one network.
    fn image(&self, _: &image::Model, _: Player) -> Option<Vec<u32>> {
        None
    }

    /// That of one network at a time.
    fn memory(&self) -> Memory {
        self.0[0].memory()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::cpu::Wide;
    use crate::model::Model;
    use crate::training::trainer::Trainer;
    use meva_core::Scalar;
    use meva_core::arithmetic::ArithmeticName;

    /// A model of a small network that nobody trained.
    fn model(changes: &[&str]) -> Model {
        let mut config = Config::preset("ipd").unwrap();
        for change in ["hidden=16", "residual_blocks=1", "quantiles=16"].iter().chain(changes) {
            config.set(change).unwrap();
        }
        Trainer::new(&config).unwrap().model()
    }

    const X: [[f64; 5]; 2] = [[0.3, -1.2, 0.5, 2.0, -0.7], [-0.4, 0.9, -1.5, 0.1, 1.1]];
    const GAMMA: [f64; 2] = [0.9, 0.99];

    fn field(model: &Model) -> [Vec<f64>; 2] {
        model.field([&X[0], &X[1]], GAMMA).unwrap()
    }

    /// The field of the mean is the mean of the fields, and so are value and quantiles.
    #[test]
    fn agents_follow_the_mean() {
        let seeds = ["seed=1", "seed=2", "seed=3"];
        let ensemble = Model::ensemble(seeds.map(|seed| model(&[seed]))).unwrap();
        let mut mean = [[0.0; 5]; 2];
        for seed in seeds {
            let own = field(&model(&[seed]));
            assert_ne!(own, field(&ensemble));
            for (mean, own) in mean.iter_mut().flatten().zip(own.into_iter().flatten()) {
                *mean += own / 3.0;
            }
        }
        for (mean, found) in mean.iter().flatten().zip(field(&ensemble).into_iter().flatten()) {
            assert!((mean - found).abs() < 1e-13, "{mean} {found}");
        }
        let quantiles = ensemble.quantiles([&X[0], &X[1]], GAMMA).unwrap();
        let of_first = seeds.map(|seed| model(&[seed]).quantiles([&X[0], &X[1]], GAMMA).unwrap()[1][0]);
        assert!((quantiles[1][0] - of_first.iter().sum::<f64>() / 3.0).abs() < 1e-13);
        assert_eq!(field(&Model::ensemble([model(&[])]).unwrap()), field(&model(&[])));
    }

    /// In lockstep an ensemble computes what it computes alone, for one player or both.
    #[test]
    fn lockstep_is_the_same() {
        for networks in ["networks=shared", "networks=separate"] {
            let of_seed = |seed| model(&[seed, networks]);
            let ensemble = Model::ensemble(["seed=1", "seed=2"].map(of_seed)).unwrap();
            let network = ensemble.network::<5>().unwrap();
            let (x, gamma) = (X.map(|row| row.map(Wide::from_f64)), GAMMA.map(Wide::from_f64));
            let evaluate = Wide::evaluate(network);
            for players in [Players::Both, Players::Only(Player::One)] {
                let cpu = Cpu::detect()
                    .unwrap()
                    .with_arithmetic(Wide::arithmetic(ArithmeticName::Separate));
                let found = evaluate.gradients(cpu, players)(&x, &gamma);
                for player in players.each() {
                    let alone = network.own_gradient(*player, &X, &GAMMA);
                    for (lanes, number) in found[player.index()].iter().zip(alone) {
                        assert!((lanes.0[63] - number).abs() < 1e-13);
                    }
                }
            }
        }
    }

    #[test]
    fn unlike_models_are_refused() {
        let refused = |changes: &[&str]| {
            Model::ensemble([model(&[]), model(changes)])
                .err()
                .map(|error| error.to_string())
        };
        let says = |changes: &[&str], what: &str| {
            let error = refused(changes).expect("an error");
            assert!(error.contains(what), "{error}");
        };
        says(&["game=chicken"], "different games");
        says(&["hidden=64", "residual_blocks=2", "quantiles=32"], "their shapes");
        says(&["evaluation_field=u"], "in different ways");
        assert_eq!(refused(&["seed=5", "eta=1e-5"]), None);
        assert!(Model::ensemble([]).is_err());
        let image = Model::ensemble([model(&[]), model(&["seed=1"])]).unwrap().image(None);
        assert!(image.is_err_and(|error| error.to_string().contains("one network")));
    }
}
