//! The page for a browser: the workspace app where it was built, else the plain page. Both keep the same rules.

use serde_json::json;

use crate::engine::{Answer, Engine};

/// The page, and the files that it names.
pub(crate) fn page_paths(engine: &Engine) -> Vec<String> {
    let page = String::from_utf8(fetch(engine, "/", &[]).body).unwrap();
    let mut paths = vec!["/".to_owned()];
    for attribute in ["src=\"", "href=\""] {
        let named = page
            .split(attribute)
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        paths.extend(
            named
                .filter(|name| !name.starts_with('#'))
                .map(|name| name.strip_prefix('.').unwrap_or(name).to_owned()),
        );
    }
    assert!(paths.len() > 3, "{page}");
    paths
}

/// Asks as a browser does that has no token.
fn fetch(engine: &Engine, path: &str, headers: &[(&str, String)]) -> Answer {
    let headers = [&[("host", engine.host())], headers].concat();
    engine.send("GET", path, &headers, b"")
}

#[test]
fn page_and_its_files_need_no_token_and_hold_none() {
    let engine = Engine::start();
    for path in page_paths(&engine) {
        let answer = fetch(&engine, &path, &[]);
        assert_eq!(answer.status, 200, "{path}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!text.is_empty() && !text.contains(&engine.ready.token), "{path}");
    }
}

#[test]
fn files_have_their_types_and_a_policy_without_inline_code() {
    let engine = Engine::start();
    for path in page_paths(&engine) {
        let media = match path.rsplit_once('.').map_or("html", |(_, extension)| extension) {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{path}: no type is known for {other}"),
        };
        let answer = fetch(&engine, &path, &[]);
        assert_eq!(answer.header("content-type"), Some(media), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'")
                && !policy.contains("unsafe")
                && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
    }
}

#[test]
fn page_lives_under_its_policy() {
    let engine = Engine::start();
    let page = String::from_utf8(fetch(&engine, "/", &[]).body).unwrap();
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="));
    for script in page.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').unwrap();
        assert!(attributes.contains("src=\""), "{attributes}");
        assert!(rest.starts_with("</script>"), "{rest}");
    }
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
}

#[test]
fn index_is_asked_about_each_time_and_named_content_is_kept() {
    let engine = Engine::start();
    for path in page_paths(&engine) {
        let answer = fetch(&engine, &path, &[]);
        let caching = answer.header("cache-control").unwrap();
        if path.starts_with("/assets/") {
            assert_eq!(caching, "public, max-age=31536000, immutable", "{path}");
        } else {
            assert_eq!(caching, "no-cache", "{path}");
        }
        let tag = answer.header("etag").unwrap().to_owned();
        let again = fetch(&engine, &path, &[("if-none-match", tag.clone())]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        let other = fetch(&engine, &path, &[("if-none-match", "\"0\"".to_owned())]);
        assert_eq!(other.status, 200, "{path}");
    }
}

#[test]
fn head_tells_the_length_and_sends_nothing() {
    let engine = Engine::start();
    let whole = fetch(&engine, "/", &[]);
    let head = engine.send("HEAD", "/", &[("host", engine.host())], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(
        head.header("content-length"),
        Some(whole.body.len().to_string().as_str())
    );
}

#[test]
fn no_path_leads_out_of_the_page() {
    let engine = Engine::start();
    for path in [
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/assets/",
        "/assets",
        "//",
        "/index.html",
        "/%00",
        "/engine.json",
        "/identity",
        "/any/page/of/an/app",
    ] {
        fetch(&engine, path, &[]).refused(401, "unauthorized");
        engine.get(path).refused(404, "unknown_route");
    }
}

#[test]
fn page_takes_no_commands() {
    let engine = Engine::start();
    engine.post("/", &json!({})).refused(405, "method_not_allowed");
}
