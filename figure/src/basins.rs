//! Basins of attraction: white where a start ends in B, black elsewhere.
//!
//! The black cells are one path, and so are the white ones: cells of the same colour share edges within one path, where
//! no renderer leaves a hairline between them. Equal neighbouring cells in a column are merged into one rectangle.

use super::colour;
use super::frame::Frame;
use super::svg::{Path, Rect, Svg};

pub(super) fn draw(svg: &mut Svg, frame: &Frame, side: usize, cells: &[bool]) {
    let page = Rect {
        left: 0.0,
        top: 0.0,
        width: frame.size[0],
        height: frame.size[1],
    };
    svg.rect(&page, &format!("fill=\"{}\"", colour::MISSING));
    let mut paths = [Path::default(), Path::default()];
    for (i, column) in cells.chunks(side.max(1)).take(side).enumerate() {
        let mut j = 0;
        for run in column.chunk_by(|a, b| a == b) {
            let from = frame.unit([i as f64 / side as f64, (j + run.len()) as f64 / side as f64]);
            let to = frame.unit([(i + 1) as f64 / side as f64, j as f64 / side as f64]);
            let rect = Rect {
                left: from[0],
                top: from[1],
                width: to[0] - from[0],
                height: to[1] - from[1],
            };
            paths[usize::from(run[0])].rect(&rect);
            j += run.len();
        }
    }
    let [other, b] = paths;
    svg.path(&b, &format!("fill=\"{}\"", colour::BASIN_B));
    svg.path(&other, &format!("fill=\"{}\"", colour::BASIN_OTHER));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    fn drawn(side: usize, cells: &[bool]) -> String {
        let axis = Axis::new("", -1.0, 1.0);
        let mut svg = Svg::default();
        draw(
            &mut svg,
            &Frame {
                size: [40.0, 40.0],
                x: &axis,
                y: &axis,
            },
            side,
            cells,
        );
        svg.finish(40.0, 40.0)
    }

    #[test]
    fn the_first_index_is_horizontal_and_the_second_upwards() {
        // Only (i, j) = (0, 1) is black: upper left.
        let svg = drawn(2, &[true, false, true, true]);
        assert!(svg.contains(r##"d="M0 0L20 0L20 20L0 20Z" fill="#000000""##), "{svg}");
        assert!(
            svg.contains(r##"d="M0 20L20 20L20 40L0 40ZM20 0L40 0L40 40L20 40Z" fill="#ffffff""##),
            "{svg}"
        );
    }

    #[test]
    fn cells_that_are_missing_or_too_many_draw_nothing() {
        assert!(!drawn(0, &[true]).contains("<path"));
        assert_eq!(drawn(2, &[false]).matches('Z').count(), 1);
        assert_eq!(drawn(1, &[true, false, false]), drawn(1, &[true]));
    }
}
