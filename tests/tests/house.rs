//! Which modules import which: folders of the host, and files inside them, must not import one another in cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a file imports, by module path: `["check", "report"]`.
type Imports = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// Every file of a crate with what it imports from the same crate, excluding tests.
fn imports(source: &Path) -> Imports {
    let mut files = Vec::new();
    walk(source, &mut files);
    let module = |file: &Path| -> Vec<String> {
        let path = file.strip_prefix(source).unwrap().with_extension("");
        let mut parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        parts.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
        parts
    };
    let modules: BTreeSet<Vec<String>> = files.iter().map(|file| module(file)).collect();
    // The file that a path of names refers to: the longest prefix that is a file.
    let file_of = |names: &[String]| {
        let lengths = (1..=names.len()).rev();
        lengths
            .map(|length| names[..length].to_vec())
            .find(|names| modules.contains(names))
    };
    let mut imports = Imports::new();
    for file in &files {
        let own = module(file);
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
        let code: String = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let of_file = imports.entry(own.clone()).or_default();
        for (start, names) in paths(&code) {
            let mut full = match start {
                Start::Crate => Vec::new(),
                Start::Super => own[..own.len().saturating_sub(1)].to_vec(),
            };
            full.extend(names);
            of_file.extend(file_of(&full).filter(|found| *found != own));
        }
    }
    imports
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

enum Start {
    Crate,
    Super,
}

/// Every path that begins with `crate::` or `super::`; a group in braces gives one path for each of its first names.
fn paths(code: &str) -> Vec<(Start, Vec<String>)> {
    let mut found = Vec::new();
    for (word, start) in [("crate::", Start::Crate as u8), ("super::", Start::Super as u8)] {
        for (at, _) in code.match_indices(word) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let rest = &code[at + word.len()..];
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .unwrap_or(rest.len());
            let names = |path: &str| -> Vec<String> {
                let parts = path.split("::").filter(|part| !part.is_empty());
                parts.map(str::to_owned).collect()
            };
            let before = names(&rest[..end]);
            let mut push = |names| {
                let start = if start == Start::Crate as u8 {
                    Start::Crate
                } else {
                    Start::Super
                };
                found.push((start, names));
            };
            match rest[end..].strip_prefix('{') {
                Some(group) if rest[..end].ends_with("::") => {
                    let group = group.split('}').next().unwrap_or_default();
                    for member in group.split(',') {
                        let member = member.trim().split(' ').next().unwrap_or_default();
                        push([before.clone(), names(member)].concat());
                    }
                }
                _ => push(before),
            }
        }
    }
    found
}

/// A cycle in a graph, if there is one: each node imports the next, and the last imports the first.
fn circle(graph: &Imports) -> Option<Vec<String>> {
    fn visit(
        node: &Vec<String>,
        graph: &Imports,
        path: &mut Vec<Vec<String>>,
        done: &mut BTreeSet<Vec<String>>,
    ) -> bool {
        if let Some(from) = path.iter().position(|on_path| on_path == node) {
            path.drain(..from);
            return true;
        }
        if !done.insert(node.clone()) {
            return false;
        }
        path.push(node.clone());
        let found = graph
            .get(node)
            .into_iter()
            .flatten()
            .any(|next| visit(next, graph, path, done));
        if !found {
            path.pop();
        }
        found
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|node| {
        let mut path = Vec::new();
        visit(node, graph, &mut path, &mut done).then(|| path.iter().map(|names| names.join("/")).collect())
    })
}

/// The same graph with every file replaced by its room: its top-level folder, or the file itself.
fn rooms(files: &Imports) -> Imports {
    let room = |names: &[String]| names[..1.min(names.len())].to_vec();
    let mut rooms = Imports::new();
    for (file, imported) in files.iter().filter(|(file, _)| !file.is_empty()) {
        let others = imported
            .iter()
            .map(|other| room(other))
            .filter(|other| *other != room(file));
        rooms.entry(room(file)).or_default().extend(others);
    }
    rooms
}

/// A folder's own file declares and re-exports what is in it, so only files next to each other count.
fn without_folders(files: &Imports) -> Imports {
    let is_folder = |names: &Vec<String>| {
        files
            .keys()
            .any(|other| other.len() > names.len() && other.starts_with(names))
    };
    let kept = files.iter().filter(|(file, _)| !is_folder(file));
    kept.map(|(file, imported)| {
        (
            file.clone(),
            imported.iter().filter(|other| !is_folder(other)).cloned().collect(),
        )
    })
    .collect()
}

fn crates() -> [(&'static str, Imports); 2] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    ["core", "host"].map(|name| (name, imports(&root.join(name).join("src"))))
}

#[test]
fn rooms_import_one_another_in_one_direction() {
    let [_, (_, host)] = crates();
    let rooms = rooms(&host);
    assert!(rooms.len() > 10, "{rooms:?}");
    assert_eq!(circle(&rooms), None);
}

#[test]
fn files_import_one_another_in_one_direction() {
    for (name, files) in crates() {
        let files = without_folders(&files);
        assert!(files.len() > 20, "{name}: {files:?}");
        assert_eq!(circle(&files), None, "{name}");
    }
}

#[test]
fn circles_are_found() {
    let names = |name: &str| vec![name.to_owned()];
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Imports::new();
        for (from, to) in edges {
            graph.entry(names(from)).or_default().insert(names(to));
        }
        graph
    };
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = circle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")]));
    assert_eq!(found, Some(vec!["b".to_owned(), "c".to_owned()]));
}

#[test]
fn imports_are_read() {
    let code = "use crate::error::{Error, Result};\nuse super::layout::Layout;\nlet x = crate::draws::Start::Normal(1.0); $crate::no";
    let found: Vec<String> = paths(code).iter().map(|(_, names)| names.join("/")).collect();
    assert_eq!(
        found,
        ["error/Error", "error/Result", "draws/Start/Normal", "layout/Layout"]
    );
}
