//! `meva completions` and `meva manual`: what a shell, `man` and the documentation want to know of the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Outcome, print};
use meva::config::{Config, KEYS, Key};
use meva::error::{Error, Result};
use meva::files::write_atomically;

/// Print what a shell needs to complete commands and options.
///
/// For bash: `meva completions bash > ~/.local/share/bash-completion/completions/meva`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "meva", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(Outcome::Done)
    }
}

/// Write the manual: pages for `man`, or a reference in Markdown.
///
/// `man -l man/meva-train.1` shows a page; `man` looks for them in `~/.local/share/man/man1`.
#[derive(Debug, Args)]
pub struct Manual {
    /// Where the pages go
    #[arg(long, default_value = "man", value_name = "DIR")]
    out: PathBuf,
    /// What they are
    #[arg(long, value_enum, default_value_t = Format::Man)]
    format: Format,
}

/// What the manual is written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A page for the program and one for each command
    Man,
    /// `commands.md`, with what each command's --help says, and `keys.md`, with the keys of configurations and the presets
    Markdown,
}

impl Manual {
    pub(super) fn run(&self) -> Result<Outcome> {
        std::fs::create_dir_all(&self.out).map_err(|cause| Error::io("create the directory", &self.out, cause))?;
        let mut program = Cli::command().disable_help_subcommand(true);
        program.build();
        let pages = match self.format {
            Format::Man => man(program, &self.out)?,
            Format::Markdown => {
                let pages = [("commands.md", commands(program)), ("keys.md", keys()?)];
                let write = |(name, text): (&str, String)| {
                    let path = self.out.join(name);
                    write_atomically(&path, text.as_bytes())?;
                    Ok(path)
                };
                pages.into_iter().map(write).collect::<Result<Vec<_>>>()?
            }
        };
        let names: Vec<String> = pages.iter().map(|path| path.display().to_string()).collect();
        print(&names.join("\n"))?;
        Ok(Outcome::Done)
    }
}

/// A page for the program and one for each command.
fn man(program: clap::Command, out: &Path) -> Result<Vec<PathBuf>> {
    let commands: Vec<clap::Command> = program.get_subcommands().cloned().collect();
    let write = |page| {
        Man::new(page)
            .generate_to(out)
            .map_err(|cause| Error::io("write into", out, cause))
    };
    [program].into_iter().chain(commands).map(write).collect()
}

/// What the program and each command say of themselves.
fn commands(mut program: clap::Command) -> String {
    let mut text = "# Commands\n\nWhat `meva --help` and `meva COMMAND --help` say.\n".to_owned();
    let help = |command: &mut clap::Command| {
        let help = command.render_long_help().to_string();
        let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
        format!("\n```text\n{}\n```\n", lines.join("\n"))
    };
    text += &help(&mut program);
    for command in program.get_subcommands_mut() {
        let says = help(command);
        let _ = write!(text, "\n## `meva {}`\n{says}", command.get_name());
    }
    text
}

/// The keys of a configuration, and what the presets make of them.
fn keys() -> Result<String> {
    let presets = Config::presets()
        .map(|name| Ok((name, Config::preset(name)?)))
        .collect::<Result<Vec<_>>>()?;
    let [(usual_name, usual), others @ ..] = presets.as_slice() else {
        return Ok(String::new());
    };
    let mut text = format!(
        "# Configuration keys\n\n\
         A configuration is one flat table of TOML, the same in `config.toml`, after `--set` and in Python. A file names the `preset` that\n\
         supplies what it leaves out. A key that has no effect cannot be changed: the last column says what would give it one.\n\
         `meva train PRESET --print-config` prints a whole configuration.\n\n\
         | key | what it is | which numbers | in `{usual_name}` | has an effect with |\n|---|---|---|---|---|\n"
    );
    for key in KEYS.iter().filter(|key| !["preset", "version"].contains(&key.name)) {
        let needs = remedies(key, presets.iter().map(|(_, config)| config));
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            key.name,
            key.note(),
            key.range().unwrap_or_default(),
            key.value(usual).map(|value| format!("`{value}`")).unwrap_or_default(),
            needs.join("; "),
        );
    }
    let renamed = KEYS.iter().filter_map(|key| Some((key.formerly()?, key.name)));
    let renamed: Vec<String> = renamed.map(|(old, new)| format!("`{old}` is `{new}`")).collect();
    let _ = write!(
        text,
        "\nNames of earlier versions are understood: {}.\n\n\
         ## Presets\n\n`{usual_name}` has the values of the table. The others have the same, apart from these.\n",
        renamed.join(", "),
    );
    for (name, config) in others {
        let _ = write!(text, "\n### `{name}`\n\n```toml\n");
        let differs =
            |key: &&Key| key.name != "preset" && key.value(config) != key.value(usual) && key.idle(config).is_none();
        for key in KEYS.iter().filter(differs) {
            let _ = writeln!(text, "{} = {}", key.name, key.value(config).unwrap_or_default());
        }
        text += "```\n";
    }
    Ok(text)
}

/// What gives a key an effect, where one of these configurations gives it none.
fn remedies<'a>(key: &Key, configs: impl Iterator<Item = &'a Config>) -> Vec<String> {
    let mut found = Vec::new();
    for remedy in configs.filter_map(|config| key.idle(config)).map(|idle| idle.remedy) {
        // The first word of an assignment is its key.
        let words = match remedy.split_once(" = ") {
            Some((name, _)) if !name.contains(' ') => format!("`{remedy}`"),
            _ => remedy.to_owned(),
        };
        if !found.contains(&words) {
            found.push(words);
        }
    }
    found
}
