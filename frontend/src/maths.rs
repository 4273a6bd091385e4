//! The browser's mathematics. Rust's comes with tables, which would add a hundredth to the size of the page.

/// The natural logarithm.
pub(crate) fn ln(x: f64) -> f64 {
    #[cfg(target_arch = "wasm32")]
    return js_sys::Math::log(x);
    // Tests run outside of a browser.
    #[cfg(not(target_arch = "wasm32"))]
    x.ln()
}

/// A power.
pub(crate) fn pow(base: f64, exponent: f64) -> f64 {
    #[cfg(target_arch = "wasm32")]
    return js_sys::Math::pow(base, exponent);
    #[cfg(not(target_arch = "wasm32"))]
    base.powf(exponent)
}
