//! Every file of the core is listed here with the tests that cover it: against vectors, as a derivative, and at the
//! edges of its domain. A new file without a row fails, and so does a row whose tests are gone. So do a file without
//! an operation, by which processors are compared too, and a shader that mirrors no file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use meva_operations::vectors::in_vectors;
use meva_operations::{Formula, Operation, Relation, Visitor};

/// What covers a file in one respect.
enum Cover {
    /// Tests, as `target::name`; `core::name` is a unit test in the file itself.
    By(&'static [&'static str]),
    /// Why there are none.
    None(&'static str),
}

use Cover::{By, None};

/// A file of the core with what covers its values, its derivatives and its edges.
struct Row {
    file: &'static str,
    vectors: Cover,
    derivatives: Cover,
    edges: Cover,
}

const fn row(file: &'static str, vectors: Cover, derivatives: Cover, edges: Cover) -> Row {
    Row {
        file,
        vectors,
        derivatives,
        edges,
    }
}

const NETWORK: &[&str] = &[
    "vectors::network_in_f64",
    "vectors::network_in_f32",
    "vectors::network_in_lanes",
];
const NETWORK_DERIVATIVES: &[&str] = &[
    "vectors::network_in_f64",
    "laws::hessians_are_symmetric_and_linear",
    "laws::gradients_are_limits_of_differences",
    "laws::parameter_gradients_are_limits_of_differences",
];
const GAMES: &[&str] = &[
    "vectors::games_in_f64",
    "vectors::games_in_f32",
    "vectors::games_in_lanes",
];
const GAME_DERIVATIVES: &[&str] = &[
    "vectors::games_in_f64",
    "laws::derivatives_are_those_of_duals",
    "laws::derivatives_are_limits_of_differences",
    "laws::hessians_are_symmetric",
    "laws::hvps_are_linear",
];
const LEARNERS: &[&str] = &[
    "vectors::learners_in_f64",
    "vectors::learners_in_f32",
    "vectors::learners_in_lanes",
];
const SURROGATES: &[&str] = &["laws::fields_are_limits_of_differences_of_surrogates"];
const UPDATE: &[&str] = &[
    "vectors::algorithm1_in_f64",
    "vectors::algorithm1_in_f32",
    "vectors::algorithm1_in_lanes",
];

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("activation.rs", By(NETWORK), By(&["core::slopes_are_derivatives"]), By(&["core::activations_saturate", "accuracy::gelu"])),
    row("adamw.rs", By(&["vectors::adamw_in_f64", "vectors::adamw_in_f32"]), None("nothing differentiates through it"),
        By(&["core::decay_is_decoupled", "laws::adam_ignores_the_scale_of_gradients"])),
    row("algorithm1/mod.rs", By(UPDATE), By(&["laws::residual_gradients_are_derivatives_of_the_whole_loss", "laws::phi_mixes_the_two_gradients"]),
        By(&["laws::nothing_to_learn_changes_nothing", "laws::idle_lanes_do_not_matter", "laws::a_batch_is_a_mean",
            "laws::lanes_learn_what_trajectories_learn", "laws::networks_of_their_own", "laws::targets_at_the_ends_of_gamma", "laws::where_trajectories_go", "core::shares_make_means", "core::weights_weigh"])),
    row("algorithm1/opponents.rs", By(&["core::opponents_follow_their_rules", "core::without_opponents_both_learn"]),
        By(&["laws::residual_gradients_are_derivatives_of_the_whole_loss"]), By(&["core::lanes_meet_their_own_opponents"])),
    row("algorithm1/settings.rs", By(UPDATE), None("data"), None("data")),
    row("algorithm1/state.rs", By(UPDATE), None("data"), None("data")),
    row("algorithm1/workspace.rs", None("memory"), None("memory"), None("memory")),
    row("arithmetic.rs", By(&["core::one_rounding", "core::agrees_with_another_implementation"]), None("rounding has none"), By(&["core::one_rounding"])),
    row("choice.rs", By(&["core::names_come_back", "core::codes_come_back"]), None("names"), By(&["core::names_come_back", "core::codes_come_back"])),
    row("dense.rs", By(NETWORK), By(&["core::vjps_are_the_adjoints_of_forward", "vectors::network_in_f64"]),
        By(&["core::weight_adjoint_of_lanes_sums_in_the_order_of_lanes"])),
    row("dual.rs", By(&["vectors::games_in_f64", "vectors::network_in_f64"]), By(GAME_DERIVATIVES),
        By(&["laws::saturated_policies_stay_finite", "laws::extreme_inputs_stay_finite"])),
    row("elementary.rs", By(&["accuracy::elementary_functions"]), None("duals know the slopes: see dual.rs"), By(&["accuracy::limits"])),
    row("game/bilinear.rs", By(&["core::gradients"]), By(&["core::gradients"]),
        None("a product")),
    row("game/iterated_matrix.rs", By(GAMES), By(GAME_DERIVATIVES),
        By(&["laws::saturated_policies_stay_finite", "laws::constant_policies_earn_the_payoffs", "laws::payoff_tables",
            "laws::discount_zero_is_the_one_shot_game", "laws::matching_pennies_sum_to_zero"])),
    row("game/logistic.rs", By(GAMES), By(GAME_DERIVATIVES),
        By(&["laws::saturated_policies_stay_finite", "laws::fixed_points_of_the_logistic_game"])),
    row("game/matching_pennies.rs", By(&["core::gradients"]),
        By(&["core::gradients"]), By(&["core::natural_gradients_are_of_probabilities"])),
    row("game/mod.rs", By(GAMES), By(&["laws::derivatives_are_those_of_duals"]), By(&["laws::references_are_games"])),
    row("game/name.rs", By(&["core::every_name_is_a_game_of_its_size", "core::codes_come_back"]), None("forwards to the games"),
        By(&["core::what_is_no_game_is_refused"])),
    row("game/quadratic.rs", By(&["core::gradients"]), By(&["core::gradients"]),
        None("a polynomial")),
    row("game/rollouts.rs", By(&["laws::estimates_are_unbiased", "laws::long_episodes_estimate_the_whole_game"]),
        By(&["laws::estimates_are_unbiased"]), By(&["laws::edges", "laws::lanes_sample_for_themselves"])),
    row("game/tandem.rs", By(GAMES), By(GAME_DERIVATIVES),
        By(&["laws::saturated_policies_stay_finite", "laws::fixed_points_of_the_tandem_game"])),
    row("image/checksum.rs", By(&["core::checksum_is_the_one_of_zip"]), None("data"), None("takes any bytes")),
    row("image/error.rs", None("words"), None("words"), None("words")),
    row("image/header.rs", By(&["core::contents_are_checked"]), None("data"), By(&["core::contents_are_checked"])),
    row("image/mod.rs", None("data"), None("data"), None("data")),
    row("image/read.rs", By(&["core::damage_is_noticed"]), None("data"), By(&["core::damage_is_noticed"])),
    row("image/write.rs", By(&["core::bytes_come_back"]), None("data"), None("writes any model")),
    row("jacobian.rs", None("made of derivatives that have vectors"), By(&["core::hessians_agree_with_their_products", "core::jacobians_are_derivatives_of_fields"]),
        By(&["core::lanes_have_the_bits_of_one"])),
    row("kernels.rs", By(NETWORK), By(NETWORK_DERIVATIVES), None("forwards to the operations")),
    row("lambda_return.rs", By(&["vectors::losses_and_returns_in_f64", "vectors::losses_and_returns_in_f32", "vectors::losses_and_returns_in_lanes"]),
        By(&["laws::the_adjoint_of_lambda_returns"]), By(&["laws::lambda_returns_at_the_ends", "laws::lambda_returns_of_constants"])),
    row("lanes.rs", By(&["vectors::games_in_lanes", "vectors::learners_in_lanes", "vectors::network_in_lanes", "vectors::algorithm1_in_lanes"]),
        By(&["vectors::network_in_lanes"]), By(&["laws::lanes_are_trajectories", "laws::idle_lanes_do_not_matter"])),
    row("layer_norm.rs", By(NETWORK), By(NETWORK_DERIVATIVES), By(&["laws::norms_ignore_a_common_shift", "laws::extreme_inputs_stay_finite"])),
    row("learner/cgd.rs", By(&["vectors::comparators_in_f64", "core::steps_are_an_equilibrium"]), None("solves for derivatives of games"), By(&["core::solutions_solve"])),
    row("learner/cola.rs", By(&["vectors::cola_in_f64", "vectors::cola_in_f32", "vectors::cola_in_lanes"]), By(&["vectors::cola_in_f64"]),
        By(&["core::a_correction_is_naive_without_an_imagined_step"])),
    row("learner/consensus.rs", By(&["vectors::comparators_in_f64", "core::what_is_subtracted_is_the_slope_of_the_square"]),
        By(&["core::what_is_subtracted_is_the_slope_of_the_square"]), By(&["laws::without_a_step_all_are_naive"])),
    row("learner/extragradient.rs", By(&["vectors::comparators_in_f64", "laws::comparators_converge_on_the_bilinear_game"]), None("a game's gradient at another point"),
        By(&["laws::without_a_step_all_are_naive"])),
    row("learner/hola.rs", By(LEARNERS), By(SURROGATES),
        By(&["laws::without_a_step_all_are_naive"])),
    row("learner/lola.rs", By(LEARNERS), By(SURROGATES),
        By(&["laws::without_a_step_all_are_naive", "laws::the_taylor_expansion_is_of_first_order"])),
    row("learner/lookahead.rs", By(LEARNERS), None("holds the step constant: a game's gradient at another point"),
        By(&["laws::without_a_step_all_are_naive", "laws::fixed_points_of_the_tandem_game"])),
    row("learner/mean.rs", By(&["core::the_mean_is_between_and_known_row_by_row"]), None("a sum of fields"),
        By(&["core::the_mean_is_between_and_known_row_by_row"])),
    row("learner/meta_value.rs", By(UPDATE), By(&["laws::the_field_of_v_is_the_own_gradient"]),
        By(&["laws::meta_values_at_the_ends_of_gamma"])),
    row("learner/mod.rs", By(LEARNERS), By(SURROGATES), By(&["laws::swapped_players_swap_fields"])),
    row("learner/naive.rs", By(GAMES), By(GAME_DERIVATIVES),
        By(&["laws::fixed_points_of_the_tandem_game"])),
    row("learner/name.rs", By(&["core::names_are_learners"]), None("forwards to the learners"), None("forwards to the learners")),
    row("learner/pola.rs", By(&["vectors::comparators_in_f64", "core::steps_maximise_the_objective"]), By(&["core::steps_maximise_the_objective"]),
        By(&["core::opponents_may_be_certain", "core::steps_do_not_depend_on_the_parameters"])),
    row("learner/sga.rs", By(&["vectors::comparators_in_f64", "core::it_goes_inwards"]), None("products with Hessians of games"),
        By(&["core::potential_games_are_not_adjusted", "laws::without_a_step_all_are_naive"])),
    row("learner/sos.rs", By(&["vectors::comparators_in_f64", "core::unhindered_it_is_the_taylor_expansion", "core::the_first_criterion_holds"]), None("LOLA's terms, weighed"),
        By(&["laws::sos_keeps_fixed_points_that_lola_loses", "laws::without_a_step_all_are_naive"])),
    row("lib.rs", None("modules"), None("modules"), None("modules")),
    row("m_maml.rs", None("made of derivatives that have vectors"),
        By(&["core::meta_gradients_are_limits_of_differences", "core::meta_gradients_are_those_of_duals"]),
        By(&["core::short_paths", "core::lanes_have_the_bits_of_one"])),
    row("meta_value.rs", By(NETWORK), By(NETWORK_DERIVATIVES),
        By(&["laws::extreme_inputs_stay_finite", "laws::ways_to_the_same_gradient", "laws::players_add",
            "laws::the_mean_is_that_of_the_quantiles", "stack::gradients_fit_into_a_small_stack"])),
    row("mlp.rs", By(NETWORK), By(NETWORK_DERIVATIVES), By(&["laws::extreme_inputs_stay_finite"])),
    row("networks.rs", By(UPDATE), None("forwards to the networks"), By(&["laws::networks_of_their_own"])),
    row("parameters.rs", By(NETWORK), None("data"), By(&["core::tensors_cover_the_parameters_once"])),
    row("player.rs", By(GAMES), None("data"), By(&["laws::swapped_players_swap_everything"])),
    row("quantile_huber.rs", By(&["vectors::losses_and_returns_in_f64", "vectors::losses_and_returns_in_f32", "vectors::losses_and_returns_in_lanes"]),
        By(&["core::gradients_are_derivatives", "laws::the_quantile_loss_sees_differences_alone"]),
        By(&["core::the_huber_kink_is_smooth", "laws::a_perfect_prediction_costs_nothing"])),
    row("random.rs", By(&["core::first_numbers_are_fixed"]), None("draws are data"), By(&["core::moments"])),
    row("residual.rs", By(NETWORK), By(NETWORK_DERIVATIVES), By(&["laws::extreme_inputs_stay_finite"])),
    row("scalar.rs", By(&["vectors::network_in_f64", "vectors::network_in_f32"]), By(GAME_DERIVATIVES), By(&["accuracy::limits"])),
    row("shape.rs", By(&["core::visits_are_of_the_sizes_listed"]), None("data"), By(&["core::visits_are_of_the_sizes_listed"])),
    row("strategy.rs", By(&["strategies::values", "strategies::best_responses"]), None("nothing is differentiated"),
        By(&["core::what_cannot_be_enforced_is_none", "core::zero_determinant_strategies_enforce_their_lines", "core::nothing_beats_a_best_response"])),
    row("target_network.rs", By(UPDATE), None("nothing differentiates through it"),
        By(&["laws::target_networks_arrive", "laws::a_target_network_without_lag_is_none"])),
];

/// Files whose operations are not named after them: the modules of their operations, or why there are none.
#[rustfmt::skip]
const OPERATIONS: &[(&str, Cover)] = &[
    ("activation.rs", By(&["elementary"])),
    ("algorithm1/mod.rs", By(&["algorithm1"])),
    ("algorithm1/opponents.rs", By(&["algorithm1"])),
    ("algorithm1/settings.rs", By(&["algorithm1"])),
    ("algorithm1/state.rs", By(&["algorithm1"])),
    ("algorithm1/workspace.rs", None("memory")),
    ("arithmetic.rs", None("how operations round")),
    ("choice.rs", None("names")),
    ("dual.rs", None("a scalar: derivatives by duals are outputs of operations")),
    ("game/mod.rs", By(&["game::logistic"])),
    ("game/name.rs", None("forwards to the games")),
    ("image/checksum.rs", None("bits, not numbers: see digests")),
    ("image/error.rs", None("words")),
    ("image/header.rs", None("bits, not numbers: see digests")),
    ("image/mod.rs", None("data")),
    ("image/read.rs", None("bits, not numbers: see digests")),
    ("image/write.rs", None("bits, not numbers: see digests")),
    ("jacobian.rs", None("gathers what games and networks give")),
    ("kernels.rs", None("forwards to the operations")),
    ("lanes.rs", None("a scalar: every operation runs on it")),
    ("learner/mean.rs", None("a sum of fields")),
    ("learner/mod.rs", None("what learners have in common")),
    ("learner/name.rs", None("forwards to the learners")),
    ("lib.rs", None("modules")),
    ("m_maml.rs", None("gathers what games give")),
    ("mlp.rs", By(&["meta_value"])),
    ("networks.rs", By(&["algorithm1"])),
    ("player.rs", None("data")),
    ("random.rs", None("draws are data: see digests")),
    ("shape.rs", None("data")),
    ("strategy.rs", None("values of the iterated game")),
    ("target_network.rs", By(&["adamw"])),
];

/// Shaders, with the file of the core that each mirrors, or why it mirrors none.
#[rustfmt::skip]
const SHADERS: &[(&str, Cover)] = &[
    ("activation.wgsl", By(&["activation.rs"])),
    ("adamw.wgsl", By(&["adamw.rs"])),
    ("bootstrap.wgsl", By(&["algorithm1/mod.rs"])),
    ("cola.wgsl", By(&["learner/cola.rs"])),
    ("columns/dual.wgsl", By(&["dual.rs"])),
    ("columns/one.wgsl", None("a vector of one point")),
    ("columns/two.wgsl", None("vectors of two points")),
    ("dense.wgsl", By(&["dense.rs"])),
    ("dense_vjp_weight.wgsl", By(&["dense.rs"])),
    ("derivatives.wgsl", None("what derivatives of games consist of")),
    ("derivatives/bilinear.wgsl", By(&["game/bilinear.rs"])),
    ("derivatives/iterated_matrix.wgsl", By(&["game/iterated_matrix.rs"])),
    ("derivatives/logistic.wgsl", By(&["game/logistic.rs"])),
    ("derivatives/matching_pennies.wgsl", By(&["game/matching_pennies.rs"])),
    ("derivatives/quadratic.wgsl", By(&["game/quadratic.rs"])),
    ("derivatives/tandem.wgsl", By(&["game/tandem.rs"])),
    ("elementary.wgsl", By(&["elementary.rs"])),
    ("exact.wgsl", None("keeps drivers from reassociating")),
    ("estimator/exact.wgsl", By(&["game/mod.rs"])),
    ("estimator/rollouts.wgsl", By(&["game/rollouts.rs"])),
    ("first_of_both.wgsl", By(&["mlp.rs"])),
    ("form_targets.wgsl", By(&["algorithm1/mod.rs"])),
    ("game/bilinear.wgsl", By(&["game/bilinear.rs"])),
    ("game/iterated_matrix.wgsl", By(&["game/iterated_matrix.rs"])),
    ("game/logistic.wgsl", By(&["game/logistic.rs"])),
    ("game/matching_pennies.wgsl", By(&["game/matching_pennies.rs"])),
    ("game/quadratic.wgsl", By(&["game/quadratic.rs"])),
    ("game/tandem.wgsl", By(&["game/tandem.rs"])),
    ("keep/duals.wgsl", By(&["learner/cola.rs"])),
    ("keep/evaluations.wgsl", By(&["meta_value.rs"])),
    ("keep/nothing.wgsl", None("nothing is kept")),
    ("keep/records.wgsl", By(&["meta_value.rs"])),
    ("lambda_return.wgsl", By(&["lambda_return.rs"])),
    ("layer_norm.wgsl", By(&["layer_norm.rs"])),
    ("meta_value.wgsl", By(&["meta_value.rs"])),
    ("mlp.wgsl", By(&["mlp.rs"])),
    ("own_first.wgsl", By(&["mlp.rs"])),
    ("parameters.wgsl", By(&["parameters.rs"])),
    ("probe.wgsl", None("shows the others' results")),
    ("quantile_huber.wgsl", By(&["quantile_huber.rs"])),
    ("random.wgsl", By(&["random.rs"])),
    ("roll_out.wgsl", By(&["algorithm1/mod.rs"])),
    ("slice.wgsl", None("where a trajectory's numbers lie")),
    ("sum.wgsl", None("sums of layer norms, in a tree")),
    ("tape.wgsl", None("where a tape's numbers lie")),
    ("unit.wgsl", None("which number a thread owns")),
    ("update.wgsl", None("where an update's numbers lie")),
    ("vjp_parameters.wgsl", By(&["meta_value.rs"])),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("listing {}: {e}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("reading {}: {e}", path.display()))
}

/// The core's files, by their paths within its folder.
fn files() -> BTreeSet<String> {
    let mut found = Vec::new();
    sources(&core(), &mut found);
    let name = |path: &PathBuf| {
        let below = path.strip_prefix(core()).expect("a path below the folder");
        below
            .iter()
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    };
    found.iter().map(name).collect()
}

#[test]
fn every_file_has_a_row() {
    let found = files();
    let known: BTreeSet<String> = TABLE.iter().map(|row| row.file.to_string()).collect();
    let missing: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        missing.is_empty(),
        "files without a row in the table of this test: {missing:?}"
    );
    assert!(gone.is_empty(), "rows without a file: {gone:?}");
    assert_eq!(TABLE.len(), known.len(), "a file has two rows");
}

/// Whether the text defines a test with this name: a function, or a law that a macro turns into a function.
fn defines(text: &str, name: &str) -> bool {
    text.contains(&format!("fn {name}(")) || text.contains(&format!("    {name} "))
}

#[test]
fn every_named_test_exists() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let target = |name: &str| {
        let (file, folder) = (tests.join(format!("{name}.rs")), tests.join(name));
        let mut found = Vec::new();
        if folder.is_dir() {
            sources(&folder, &mut found);
        } else {
            found.push(file);
        }
        found.iter().map(|path| read(path)).collect::<String>()
    };
    let mut missing = Vec::new();
    for row in TABLE {
        for (respect, cover) in [
            ("vectors", &row.vectors),
            ("derivatives", &row.derivatives),
            ("edges", &row.edges),
        ] {
            let names = match cover {
                By(names) => names,
                None(reason) => {
                    println!("{}: no test of {respect}: {reason}", row.file);
                    continue;
                }
            };
            assert!(!names.is_empty(), "{}: neither test nor reason in {respect}", row.file);
            for name in *names {
                let (at, test) = name.split_once("::").expect("target::name");
                let text = if at == "core" {
                    read(&core().join(row.file))
                } else {
                    target(at)
                };
                if !defines(&text, test) {
                    missing.push(format!("{}: {name}", row.file));
                }
            }
        }
    }
    assert!(missing.is_empty(), "tests that do not exist: {missing:?}");
}

/// The modules that have operations, with the ways in which their outputs are checked.
#[derive(Default)]
struct Modules {
    found: BTreeSet<&'static str>,
    in_vectors: BTreeSet<&'static str>,
    derived: BTreeSet<&'static str>,
}

impl Modules {
    fn add(&mut self, operation: &impl Operation) {
        let module = operation.module();
        self.found.insert(module);
        for output in operation.outputs() {
            if in_vectors(output) {
                self.in_vectors.insert(module);
            }
            if !matches!(output.relation, Relation::None | Relation::Auxiliary) {
                self.derived.insert(module);
            }
        }
    }
}

impl Visitor for Modules {
    fn formula<F: Formula>(&mut self, formula: &F) {
        self.add(formula);
    }
    fn operation<O: Operation>(&mut self, operation: &O) {
        self.add(operation);
    }
}

#[test]
fn every_file_has_operations() {
    let mut modules = Modules::default();
    meva_operations::each::<6, 2, 5>(&mut modules);
    println!("with vectors: {:?}", modules.in_vectors);
    println!("with derivatives had in several ways: {:?}", modules.derived);
    let files = files();
    for (file, _) in OPERATIONS {
        assert!(files.contains(*file), "{file} is gone");
    }
    let mut named = BTreeSet::new();
    for file in &files {
        let own = file.trim_end_matches(".rs").replace('/', "::");
        match OPERATIONS.iter().find(|(known, _)| known == file) {
            Some((_, By(others))) => {
                for module in *others {
                    assert!(modules.found.contains(module), "{file}: no operation of {module}");
                }
            }
            Some((_, None(reason))) => println!("{file}: no operations: {reason}"),
            Option::None => assert!(modules.found.contains(own.as_str()), "{file}: no operation is of it"),
        }
        named.insert(own);
    }
    for module in &modules.found {
        assert!(
            named.contains(*module) || named.contains(&format!("{module}::mod")),
            "operations of {module}, which the core has not got"
        );
    }
}

#[test]
fn every_shader_twins_a_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders");
    let files = files();
    let mut shaders = Vec::new();
    for part in ["", "columns", "derivatives", "estimator", "game", "keep"] {
        for entry in fs::read_dir(folder.join(part)).expect("a folder of shaders") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "wgsl") {
                let below = path.strip_prefix(&folder).expect("a path below the folder");
                shaders.push(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    for (shader, cover) in SHADERS {
        assert!(shaders.iter().any(|found| found == shader), "{shader} is gone");
        if let By(twins) = cover {
            assert!(twins.iter().all(|twin| files.contains(*twin)), "{shader}: no {twins:?}");
        }
    }
    for shader in &shaders {
        assert!(
            SHADERS.iter().any(|(known, _)| known == shader),
            "{shader}: which file of the core does it twin?"
        );
    }
}

/// Each of README's promises names the tests that hold it, and they are there.
#[test]
fn every_promise_names_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = read(&root.join("README.md"));
    let (_, section) = readme
        .split_once("## What it promises\n")
        .expect("README has the section");
    let promises = section
        .split("\n## ")
        .next()
        .unwrap_or_default()
        .split("\n- **")
        .skip(1);
    let mut files = Vec::new();
    for folder in [
        "core/src",
        "operations/src",
        "host/src",
        "host/tests",
        "tests/src",
        "tests/tests",
    ] {
        sources(&root.join(folder), &mut files);
    }
    let code: String = files.iter().map(|file| read(file)).collect();
    let mut count = 0;
    for promise in promises {
        let named: Vec<&str> = promise
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| !name.contains(['/', ' ']) && name.contains('_'))
            .collect();
        assert!(
            !named.is_empty() || promise.contains("tests/tests/"),
            "no test is named: {promise}"
        );
        for name in named {
            assert!(defines(&code, name), "{name} does not exist: {promise}");
        }
        count += 1;
    }
    assert_eq!(count, 7, "promises");
}

#[test]
fn absent_tests_are_found_out() {
    assert!(defines("#[test]\nfn here() {}", "here"));
    assert!(defines("on_games! {\n    here in games::ALL, |..|", "here"));
    assert!(!defines("// here, in words\nfn hereabouts() {}", "here"));
}
