//! Chunks: parts of the program that are loaded when they are used for the first time.
//!
//! In the page that is shipped each chunk is a file of its own (`xtask/src/split.rs`), which the browser
//! fetches then. A page that trunk builds has them in its one program, where they are at hand at once.
//!
//! A chunk is the code that only its function leads to: whatever the rest of the page can call as well stays
//! in the rest. So the function returns functions, and nobody else names them.

use std::pin::Pin;

use leptos::prelude::AnyView;

/// A chunk that could not be loaded. The next use tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotLoaded;

#[cfg(feature = "split")]
impl From<leptos::wasm_split::SplitLoaderError> for NotLoaded {
    fn from(_: leptos::wasm_split::SplitLoaderError) -> Self {
        Self
    }
}

/// The loading of a chunk.
pub(crate) type Loading<T> = Pin<Box<dyn Future<Output = Result<T, NotLoaded>>>>;

/// A function that makes a view.
pub(crate) type MakeView = fn() -> AnyView;

/// Makes a function that loads a chunk: `chunk!(name, fn function() -> Type { value })`. The name is that of
/// the file; functions of the same name are in the same chunk.
macro_rules! chunk {
    ($name:ident, $(#[$about:meta])* $visible:vis fn $function:ident() -> $type:ty $value:block) => {
        $(#[$about])*
        $visible fn $function() -> $crate::chunk::Loading<$type> {
            #[cfg(feature = "split")]
            #[::leptos::wasm_split::wasm_split($name, wasm_split_path = ::leptos::wasm_split, fallible)]
            fn $function() -> Result<$type, $crate::chunk::NotLoaded> {
                Ok($value)
            }
            #[cfg(not(feature = "split"))]
            async fn $function() -> Result<$type, $crate::chunk::NotLoaded> {
                Ok($value)
            }
            Box::pin($function())
        }
    };
}
pub(crate) use chunk;
