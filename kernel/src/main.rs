//! The command `everloop`: runs the kernel, tells Jupyter about it, and is Python to those who call it so. Turns errors into one line and an exit code.

mod allocator;
mod command_line;
mod place;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use everloop::python;
use everloop_kernelspec::{Host, Installation, Location};

use command_line::{Command, CommandLine, InstallArguments, UninstallArguments, one_line};

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> ExitCode {
    if python::is_meant(std::env::args_os()) {
        place::name_environment();
        return python::run();
    }
    match CommandLine::try_parse() {
        Ok(line) => exit_code(execute(line.command)),
        Err(error) if error.use_stderr() => exit_code(Err(anyhow::anyhow!(
            "{} (`everloop --help` shows what there is)",
            one_line(&error)
        ))),
        // What `--help` and `--version` print.
        Err(error) => exit_code(error.print().context("cannot write to stdout")),
    }
}

fn exit_code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(io::stderr(), "everloop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Install(arguments) => install(arguments),
        Command::Uninstall(arguments) => uninstall(arguments),
        Command::List => list(),
        Command::Python { arguments } => {
            Err(python::exec(&arguments)).context("cannot start Python")
        }
        Command::Run {
            connection_file, ..
        } => {
            // Python starts under a path with `..` in it, too.
            let _ = place::call_by_real_path();
            // With what it reserves otherwise it runs as well, if it fits.
            let _ = everloop::limits::reserve_little();
            everloop::memory::use_small_pages();
            everloop::memory::give_back_by(allocator::give_back);
            place::name_environment();
            Ok(everloop::kernel::run(&connection_file)?)
        }
    }
}

fn install(arguments: InstallArguments) -> anyhow::Result<()> {
    let installation = Installation {
        location: arguments.location.into(),
        name: arguments.name,
        display_name: arguments.display_name,
        env: arguments.env,
    };
    let directory = everloop_kernelspec::install(&installation, &host()?)?;
    say(&format!(
        "installed {:?} in {}",
        installation.display_name,
        directory.display()
    ))
}

fn uninstall(arguments: UninstallArguments) -> anyhow::Result<()> {
    let location = Location::from(arguments.location);
    let removed = everloop_kernelspec::uninstall(&location, &arguments.name, &host()?)?;
    say(&format!("removed {}", removed.directory.display()))?;
    match removed.packages {
        Some(packages) => say(&format!(
            "removed {}, the packages that `%pip` had installed",
            packages.display()
        )),
        None => Ok(()),
    }
}

/// One line for each kernel: name, directory, display name; and a remark when Jupyter could not start it.
fn list() -> anyhow::Result<()> {
    for kernel in everloop_kernelspec::list(&host()?) {
        let remark = if kernel.is_startable() {
            ""
        } else {
            " (its program is gone: install it again)"
        };
        let (directory, display_name) = (kernel.directory.display(), &kernel.spec.display_name);
        say(&format!(
            "{}\t{directory}\t{display_name}{remark}",
            kernel.name
        ))?;
    }
    Ok(())
}

fn host() -> anyhow::Result<Host> {
    Ok(Host::current(
        std::env::current_exe().context("cannot find out where everloop itself is")?,
    ))
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{line}").context("cannot write to stdout")
}
