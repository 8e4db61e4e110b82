//! Who may call: this device's own programs with the token, under the engine's own names, from its own page.
//!
//! A page that a person visits elsewhere can make the browser send requests to this port. It cannot read the
//! token, its requests name its own origin, and a name that it rebinds to this address is not on the list.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::codes::Codes;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::secret::Secret;

/// The paths that answer without a token, beside the files of the page, which hold no data. The WebSocket asks for the
/// token in its first message instead.
const OPEN: [&str; 4] = ["/health", "/session", "/session/proof", "/ws"];

/// What a caller must show.
#[derive(Debug)]
pub(crate) struct Access {
    token: Secret,
    port: u16,
    hosts: [String; 3],
    origins: [String; 3],
    codes: Mutex<Codes>,
    framed_by: OnceLock<String>,
}

impl Access {
    /// Access to an engine on this port, with a new token.
    pub(crate) fn new(port: u16) -> Self {
        Self::with(port, Secret::random())
    }

    /// Access to an engine on this port, with a token of its past.
    pub(crate) fn with(port: u16, token: Secret) -> Self {
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        let origins = hosts.each_ref().map(|host| format!("http://{host}"));
        Self {
            token,
            port,
            hosts,
            origins,
            codes: Mutex::default(),
            framed_by: OnceLock::new(),
        }
    }

    pub(crate) const fn token(&self) -> &Secret {
        &self.token
    }

    /// Shows a page that had the token that it is this engine which answers, before the page says the token to whoever has
    /// the port now.
    pub(crate) fn prove(&self, challenge: &str) -> String {
        self.token.prove(self.port, challenge)
    }

    /// Makes a one-time code for a browser.
    pub(crate) fn issue_code(&self) -> String {
        self.codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .issue(Instant::now())
    }

    /// Where the engine answers.
    pub(crate) fn url(&self) -> &str {
        &self.origins[0]
    }

    /// What a browser opens to use a code up: the fragment is never sent.
    pub(crate) fn open_url(&self, code: &str) -> String {
        format!("{}/#code={code}", self.url())
    }

    /// Gives the token for a one-time code.
    pub(crate) fn redeem_code(&self, code: &str) -> Result<&Secret, Problem> {
        let good = self
            .codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .redeem(code, Instant::now());
        let again = "the code is good once and for ten minutes; run `openprod open` for a new one";
        if good {
            Ok(&self.token)
        } else {
            Err(Problem::new(ProblemCode::BadCode, again))
        }
    }

    /// Lets the pages of this origin show the engine's pages in a frame; only the first that is let may.
    pub(crate) fn let_frame(&self, origin: &str) {
        self.framed_by.get_or_init(|| origin.to_owned());
    }

    /// The origin whose pages may show the engine's pages in a frame.
    pub(crate) fn framed_by(&self) -> Option<&str> {
        self.framed_by.get().map(String::as_str)
    }

    /// Judges what every request must show; one for a file of the page needs no token.
    fn judge(&self, uri: &Uri, headers: &HeaderMap, is_page: bool) -> Result<(), Problem> {
        self.judge_source(uri, headers)?;
        if is_page || OPEN.contains(&uri.path()) {
            return Ok(());
        }
        self.judge_token(headers)
    }

    /// Judges where a request comes from: one of our own pages or programs, under one of our own names.
    pub(crate) fn judge_source(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let host = only(headers, &HOST).flatten();
        if !host.is_some_and(|host| self.hosts.iter().any(|known| known == host))
            || uri
                .authority()
                .is_some_and(|authority| Some(authority.as_str()) != host)
        {
            let known = self.hosts.join(", ");
            let detail = format!("the Host header must be one of {known}");
            return Err(
                Problem::new(ProblemCode::ForbiddenHost, detail).with(|problem| problem.known = Some(known))
            );
        }
        let foreign = match only(headers, &ORIGIN) {
            Some(None) => false,
            Some(Some(origin)) => !self.origins.iter().any(|known| known == origin),
            None => true,
        };
        if foreign {
            let detail = "requests from another page are not answered";
            return Err(Problem::new(ProblemCode::ForbiddenOrigin, detail));
        }
        Ok(())
    }

    /// Judges whether a request has the token.
    pub(crate) fn judge_token(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let token = only(headers, &AUTHORIZATION)
            .flatten()
            .and_then(|value| value.strip_prefix("Bearer "));
        if token.is_some_and(|token| self.token.is(token)) {
            return Ok(());
        }
        let detail = "send `Authorization: Bearer TOKEN`; the token is in engine.json in the data directory";
        Err(Problem::new(ProblemCode::Unauthorized, detail))
    }
}

/// Lets through what may pass.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_page = app.page_files().find(request.uri().path()).is_some();
    match app.access().judge(request.uri(), request.headers(), is_page) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// A header's only value: `Some(None)` when it is absent, `None` when it is there twice or is not text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else {
        return Some(None);
    };
    let text = first.to_str().ok()?;
    values.next().is_none().then_some(Some(text))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(uri: &str, headers: &[(&str, &str)], expected: Option<ProblemCode>) {
        let mut access = Access::new(4000);
        access.token = Secret::random();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = value.replace("TOKEN", access.token.as_str());
            map.append(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            );
        }
        let judged = access
            .judge(&uri.parse().unwrap(), &map, uri == "/")
            .err()
            .map(|problem| problem.code());
        assert_eq!(judged, expected, "{uri} {headers:?}");
    }

    const TOKEN: (&str, &str) = ("authorization", "Bearer TOKEN");

    #[test]
    fn own_names_with_the_token_pass() {
        for host in ["127.0.0.1:4000", "localhost:4000", "[::1]:4000"] {
            check("/tables/list", &[("host", host), TOKEN], None);
            check(
                "/tables/list",
                &[("host", host), ("origin", &format!("http://{host}")), TOKEN],
                None,
            );
        }
    }

    #[test]
    fn foreign_hosts_are_refused() {
        let refused = Some(ProblemCode::ForbiddenHost);
        for host in [
            "evil.example:4000",
            "127.0.0.1",
            "127.0.0.1:4001",
            "localhost.:4000",
            "LOCALHOST:4000",
            "",
        ] {
            check("/", &[("host", host), TOKEN], refused);
        }
        check("/", &[TOKEN], refused);
        check(
            "/",
            &[("host", "localhost:4000"), ("host", "localhost:4000")],
            refused,
        );
        check(
            "http://evil.example/",
            &[("host", "localhost:4000"), TOKEN],
            refused,
        );
    }

    #[test]
    fn foreign_origins_are_refused() {
        let refused = Some(ProblemCode::ForbiddenOrigin);
        let host = ("host", "localhost:4000");
        for origin in [
            "null",
            "https://localhost:4000",
            "http://localhost",
            "http://evil.example",
            "file://",
        ] {
            check("/health", &[host, ("origin", origin), TOKEN], refused);
        }
        check(
            "/health",
            &[
                host,
                ("origin", "http://localhost:4000"),
                ("origin", "http://evil.example"),
            ],
            refused,
        );
    }

    #[test]
    fn token_is_asked_for() {
        let host = ("host", "localhost:4000");
        for header in [
            ("accept", "*/*"),
            ("authorization", "TOKEN"),
            ("authorization", "Bearer x"),
            ("authorization", "bearer TOKEN"),
        ] {
            check("/tables/list", &[host, header], Some(ProblemCode::Unauthorized));
            check("/nothing/here", &[host, header], Some(ProblemCode::Unauthorized));
        }
        check(
            "/tables/list?token=TOKEN",
            &[host],
            Some(ProblemCode::Unauthorized),
        );
        check("/health", &[host], None);
        check("/", &[host], None);
    }
}
