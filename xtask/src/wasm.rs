//! A compiler for wasm32, on two kinds of machine: where rustup can add the target, and where it can't but
//! Debian has a compiler with the source of its standard library.

use std::path::PathBuf;

use anyhow::Context;

use crate::process::{self, Run};
use crate::versions;

/// The target of the page.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The name that rustup gives to Debian's compiler once it is linked.
const DEBIAN_TOOLCHAIN: &str = "debian-web";

/// A compiler for wasm32, and the crates that it is to compile.
pub(crate) struct Compiler {
    environment: Vec<(String, String)>,
}

impl Compiler {
    /// Finds one; installs what that needs.
    pub(crate) fn install() -> anyhow::Result<Self> {
        if default_has_target() {
            return Ok(Self { environment: Vec::new() });
        }
        if !debian_is_ready() {
            println!("Adding {TARGET} to the Rust toolchain: the page is compiled to it. A few seconds …");
            if Run::new("rustup", ["target", "add", TARGET]).succeeds() && default_has_target() {
                return Ok(Self { environment: Vec::new() });
            }
            println!("rustup can't download it here: Debian's compiler is taken for the page instead.");
            install_debian()?;
        }
        let linker = linker();
        let environment = [
            ("RUSTUP_TOOLCHAIN", DEBIAN_TOOLCHAIN),
            ("RUSTC_BOOTSTRAP", "1"),
            ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.as_str()),
        ];
        Ok(Self { environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into() })
    }

    /// Makes a program use this compiler, in a target directory of its own: two compilers that share one
    /// rebuild each other's work.
    pub(crate) fn compiles(&self, run: Run) -> Run {
        // Cargo sets the first three for xtask, and they name the wrong compiler.
        run.without("CARGO")
            .without("RUSTC")
            .without("RUSTDOC")
            .envs(&self.environment)
            .env("CARGO_TARGET_DIR", crate::root().join("target/wasm"))
            .env("RUSTFLAGS", rustflags())
    }

    /// Downloads the crates of the workspace, so that trunk can build offline, and those of the standard
    /// library where that is compiled too.
    pub(crate) fn fetch(&self) -> anyhow::Result<()> {
        let host = host()?;
        self.compiles(Run::new("cargo", ["fetch", "--target", TARGET, "--target", &host])).check_quietly()
    }
}

/// The target of this machine.
fn host() -> anyhow::Result<String> {
    let about = Run::new("rustc", ["-vV"]).output()?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` doesn't name its host")?.to_owned())
}

fn linker() -> String {
    format!("wasm-ld-{}", versions::LLD)
}

/// The user's flags, and one with which leptos erases the types of views: the page is built in half a minute
/// less, and is a twentieth smaller.
pub(crate) fn rustflags() -> String {
    let own = std::env::var("RUSTFLAGS").unwrap_or_default();
    format!("{own} --cfg erase_components").trim().to_owned()
}

/// Whether the default compiler has a standard library for the target.
fn default_has_target() -> bool {
    sysroot(&[]).is_some_and(|sysroot| sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn debian_is_ready() -> bool {
    let source = "lib/rustlib/src/rust/library/std/Cargo.toml";
    process::on_path(&linker())
        && sysroot(&[&format!("+{DEBIAN_TOOLCHAIN}")]).is_some_and(|sysroot| sysroot.join(source).is_file())
}

fn sysroot(toolchain: &[&str]) -> Option<PathBuf> {
    let printed = Run::new("rustc", toolchain).args(["--print", "sysroot"]).without("RUSTC").output().ok()?;
    Some(PathBuf::from(printed.trim()))
}

/// Debian's packages: a compiler, its cargo, the source of its standard library, a linker for WASM.
fn install_debian() -> anyhow::Result<()> {
    let lld = format!("lld-{}", versions::LLD);
    let compiler = "a compiler for WebAssembly";
    process::apt_install(&["rustc-web", "cargo-web", "rust-web-src", &lld], compiler).with_context(|| {
        format!("the page needs {compiler}. Where the machine may download: `rustup target add {TARGET}`")
    })?;
    Run::new("rustup", ["toolchain", "link", DEBIAN_TOOLCHAIN, "/usr"])
        .check_quietly()
        .context("making Debian's compiler known to rustup")
}
