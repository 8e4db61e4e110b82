//! The page for a person's browser: a few files inside the program, and the headers that fence every answer in.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The page loads its own files and talks to its own engine; `'self'` covers the WebSocket too.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// What everything else may do, should a browser ever show it: nothing.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The page.
pub(crate) async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("../assets/index.html"))
}

/// Its looks.
pub(crate) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../assets/page.css"))
}

/// Its sign in the browser's tab.
pub(crate) async fn icon() -> Response {
    file("image/svg+xml", include_str!("../assets/icon.svg"))
}

/// What it does.
pub(crate) async fn script() -> Response {
    file(
        "text/javascript; charset=utf-8",
        include_str!("../assets/page.js"),
    )
}

fn file(media_type: &'static str, text: &'static str) -> Response {
    (
        [(CONTENT_TYPE, media_type), (CONTENT_SECURITY_POLICY, PAGE_POLICY)],
        text,
    )
        .into_response()
}

/// Fences every answer in: no sniffing, no framing, no caching, no use by other origins.
pub(crate) async fn fence(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(DATA_POLICY));
    response
}
