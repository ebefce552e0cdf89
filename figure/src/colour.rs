//! Colours: ink, a palette for lines that colour-blind readers can tell apart, and a scale for values.

/// Text.
pub(super) const INK: &str = "#222222";
/// Frames and ticks: lighter than the data.
pub(super) const FRAME: &str = "#8a8a8a";
/// Grid lines and the lines through zero.
pub(super) const GRID: &str = "#e4e4e4";
/// Missing data.
pub(super) const MISSING: &str = "#c9c9c9";
/// Starting points that end in B.
pub(super) const BASIN_B: &str = "#ffffff";
/// Starting points that end anywhere else.
pub(super) const BASIN_OTHER: &str = "#000000";
/// Marks, chosen to stand out on white, black and every colour of the scale.
pub(super) const MARK: &str = "#d6224a";
/// Curves that end in the negative quadrant, in the positive one, and elsewhere.
pub(super) const ENDS: [&str; 3] = ["#3a6fb0", "#e08214", "#9a9a9a"];

/// Okabe and Ito's palette (2008) without its black and with its yellow darkened for lines on white.
const PALETTE: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#b8a500",
];

/// The colour of a series; indices past the end start over.
pub(super) fn series(index: usize) -> &'static str {
    PALETTE[index % PALETTE.len()]
}

/// Viridis (Smith and van der Walt, 2015, CC0) in nine even steps: the lower the value, the darker, also for
/// colour-blind readers and in print.
const VIRIDIS: [[f64; 3]; 9] = [
    [68.0, 1.0, 84.0],
    [71.0, 44.0, 122.0],
    [59.0, 81.0, 139.0],
    [44.0, 113.0, 142.0],
    [33.0, 144.0, 141.0],
    [39.0, 173.0, 129.0],
    [92.0, 200.0, 99.0],
    [170.0, 220.0, 50.0],
    [253.0, 231.0, 37.0],
];

/// The scale's colour at `t` from 0 (low) to 1 (high), linear between the steps.
pub(super) fn scale(t: f64) -> String {
    let last = VIRIDIS.len() - 1;
    let place = if t.is_finite() {
        t.clamp(0.0, 1.0) * last as f64
    } else {
        0.0
    };
    let below = (place.floor() as usize).min(last - 1);
    let part = place - below as f64;
    let [r, g, b] = [0, 1, 2].map(|k| {
        let mixed = (1.0 - part) * VIRIDIS[below][k] + part * VIRIDIS[below + 1][k];
        mixed.round() as u8
    });
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_runs_from_dark_to_light_and_stays_in_bounds() {
        assert_eq!(scale(0.0), "#440154");
        assert_eq!(scale(1.0), "#fde725");
        assert_eq!(scale(9.0), scale(1.0));
        assert_eq!(scale(f64::NAN), scale(0.0));
        let lightness = |t: f64| {
            let hex = u32::from_str_radix(&scale(t)[1..], 16).expect("a colour");
            2 * (hex >> 16 & 255) + 5 * (hex >> 8 & 255) + (hex & 255)
        };
        let steps: Vec<u32> = (0..=40).map(|k| lightness(k as f64 / 40.0)).collect();
        assert!(steps.is_sorted(), "{steps:?}");
    }

    #[test]
    fn the_palette_begins_again() {
        assert_eq!(series(0), series(PALETTE.len()));
        assert_ne!(series(0), series(1));
    }
}
