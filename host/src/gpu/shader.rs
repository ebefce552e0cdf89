//! The sources of the stages: a file in `shaders/`, preceded by everything that it imports.
//!
//! WGSL has no modules. The shaders state where names come from in lines such as
//!
//! ```text
//! // import exact, exact_scalar from elementary.wgsl
//! // import H, M from host/src/gpu/layout.rs
//! // import game_value from game/
//! ```
//!
//! and [`Stage::source`] resolves them: a stage consists of its own file, the files that it imports directly or
//! indirectly, and only those constants that are imported from Rust. A folder stands for whichever of its files the
//! plan or the stage selects: the game, or its derivatives, how it is known, what a backward pass keeps, and the columns of a vector.

use std::fmt::Write as _;

use meva_core::game::{AnyGame, PlaneGame};
use meva_shaders::{SHADERS, Shader};

use super::constant::{Constant, of_core};
use super::plan::{Plan, Points};
pub use super::stage::Stage;
use crate::error::{Error, Result};

impl Stage {
    /// The complete source for a plan.
    ///
    /// # Errors
    /// An import names a file that does not exist or a name that its file does not declare, or files import each other.
    /// Tests make sure that none of this happens with the shaders of this crate. A number in the configuration does not
    /// fit in `f32`.
    pub fn source(self, plan: &Plan) -> Result<String> {
        let mut constants = of_core();
        constants.extend(plan.layout.constants());
        constants.extend(plan.constants());
        Assembly {
            shaders: &SHADERS,
            constants: &constants,
            game: match plan.game {
                AnyGame::Plane(PlaneGame::Logistic) => "logistic.wgsl",
                AnyGame::Plane(PlaneGame::Tandem) => "tandem.wgsl",
                AnyGame::Plane(PlaneGame::MatchingPennies) => "matching_pennies.wgsl",
                AnyGame::Plane(PlaneGame::Bilinear) => "bilinear.wgsl",
                AnyGame::Plane(PlaneGame::Quadratic) => "quadratic.wgsl",
                AnyGame::IteratedMatrix(_) => "iterated_matrix.wgsl",
            },
            estimator: match plan.sampling {
                None => "estimator/exact.wgsl",
                Some(_) => "estimator/rollouts.wgsl",
            },
            keep: match self {
                Stage::RollOut => "keep/evaluations.wgsl",
                Stage::VjpParameters => "keep/records.wgsl",
                Stage::Cola => "keep/duals.wgsl",
                _ => "keep/nothing.wgsl",
            },
            columns: match (self, plan.points(self)) {
                (Stage::Cola, _) => "columns/dual.wgsl",
                (_, Points::One) => "columns/one.wgsl",
                (_, Points::Two) => "columns/two.wgsl",
            },
        }
        .source(&format!("{}.wgsl", self.name()))
    }
}

/// A line that says where names come from.
struct Import<'a> {
    names: Vec<&'a str>,
    from: &'a str,
}

/// The imports of a shader.
fn imports(text: &str) -> impl Iterator<Item = Import<'_>> {
    text.lines().filter_map(|line| {
        let (names, from) = line.strip_prefix("// import ")?.split_once(" from ")?;
        Some(Import {
            names: names.split(", ").collect(),
            from,
        })
    })
}

/// The names that a shader declares outside of functions.
fn declarations(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let bound = line
            .strip_prefix("@group")
            .and_then(|line| Some(line.split_once("var")?.1));
        let rest = bound.map_or(line, |rest| &line[line.len() - rest.len() - "var".len()..]);
        let rest = ["fn ", "const ", "struct ", "alias ", "var"]
            .iter()
            .find_map(|word| rest.strip_prefix(word))?;
        let rest = rest
            .strip_prefix('<')
            .map_or(Some(rest), |rest| Some(rest.split_once("> ")?.1))?;
        rest.split(|c: char| !is_of_name(c)).next()
    })
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What sources are assembled from.
struct Assembly<'a> {
    shaders: &'a [Shader],
    constants: &'a [Constant],
    /// The file that is meant in `game/` and in `derivatives/`.
    game: &'a str,
    /// The files that `estimator/`, `keep/` and `columns/` stand for.
    estimator: &'a str,
    keep: &'a str,
    columns: &'a str,
}

/// What is known so far to belong to a source.
#[derive(Default)]
struct Parts<'a> {
    constants: Vec<&'a Constant>,
    /// Files whose imports are being followed.
    open: Vec<&'a str>,
    /// Files, each preceded by everything that it imports.
    closed: Vec<&'a Shader>,
}

impl<'a> Assembly<'a> {
    fn source(&self, file: &str) -> Result<String> {
        let mut parts = Parts::default();
        self.add(self.shader(file)?, &mut parts)?;
        let mut text = String::new();
        for constant in parts.constants {
            let _ = writeln!(text, "{constant}");
        }
        for shader in parts.closed {
            let _ = write!(text, "\n// {}\n\n{}", shader.name, shader.text);
        }
        Ok(text)
    }

    fn add(&self, shader: &'a Shader, parts: &mut Parts<'a>) -> Result<()> {
        if parts.closed.iter().any(|closed| closed.name == shader.name) {
            return Ok(());
        }
        if parts.open.contains(&shader.name) {
            return Err(Error::other(format!("{} imports itself through others", shader.name)));
        }
        parts.open.push(shader.name);
        for Import { names, from } in imports(shader.text) {
            let unknown =
                |name: &str| Error::other(format!("{} imports `{name}`, which is not in {from}", shader.name));
            if from.ends_with(".rs") {
                for name in names {
                    let mut constants = self.constants.iter();
                    let constant = constants.find(|constant| (constant.file, constant.name) == (from, name));
                    let constant = constant.ok_or_else(|| unknown(name))?;
                    if !constant.value.is_finite() {
                        let name = name.to_lowercase();
                        let what = format!("`{name}` is too large for the GPU engine, which computes in f32");
                        return Err(Error::usage(what).hint("use a smaller number"));
                    }
                    if !parts.constants.contains(&constant) {
                        parts.constants.push(constant);
                    }
                }
                continue;
            }
            let of_game = format!("{from}{}", self.game);
            let imported = self.shader(match from {
                "game/" | "derivatives/" => &of_game,
                "estimator/" => self.estimator,
                "keep/" => self.keep,
                "columns/" => self.columns,
                file => file,
            })?;
            if let Some(name) = names
                .iter()
                .find(|name| !declarations(imported.text).any(|known| known == **name))
            {
                return Err(unknown(name));
            }
            self.add(imported, parts)?;
        }
        parts.open.pop();
        parts.closed.push(shader);
        Ok(())
    }

    fn shader(&self, file: &str) -> Result<&'a Shader> {
        let shader = self.shaders.iter().find(|shader| shader.name == file);
        shader.ok_or_else(|| Error::other(format!("there is no shader {file}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::super::constant::Value;
    use super::*;
    use crate::config::Config;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// Plans with every game.
    fn plans() -> Vec<Plan> {
        ["logistic", "ipd", "imp"]
            .map(|preset| Config::preset(preset).unwrap())
            .into_iter()
            .chain(
                [
                    ("logistic", "game=tandem"),
                    ("ipd", "estimator=rollouts"),
                    ("cola", "seed=0"),
                ]
                .map(|(preset, change)| {
                    let mut config = Config::preset(preset).unwrap();
                    config.set(change).unwrap();
                    config
                }),
            )
            .map(|config| Plan::of(&config, 2).unwrap())
            .collect()
    }

    /// The files that an import may refer to.
    fn meant(from: &str) -> Vec<&'static Shader> {
        let folder = from.ends_with('/');
        let is_meant = |shader: &&Shader| shader.name == from || folder && shader.name.starts_with(from);
        SHADERS.iter().filter(is_meant).collect()
    }

    /// A shader without comments, split where declarations outside of functions start.
    fn items(text: &str) -> Vec<String> {
        let mut items = vec![String::new()];
        for line in text.lines() {
            let code = line.split("//").next().unwrap();
            if code.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@') {
                items.push(String::new());
            }
            let item = items.last_mut().unwrap();
            item.push_str(code);
            item.push('\n');
        }
        items
    }

    /// The names that an item uses without declaring them itself: no fields, parameters or local variables.
    fn uses(item: &str) -> BTreeSet<&str> {
        let (mut used, mut local) = (BTreeSet::new(), BTreeSet::new());
        let mut previous = "";
        let mut rest = item;
        while let Some(start) = rest.find(is_of_name) {
            let before = rest[..start].trim_end();
            let end = rest[start..]
                .find(|c: char| !is_of_name(c))
                .map_or(rest.len(), |length| start + length);
            let word = &rest[start..end];
            let declared = ["let", "var", "const", "fn", "struct"].contains(&previous) && before.trim().is_empty();
            if declared || rest[end..].starts_with(':') {
                local.insert(word);
            } else if !before.ends_with('.') && !before.ends_with('@') {
                used.insert(word);
            }
            previous = word;
            rest = &rest[end..];
        }
        used.difference(&local).copied().collect()
    }

    /// The names, with their files, that a shader uses but neither declares nor imports.
    fn missing<'a>(text: &str, foreign: &BTreeMap<&'a str, &'a str>) -> BTreeSet<(&'a str, &'a str)> {
        let known: BTreeSet<&str> = declarations(text)
            .chain(imports(text).flat_map(|import| import.names))
            .collect();
        let items = items(text);
        let used = items
            .iter()
            .flat_map(|item| uses(item))
            .filter(|name| !known.contains(name));
        used.filter_map(|name| foreign.get_key_value(name))
            .map(|(name, file)| (*name, *file))
            .collect()
    }

    /// The names that a shader imports but does not use.
    fn unused(text: &str) -> Vec<&str> {
        let items = items(text);
        let used: BTreeSet<&str> = items.iter().flat_map(|item| uses(item)).collect();
        let imported = imports(text).flat_map(|import| import.names);
        imported.filter(|name| !used.contains(name)).collect()
    }

    #[test]
    fn all_shaders_are_known() {
        let mut found = Vec::new();
        let mut folders = vec![root().join("shaders")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "wgsl") {
                    let name = path.strip_prefix(root().join("shaders")).unwrap();
                    found.push(name.to_str().unwrap().replace('\\', "/"));
                }
            }
        }
        found.sort();
        assert_eq!(found, SHADERS.map(|shader| shader.name.to_string()));
    }

    /// Every import names a file that declares the name, and every imported name is used.
    #[test]
    fn imports_are_right_and_used() {
        let mut constants = BTreeSet::new();
        for plan in plans() {
            let of_plan = [of_core(), plan.layout.constants(), plan.constants()].concat();
            constants.extend(of_plan.iter().map(|constant| (constant.file, constant.name)));
        }
        let mut left = constants.clone();
        for shader in &SHADERS {
            let unused = unused(shader.text);
            assert!(
                unused.is_empty(),
                "{} imports {unused:?} and does not use them",
                shader.name
            );
            let mut imported = BTreeSet::new();
            for Import { names, from } in imports(shader.text) {
                for name in names {
                    assert!(imported.insert(name), "{} imports {name} twice", shader.name);
                    if from.ends_with(".rs") {
                        assert!(
                            constants.contains(&(from, name)),
                            "{}: no {name} in {from}",
                            shader.name
                        );
                        let text = fs::read_to_string(root().join(from)).unwrap();
                        let words: BTreeSet<&str> = text.split(|c: char| !is_of_name(c)).collect();
                        assert!(words.contains(name), "{from} does not have {name}");
                        left.remove(&(from, name));
                        continue;
                    }
                    let meant = meant(from);
                    assert!(!meant.is_empty(), "{}: there is no {from}", shader.name);
                    for file in meant {
                        let mut known = declarations(file.text);
                        assert!(
                            known.any(|known| known == name),
                            "{}: no {name} in {}",
                            shader.name,
                            file.name
                        );
                    }
                }
            }
        }
        assert!(left.is_empty(), "no shader imports {left:?}");
    }

    /// No shader uses a name from another file, or one provided by Rust, without stating where it comes from.
    #[test]
    fn no_import_is_missing() {
        let stages = Stage::ALL.map(|stage| format!("{}.wgsl", stage.name()));
        let mut foreign: BTreeMap<&str, &str> = BTreeMap::new();
        let plans = plans();
        let constants: Vec<Vec<Constant>> = plans
            .iter()
            .map(|plan| [of_core(), plan.layout.constants(), plan.constants()].concat())
            .collect();
        for constant in constants.iter().flatten() {
            foreign.insert(constant.name, constant.file);
        }
        for shader in SHADERS
            .iter()
            .filter(|shader| !stages.iter().any(|stage| stage == shader.name))
        {
            foreign.extend(declarations(shader.text).map(|name| (name, shader.name)));
        }
        for shader in &SHADERS {
            let missing = missing(shader.text, &foreign);
            assert!(
                missing.is_empty(),
                "{} uses names without an import: {missing:?}",
                shader.name
            );
        }
    }

    #[test]
    fn missing_and_unused_imports_are_found() {
        let text = "// import a, b from x.wgsl\nconst d = 1u;\nfn f(e: u32) -> u32 {\n    return a + c + d + e + g.h; // i\n}\n";
        let foreign = ["a", "b", "c", "d", "e", "h", "i"].map(|name| (name, "x.wgsl"));
        assert_eq!(
            missing(text, &BTreeMap::from(foreign)),
            BTreeSet::from([("c", "x.wgsl")])
        );
        assert_eq!(unused(text), ["b"]);
    }

    #[test]
    fn declarations_are_found() {
        let text = "const A: u32 = 1u;\nconst B = 2u;\n@group(0) @binding(2) var<storage, read> c: array<f32>;\n\
                    var<private> d: u32;\nstruct E {\n    f: u32,\n}\n@compute @workgroup_size(1)\nfn g(h: u32) {\n    \
                    let i = h;\n}\n";
        assert_eq!(declarations(text).collect::<Vec<_>>(), ["A", "B", "c", "d", "E", "g"]);
        let items = items("fn g(h: u32) -> E {\n    let i = h + A; // j\n    return E(k.l, i);\n}\n");
        let used: BTreeSet<&str> = items.iter().flat_map(|item| uses(item)).collect();
        assert_eq!(used, BTreeSet::from(["A", "E", "fn", "k", "let", "return", "u32"]));
    }

    fn assemble(shaders: &[Shader], file: &str) -> std::result::Result<String, String> {
        let constant = |name, value| Constant {
            file: "a.rs",
            name,
            value,
        };
        let constants = [
            constant("A", Value::Index(7)),
            constant("INFINITE", Value::Numbers(vec![1.0, f32::INFINITY])),
        ];
        let assembly = Assembly {
            shaders,
            constants: &constants,
            game: "b.wgsl",
            estimator: "estimator/b.wgsl",
            keep: "keep/b.wgsl",
            columns: "columns/b.wgsl",
        };
        assembly.source(file).map_err(|error| error.to_string())
    }

    #[test]
    fn sources_consist_of_what_is_imported() {
        let shaders = [
            Shader {
                name: "main.wgsl",
                text: "// import A from a.rs\n// import b from game/\nconst C = A + b;\n",
            },
            Shader {
                name: "game/b.wgsl",
                text: "// import A from a.rs\nconst b = A;\n",
            },
            Shader {
                name: "unused.wgsl",
                text: "const d = 1u;\n",
            },
        ];
        let source = assemble(&shaders, "main.wgsl").unwrap();
        let code: Vec<&str> = source
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .collect();
        assert_eq!(code, ["const A: u32 = 7u;", "const b = A;", "const C = A + b;"]);
    }

    #[test]
    fn bad_imports_are_errors() {
        for (text, what) in [
            ("// import B from a.rs\n", "main.wgsl imports `B`, which is not in a.rs"),
            ("// import INFINITE from a.rs\n", "`infinite` is too large"),
            ("// import A from b.rs\n", "main.wgsl imports `A`, which is not in b.rs"),
            ("// import a from a.wgsl\n", "there is no shader a.wgsl"),
            (
                "// import c from game/\n",
                "main.wgsl imports `c`, which is not in game/",
            ),
            (
                "// import d from main.wgsl\nconst d = 1u;\n",
                "main.wgsl imports itself",
            ),
        ] {
            let shaders = [
                Shader {
                    name: "main.wgsl",
                    text,
                },
                Shader {
                    name: "game/b.wgsl",
                    text: "const b = 1u;\n",
                },
            ];
            let error = assemble(&shaders, "main.wgsl").unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }
}
