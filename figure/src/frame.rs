//! From data to a panel's own coordinates: origin at the frame's top left, y down.

use super::axis::Axis;

/// Points further from the frame than this many SVG units are treated as infinite: a renderer's single-precision
/// coordinates could not represent them.
const FAR: f64 = 1e6;

/// A panel's frame and axes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub size: [f64; 2],
    pub x: &'a Axis,
    pub y: &'a Axis,
}

impl Frame<'_> {
    /// The position of a data point. `None` if it is not finite or too far away to draw.
    pub fn place(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let left = self.x.fraction(x)? * self.size[0];
        let top = (1.0 - self.y.fraction(y)?) * self.size[1];
        Some([left, top]).filter(|place| place.iter().all(|v| v.abs() <= FAR))
    }

    /// The position of a point in the unit square, with y up.
    pub fn unit(&self, [s, t]: [f64; 2]) -> [f64; 2] {
        [s * self.size[0], (1.0 - t) * self.size[1]]
    }

    /// The positions of a curve, broken where a point has none.
    pub fn runs(&self, points: impl IntoIterator<Item = [f64; 2]>) -> Vec<Vec<[f64; 2]>> {
        let mut runs = vec![Vec::new()];
        for point in points {
            match (self.place(point), runs.last_mut()) {
                (Some(place), Some(run)) => run.push(place),
                _ => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_placed_with_y_up_and_curves_break_where_not_finite() {
        let (x, y) = (Axis::new("", 0.0, 10.0), Axis::new("", 0.0, 1.0));
        let frame = Frame {
            size: [100.0, 50.0],
            x: &x,
            y: &y,
        };
        assert_eq!(frame.place([0.0, 0.0]), Some([0.0, 50.0]));
        assert_eq!(frame.place([10.0, 1.0]), Some([100.0, 0.0]));
        assert_eq!(frame.unit([0.5, 1.0]), [50.0, 0.0]);
        assert_eq!(frame.place([f64::INFINITY, 0.0]), None);
        assert_eq!(frame.place([1e9, 0.0]), None);

        let curve = [
            [f64::NAN, 0.0],
            [0.0, 0.0],
            [1.0, 0.0],
            [1.0, f64::NEG_INFINITY],
            [2.0, 0.0],
        ];
        assert_eq!(frame.runs(curve), [vec![[0.0, 50.0], [10.0, 50.0]], vec![[20.0, 50.0]]]);
        assert!(frame.runs([]).is_empty());
    }
}
