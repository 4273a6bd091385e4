//! The browser's trigonometry. Rust's would add a hundredth to the size of the page.

#[cfg(target_arch = "wasm32")]
pub(super) use js_sys::Math::{asin, atan2, cos, sin};

/// The same functions for tests, which run outside of a browser.
#[cfg(not(target_arch = "wasm32"))]
mod native {
    pub(in super::super) fn asin(x: f64) -> f64 {
        x.asin()
    }

    pub(in super::super) fn atan2(y: f64, x: f64) -> f64 {
        y.atan2(x)
    }

    pub(in super::super) fn cos(angle: f64) -> f64 {
        angle.cos()
    }

    pub(in super::super) fn sin(angle: f64) -> f64 {
        angle.sin()
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::{asin, atan2, cos, sin};
