//! Which page may show the engine's own page in a frame: none, or the one of a [`crate::Stage`].

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;

/// What the policies of pages say as long as nobody may frame them.
const NOBODY: &str = "frame-ancestors 'none'";

/// Lets the origin that was allowed to, and no other, show the engine's pages in a frame.
pub(crate) async fn framing(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(origin) = app.access().framed_by() {
        allow(&mut response, origin);
    }
    response
}

fn allow(response: &mut Response, origin: &str) {
    let headers = response.headers_mut();
    let is_page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    let policy = headers
        .get(CONTENT_SECURITY_POLICY)
        .and_then(|policy| policy.to_str().ok());
    let Some(policy) = policy.filter(|policy| is_page && policy.contains(NOBODY)) else {
        return;
    };
    let policy = policy.replace(NOBODY, &format!("frame-ancestors {origin}"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        // It knows no origins; the policy says more.
        headers.remove(X_FRAME_OPTIONS);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn framed(media: &str, policy: &str) -> (String, bool) {
        let mut response = Response::builder()
            .header(CONTENT_TYPE, media)
            .header(CONTENT_SECURITY_POLICY, policy)
            .header(X_FRAME_OPTIONS, "DENY")
            .body(Body::empty())
            .unwrap();
        allow(&mut response, "http://127.0.0.1:4000");
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        (policy, response.headers().contains_key(X_FRAME_OPTIONS))
    }

    #[test]
    fn pages_name_the_one_origin_and_everything_else_stays_fenced_in() {
        let (policy, denied) = framed(
            "text/html; charset=utf-8",
            "img-src 'self'; frame-ancestors 'none'; x",
        );
        assert_eq!(policy, "img-src 'self'; frame-ancestors http://127.0.0.1:4000; x");
        assert!(!denied);
        let data = "default-src 'none'; frame-ancestors 'none'";
        assert_eq!(framed("application/json", data), (data.to_owned(), true));
        assert_eq!(
            framed("text/html", "img-src 'self'"),
            ("img-src 'self'".to_owned(), true)
        );
    }
}
