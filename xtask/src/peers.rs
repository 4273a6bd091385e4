//! Other systems that elect a leader, for benchmarks.

use std::path::PathBuf;

use crate::packages;

/// The packages of each, a program of it, and a flag to which that answers.
const PEERS: [(&str, &[&str], &str, &str); 3] = [
    ("etcd", &["etcd-server"], "usr/bin/etcd", "--version"),
    ("nats", &["nats-server"], "usr/sbin/nats-server", "--version"),
    (
        "redis",
        &["redis-tools", "libjemalloc2", "liblua5.1-0", "liblzf1", "lua-bitop", "lua-cjson"],
        "usr/bin/redis-cli",
        "--version",
    ),
];

/// Unpacks those that can be had, and names their folders, as a path. Says which are missing: their rows have
/// no figure then.
pub(crate) fn find_or_unpack() -> anyhow::Result<std::ffi::OsString> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for (name, packages, program, flag) in PEERS {
        match packages::unpack(name, packages, program, flag) {
            Ok(folder) => folders.push(folder),
            Err(error) => println!("There is no {name} to compare with: {error:#}"),
        }
    }
    Ok(std::env::join_paths(folders)?)
}
