//! A node never outlives its supervisor.

use ringleader_shared::control::SUPERVISOR_ENV;

/// Asks the kernel to kill this process when the thread that spawned it ends; then makes sure that it had not
/// ended already. The control link that closes is the second lifeline, and the only one where the kernel has
/// no such service.
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
