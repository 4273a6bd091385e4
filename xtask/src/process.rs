//! Running other programs.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::progress;

/// A program about to be run.
pub(crate) struct Run {
    command: Command,
    shown: String,
}

impl Run {
    /// Makes a run of this program with these arguments.
    pub(crate) fn new<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut run = Self {
            shown: program.as_ref().to_string_lossy().into_owned(),
            command: Command::new(program.as_ref()),
        };
        for argument in arguments {
            run = run.arg(argument);
        }
        run
    }

    /// Makes a run of the cargo that runs xtask.
    pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(cargo, arguments)
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = S>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Looks for the program, and lets it look for its own, on this path.
    pub(crate) fn on_path(mut self, path: &OsStr) -> Self {
        let program = Path::new(self.command.get_program()).to_owned();
        if let Some(found) =
            std::env::split_paths(path).map(|folder| folder.join(&program)).find(|file| file.is_file())
        {
            let arguments: Vec<_> = self.command.get_args().map(OsStr::to_owned).collect();
            self.command = Command::new(found);
            self.command.args(arguments);
        }
        self.command.env("PATH", path);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets several environment variables.
    pub(crate) fn envs<'a>(mut self, all: impl IntoIterator<Item = &'a (String, String)>) -> Self {
        for (name, value) in all {
            self.command.env(name, value);
        }
        self
    }

    /// Sets the folder to run in.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Removes an environment variable that it would inherit.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs it and shows its output.
    pub(crate) fn check(mut self) -> anyhow::Result<()> {
        let status = self.command.status().with_context(|| format!("can't start `{}`", self.shown))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown);
        }
        Ok(())
    }

    /// Runs it, shows its output, and passes each line of it to `hear` too.
    pub(crate) fn check_line_by_line(self, mut hear: impl FnMut(&str)) -> anyhow::Result<()> {
        let status = progress::pass_on(self.command, |line| {
            println!("{line}");
            hear(line);
        });
        let status = status.with_context(|| format!("can't start `{}`", self.shown))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown);
        }
        Ok(())
    }

    /// Runs it with one line of progress, for work that takes minutes. Its output is shown only when it
    /// fails.
    pub(crate) fn check_with_progress(self) -> anyhow::Result<()> {
        let (status, said) =
            progress::watch(self.command).with_context(|| format!("can't start `{}`", self.shown))?;
        if !status.success() {
            bail!("`{}` failed ({status})\n{said}", self.shown);
        }
        Ok(())
    }

    /// Runs it; its output is shown only when it fails.
    pub(crate) fn check_quietly(self) -> anyhow::Result<()> {
        self.output().map(drop)
    }

    /// Runs it and returns its standard output, which is shown when it fails.
    pub(crate) fn output(self) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    fn bytes(mut self) -> anyhow::Result<Vec<u8>> {
        let output = self
            .command
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("can't start `{}`", self.shown))?;
        if !output.status.success() {
            bail!(
                "`{}` failed ({})\n{}{}",
                self.shown,
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(output.stdout)
    }

    /// Runs it silently and returns whether it succeeded.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }
}

/// Whether a program of this name is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Installs packages of Debian.
pub(crate) fn apt_install(packages: &[&str], what_for: &str) -> anyhow::Result<()> {
    let list = packages.join(" ");
    if !may_apt()? {
        bail!(
            "{what_for} is missing. Install it with your system's package manager (on Debian: {list}), then try again"
        );
    }
    println!("Installing {what_for} ({list}), about 20 s …");
    apt(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    apt(&install)
}

/// Fetches the lists of Debian's packages.
pub(crate) fn apt_update() -> anyhow::Result<()> {
    if !may_apt()? {
        bail!("the lists of packages are missing, and only root may fetch them: `apt-get update`");
    }
    apt(&["update"])
}

/// Whether apt-get exists and may be used without a password.
fn may_apt() -> anyhow::Result<bool> {
    Ok(on_path("apt-get") && (is_root()? || Run::new("sudo", ["-n", "true"]).succeeds()))
}

fn is_root() -> anyhow::Result<bool> {
    Ok(Run::new("id", ["-u"]).output()?.trim() == "0")
}

fn apt(arguments: &[&str]) -> anyhow::Result<()> {
    let mut words: Vec<&str> = if is_root()? { vec![] } else { vec!["sudo", "-n"] };
    words.push("apt-get");
    words.extend(arguments);
    Run::new(words[0], &words[1..]).env("DEBIAN_FRONTEND", "noninteractive").check_quietly()
}
