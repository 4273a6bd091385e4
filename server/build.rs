//! Rebuilds the server when the dashboard that goes into it has changed.

fn main() {
    println!("cargo::rerun-if-changed=../target/dashboard");
    println!("cargo::rerun-if-changed=build.rs");
}
