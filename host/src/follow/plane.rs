//! The plane of joint policies of a game with one parameter per policy: grids, basins and trajectories.

use meva_core::Game;
use meva_core::game::PlaneGame;

use crate::cpu::Cpu;
use crate::cpu::estimate::Playable;
use crate::follow::ascent::{Agent, Ascent, Joint, Precision};
use crate::model::Model;

/// How agents move on the plane in the paper's Figure 2: with a model, at its own learning rate and in `f32`; without
/// one, at rate 1 and in `f64`.
pub fn ascent(model: Option<&Model>, steps: usize) -> Ascent {
    match model {
        Some(model) => Ascent {
            rate: model.config().alpha,
            steps,
            precision: Precision::F32,
        },
        None => Ascent {
            rate: 1.0,
            steps,
            precision: Precision::F64,
        },
    }
}

/// A square grid over `[-range, range]^2`, including both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Points along each side, at least 2.
    pub side: usize,
    /// The largest coordinate.
    pub range: f64,
}

impl Grid {
    /// The grid on which the published basins are counted.
    pub const PUBLISHED: Grid = Grid { side: 29, range: 10.0 };

    /// Coordinate `index` on either axis; exactly the negative of the coordinate at the mirrored index.
    pub fn coordinate(&self, index: usize) -> f64 {
        let last = (self.side - 1) as f64;
        (index as f64 - last / 2.0) * (2.0 * self.range / last)
    }

    /// All points; the second coordinate varies fastest.
    pub fn points(&self) -> Vec<Joint<1>> {
        (0..self.side * self.side)
            .map(|cell| [[self.coordinate(cell / self.side)], [self.coordinate(cell % self.side)]])
            .collect()
    }
}

/// Where the points of a grid lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basin {
    /// Whether each point leads to the positive quadrant, which contains B.
    pub cells: Vec<bool>,
    /// How many points lead out of the numbers: to infinity or NaN.
    pub diverged: usize,
}

impl Basin {
    /// How many points lead to B.
    pub fn count(&self) -> usize {
        self.cells.iter().filter(|cell| **cell).count()
    }
}

/// Where each point of a grid leads.
///
/// ```
/// use meva::cpu::Cpu;
/// use meva::follow::{Agent, Learner, plane};
/// use meva_core::game::PlaneGame;
///
/// let grid = plane::Grid { side: 5, range: 10.0 };
/// let lola = Agent::both("lola".parse::<Learner>()?.with(10.0), None)?;
/// let basin = plane::basin(lola, &PlaneGame::Logistic, Cpu::detect()?, grid, plane::ascent(None, 200));
/// assert!(!basin.cells[0] && basin.cells[24], "(-10, -10) leads to A, (10, 10) to B");
/// assert_eq!(basin.diverged, 0);
/// # Ok::<(), meva::error::Error>(())
/// ```
pub fn basin<G: Playable<1>>(agents: [Agent<1>; 2], game: &G, cpu: Cpu, grid: Grid, ascent: Ascent) -> Basin {
    let ends = ascent.ends(agents, game, cpu, &grid.points());
    let is_lost = |[[a], [b]]: &&Joint<1>| !(a.is_finite() && b.is_finite());
    Basin {
        cells: ends
            .iter()
            .map(|end| !is_lost(&end) && end[0][0] > 0.0 && end[1][0] > 0.0)
            .collect(),
        diverged: ends.iter().filter(is_lost).count(),
    }
}

/// The path from each start over the plane: `steps + 1` points.
pub fn trajectories<G: Playable<1>>(
    agents: [Agent<1>; 2],
    game: &G,
    cpu: Cpu,
    starts: &[Joint<1>],
    ascent: Ascent,
) -> Vec<Vec<[f64; 2]>> {
    let points = |path: &Vec<Joint<1>>| path.iter().map(|[[a], [b]]| [*a, *b]).collect();
    ascent.paths(agents, game, cpu, starts).iter().map(points).collect()
}

/// The stable fixed points A and B of the Logistic Game: the limits of naive learning from (-5, -5) and (5, 5).
pub fn stable_fixed_points(cpu: Cpu) -> [[f64; 2]; 2] {
    let starts = [[[-5.0], [-5.0]], [[5.0], [5.0]]];
    let ends = ascent(None, 5000).ends([Agent::NAIVE; 2], &PlaneGame::Logistic, cpu, &starts);
    [0, 1].map(|k| [ends[k][0][0], ends[k][1][0]])
}

/// Player `player`'s return at every point of a grid.
pub fn returns<G: Game<1>>(game: &G, grid: Grid, player: usize) -> Vec<f64> {
    grid.points().iter().map(|x| game.value(x)[player]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_includes_its_ends_and_the_middle() {
        let points = Grid::PUBLISHED.points();
        assert_eq!(points.len(), 841);
        assert_eq!((points[0], points[840]), ([[-10.0], [-10.0]], [[10.0], [10.0]]));
        assert_eq!(points[420], [[0.0], [0.0]]);
        assert_eq!(points[1], [[-10.0], [-260.0 / 28.0]]);
    }

    #[test]
    fn a_and_b_lie_in_opposite_corners_and_b_pays_more() {
        let [a, b] = stable_fixed_points(Cpu::detect().unwrap());
        assert!(a[0] < -2.0 && (a[0] - a[1]).abs() < 1e-9, "{a:?}");
        assert!(b[0] > 2.0 && (b[0] - b[1]).abs() < 1e-9, "{b:?}");
        let value = |at: [f64; 2]| PlaneGame::Logistic.value(&[[at[0]], [at[1]]]);
        assert!((0..2).all(|i| value(b)[i] > value(a)[i] + 1.0));
    }
}
