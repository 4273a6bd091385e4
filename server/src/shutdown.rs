//! The one signal that everything which lives as long as the server waits for.

use tokio::sync::watch;

/// Waits until the server is stopping.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
