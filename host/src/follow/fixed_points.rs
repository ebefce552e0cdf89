//! Where agents come to rest: the zeros of their field, found by Newton's method from many starts, with their kinds; and
//! what a learner makes of the stable fixed points of its game.

use meva_core::choice;
use meva_core::jacobian::{Blocks, jacobian};
use meva_core::nalgebra::{Complex, DMatrix, DVector};
use meva_core::{Game, Player};
use serde_json::{Value, json};

use crate::follow::ascent::{Agent, Joint};
use crate::follow::stability::{contraction, spectrum};

/// How agents move near a fixed point, by the real parts of the eigenvalues that are not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All are negative: agents that start nearby come back, if their steps are short enough.
    Stable,
    /// Some are negative, some positive.
    Saddle,
    /// All are positive.
    Unstable,
    /// All are zero, and agents circle; or there are no eigenvalues but zero.
    Centre,
}

choice! { Kind, "kind of fixed point":
    Stable = "stable",
    Saddle = "saddle",
    Unstable = "unstable",
    Centre = "centre",
}

/// Where the field is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedPoint<const N: usize> {
    /// The joint policy.
    pub at: Joint<N>,
    /// The eigenvalues of the field's Jacobian there, in descending order of their real parts.
    pub spectrum: Vec<Complex<f64>>,
    /// How agents move near it.
    pub kind: Kind,
    /// How many directions lead along a line or a surface of fixed points, of which this is one.
    pub neutral: usize,
    /// All that was found of that line or surface, this point first.
    pub members: Vec<Joint<N>>,
}

impl<const N: usize> FixedPoint<N> {
    /// Whether agents with this learning rate come to rest here, or on its line of fixed points.
    pub fn attracts(&self, rate: f64) -> bool {
        let moving: Vec<Complex<f64>> = self
            .spectrum
            .iter()
            .copied()
            .filter(|lambda| !is_zero(*lambda))
            .collect();
        contraction(&moving, rate) < 1.0 && !moving.is_empty()
    }

    /// What a program can read: `at`, `kind`, `eigenvalues` as pairs of real and imaginary part, `neutral_directions`, how many of its
    /// line were `found`, and whether it `attracts_at_rate`.
    pub fn json(&self, rate: f64) -> Value {
        json!({
            "at": rows(&self.at),
            "kind": self.kind.name(),
            "eigenvalues": self.spectrum.iter().map(|lambda| [lambda.re, lambda.im]).collect::<Vec<_>>(),
            "neutral_directions": self.neutral,
            "found": self.members.len(),
            "attracts_at_rate": self.attracts(rate),
        })
    }
}

fn rows<const N: usize>(x: &Joint<N>) -> [&[f64]; 2] {
    x.each_ref().map(|row| &row[..])
}

/// What a learner makes of a stable fixed point of the game.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate<const N: usize> {
    /// It is a stable fixed point of the learner too.
    Kept,
    /// Newton's method leads from it to this stable fixed point of the learner.
    Moved(Joint<N>),
    /// It is neither.
    Lost,
}

impl<const N: usize> Fate<N> {
    /// What a program can read: where the point is `at`, its `fate`, `kept`, `moved` or `lost`, and where `to`.
    pub fn json(&self, of: &FixedPoint<N>) -> Value {
        let (word, to) = match self {
            Fate::Kept => ("kept", None),
            Fate::Moved(to) => ("moved", Some(rows(to))),
            Fate::Lost => ("lost", None),
        };
        json!({ "at": rows(&of.at), "fate": word, "to": to })
    }
}

/// The region in which fixed points are searched, unless told otherwise: the largest coordinate of starts, 8 on the plane and 2 in
/// iterated games.
pub const fn usual_range<const N: usize>() -> f64 {
    if N == 1 { 8.0 } else { 2.0 }
}

/// How far from the origin fixed points may lie if starts lie within `range`: twice as far as agents start. Beyond that, policies of
/// iterated games are certain in all but name.
pub fn limit(range: f64) -> f64 {
    2.0 * range + 4.0
}

/// Eigenvalues and singular values below this, relative to the largest where there is one, are zero: Newton's method leaves
/// points, and so Jacobians, with about 1e-10.
const ZERO: f64 = 1e-7;
/// Steps of Newton's method; it takes about ten.
const STEPS: usize = 100;
/// The longest step: far jumps from where the Jacobian is nearly singular lead out of the region of interest.
const LONGEST: f64 = 2.0;
/// A field is zero where it is this much shorter than it typically is.
const RESIDUAL: f64 = 1e-10;
/// Points closer than this are the same.
const SAME: f64 = 1e-5;

fn is_zero(lambda: Complex<f64>) -> bool {
    libm::hypot(lambda.re, lambda.im) < ZERO
}

/// What two agents follow, as a vector field.
struct Field<'a, const N: usize, G> {
    agents: [Agent<'a, N>; 2],
    game: &'a G,
}

impl<const N: usize, G: Game<N>> Field<'_, N, G> {
    fn at(&self, x: &Joint<N>) -> Joint<N> {
        match self.agents {
            [
                Agent::Formula { name, alpha },
                Agent::Formula {
                    name: other,
                    alpha: and,
                },
            ] if (name, alpha) == (other, and) => name.field(alpha, self.game, x),
            agents => Player::BOTH.map(|player| agents[player.index()].direction(player, self.game, x)),
        }
    }

    /// By dual numbers for formulas; by central differences, whose error is about 1e-9, for networks.
    fn jacobian(&self, x: &Joint<N>) -> Blocks<f64, N> {
        const H: f64 = 1e-5;
        if let [
            Agent::Formula { name, alpha },
            Agent::Formula {
                name: other,
                alpha: and,
            },
        ] = self.agents
            && (name, alpha) == (other, and)
        {
            return jacobian(x, |x| name.field(alpha, self.game, x));
        }
        let mut blocks = jacobian(x, |x| *x);
        for j in 0..2 {
            for n in 0..N {
                let moved = |h: f64| {
                    let mut y = *x;
                    y[j][n] += h;
                    self.at(&y)
                };
                let (above, below) = (moved(H), moved(-H));
                for i in 0..2 {
                    for m in 0..N {
                        blocks[i][j][(m, n)] = (above[i][m] - below[i][m]) / (2.0 * H);
                    }
                }
            }
        }
        blocks
    }

    /// The zero that Newton's method finds from a start, if there is one within `limit`.
    fn zero(&self, start: &Joint<N>, limit: f64, scale: f64) -> Option<Joint<N>> {
        let mut x = *start;
        let mut size = length(&self.at(&x));
        for _ in 0..STEPS {
            if size <= RESIDUAL * scale {
                return Some(x);
            }
            let matrix = whole(&self.jacobian(&x));
            if !matrix.iter().all(|number| number.is_finite()) {
                return None;
            }
            let svd = matrix.svd(true, true);
            let largest = svd.singular_values.max();
            let field = DVector::from_column_slice(self.at(&x).as_flattened());
            // Where fixed points form a line, the shortest step towards it.
            let mut step = svd.solve(&field, ZERO * largest).ok()?;
            let long = step.norm();
            if long > LONGEST {
                step *= LONGEST / long;
            }
            let moved = |share: f64| {
                let mut y = x;
                for (y, step) in y.as_flattened_mut().iter_mut().zip(step.iter()) {
                    *y -= share * step;
                }
                y
            };
            // Halves the step until the field becomes shorter.
            let shares = (0..30).map(|k| libm::ldexp(1.0, -k));
            let (next, shorter) = shares
                .map(|share| (moved(share), length(&self.at(&moved(share)))))
                .find(|(_, shorter)| *shorter < size)?;
            (x, size) = (next, shorter);
            if x.as_flattened().iter().any(|number| number.abs() > limit) {
                return None;
            }
        }
        None
    }

    fn describe(&self, at: Joint<N>) -> Option<FixedPoint<N>> {
        let spectrum = spectrum(&self.jacobian(&at))?;
        let moving = || spectrum.iter().filter(|lambda| !is_zero(**lambda));
        let signs = [
            moving().any(|lambda| lambda.re < -ZERO),
            moving().any(|lambda| lambda.re > ZERO),
        ];
        Some(FixedPoint {
            at,
            kind: match signs {
                [true, false] => Kind::Stable,
                [true, true] => Kind::Saddle,
                [false, true] => Kind::Unstable,
                [false, false] => Kind::Centre,
            },
            neutral: spectrum.iter().filter(|lambda| is_zero(**lambda)).count(),
            members: vec![at],
            spectrum,
        })
    }

    /// Whether two fixed points are the same, or lie on the same flat line or surface of fixed points: they differ only in
    /// directions that the Jacobian maps to 0.
    fn same(&self, known: &FixedPoint<N>, at: &Joint<N>) -> bool {
        let difference = known
            .at
            .as_flattened()
            .iter()
            .zip(at.as_flattened())
            .map(|(a, b)| a - b);
        let difference = DVector::from_iterator(2 * N, difference);
        if known.neutral == 0 {
            return difference.norm() < SAME;
        }
        let svd = whole(&self.jacobian(&known.at)).svd(false, true);
        let largest = svd.singular_values.max();
        let rows = svd
            .v_t
            .iter()
            .flat_map(|v_t| v_t.row_iter())
            .zip(svd.singular_values.iter());
        let across = rows
            .filter(|(_, value)| **value > ZERO * largest)
            .map(|(row, _)| (row * &difference)[0]);
        across.map(|number| number * number).sum::<f64>().sqrt() < SAME
    }
}

fn whole<const N: usize>(blocks: &Blocks<f64, N>) -> DMatrix<f64> {
    DMatrix::from_fn(2 * N, 2 * N, |row, column| {
        blocks[row / N][column / N][(row % N, column % N)]
    })
}

fn length<const N: usize>(x: &Joint<N>) -> f64 {
    x.as_flattened()
        .iter()
        .map(|number| number * number)
        .sum::<f64>()
        .sqrt()
}

/// The median length of a field at the starts, to which zero is relative.
fn typical<const N: usize, G: Game<N>>(field: &Field<N, G>, starts: &[Joint<N>]) -> f64 {
    let mut lengths: Vec<f64> = starts.iter().map(|x| length(&field.at(x))).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.get(lengths.len() / 2).copied().unwrap_or(1.0)
}

/// The fixed points of two agents that Newton's method finds from the starts, with every coordinate within `limit`: stable
/// ones first.
///
/// ```
/// use meva::follow::fixed_points::{Kind, fixed_points};
/// use meva::follow::starts::starts;
/// use meva::follow::Agent;
/// use meva_core::game::PlaneGame;
/// use meva::draws::Start;
///
/// let starts = starts(20, Start::Uniform(8.0), 0);
/// let found = fixed_points([Agent::NAIVE; 2], &PlaneGame::Logistic, &starts, 20.0);
/// let stable: Vec<_> = found.iter().filter(|point| point.kind == Kind::Stable).collect();
/// assert_eq!(stable.len(), 2, "A and B");
/// ```
pub fn fixed_points<const N: usize, G: Game<N>>(
    agents: [Agent<N>; 2],
    game: &G,
    starts: &[Joint<N>],
    limit: f64,
) -> Vec<FixedPoint<N>> {
    let field = Field { agents, game };
    let scale = typical(&field, starts);
    let mut found: Vec<FixedPoint<N>> = Vec::new();
    for start in starts {
        let Some(at) = field.zero(start, limit, scale) else {
            continue;
        };
        match found.iter_mut().find(|known| field.same(known, &at)) {
            Some(known) if known.neutral > 0 => known.members.push(at),
            Some(_) => {}
            None => found.extend(field.describe(at)),
        }
    }
    found.sort_by(|a, b| {
        a.kind.cmp(&b.kind).then(
            a.at.as_flattened()
                .partial_cmp(b.at.as_flattened())
                .unwrap_or(std::cmp::Ordering::Equal),
        )
    });
    found
}

/// What two agents make of a stable fixed point of their game.
pub fn fate<const N: usize, G: Game<N>>(
    agents: [Agent<N>; 2],
    game: &G,
    point: &FixedPoint<N>,
    starts: &[Joint<N>],
    limit: f64,
) -> Fate<N> {
    let field = Field { agents, game };
    let scale = typical(&field, starts);
    let stable = |at: Joint<N>| field.describe(at).filter(|found| found.kind == Kind::Stable);
    // The point is known to within what Newton's method leaves, which the Jacobian magnifies.
    if length(&field.at(&point.at)) <= 1e3 * RESIDUAL * scale.max(1.0) {
        return if stable(point.at).is_some() {
            Fate::Kept
        } else {
            Fate::Lost
        };
    }
    let moved = field.zero(&point.at, limit, scale);
    moved.and_then(stable).map_or(Fate::Lost, |found| Fate::Moved(found.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Start;
    use crate::follow::learner::Learner;
    use crate::follow::starts::starts;
    use meva_core::game::{IteratedMatrix, PlaneGame};

    fn both(words: &str, alpha: f64) -> [Agent<'static, 1>; 2] {
        Agent::both(words.parse::<Learner>().unwrap().with(alpha), None).unwrap()
    }

    /// The fixed points of the Tandem game at alpha = 0.1, by their sum.
    #[test]
    fn tandem_rests_on_lines() {
        let starts = starts(12, Start::Uniform(4.0), 0);
        for (learner, sum) in [
            ("naive", 1.0),
            ("lookahead", 1.0),
            ("sos", 1.0),
            ("lola", 1.3125),
            ("lola-taylor", 4.0 / 3.0),
            ("hola2", 1.122_464),
            ("hola3", 1.189_555),
        ] {
            let found = fixed_points(both(learner, 0.1), &PlaneGame::Tandem, &starts, 50.0);
            let [point] = &found[..] else {
                panic!("{learner}: {found:?}")
            };
            let [[a], [b]] = point.at;
            assert!((a + b - sum).abs() < 1e-6, "{learner} at {}", a + b);
            assert_eq!((point.kind, point.neutral), (Kind::Stable, 1), "{learner}");
            assert_eq!(point.members.len(), 12, "{learner}");
            assert!(point.attracts(0.1) && !point.attracts(10.0));
        }
    }

    #[test]
    fn sos_keeps_what_lola_moves() {
        let starts = starts(12, Start::Uniform(4.0), 0);
        let game = PlaneGame::Tandem;
        let naive = &fixed_points([Agent::NAIVE; 2], &game, &starts, 50.0)[0];
        let fate = |learner| fate(both(learner, 0.1), &game, naive, &starts, 50.0);
        assert_eq!(fate("sos"), Fate::Kept);
        assert!(matches!(fate("lola"), Fate::Moved([[a], [b]]) if (a + b - 1.3125).abs() < 1e-6));
    }

    /// Naive learners circle the only fixed point of the bilinear game, which the comparators make stable.
    #[test]
    fn the_bilinear_game_has_a_centre() {
        let starts = starts(4, Start::Uniform(4.0), 0);
        let kind = |learner| {
            let found = fixed_points(both(learner, 0.5), &PlaneGame::Bilinear, &starts, 50.0);
            assert_eq!(found.len(), 1, "{learner}");
            found[0].kind
        };
        assert_eq!(
            ["naive", "cgd", "sga", "consensus"].map(kind),
            [Kind::Centre, Kind::Stable, Kind::Stable, Kind::Stable]
        );
    }

    /// In iterated matching pennies both players at one half everywhere are at rest.
    #[test]
    fn policies_of_five_parameters_have_fixed_points() {
        let game = IteratedMatrix::MATCHING_PENNIES;
        let found = fixed_points([Agent::<5>::NAIVE; 2], &game, &[[[0.05; 5]; 2], [[-0.05; 5]; 2]], 5.0);
        assert!(!found.is_empty());
        for point in &found {
            assert!(length(&game.own_gradients(&point.at)) < 1e-9, "{point:?}");
        }
    }
}
