//! A compiler for wasm32, on two kinds of machine: where rustup can add the target, and where it can't but Debian has a
//! compiler with the source of its standard library.

use anyhow::Context;

use crate::process::{self, Run};

/// The target of the page.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// What rustup calls Debian's compiler once it is linked.
const DEBIAN_TOOLCHAIN: &str = "debian-web";

/// Debian's packages: a compiler, its cargo, the source of its standard library, a linker for WASM.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// The environment in which cargo builds for wasm32. Installs what that needs.
pub(crate) fn environment() -> anyhow::Result<Vec<(String, String)>> {
    let installed = || {
        let listed = Run::new("rustup", ["target", "list", "--installed"]).output();
        listed.is_ok_and(|list| list.lines().any(|line| line == TARGET))
    };
    if installed() {
        return Ok(Vec::new());
    }
    if !debian_is_ready() {
        println!("Adding {TARGET} to the Rust toolchain, a few seconds …");
        if Run::new("rustup", ["target", "add", TARGET]).succeeds() && installed() {
            return Ok(Vec::new());
        }
        println!("rustup can't download it here: taking Debian's compiler for the page instead.");
        install_debian()?;
    }
    let environment = [
        ("RUSTUP_TOOLCHAIN", DEBIAN_TOOLCHAIN),
        ("RUSTC_BOOTSTRAP", "1"),
        ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-22"),
    ];
    Ok(environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}

fn debian_is_ready() -> bool {
    let listed = Run::new("rustup", ["toolchain", "list"]).output();
    listed.is_ok_and(|list| list.lines().any(|line| line.split_whitespace().next() == Some(DEBIAN_TOOLCHAIN)))
        && process::on_path("wasm-ld-22")
        && Run::new("rustc", ["+debian-web", "--version"]).succeeds()
        && has_std_source()
}

fn has_std_source() -> bool {
    let sysroot = Run::new("rustc", ["+debian-web", "--print", "sysroot"]).output().unwrap_or_default();
    std::path::Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
}

fn install_debian() -> anyhow::Result<()> {
    process::apt_install(&DEBIAN_PACKAGES, "a compiler for WebAssembly")?;
    Run::new("rustup", ["toolchain", "link", DEBIAN_TOOLCHAIN, "/usr"])
        .check_quietly()
        .context("making Debian's compiler known to rustup")
}
