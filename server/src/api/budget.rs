//! The memory budget of all answers together. An answer that does not fit is refused at once; a later one
//! may fit.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Refusal;

/// The memory that all unread answers may hold together, in kB.
const MOST_KB: u32 = 64 * 1024;

/// The size, in bytes, below which an answer needs no budget: the number of connections bounds such
/// answers.
const SMALL: u64 = 4 * 1024;

/// The memory that is left for answers. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new() -> Self {
        Self::of(MOST_KB)
    }

    fn of(kilobytes: u32) -> Self {
        Self(Arc::new(Semaphore::new(kilobytes as usize)))
    }

    /// Keeps the answer's share of the budget until the answer is read.
    async fn charge(&self, answer: Response) -> Response {
        let (head, body) = answer.into_parts();
        let Some(size) = body.size_hint().exact().filter(|size| *size > SMALL) else {
            return Response::from_parts(head, body);
        };
        let kilobytes = u32::try_from(size / 1024).unwrap_or(u32::MAX);
        let Ok(permit) = Arc::clone(&self.0).try_acquire_many_owned(kilobytes) else {
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many answers wait to be read")
                .because("read the answers that were asked for before, or ask again in a second");
            return ([(header::RETRY_AFTER, "1")], refusal).into_response();
        };
        match to_bytes(body, usize::MAX).await {
            Ok(bytes) => {
                Response::from_parts(head, Body::from(Bytes::from_owner(Held { bytes, _permit: permit })))
            }
            Err(error) => {
                tracing::error!("an answer that can't be written: {error}");
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written")
                    .into_response()
            }
        }
    }
}

struct Held {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

pub(super) async fn middleware(State(budget): State<Budget>, request: Request, next: Next) -> Response {
    budget.charge(next.run(request).await).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kilobytes: usize) -> Response {
        vec![b'x'; kilobytes * 1024].into_response()
    }

    #[tokio::test]
    async fn answers_that_are_not_read_are_bounded_together_and_give_their_memory_back() {
        let budget = Budget::of(100);
        let first = budget.charge(answer(60)).await;
        assert_eq!(budget.charge(answer(60)).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(budget.charge(answer(2)).await.status(), StatusCode::OK);
        let body = to_bytes(first.into_body(), usize::MAX).await.expect("a body");
        assert_eq!(
            budget.charge(answer(60)).await.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "it is not written yet"
        );
        assert_eq!(body.len(), 60 * 1024);
        drop(body);
        assert_eq!(budget.charge(answer(60)).await.status(), StatusCode::OK);
    }
}
