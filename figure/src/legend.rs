//! The legend to the right of a figure: a colour scale for contours, names for everything else.

use super::colour;
use super::contours::Scale;
use super::field::Kind;
use super::svg::{Anchor, Path, Rect, Svg};
use super::text;
use super::text::Style;
use super::trajectories::End;
use super::{Content, Figure, Look, Panel, lines};

const STYLE: Style = Style::regular(8.0);
/// Width of the colour scale, and of the sample before a name.
const SAMPLE: f64 = 12.0;
const GAP: f64 = 5.0;
/// Gap between the colour scale and the names.
const COLUMN_GAP: f64 = 12.0;
const LINE_HEIGHT: f64 = 13.0;

/// How a name is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sample {
    Cell(&'static str),
    Line(&'static str),
    /// In whatever colour a line has.
    Band,
    /// A fixed point of a field.
    Point(Kind),
    Ring,
}

/// What the legend has to explain for the panels of a figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Legend {
    scale: Option<Scale>,
    names: Vec<(String, Sample)>,
}

impl Legend {
    /// `scale` is the scale of the figure's contours.
    pub fn of(figure: &Figure, scale: &Scale) -> Self {
        let mut legend = Self::default();
        let panels = || figure.rows.iter().flat_map(|row| &row.panels);
        for panel in panels() {
            match &panel.content {
                Content::Contours { .. } => legend.scale = Some(scale.clone()),
                Content::Basins { .. } => {
                    legend.add("ends in B", Sample::Cell(colour::BASIN_B));
                    legend.add("ends elsewhere", Sample::Cell(colour::BASIN_OTHER));
                }
                Content::Trajectories { .. } | Content::Field { .. } | Content::Heat { .. } => {}
                Content::Lines { series, .. } => {
                    let lines = series.iter().filter(|series| series.look == Look::Line);
                    lines.for_each(|line| legend.add(&line.name, Sample::Line(colour::series(line.colour))));
                }
            }
        }
        // In a fixed order, whichever panel shows an end first.
        ends(figure)
            .iter()
            .for_each(|end| legend.add(end.name(), Sample::Line(end.colour())));
        for kind in Kind::ALL {
            let is_shown = |panel: &Panel| matches!(&panel.content, Content::Field { points, .. } if points.iter().any(|(_, own)| *own == kind));
            if panels().any(is_shown) {
                legend.add(kind.name(), Sample::Point(kind));
            }
        }
        // What applies to all lines is placed below them.
        for panel in panels() {
            if let Content::Lines { series, band } = &panel.content {
                legend.add(band, Sample::Band);
                let rings = series.iter().filter(|series| series.look == Look::Rings);
                rings.for_each(|ring| legend.add(&ring.name, Sample::Ring));
            }
        }
        legend.scale = legend.scale.filter(|scale| !scale.levels.is_empty());
        legend
    }

    fn add(&mut self, name: &str, sample: Sample) {
        let entry = (name.trim().to_string(), sample);
        if !entry.0.is_empty() && !self.names.contains(&entry) {
            self.names.push(entry);
        }
    }

    pub fn width(&self) -> f64 {
        let scale = self.scale.as_ref().map_or(0.0, scale_width);
        let gap = if self.scale.is_some() && !self.names.is_empty() {
            COLUMN_GAP
        } else {
            0.0
        };
        scale + gap + self.names_width()
    }

    fn names_width(&self) -> f64 {
        if self.names.is_empty() {
            0.0
        } else {
            SAMPLE + GAP + widest(self.names.iter().map(|(name, _)| name))
        }
    }

    /// Height if there are only names.
    pub fn height(&self) -> f64 {
        self.names.len() as f64 * LINE_HEIGHT
    }

    /// `height` is the height of the colour scale.
    pub fn draw(&self, svg: &mut Svg, left: f64, top: f64, height: f64) {
        let mut left = left;
        if let Some(scale) = &self.scale {
            draw_scale(
                svg,
                scale,
                &Rect {
                    left,
                    top,
                    width: SAMPLE,
                    height,
                },
            );
            left += scale_width(scale) + COLUMN_GAP;
        }
        for (k, (name, sample)) in self.names.iter().enumerate() {
            let middle = top + (k as f64 + 0.5) * LINE_HEIGHT;
            sample.draw(svg, left, middle);
            let baseline = middle + 0.5 * text::CAPITAL * STYLE.size;
            write(svg, name, [left + SAMPLE + GAP, baseline]);
        }
    }
}

fn write(svg: &mut Svg, words: &str, at: [f64; 2]) {
    svg.text(
        words,
        STYLE,
        Anchor::Start,
        at,
        0.0,
        &format!("fill=\"{}\"", colour::INK),
    );
}

fn widest<'a>(words: impl Iterator<Item = &'a String>) -> f64 {
    words.map(|name| text::width(name, STYLE)).fold(0.0, f64::max)
}

fn scale_width(scale: &Scale) -> f64 {
    SAMPLE + GAP + widest(scale.levels.iter().map(|(_, label)| label))
}

impl Sample {
    fn draw(self, svg: &mut Svg, left: f64, middle: f64) {
        match self {
            Self::Cell(colour) => {
                let cell = Rect {
                    left: left + 2.0,
                    top: middle - 4.0,
                    width: 8.0,
                    height: 8.0,
                };
                svg.rect(
                    &cell,
                    &format!("fill=\"{colour}\" stroke=\"{}\" stroke-width=\"0.7\"", colour::FRAME),
                );
            }
            Self::Line(colour) => {
                let mut path = Path::default();
                path.polyline(&[[left, middle], [left + SAMPLE, middle]]);
                svg.path(
                    &path,
                    &format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\""),
                );
                svg.circle([left + SAMPLE / 2.0, middle], 1.8, &format!("fill=\"{colour}\""));
            }
            Self::Band => {
                let band = Rect {
                    left,
                    top: middle - 4.0,
                    width: SAMPLE,
                    height: 8.0,
                };
                svg.rect(&band, &format!("fill=\"{}\" fill-opacity=\"0.2\"", colour::INK));
            }
            Self::Point(kind) => kind.draw(svg, [left + SAMPLE / 2.0, middle]),
            Self::Ring => lines::ring(svg, [left + SAMPLE / 2.0, middle], colour::INK),
        }
    }
}

/// One field for each band, with each level next to the border between its two bands. Labels that would touch are left out.
fn draw_scale(svg: &mut Svg, scale: &Scale, bar: &Rect) {
    let bands = scale.levels.len() + 1;
    let step = bar.height / bands as f64;
    for below in 0..bands {
        // Each field extends to the top, underneath the following ones, to avoid hairlines.
        let height = bar.height - step * below as f64;
        svg.rect(&Rect { height, ..*bar }, &format!("fill=\"{}\"", scale.colour(below)));
    }
    svg.rect(
        bar,
        &format!("fill=\"none\" stroke=\"{}\" stroke-width=\"0.7\"", colour::FRAME),
    );
    let every = (STYLE.line_height() / step).ceil().max(1.0) as usize;
    for (k, (_, label)) in scale.levels.iter().enumerate().step_by(every) {
        let middle = bar.bottom() - step * (k + 1) as f64;
        write(
            svg,
            label,
            [bar.right() + GAP, middle + 0.5 * text::CAPITAL * STYLE.size],
        );
    }
}

/// The kinds of end that occur among the trajectories of a figure, in a fixed order.
fn ends(figure: &Figure) -> Vec<End> {
    let mut ends: Vec<End> = (figure.rows.iter().flat_map(|row| &row.panels))
        .filter_map(|panel| {
            if let Content::Trajectories { paths } = &panel.content {
                Some(paths)
            } else {
                None
            }
        })
        .flat_map(|paths| paths.iter().filter_map(|path| End::of(path)))
        .collect();
    ends.sort();
    ends.dedup();
    ends
}

/// The scale of all contours of a figure.
pub(super) fn scale(figure: &Figure) -> Scale {
    let panels = figure.rows.iter().flat_map(|row| &row.panels);
    Scale::of(panels.flat_map(|panel| {
        match &panel.content {
            Content::Contours { values, .. } => values.as_slice(),
            _ => &[],
        }
        .iter()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Row, Series};

    fn lines(series: Vec<Series>, band: &str) -> Content {
        let band = band.into();
        Content::Lines { series, band }
    }

    fn figure(content: Vec<Content>) -> Figure {
        let axis = Axis::new("", 0.0, 1.0);
        let panel = |content| Panel {
            title: String::new(),
            x: axis.clone(),
            y: axis.clone(),
            content,
            marks: Vec::new(),
        };
        let row = |content| Row {
            label: String::new(),
            panels: vec![panel(content)],
        };
        Figure {
            rows: content.into_iter().map(row).collect(),
            ..Figure::default()
        }
    }

    fn legend(content: Vec<Content>) -> Legend {
        let figure = figure(content);
        Legend::of(&figure, &scale(&figure))
    }

    fn series(name: &str) -> Series {
        Series {
            name: name.into(),
            points: Vec::new(),
            colour: 0,
            look: Look::Line,
        }
    }

    fn names(legend: &Legend) -> Vec<&str> {
        legend.names.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_name_is_listed_once_and_an_empty_one_never() {
        let named = |names: &[&str]| lines(names.iter().map(|name| series(name)).collect(), "");
        assert_eq!(names(&legend(vec![named(&["a", "b", " "]), named(&["b"])])), ["a", "b"]);
        assert_eq!(legend(vec![]), Legend::default());
    }

    #[test]
    fn bands_and_rings_are_explained_once_below_the_lines() {
        let rings = |colour| Series {
            look: Look::Rings,
            colour,
            ..series("published")
        };
        let first = lines(vec![rings(0), series("a"), rings(1)], "range");
        let both = legend(vec![first, lines(vec![series("b")], "range")]);
        assert_eq!(names(&both), ["a", "b", "range", "published"]);
    }

    #[test]
    fn only_ends_that_occur_are_named_in_a_fixed_order() {
        let ending_at = |end| Content::Trajectories {
            paths: vec![vec![end], vec![]],
        };
        let [a, b] = [[-1.0, -1.0], [1.0, 1.0]].map(ending_at);
        assert_eq!(names(&legend(vec![b, a])), ["ends in A", "ends in B"]);
    }

    #[test]
    fn all_contours_of_a_figure_share_one_scale() {
        let contours = |value| Content::Contours {
            side: 1,
            values: vec![value],
        };
        let figure = figure(vec![contours(0.0), contours(1.0)]);
        assert_eq!(scale(&figure), Scale::of([0.0, 1.0].iter()));
    }
}
