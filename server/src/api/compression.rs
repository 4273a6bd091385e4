//! Compression of answers. Only so many at once: each that is under way holds the memory of an encoder.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

/// The smallest answer that is compressed, in bytes. Below it compression costs more than it saves.
const MIN_SIZE: u64 = 1_024;

/// The number of answers that are compressed at once. An encoder holds about 300 kB for as long as its
/// client reads.
const MOST: usize = 64;

/// Compresses answers by gzip, at its fastest, which leaves the nodes more of the processor.
pub(super) fn layer() -> CompressionLayer<SizeAbove> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(MIN_SIZE))
}

/// The encoders that are left. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Encoders(Arc<Semaphore>);

impl Encoders {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

/// Keeps the answer's encoder until the answer is read. Without a free encoder the answer is sent
/// uncompressed.
pub(super) async fn middleware(
    State(encoders): State<Encoders>,
    mut request: Request,
    next: Next,
) -> Response {
    let Ok(encoder) = encoders.0.try_acquire_owned() else {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
        return next.run(request).await;
    };
    let answer = next.run(request).await;
    if !answer.headers().contains_key(header::CONTENT_ENCODING) {
        return answer;
    }
    let (head, body) = answer.into_parts();
    let held = body.into_data_stream().map(move |chunk| {
        let _encoder = &encoder;
        chunk
    });
    Response::from_parts(head, Body::from_stream(held))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt;

    #[tokio::test]
    async fn answers_that_are_not_read_hold_no_more_encoders_than_there_are_and_give_them_back() {
        let router = Router::new()
            .route("/", get(|| async { "x".repeat(100_000) }))
            .layer(layer())
            .layer(axum::middleware::from_fn_with_state(Encoders(Arc::new(Semaphore::new(2))), middleware));
        let ask = || async {
            let request = Request::get("/").header(header::ACCEPT_ENCODING, "gzip").body(Body::empty());
            router.clone().oneshot(request.expect("a request")).await.expect("an answer")
        };
        let is_packed = |answer: &Response| answer.headers().contains_key(header::CONTENT_ENCODING);
        let (first, second, third) = (ask().await, ask().await, ask().await);
        assert_eq!([&first, &second, &third].map(is_packed), [true, true, false]);
        let whole = axum::body::to_bytes(third.into_body(), usize::MAX).await.expect("a body");
        assert_eq!(whole.len(), 100_000, "it goes out as it is");
        drop(first);
        assert!(is_packed(&ask().await), "an answer that is gone holds nothing");
    }
}
