//! How the page's files are sent, and the headers that fence every answer in.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::page_files::PageFile;

/// The page loads its own files and talks to its own engine; `'self'` covers the WebSocket too.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// What everything else may do, should a browser ever show it: nothing.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// For a file whose name never means another content: it is asked for once.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// For a file that the next version of the program may change: it is kept, and asked about each time.
const ASK_AGAIN: &str = "no-cache";

/// A file of the page. The routes that lead here are those of the files, and their paths are taken as they are.
pub(crate) async fn page(State(app): State<App>, request: Request) -> Response {
    match app.page_files().find(request.uri().path()) {
        Some(file) => send(file, request.headers()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Sends a file, or only says that the browser has it already.
fn send(file: &PageFile, asked: &HeaderMap) -> Response {
    let caching = if file.is_immutable { FOR_EVER } else { ASK_AGAIN };
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static(caching)),
        (ETAG, file.tag.clone()),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
    ];
    if has_already(asked, &file.tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let media_type = [(CONTENT_TYPE, file.media_type)];
    (headers, media_type, file.bytes.clone()).into_response()
}

/// Whether the browser keeps the content of this tag. The comparison is the weak one (RFC 9110, section 13.1.2).
fn has_already(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim())
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// Fences every answer in: no sniffing, no framing, no use by other origins; no caching but of the page's files.
pub(crate) async fn fence(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
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
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, DATA_POLICY),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn file(is_immutable: bool) -> PageFile {
        PageFile {
            bytes: Cow::Borrowed(b"content"),
            media_type: "text/css; charset=utf-8",
            tag: HeaderValue::from_static("\"abc\""),
            is_immutable,
        }
    }

    fn answer(is_immutable: bool, tags: &[&'static str]) -> Response {
        let mut asked = HeaderMap::new();
        for tag in tags {
            asked.append(IF_NONE_MATCH, HeaderValue::from_static(tag));
        }
        send(&file(is_immutable), &asked)
    }

    #[test]
    fn only_content_named_files_are_kept_without_asking() {
        for (is_immutable, expected) in [(true, FOR_EVER), (false, ASK_AGAIN)] {
            for tags in [&[][..], &["\"abc\""]] {
                let response = answer(is_immutable, tags);
                assert_eq!(response.headers()[CACHE_CONTROL], expected);
                assert_eq!(response.headers()[ETAG], "\"abc\"");
                assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], PAGE_POLICY);
            }
        }
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        for (tags, status) in [
            (&[][..], StatusCode::OK),
            (&["\"abc\""], StatusCode::NOT_MODIFIED),
            (&["W/\"abc\""], StatusCode::NOT_MODIFIED),
            (&["*"], StatusCode::NOT_MODIFIED),
            (&["\"x\" , \"abc\""], StatusCode::NOT_MODIFIED),
            (&["\"x\"", "\"abc\""], StatusCode::NOT_MODIFIED),
            (&["\"x\""], StatusCode::OK),
            (&["abc"], StatusCode::OK),
            (&["\"abcd\""], StatusCode::OK),
        ] {
            let response = answer(false, tags);
            assert_eq!(response.status(), status, "{tags:?}");
            assert_eq!(
                response.headers().contains_key(CONTENT_TYPE),
                status == StatusCode::OK,
                "{tags:?}"
            );
        }
    }
}
