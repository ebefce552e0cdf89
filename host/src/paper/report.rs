//! The report of `meva reproduce`: one self-contained HTML file, without scripts, external fonts or network access.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::follow::league::Terms;
use crate::follow::play::Spread;
use crate::follow::reciprocity::{Curve, GAMMAS, Protocol, Sweep};
use crate::paper::published::{Comparison, RETURN_TOLERANCE, Scope, Time, Verdict};
use crate::paper::tournament::{Compared, Entry, PLAYERS, RATE};

/// The contents of a report.
pub struct Report {
    /// What was reduced compared with the published experiments; empty for a full reproduction.
    pub cuts: Vec<String>,
    /// Of the models.
    pub seeds: Vec<u64>,
    /// How Figure 3 was measured.
    pub protocol: Protocol,
    /// Cells in B.
    pub basins: Vec<Comparison>,
    /// Returns by curve, then by [`GAMMAS`].
    pub returns: Vec<(Curve, Vec<Comparison>)>,
    /// The returns of ensembles of [`MEMBERS`] of the models, which nobody published.
    pub ensembles: Sweep,
    /// The tournaments, by row and column.
    pub tournaments: Vec<Compared>,
    /// On which terms they were played.
    pub tournament_terms: Terms,
    /// How long trainings took.
    pub timings: Vec<Timing>,
    /// Figures by number, as SVG.
    pub figures: Vec<(&'static str, String)>,
    /// The machine and software that computed it.
    pub machine: Vec<(&'static str, String)>,
    /// How many models were trained at once.
    pub at_once: usize,
    /// Seconds by stage.
    pub stages: Vec<(&'static str, f64)>,
    /// Complete configurations by preset, as TOML.
    pub configs: Vec<(String, String)>,
}

/// A published training time next to ours.
pub struct Timing {
    /// The published time.
    pub time: &'static Time,
    /// Our outer iterations.
    pub outer: usize,
    /// Our seconds, by seed.
    pub seconds: Vec<f64>,
}

/// How many models of the iterated prisoner's dilemma an ensemble has.
pub const MEMBERS: usize = 4;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5d6678; --page: #fbfbfa; --card: #fff; --line: #dfe2e8;
  --good: #1a7f4b; --bad: #b3471b; --note: #fff4dc; --note-line: #e5b94f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ee; --soft: #9aa4b8; --page: #14171d; --card: #1c2029;
  --line: #333a48; --good: #58c88e; --bad: #f0935f; --note: #332a14; --note-line: #8a6d23; } }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 68rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { margin: 3rem 0 .8rem; padding-top: 1.2rem; border-top: 1px solid var(--line); font-size: 1.35rem; }
h3 { margin: 1.8rem 0 .5rem; font-size: 1rem; }
p { max-width: 46rem; margin: .6rem 0; }
.soft, figcaption { color: var(--soft); }
.verdict { font-size: 1.2rem; }
.note { background: var(--note); border-left: 4px solid var(--note-line); padding: .7rem 1rem; margin: 1.2rem 0;
  max-width: 46rem; border-radius: 0 6px 6px 0; }
.note ul { margin: .3rem 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.wrap { white-space: normal; min-width: 11rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(31rem, 100%), 1fr)); gap: 0 1.5rem; }
figure { margin: 1.5rem 0; }
figure svg { display: block; max-width: 100%; height: auto; }
figure > div { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: .5rem; overflow-x: auto;
  width: fit-content; max-width: 100%; box-sizing: border-box; }
figcaption { font-size: .9rem; margin-top: .5rem; max-width: 46rem; }
details { margin: .5rem 0; }
summary { cursor: pointer; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto;
  font-size: .82rem; line-height: 1.45; }
";

impl Report {
    /// All published numbers that are results; times depend on the machine and are not results.
    pub fn comparisons(&self) -> impl Iterator<Item = &Comparison> {
        let cells = self.tournaments.iter().flat_map(|(_, rows)| rows.iter().flatten());
        self.basins
            .iter()
            .chain(self.returns.iter().flat_map(|(_, row)| row))
            .chain(cells.filter_map(Entry::comparison))
    }

    /// The whole file.
    pub fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Meta-value learning, reproduced" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { "Meta-value learning, reproduced" }
                    p.soft {
                        "The numbers and figures of " em { "Learning with Learning Awareness using Meta-Values" }
                        " (Cooijmans, Aghajohari, Courville), recomputed by " code { "meva reproduce" } "."
                    }
                    (self.cut())
                    (self.summary())
                    (self.logistic_game())
                    (self.prisoners_dilemma())
                    (self.tournaments())
                    (self.time())
                    (self.made())
                }
            }
        };
        page.into_string()
    }

    fn cut(&self) -> Markup {
        html! {
            @if !self.cuts.is_empty() {
                div.note {
                    strong { "This is a trial run, smaller than published." }
                    " It shows that everything works; its disagreements prove nothing."
                    ul { @for cut in &self.cuts { li { (cut) } } }
                }
            }
        }
    }

    fn summary(&self) -> Markup {
        let apart: Vec<&Comparison> = self.comparisons().filter(|comparison| !comparison.agrees()).collect();
        let count = self.comparisons().count();
        html! {
            p.verdict { strong { (count - apart.len()) " of " (count) } " published numbers agree with ours." }
            p {
                "A published number agrees if it lies between the least and the greatest of our seeds' numbers, or beyond them
                 by at most a tolerance: one cell of 841 for learners that are formulas (15 for the naive learner, whose starts
                 on the anti-diagonal go where rounding sends them), 17 cells (2 %) for trained networks, whose published
                 numbers are of one seed each, and " (RETURN_TOLERANCE) " for returns. What the paper claims without exception, B from
                 anywhere when \u{3b3} > 0.9, must hold for every seed and cell. The wider the spread of our
                 seeds, the easier it is to agree: the tables show the spread."
            }
            @if !apart.is_empty() {
                details open[apart.len() <= 12] {
                    summary { "What does not agree (" (apart.len()) ")" }
                    (table("What", apart.iter().map(|comparison| (comparison.what.as_str(), *comparison)), true))
                }
            }
        }
    }

    fn logistic_game(&self) -> Markup {
        html! {
            h2 { "The Logistic Game" }
            (self.figure("1", "Figure 1. Both players' returns, with the stable fixed points A and B. B pays more."))
            (self.figure("2a", "Figure 2a. Where learners go from 40 random starts."))
            (self.figure("2b", "Figure 2b. White starts lead to B. The rows of COLA and MeVa are the first seed's."))
            h3 { "Starts that lead to B, of 841" }
            (table("Learner", self.basins.iter().map(|basin| (basin.what.as_str(), basin)), true))
        }
    }

    fn prisoners_dilemma(&self) -> Markup {
        let Protocol {
            pairs,
            steps,
            response_steps,
        } = self.protocol;
        html! {
            h2 { "The iterated prisoner\u{2019}s dilemma" }
            p {
                "Mean return per step of " (pairs) " pairs of agents for each seed, after " (steps) " steps of learning; the
                 best response learns for " (response_steps) " steps against an agent that is held where self-play ended; an exact one
                 is the best of all policies.
                 Mutual defection pays -2, mutual cooperation -1."
            }
            (self.figure("3a", "Figure 3a. Meta-value learners over the meta-discount: the mean and the range of the seeds, \
                                with the authors\u{2019} first version as rings; exact best responses, which nobody exceeds, beside those that a learner finds."))
            (self.figure("3b", "Figure 3b. LOLA over the length of its imagined step."))
            div.columns {
                @for (curve, comparisons) in &self.returns {
                    div {
                        h3 { (curve.title("MeVa")) }
                        (table(
                            "\u{3b3}",
                            GAMMAS.iter().map(f64::to_string).collect::<Vec<_>>().iter().map(String::as_str).zip(comparisons),
                            false,
                        ))
                    }
                }
            }
            (self.ensembles())
        }
    }

    fn ensembles(&self) -> Markup {
        let Sweep { by_seed, .. } = &self.ensembles;
        if by_seed.is_empty() {
            return html! {};
        }
        html! {
            h3 { "Ensembles of " (MEMBERS) }
            p {
                "Agents that go where the networks of " (MEMBERS) " seeds point on average: the mean over " (by_seed.len()) " such ensembles,
                 and the least. Nothing of the kind was published."
            }
            div.scroll {
                table {
                    thead { tr { th { "\u{3b3}" } @for gamma in GAMMAS { th.number { (gamma) } } } }
                    tbody {
                        @for curve in Curve::ALL {
                            tr {
                                th { (curve.title("MeVa")) }
                                @for k in 0..GAMMAS.len() {
                                    @let Spread { mean, least, .. } = Spread::of(&self.ensembles.returns(curve, k));
                                    td.number { (rounded(mean, 3)) br; span.soft { (rounded(least, 3)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn tournaments(&self) -> Markup {
        let Terms { pairs, steps, .. } = self.tournament_terms;
        html! {
            h2 { "The tournaments of the second version" }
            p {
                "Mean return per step of the row\u{2019}s player against the column\u{2019}s, of " (pairs) " pairs for each seed, after "
                (steps) " steps of learning; below it the range of the seeds and the published number. All players move at rate " (RATE)
                ", except in matches with MeVa, which are played at the rate that its models were trained for; LOLA is that of 2018, with
                 an imagined step of that length. M-MAML and M-FOS learn anew for each seed, M-FOS against each opponent. In
                 matching pennies, players meet in both roles. A published number agrees if it lies in the range of the seeds or
                 beyond it by at most " (RETURN_TOLERANCE) "."
            }
            @for (tournament, rows) in &self.tournaments {
                h3 { (tournament.title) }
                div.scroll {
                    table {
                        thead { tr { th { } @for name in PLAYERS { th.number { (name) } } } }
                        tbody {
                            @for (name, row) in PLAYERS.iter().zip(rows) {
                                tr { th { (name) } @for entry in row { (cell(entry)) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn time(&self) -> Markup {
        html! {
            h2 { "Training time" }
            p {
                "Seconds for each outer iteration, so that trainings of other lengths compare. Times depend on the machine
                 and on what else it is doing, so no agreement is claimed. An outer iteration of our ipd has 20 updates, one of the
                 paper's 10."
            }
            div.scroll {
                table {
                    thead {
                        tr {
                            th { "Preset" } th { "Published" }
                            th.number { "Outer iterations" } th.number { "Seconds" } th.number { "each" }
                            th.number { "Ours: outer iterations" } th.number { "Seconds, by seed" } th.number { "each" }
                        }
                    }
                    tbody {
                        @for Timing { time, outer, seconds } in &self.timings {
                            @let Spread { mean, least, greatest } = Spread::of(seconds);
                            tr {
                                td { (time.preset) } td.soft.wrap { (time.source) ", " (time.hardware) }
                                td.number { (time.outer) }
                                td.number { (rounded(time.seconds, 0)) }
                                td.number { (rounded(time.seconds / time.outer as f64, 3)) }
                                td.number { (outer) }
                                td.number { (range(least, greatest, 1)) }
                                td.number { (rounded(mean / *outer as f64, 3)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn made(&self) -> Markup {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        html! {
            h2 { "How this was made" }
            div.columns {
                div {
                    h3 { "Machine" }
                    table {
                        tbody {
                            @for (name, value) in &self.machine { tr { th { (name) } td { (value) } } }
                            tr { th { "Models trained at once" } td { (self.at_once) } }
                            tr { th { "Seeds" } td { (seeds.join(", ")) "; COLA: " (seeds[0]) } }
                        }
                    }
                }
                div {
                    h3 { "Wall time, resumptions included" }
                    table {
                        tbody {
                            @for (stage, seconds) in &self.stages {
                                tr { th { (stage) } td.number { (rounded(*seconds, 1)) " s" } }
                            }
                            tr {
                                th { "all" }
                                td.number { (rounded(self.stages.iter().map(|(_, seconds)| seconds).sum(), 1)) " s" }
                            }
                        }
                    }
                }
            }
            h3 { "Configurations" }
            p { "Of the first seed; the others differ in " code { "seed" } " alone." }
            @for (preset, toml) in &self.configs {
                details {
                    summary { code { (preset) } }
                    pre { (toml) }
                }
            }
        }
    }

    fn figure(&self, number: &str, caption: &str) -> Markup {
        let svg = self.figures.iter().find(|(found, _)| *found == number);
        html! {
            figure {
                @if let Some((_, svg)) = svg { div { (PreEscaped(svg)) } }
                figcaption { (caption) }
            }
        }
    }
}

/// A row for each comparison, labelled with its own name.
fn table<'a>(head: &str, rows: impl Iterator<Item = (&'a str, &'a Comparison)>, with_source: bool) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { (head) }
                        th.number { "Published" } th.number { "Ours" } th.number { "by seed" } th { }
                        @if with_source { th { "Source of the published number" } }
                    }
                }
                tbody {
                    @for (name, comparison) in rows {
                        @let Spread { mean, least, greatest } = Spread::of(&comparison.ours);
                        // Counts of cells are integers; returns are negative.
                        @let decimals = if comparison.published < 0.0 { 3 } else { 0 };
                        tr {
                            td { (name) @if comparison.scope == Scope::EverySeed { ", every seed" } }
                            td.number { (rounded(comparison.published, decimals)) }
                            td.number { (rounded(mean, decimals)) }
                            td.number.soft { @if comparison.ours.len() > 1 { (range(least, greatest, decimals)) } }
                            (verdict(comparison.verdict(), decimals))
                            @if with_source { td.soft { (comparison.source) } }
                        }
                    }
                }
            }
        }
    }
}

/// A cell of a tournament.
fn cell(entry: &Entry) -> Markup {
    let Spread { mean, least, greatest } = Spread::of(entry.ours());
    let mark = match entry.comparison().map(Comparison::verdict) {
        None => html! { span.soft { "nothing published" } },
        Some(Verdict::Agrees) => html! { span.good { "\u{2713}" } },
        Some(_) => html! { span.bad { "\u{2717}" } },
    };
    html! {
        td.number {
            strong { (rounded(mean, 3)) }
            @if entry.ours().len() > 1 { br; span.soft { (range(least, greatest, 3)) } }
            br;
            @if let Some(comparison) = entry.comparison() { (rounded(comparison.published, 3)) " " }
            (mark)
        }
    }
}

fn verdict(verdict: Verdict, decimals: usize) -> Markup {
    match verdict {
        Verdict::Agrees => html! { td.good { "\u{2713} agrees" } },
        Verdict::Higher(by) => html! { td.bad { "\u{2717} " (rounded(by, decimals)) " higher" } },
        Verdict::Lower(by) => html! { td.bad { "\u{2717} " (rounded(by, decimals)) " lower" } },
    }
}

fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // A true minus sign is as wide as a digit.
    text.replace('-', "\u{2212}")
}

fn range(least: f64, greatest: f64, decimals: usize) -> String {
    let [least, greatest] = [least, greatest].map(|end| rounded(end, decimals));
    if least == greatest {
        least
    } else {
        format!("{least} to {greatest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_as_short_as_they_can_be() {
        assert_eq!(range(-1.25, -1.0, 2), "\u{2212}1.25 to \u{2212}1.00");
        assert_eq!(range(840.9, 841.1, 0), "841");
    }

    #[test]
    fn words_are_escaped() {
        let comparison = Comparison {
            what: String::new(),
            source: "<i>",
            published: 1.0,
            ours: vec![3.0],
            tolerance: 1.0,
            scope: Scope::AmongSeeds,
        };
        let html = table("a & b", [("<b>", &comparison)].into_iter(), true).into_string();
        assert!(
            html.contains("a &amp; b") && html.contains("&lt;b&gt;") && html.contains("&lt;i&gt;"),
            "{html}"
        );
        assert!(html.contains("2 higher"), "{html}");
    }
}
