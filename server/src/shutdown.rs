//! The signal that the server is stopping, for everything that lives as long as the server.

use tokio::sync::watch;

/// Waits until the server is stopping.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
