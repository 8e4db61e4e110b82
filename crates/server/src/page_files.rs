//! The files of the page for a person's browser, all of them inside the program.
//!
//! They are the workspace app, as `npm run build` left it in `electron/dist` when the program was built. Without it
//! the plain page takes its place, which says how to get the app.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::HeaderValue;
use data_encoding::HEXLOWER;
use rust_embed::{EmbeddedFile, RustEmbed};

/// The workspace app; empty when it was not built.
#[derive(RustEmbed)]
#[folder = "../../electron/dist"]
#[allow_missing = true]
struct WorkspaceApp;

/// The engine's plain page.
#[derive(RustEmbed)]
#[folder = "assets/page"]
struct PlainPage;

/// The file that is shown at `/`.
const INDEX: &str = "index.html";

/// How many characters of an asset's content hash its name carries.
const HASH_LENGTH: usize = 8;

/// The files by the path that is asked for, `/` among them.
pub(crate) struct PageFiles(BTreeMap<String, PageFile>);

/// One of them.
pub(crate) struct PageFile {
    pub(crate) bytes: Cow<'static, [u8]>,
    pub(crate) media_type: &'static str,
    /// Names this very content.
    pub(crate) tag: HeaderValue,
    /// Whether the name follows from the content, so that it never means another.
    pub(crate) is_immutable: bool,
}

impl PageFiles {
    /// What is inside this program: the app, or the plain page without it.
    pub(crate) fn embedded() -> Self {
        Self::choose(files_of::<WorkspaceApp>(), files_of::<PlainPage>())
    }

    /// The app's files when they are complete, which their index shows; else those of the plain page.
    fn choose(app: Vec<(String, EmbeddedFile)>, plain: Vec<(String, EmbeddedFile)>) -> Self {
        let is_built = app.iter().any(|(name, _)| name == INDEX);
        let chosen = if is_built { app } else { plain };
        let files = chosen
            .into_iter()
            .filter(|(name, _)| is_plain_name(name))
            .map(|(name, file)| {
                let path = if name == INDEX {
                    "/".to_owned()
                } else {
                    format!("/{name}")
                };
                (path, PageFile::new(&name, file))
            });
        Self(files.collect())
    }

    /// The file at a request's path.
    pub(crate) fn find(&self, path: &str) -> Option<&PageFile> {
        self.0.get(path)
    }

    /// The paths at which there are files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl PageFile {
    fn new(name: &str, file: EmbeddedFile) -> Self {
        let hash = HEXLOWER.encode(&file.metadata.sha256_hash());
        Self {
            bytes: file.data,
            media_type: media_type(name),
            tag: HeaderValue::try_from(format!("\"{hash}\"")).expect("hex in quotes is a header value"),
            is_immutable: is_named_by_content(name),
        }
    }
}

fn files_of<T: RustEmbed>() -> Vec<(String, EmbeddedFile)> {
    T::iter()
        .filter_map(|name| T::get(&name).map(|file| (name.into_owned(), file)))
        .collect()
}

/// Whether a name can be a route as it is; the build makes no others.
fn is_plain_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
}

/// Whether a name is one that Vite made of the content: `assets/NAME-HASH.EXTENSION`.
fn is_named_by_content(name: &str) -> bool {
    let Some((stem, _)) = name
        .strip_prefix("assets/")
        .and_then(|name| name.rsplit_once('.'))
    else {
        return false;
    };
    // The hash's alphabet has a hyphen too, so it is counted from the end.
    stem.len()
        .checked_sub(HASH_LENGTH + 1)
        .is_some_and(|at| stem.as_bytes().get(at) == Some(&b'-'))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Vec<(String, EmbeddedFile)> {
        files_of::<PlainPage>()
    }

    /// The plain page's files under names that the app's have.
    fn app(names: &[&str]) -> Vec<(String, EmbeddedFile)> {
        names
            .iter()
            .zip(plain())
            .map(|(name, (_, file))| ((*name).to_owned(), file))
            .collect()
    }

    fn paths(files: &PageFiles) -> Vec<&str> {
        files.paths().collect()
    }

    #[test]
    fn built_app_takes_the_place_of_the_plain_page() {
        let files = PageFiles::choose(app(&["assets/index-Cxx8yceW.css", "index.html"]), plain());
        assert_eq!(paths(&files), ["/", "/assets/index-Cxx8yceW.css"]);
    }

    #[test]
    fn without_a_built_app_the_plain_page_says_what_is_missing_and_how_to_get_it() {
        for app in [Vec::new(), app(&["assets/left-over1.js"])] {
            let files = PageFiles::choose(app, plain());
            assert_eq!(paths(&files), ["/", "/icon.svg", "/page.css", "/page.js"]);
            let index = String::from_utf8(files.find("/").unwrap().bytes.to_vec()).unwrap();
            for told in [
                "the workspace app is not part of this program",
                "npm",
                "cargo xtask build",
            ] {
                assert!(index.contains(told), "{told}");
            }
        }
    }

    #[test]
    fn only_exact_paths_are_found() {
        let files = PageFiles::choose(Vec::new(), plain());
        for path in [
            "",
            "//",
            "/index.html",
            "/page.css/",
            "/../page.css",
            "/assets/../page.css",
            "/PAGE.CSS",
            "/%70age.css",
            "/Cargo.toml",
        ] {
            assert!(files.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn names_that_would_be_patterns_of_routes_are_left_out() {
        let files = PageFiles::choose(
            app(&["a{b}.js", "index.html", "assets/*.js", "assets/a b.js"]),
            plain(),
        );
        assert_eq!(paths(&files), ["/"]);
    }

    #[test]
    fn immutable_is_what_its_content_names() {
        for (name, expected) in [
            ("assets/index-Cxx8yceW.css", true),
            ("assets/text-editor-PHI_-ssy.js", true),
            ("assets/icon.svg", false),
            ("assets/index-short.js", false),
            ("index.html", false),
            ("index-Cxx8yceW.css", false),
        ] {
            assert_eq!(is_named_by_content(name), expected, "{name}");
        }
    }

    #[test]
    fn every_embedded_file_has_a_type_of_its_own_and_a_tag_of_its_content() {
        let files = PageFiles::embedded();
        assert!(files.find("/").is_some());
        let tags: std::collections::BTreeSet<_> = files.0.values().map(|file| file.tag.as_bytes()).collect();
        assert_eq!(tags.len(), files.0.len());
        for (path, file) in &files.0 {
            assert_ne!(file.media_type, "application/octet-stream", "{path}");
        }
    }
}
