//! `meva completions` and `meva manual`: what a shell and `man` want to know of the program.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Outcome, print};
use meva::error::{Error, Result};

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

/// Write the manual: a page for the program and one for each command.
///
/// Then `man -l man/meva-train.1`, or copy them to where `man` looks: `~/.local/share/man/man1`.
#[derive(Debug, Args)]
pub struct Manual {
    /// Where the pages go
    #[arg(long, default_value = "man", value_name = "DIR")]
    out: PathBuf,
}

impl Manual {
    pub(super) fn run(&self) -> Result<Outcome> {
        std::fs::create_dir_all(&self.out).map_err(|cause| Error::io("create the directory", &self.out, cause))?;
        let mut program = Cli::command().disable_help_subcommand(true);
        program.build();
        let commands: Vec<clap::Command> = program.get_subcommands().cloned().collect();
        let mut names = String::new();
        for page in [program].into_iter().chain(commands) {
            let path = Man::new(page)
                .generate_to(&self.out)
                .map_err(|cause| Error::io("write into", &self.out, cause))?;
            names += &format!("{}\n", path.display());
        }
        print(&names)?;
        Ok(Outcome::Done)
    }
}
