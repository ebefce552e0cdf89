//! Games with their derivatives, and the learners that follow them.

use meva_core::game::rollouts::Episode;
use meva_core::game::{Estimator, Game, IteratedMatrix, Logistic, Rollouts, Tandem};
use meva_core::learner::{Hola, Learner, Lola, LolaTaylor, LookAhead, Naive};
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Scalar};

use crate::bits::{Bits, Fnv, draw_rows, inputs};
use crate::{Report, Wide};

const POINTS: usize = 3;

/// Every game and every learner on one scalar.
pub fn run<S: Bits>(report: &mut Report) {
    macro_rules! games {
        ($($name:literal $game:expr;)+) => {$(
            value_and_derivatives::<S, _, _>($game, [
                concat!("game::", $name, "::value"),
                concat!("game::", $name, "::gradient"),
                concat!("game::", $name, "::own_gradients"),
                concat!("game::", $name, "::hvp"),
            ], report);
        )+};
    }
    games! {
        "logistic" Logistic;
        "tandem" Tandem;
        "prisoners_dilemma" IteratedMatrix::PRISONERS_DILEMMA;
        "matching_pennies" IteratedMatrix::MATCHING_PENNIES;
        "chicken" IteratedMatrix::CHICKEN;
    }
    macro_rules! learners {
        ($($name:literal $learner:expr;)+) => {$(
            field::<S, _, _, _>(&$learner, &Logistic, concat!("learner::", $name, " logistic"), report);
            field::<S, _, _, _>(&$learner, &Tandem, concat!("learner::", $name, " tandem"), report);
            field::<S, _, _, _>(
                &$learner,
                &IteratedMatrix::PRISONERS_DILEMMA,
                concat!("learner::", $name, " prisoners_dilemma"),
                report,
            );
        )+};
    }
    learners! {
        "naive" Naive;
        "lookahead" LookAhead { alpha: 0.7 };
        "lola" Lola::new(0.7);
        "lola_taylor" LolaTaylor { alpha: 0.7 };
        "hola2" Hola { alpha: 0.7, opponent: Lola::new(0.7) };
        "hola3" Hola { alpha: 0.7, opponent: Hola { alpha: 0.7, opponent: Lola::new(0.7) } };
    }
}

fn points<S: Bits, const N: usize>() -> impl Iterator<Item = [[S; N]; 2]> {
    let mut stream: Stream = inputs(3);
    (0..POINTS).map(move |_| draw_rows(&mut stream, -3.0, 3.0))
}

fn value_and_derivatives<S: Bits, G: Game<N>, const N: usize>(
    game: G,
    [value, gradient, own_gradients, hvp]: [&'static str; 4],
    report: &mut Report,
) {
    let mut digests = [Fnv::EMPTY; 4];
    for x in points::<S, N>() {
        let direction = x.map(|row| row.map(|number| S::ONE - number * number));
        digests[0].take_all(&game.value(&x));
        digests[2].take_all(game.own_gradients(&x).as_flattened());
        for player in Player::BOTH {
            digests[1].take_all(game.gradient(player, &x).as_flattened());
            digests[3].take_all(game.hvp(player, &x, &direction).as_flattened());
        }
    }
    for (name, digest) in [value, gradient, own_gradients, hvp].into_iter().zip(digests) {
        report(name, S::NAME, digest.finish());
    }
}

fn field<S: Bits, G: Game<N>, L: Learner<S, N>, const N: usize>(
    learner: &L,
    game: &G,
    name: &'static str,
    report: &mut Report,
) {
    let mut fnv = Fnv::EMPTY;
    for x in points::<S, N>() {
        fnv.take_all(learner.field(game, &x).as_flattened());
    }
    report(name, S::NAME, fnv.finish());
}

/// Estimates of an iterated game from sampled episodes: from several, and from a single one, which has no baseline.
pub fn rollouts<S: Bits + Scalar<Lane = <S as Scalar>::Real>>(report: &mut Report) {
    for (name, count) in [("game::rollouts::estimate", 4), ("game::rollouts::estimate alone", 1)] {
        let (mut fnv, mut streams, mut episodes) = (Fnv::EMPTY, streams(), [Episode::START; 4]);
        let mut rollouts = Rollouts {
            game: &IteratedMatrix::CHICKEN,
            length: 12,
            episodes: &mut episodes[..count],
            streams: &mut streams,
        };
        for x in points::<S, 5>() {
            let (value, own_gradients) = rollouts.estimate(&x);
            fnv.take_all(&value);
            fnv.take_all(own_gradients.as_flattened());
            fnv.take_all(&rollouts.estimate_value(&x));
        }
        report(name, S::NAME, fnv.finish());
    }
}

/// A stream of actions for each lane.
pub(crate) fn streams() -> [Stream; Wide::LANES] {
    core::array::from_fn(|lane| Stream::new(0, Purpose::Rollouts, lane as u64))
}
