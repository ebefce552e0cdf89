//! C programs against the library, compiled with warnings as errors: the examples, every wrong argument, other compilers, a
//! fresh installation, and a shape of one's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use meva::config::Config;
use meva::model::Model;
use meva::model::export::{Name, c_header};
use meva::training::trainer::Trainer;
use meva_core::Player;
use meva_core::game::{IteratedMatrix, Logistic};
use meva_core::image::Image;
use meva_core::kernels::Portable;
use meva_core::learner::MetaValueLearner;
use meva_core::meta_value::Tape;
use tempfile::TempDir;

/// A briefly trained small model.
fn model(preset: &str) -> Model {
    let mut config = Config::preset(preset).unwrap();
    let sizes = ["hidden=16", "residual_blocks=1", "quantiles=16"];
    for assignment in sizes.into_iter().chain(["batch=4", "stride=10", "steps=20"]) {
        config.set(assignment).unwrap();
    }
    let mut trainer = Trainer::new(&config).unwrap();
    trainer.outer_iteration().unwrap();
    trainer.model()
}

fn write(directory: &Path, name: &str, model: &Model, player: Option<Player>) {
    let header = c_header(model, player, &Name::new(name).unwrap()).unwrap();
    fs::write(directory.join(name).with_extension("h"), header).unwrap();
}

/// A directory with `model.h`, a model of the iterated prisoner's dilemma.
fn with_model() -> TempDir {
    let directory = TempDir::new().unwrap();
    write(directory.path(), "model", &model("ipd"), None);
    directory
}

/// The folder with the library that was built with this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let library = test.with_file_name("libmeva_c.a");
    assert!(library.exists(), "{} is missing", library.display());
    test.parent().unwrap().into()
}

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// Whether a program is installed, which it has to be in CI.
fn installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs {program}");
        println!("SKIPPED with {program}: it is not installed");
    }
    found
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

/// What a program that succeeds prints.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        text(&output)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Compiles a C program with gcc against a static library.
fn compile(source: &str, directory: &Path, library: &Path) -> PathBuf {
    let program = directory.join("program");
    run(Command::new("gcc")
        .args(["-std=c11", "-O1", "-g"])
        .args(STRICT)
        .arg("-I")
        .arg(Path::new(HERE).join("include"))
        .arg("-I")
        .arg(directory)
        .arg(Path::new(HERE).join(source))
        .arg(library.join("libmeva_c.a"))
        .args(["-lm", "-lpthread", "-ldl", "-lgcc_s", "-o"])
        .arg(&program));
    program
}

#[test]
fn the_example_plays() {
    let directory = with_model();
    let text = run(&mut Command::new(compile(
        "examples/ipd.c",
        directory.path(),
        &library(),
    )));
    println!("{text}");
    check_example(&text);
}

fn check_example(text: &str) {
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("N = 5, H = 16, R = 1, M = 16; "), "{text}");
    assert_eq!(lines.len(), 6, "{text}");
    assert!(lines[1..].iter().all(|line| line.contains("returns")), "{text}");
}

#[test]
fn wrong_arguments_are_refused() {
    let directory = with_model();
    let program = compile("tests/errors.c", directory.path(), &library());
    let text = run(&mut Command::new(&program));
    assert!(text.trim_end().ends_with("checks, 0 failures"), "{text}");
    if installed("valgrind") {
        let text = run(Command::new("valgrind")
            .args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--"])
            .arg(&program));
        println!("under valgrind: {text}");
    }
}

/// Three models of two shapes live in one program, which follows the rows that belong to each player: those that the core
/// follows when it is given the same images.
#[test]
fn three_models_live_in_one_program() {
    let directory = TempDir::new().unwrap();
    let expected = three_models(directory.path());
    let text = run(&mut Command::new(compile(
        "examples/three_models.c",
        directory.path(),
        &library(),
    )));
    assert_eq!(text, expected);
}

/// Writes the headers of `three_models.c`, and returns what it prints.
fn three_models(directory: &Path) -> String {
    let (imp, logistic) = (model("imp"), model("logistic"));
    let images = Player::BOTH.map(|player| {
        write(directory, &format!("imp_{}", player.index()), &imp, Some(player));
        Image::<5, 16, 1, 16>::of_words(&imp.image(Some(player)).unwrap()).unwrap()
    });
    write(directory, "logistic", &logistic, None);
    let image = Image::<1, 16, 1, 16>::of_words(&logistic.image(None).unwrap()).unwrap();

    let mut x = [[0.5, -1.0, 0.0, -0.5, 1.0], [-0.5, 0.25, 0.5, 0.0, 0.75]];
    let models = images.each_ref().map(|image| image.header.model().unwrap());
    let game = IteratedMatrix::try_from(models[0].game).unwrap();
    let mut tape = Tape::ZERO;
    for _ in 0..20 {
        let rows: [[f32; 5]; 2] = Player::BOTH.map(|player| {
            let i = player.index();
            let learner = MetaValueLearner {
                network: images[i].network().unwrap(),
                field: models[i].field,
                gamma: [0.9_f32, 0.8].map(f64::from),
            };
            learner.field_in(&Portable, &game, &x, &mut tape)[i]
        });
        for (x, direction) in x.as_flattened_mut().iter_mut().zip(rows.as_flattened()) {
            *x += models[0].alpha as f32 * direction;
        }
    }

    let mut y = [[-3.0], [2.5]];
    let model = image.header.model().unwrap();
    let learner = MetaValueLearner {
        network: image.network().unwrap(),
        field: model.field,
        gamma: [f64::from(0.95_f32); 2],
    };
    let mut tape = Tape::ZERO;
    for _ in 0..20 {
        let rows = learner.field_in(&Portable, &Logistic, &y, &mut tape);
        for (y, direction) in y.as_flattened_mut().iter_mut().zip(rows.as_flattened()) {
            *y += model.alpha as f32 * direction;
        }
    }
    let line = |numbers: &[f32]| {
        let bits: Vec<_> = numbers
            .iter()
            .map(|number| format!("{:08x}", number.to_bits()))
            .collect();
        format!("{}\n", bits.join(" "))
    };
    line(x.as_flattened()) + &line(y.as_flattened())
}

/// Both headers, in two units, under each compiler and as each language.
#[test]
fn every_compiler_takes_the_headers() {
    let directory = with_model();
    let folder = directory.path();
    let unit = Path::new(HERE).join("tests/unit.c");
    for (compiler, languages) in [
        ("gcc", &["-std=c99", "-std=c11", "-std=gnu17"][..]),
        ("clang", &["-std=c99", "-std=c17"][..]),
        ("g++", &["-std=c++11", "-std=c++20"][..]),
        ("clang++", &["-std=c++11", "-std=c++20"][..]),
    ] {
        if !installed(compiler) {
            continue;
        }
        let kind = if compiler.ends_with("++") { "c++" } else { "c" };
        for language in languages {
            let objects = ["-DMAIN", "-DOTHER"].map(|which| {
                let object = folder.join(&which[2..]).with_extension("o");
                run(Command::new(compiler)
                    .args(["-c", language, which])
                    .args(STRICT)
                    .arg("-I")
                    .arg(Path::new(HERE).join("include"))
                    .arg("-I")
                    .arg(folder)
                    .args(["-x", kind])
                    .arg(&unit)
                    .arg("-o")
                    .arg(&object));
                object
            });
            let program = folder.join("units");
            run(Command::new(compiler)
                .args(&objects)
                .arg(library().join("libmeva_c.a"))
                .args(["-lm", "-lpthread", "-ldl", "-lgcc_s", "-o"])
                .arg(&program));
            run(&mut Command::new(&program));
        }
    }
}

/// C90 is refused with words that say what to do.
#[test]
fn c90_is_refused_with_words() {
    let directory = with_model();
    let output = Command::new("gcc")
        .args(["-c", "-std=c90", "-I"])
        .arg(Path::new(HERE).join("include"))
        .arg("-I")
        .arg(directory.path())
        .arg(Path::new(HERE).join("tests/unit.c"))
        .args(["-o", "/dev/null"])
        .output()
        .unwrap();
    let text = text(&output);
    assert!(
        !output.status.success() && text.contains("needs C99 or later"),
        "{text}"
    );
}

/// Installed in a fresh place, the library is found by pkg-config and by CMake from any directory, and programs that were
/// linked with it ask for it by the name of its series.
#[test]
fn an_installation_is_found() {
    let directory = with_model();
    let expected = three_models(directory.path());
    let prefix = directory.path().join("fresh prefix");
    run(Command::new(Path::new(HERE).join("install"))
        .arg(&prefix)
        .arg(library()));

    if installed("pkg-config") {
        let ask = |what: &[&str]| {
            run(Command::new("pkg-config")
                .args(what)
                .arg("meva")
                .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")))
            .trim()
            .to_owned()
        };
        assert_eq!(ask(&["--modversion"]), env!("CARGO_PKG_VERSION"));
        let line = format!(
            "cc -O2 -I . '{HERE}/examples/ipd.c' {} -Wl,-rpath,'{}/lib' -o play && readelf -d play && ./play",
            ask(&["--cflags", "--libs"]),
            prefix.display()
        );
        let text = run(Command::new("sh").args(["-c", &line]).current_dir(directory.path()));
        let series = concat!(
            "libmeva_c.so.",
            env!("CARGO_PKG_VERSION_MAJOR"),
            ".",
            env!("CARGO_PKG_VERSION_MINOR")
        );
        assert!(text.contains(&format!("Shared library: [{series}]")), "{text}");
        check_example(&text[text.find("N = ").expect("it plays")..]);
    }

    if installed("cmake") {
        let build = directory.path().join("build");
        let definition = |name: &str, value: &Path| format!("-D{name}={}", value.display());
        run(Command::new("cmake")
            .arg("-S")
            .arg(Path::new(HERE).join("examples"))
            .arg("-B")
            .arg(&build)
            .arg(definition("CMAKE_PREFIX_PATH", &prefix))
            .arg(definition("MODELS", directory.path())));
        run(Command::new("cmake").arg("--build").arg(&build));
        check_example(&run(&mut Command::new(build.join("ipd"))));
        assert_eq!(run(&mut Command::new(build.join("three_models"))), expected);
    }
}

/// The library can be built for shapes that no list has; a list that makes no sense is refused with words.
#[test]
fn the_library_is_built_for_any_shape() {
    let target = library().join("other-shapes");
    let cargo = |command: &str, shapes: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([command, "--package", "meva-c", "--lib", "--target-dir"])
            .arg(&target)
            .current_dir(HERE)
            .env("MEVA_SHAPES", shapes);
        cargo
    };
    run(&mut cargo("build", "1,8,2,4"));
    let directory = TempDir::new().unwrap();
    let program = compile("tests/shape.c", directory.path(), &target.join("debug"));
    assert_eq!(run(&mut Command::new(program)), "trained and opened\n");

    for (shapes, word) in [
        ("", "it names no shape"),
        ("1,8", "`1,8` is no shape"),
        ("2,8,1,4", "`2,8,1,4` is no shape"),
        ("1,8,1,4 1,8,1,4", "named twice"),
    ] {
        let output = cargo("check", shapes).output().unwrap();
        let text = text(&output);
        assert!(!output.status.success() && text.contains(word), "{shapes}: {text}");
    }
}
