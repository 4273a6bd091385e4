//! The guarantee that a node never outlives its supervisor.

use ringleader_shared::control::SUPERVISOR_ENV;

/// Asks the kernel to kill this process when the thread that spawned it ends, then checks that the thread
/// had not ended already. The control link is the second lifeline: the node ends when it closes. Where
/// the kernel has no such service, it is the only one.
///
/// # Errors
/// When the supervisor is gone already.
pub(crate) fn die_with_supervisor() -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    let supervisor = std::env::var(SUPERVISOR_ENV).ok().and_then(|pid| pid.parse::<i32>().ok());
    let parent = nix::unistd::getppid().as_raw();
    match supervisor {
        Some(supervisor) if supervisor != parent => {
            anyhow::bail!("the supervisor (process {supervisor}) is gone: nothing to do without it")
        }
        Some(_) => Ok(()),
        None => anyhow::bail!(
            "{SUPERVISOR_ENV} is not set: nodes are started by `ringleader serve`, not by hand; see `ringleader --help`"
        ),
    }
}
