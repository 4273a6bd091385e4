//! The server's port: opens it, names the process that holds it when it is taken, and lists the addresses
//! at which it is reached.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::bail;
use tokio::net::TcpListener;

/// Opens the port.
pub(super) async fn open(address: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let port = address.port();
            let by = holder(port).map_or_else(String::new, |who| format!(" by {who}"));
            bail!(
                "port {port} is taken{by}. Stop that, or choose another port: --port {}",
                port.wrapping_add(1).max(1024)
            )
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            bail!("port {} is reserved for the system: choose one above 1023 with --port", address.port())
        }
        Err(error) => bail!("can't open {address}: {error}. --bind and --port choose another address"),
    }
}

/// Returns the addresses at which a server on this one is reached: itself, or for 0.0.0.0 and :: those of
/// this machine's interfaces, the loopback's last.
pub(super) fn addresses(bound: IpAddr) -> Vec<IpAddr> {
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let found = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = || address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        // A link-local address means nothing without its interface.
        let v6 = || address.as_sockaddr_in6().map(|v6| v6.ip()).filter(|ip| !ip.is_unicast_link_local());
        if bound.is_ipv6() { v4().or_else(|| v6().map(IpAddr::V6)) } else { v4() }
    });
    let mut found: Vec<IpAddr> = found.collect();
    found.sort_by_key(|address| (address.is_loopback(), address.is_ipv6(), *address));
    found.dedup();
    found
}

/// Finds the process that listens on this port, where `/proc` lists it.
fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let table = std::fs::read_to_string(table).ok()?;
        listener_inode(&table, port)
    })?;
    let socket = format!("socket:[{inode}]");
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        if pid.bytes().all(|byte| byte.is_ascii_digit()) && has_socket(&process.path(), &socket) {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {pid})", name.trim()));
        }
    }
    None
}

fn has_socket(process: &Path, socket: &str) -> bool {
    let Ok(files) = std::fs::read_dir(process.join("fd")) else { return false };
    files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == socket))
}

/// Finds the socket that listens on the port in the kernel's table: `sl local rem state … inode`.
fn listener_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let found = u16::from_str_radix(local_port, 16).ok()? == port && *fields.get(3)? == LISTEN;
        found.then(|| fields.get(9).map(|inode| (*inode).to_owned())).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_reached_under_each_of_them_the_loopback_last() {
        let all = addresses(IpAddr::from([0, 0, 0, 0]));
        assert_eq!(all.last(), Some(&IpAddr::from([127, 0, 0, 1])), "{all:?}");
        assert!(all.iter().all(|address| address.is_ipv4() && !address.is_unspecified()), "{all:?}");
        let one = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(addresses(one), [one]);
    }

    #[test]
    fn the_listener_is_found_in_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F45 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 0 0 111 1\n\
            1: 0100007F:1F45 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1\n";
        assert_eq!(listener_inode(table, 8005), Some("4711".to_owned()));
        assert_eq!(listener_inode(table, 8006), None);
    }

    #[tokio::test]
    async fn a_taken_port_is_reported_with_its_holder_and_the_flag_to_use() {
        let first = open("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
        let error =
            open(first.local_addr().expect("its address")).await.expect_err("it is taken").to_string();
        assert!(error.contains("--port") && error.contains(&std::process::id().to_string()), "{error}");
    }
}
