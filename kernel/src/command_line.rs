//! The words after `everloop`, as clap reads them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use everloop_kernelspec::{Assignment, DISPLAY_NAME, KernelName, Location};

/// A Jupyter kernel for Python on one asyncio loop that never stops.
#[derive(Debug, Parser)]
#[command(name = "everloop", version, arg_required_else_help = false)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Let Jupyter know this kernel
    Install(InstallArguments),
    /// Remove the kernel from Jupyter
    Uninstall(UninstallArguments),
    /// Show where Jupyter finds this kernel
    List,
    /// Run the kernel (Jupyter does this)
    Run {
        /// The connection file that Jupyter wrote
        #[arg(short = 'f', value_name = "CONNECTION_FILE")]
        connection_file: PathBuf,
        /// What front ends pass on of their own command lines, as `jupyter run` does with its files; nothing of it is used
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        passed_on: Vec<OsString>,
    },
    /// Run Python: a script, `-c` or `-m`, with everloop's loop as asyncio's
    #[command(disable_help_flag = true)]
    Python {
        /// As `python` takes them
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "ARGUMENTS"
        )]
        arguments: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InstallArguments {
    #[command(flatten)]
    pub(crate) location: LocationArguments,
    /// The name for `jupyter console --kernel NAME`
    #[arg(long, default_value_t)]
    pub(crate) name: KernelName,
    /// The name that people see
    #[arg(long, value_name = "TEXT", default_value = DISPLAY_NAME)]
    pub(crate) display_name: String,
    /// An environment variable for the kernel; can be given again
    #[arg(long, value_name = "K=V")]
    pub(crate) env: Vec<Assignment>,
}

#[derive(Debug, Args)]
pub(crate) struct UninstallArguments {
    #[command(flatten)]
    pub(crate) location: LocationArguments,
    /// The name under which it was installed
    #[arg(long, default_value_t)]
    pub(crate) name: KernelName,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct LocationArguments {
    /// For every Jupyter of this user (what happens without a location, too)
    #[arg(long)]
    user: bool,
    /// For the active virtual or conda environment
    #[arg(long)]
    sys_prefix: bool,
    /// For the Python installation or environment at DIR
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
}

impl From<LocationArguments> for Location {
    fn from(arguments: LocationArguments) -> Location {
        match arguments.prefix {
            Some(prefix) => Location::Prefix(prefix),
            None if arguments.sys_prefix => Location::SysPrefix,
            None => Location::User,
        }
    }
}

/// clap's explanation of a bad command line, without the usage that follows it: one line.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let explanation = text.lines().take_while(|line| !line.is_empty());
    let line = explanation.map(str::trim).collect::<Vec<_>>().join(" ");
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(words: &[&str]) -> Result<Command, String> {
        let words = ["everloop"].iter().chain(words);
        CommandLine::try_parse_from(words)
            .map(|line| line.command)
            .map_err(|error| one_line(&error))
    }

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn install_has_defaults() {
        let Command::Install(arguments) = parse(&["install"]).unwrap() else {
            panic!("not install")
        };
        assert_eq!(arguments.name, KernelName::default());
        assert_eq!(arguments.display_name, DISPLAY_NAME);
        assert_eq!(Location::from(arguments.location), Location::User);
    }

    #[test]
    fn each_flag_names_its_location() {
        let table: [(&[&str], Location); 3] = [
            (&["uninstall", "--user"], Location::User),
            (&["uninstall", "--sys-prefix"], Location::SysPrefix),
            (
                &["uninstall", "--prefix", "/opt"],
                Location::Prefix("/opt".into()),
            ),
        ];
        for (words, expected) in table {
            let Command::Uninstall(arguments) = parse(words).unwrap() else {
                panic!("not uninstall")
            };
            assert_eq!(Location::from(arguments.location), expected);
        }
    }

    #[test]
    fn words_of_a_front_end_are_no_complaint() {
        let Command::Run {
            connection_file, ..
        } = parse(&["run", "-f", "c.json", "--Application.x=1", "file.py", "-f"]).unwrap()
        else {
            panic!("not run")
        };
        assert_eq!(connection_file, PathBuf::from("c.json"));
    }

    #[test]
    fn every_complaint_is_one_line_that_names_the_culprit() {
        let table: [(&[&str], &str); 8] = [
            (&[], "requires a subcommand"),
            (&["install", "--user", "--sys-prefix"], "--sys-prefix"),
            (&["install", "--name", "a b"], "`a b` cannot name a kernel"),
            (&["install", "--env", "LONELY"], "write NAME=VALUE"),
            (&["install", "--nonsense"], "--nonsense"),
            (&["run"], "-f <CONNECTION_FILE>"),
            (&["dance"], "dance"),
            (&["install", "--prefix"], "--prefix"),
        ];
        for (words, expected) in table {
            let complaint = parse(words).unwrap_err();
            assert!(
                complaint.contains(expected) && !complaint.contains('\n'),
                "{complaint}"
            );
        }
    }
}
