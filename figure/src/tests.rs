use resvg::tiny_skia::Pixmap;

use super::*;

fn lines(series: Vec<Series>) -> Content {
    let band = "range of 2 seeds".into();
    Content::Lines { series, band }
}

fn plane(title: &str, content: Content) -> Panel {
    Panel {
        title: title.into(),
        x: Axis::new("x_1", -10.0, 10.0),
        y: Axis::new("x_2", -10.0, 10.0),
        content,
        marks: vec![Mark {
            at: [7.0, 7.0],
            label: "B".into(),
        }],
    }
}

fn basins(title: &str) -> Panel {
    plane(
        title,
        Content::Basins {
            side: 3,
            cells: vec![true, false, true, false, true, false, true, true, false],
        },
    )
}

fn one_of_each() -> Vec<Panel> {
    let point = |x, mean| Point {
        x,
        mean,
        low: mean - 1.0,
        high: mean + 1.0,
    };
    let series = vec![Series {
        name: "player 1".into(),
        points: vec![point(-5.0, 0.0), point(5.0, 1.0)],
        colour: 0,
        look: Look::Line,
    }];
    vec![
        basins("basins"),
        plane(
            "trajectories",
            Content::Trajectories {
                paths: vec![vec![[-9.0, 9.0], [5.0, 5.0]]],
            },
        ),
        plane(
            "contours",
            Content::Contours {
                side: 3,
                values: vec![0.0, 1.0, 2.0, 1.0, 2.0, 3.0, 2.0, 3.0, 4.0],
            },
        ),
        plane("lines", lines(series)),
    ]
}

fn figure(rows: Vec<Vec<Panel>>) -> Figure {
    let rows = rows.into_iter().map(|panels| Row {
        label: "row".into(),
        panels,
    });
    Figure {
        rows: rows.collect(),
        ..Figure::default()
    }
}

/// The figure's image, and that the SVG is one a renderer accepts.
fn image(figure: &Figure) -> Pixmap {
    Pixmap::decode_png(&figure.png(1.0).expect("a figure can be drawn")).expect("a PNG")
}

fn count(figure: &Figure, words: &str) -> usize {
    figure.svg().matches(&format!("aria-label=\"{words}\"")).count()
}

#[test]
fn each_content_draws_ink_and_the_same_bytes_twice() {
    let all = figure(vec![one_of_each(), one_of_each()]);
    assert_eq!(all.svg(), all.svg());
    assert_eq!(all.png(1.5).expect("an image"), all.png(1.5).expect("an image"));
    for panel in one_of_each() {
        let pixmap = image(&figure(vec![vec![panel.clone()]]));
        let ink = pixmap
            .pixels()
            .iter()
            .filter(|p| p.red() < 250 || p.green() < 250 || p.blue() < 250)
            .count();
        assert!(ink > 800, "{}: {ink}", panel.title);
    }
}

#[test]
fn text_is_drawn_without_any_font_of_the_system() {
    let with = image(&figure(vec![vec![basins("WWWWWWWW")]]));
    let without = image(&figure(vec![vec![basins("        W")]]));
    let ink = |pixmap: &Pixmap| pixmap.pixels().iter().filter(|p| p.red() < 128).count();
    assert!(ink(&with) > ink(&without) + 100);
}

#[test]
fn basins_are_black_and_white_where_they_should_be() {
    // Only the lower left is black.
    let panel = Panel {
        marks: vec![],
        ..plane(
            "",
            Content::Basins {
                side: 2,
                cells: vec![false, true, true, true],
            },
        )
    };
    let mut single = figure(vec![vec![panel]]);
    single.panel_size = [100.0, 100.0];
    let pixmap = image(&single);
    let black = |p: &&resvg::tiny_skia::PremultipliedColorU8| p.red() == 0 && p.green() == 0 && p.blue() == 0;
    let count = pixmap.pixels().iter().filter(black).count();
    // A quarter of the frame, minus the half-covered pixels of its rim; and the sample in the legend.
    assert!((2350..=2600).contains(&count), "{count}");
}

#[test]
fn only_outer_panels_say_their_axes() {
    let full = figure(vec![vec![basins("a"), basins("b")], vec![basins("c"), basins("d")]]);
    assert_eq!((count(&full, "x_1"), count(&full, "x_2")), (2, 2));
    // There is nothing below "b" any more.
    let ragged = figure(vec![vec![basins("a"), basins("b")], vec![basins("c")], vec![]]);
    assert_eq!((count(&ragged, "x_1"), count(&ragged, "x_2")), (2, 2));
    let mut other = full;
    other.rows[0].panels[1].y.range = [-20.0, 20.0];
    assert_eq!(count(&other, "x_2"), 3);
}

#[test]
fn the_legend_stands_once_beside_all_rows() {
    let two = figure(vec![vec![basins("a")], vec![basins("b")]]);
    assert_eq!(count(&two, "ends in B"), 1);
    let mixed = figure(vec![vec![basins("a")], one_of_each()]);
    assert_eq!((count(&mixed, "ends elsewhere"), count(&mixed, "player 1")), (1, 1));
}

#[test]
fn the_document_stands_alone() {
    let svg = figure(vec![one_of_each()]).svg();
    assert!(svg.contains(" viewBox=\"0 0 "));
    // No font, no script, and no id that another figure on the same page could have.
    for outside in ["<text", "font", "<script", "href", "url(", "id=", "<style"] {
        assert!(!svg.contains(outside), "{outside}");
    }
}

#[test]
fn words_are_escaped_everywhere() {
    let nasty = "<&\"'\u{1}>";
    let mut panels = one_of_each();
    for panel in &mut panels {
        panel.title = nasty.into();
        panel.x = Axis::categories(nasty, &[nasty]);
        panel.marks = vec![Mark {
            at: [0.0, 0.0],
            label: nasty.into(),
        }];
        if let Content::Lines { series, band } = &mut panel.content {
            series[0].name = nasty.into();
            *band = nasty.into();
        }
    }
    let figure = Figure {
        rows: vec![Row {
            label: nasty.into(),
            panels,
        }],
        ..Figure::default()
    };
    assert!(!figure.svg().contains(nasty) && !figure.svg().contains('\u{1}'));
    assert!(count(&figure, "&lt;&amp;&quot;&#39; &gt;") > 5);
    image(&figure);
}

#[test]
fn odd_figures_are_drawn_all_the_same() {
    image(&Figure::default());
    image(&figure(vec![vec![], vec![]]));
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 0.0];
    for low in odd {
        for high in odd {
            let point = Point {
                x: low,
                mean: high,
                low,
                high,
            };
            let contents = [
                Content::Basins {
                    side: 1,
                    cells: vec![true],
                },
                Content::Basins { side: 7, cells: vec![] },
                Content::Trajectories {
                    paths: vec![vec![[low, high], [high, low], [0.5, 0.5]], vec![]],
                },
                Content::Contours {
                    side: 2,
                    values: vec![low, high, 0.0, 1.0],
                },
                Content::Contours {
                    side: 1,
                    values: vec![low],
                },
                lines(
                    [Look::Line, Look::Rings]
                        .map(|look| Series {
                            name: "s".into(),
                            points: vec![point; 2],
                            colour: 99,
                            look,
                        })
                        .into(),
                ),
                lines(vec![]),
            ];
            for content in contents {
                let axes = [Axis::new("", low, high), Axis::new("", 0.0, 1.0)];
                let mark = Mark {
                    at: [low, high],
                    label: "m".into(),
                };
                for axis in axes {
                    let panel = Panel {
                        title: String::new(),
                        x: axis.clone(),
                        y: axis,
                        content: content.clone(),
                        marks: vec![mark.clone()],
                    };
                    let figure = Figure {
                        panel_size: [40.0, 40.0],
                        ..figure(vec![vec![panel]])
                    };
                    assert!(
                        !figure.svg().contains("NaN") && !figure.svg().contains("inf"),
                        "{low} {high} {content:?}"
                    );
                    image(&figure);
                }
            }
        }
    }
}

#[test]
fn a_long_title_keeps_within_its_panel() {
    let long = "learning with opponent learning awareness and a very long name indeed ".repeat(4);
    let short = image(&figure(vec![vec![basins("short"), basins("short")]]));
    let wrapped = image(&figure(vec![vec![basins(&long), basins("short")]]));
    assert_eq!(short.width(), wrapped.width());
    assert!(
        (8..30).contains(&(wrapped.height() - short.height())),
        "{} {}",
        wrapped.height(),
        short.height()
    );
}
