use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use edgeplane_http::Fields;

use super::super::{Counters, Fetched, OriginError};
use super::*;
use edgeplane_http::{Method, Request};
use std::path::PathBuf;
use std::sync::Arc;

/// A root beside a secret.
struct Site(PathBuf);

impl Site {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("edgeplane-directory-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("root/deep/er")).unwrap();
        fs::write(folder.join("secret"), "secret").unwrap();
        fs::write(folder.join("root/index.html"), "<html>").unwrap();
        fs::write(folder.join("root/deep/er/a b.txt"), "spaced").unwrap();
        fs::write(folder.join("root/deep/ä%2e..txt"), "odd").unwrap();
        fs::write(folder.join("root/empty.css"), "").unwrap();
        Self(folder)
    }

    fn root(&self) -> PathBuf {
        self.0.join("root")
    }

    async fn ask(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Result<Fetched, OriginError> {
        let fields: Fields = fields.iter().copied().collect();
        let request = Request { method, path: path.into(), fields, ..Request::default() };
        fetch(&self.root(), &request, &Arc::<Counters>::default()).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let fetched = self.ask(Method::Get, path, &[]).await.unwrap();
        let (status, length) = (fetched.response.status, fetched.length);
        let octets = read(fetched).await.unwrap();
        assert_eq!(length, Some(octets.len() as u64), "{path}");
        (status, String::from_utf8(octets).unwrap())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn read(mut fetched: Fetched) -> Result<Vec<u8>, OriginError> {
    let mut octets = Vec::new();
    while let Some(piece) = fetched.body.next().await? {
        octets.extend_from_slice(&piece);
    }
    Ok(octets)
}

#[tokio::test]
async fn files_are_found_by_their_keys() {
    let site = Site::new("keys");
    assert_eq!(site.get("/index.html").await, (200, "<html>".into()));
    assert_eq!(site.get("/deep/er/a%20b.txt").await, (200, "spaced".into()));
    assert_eq!(site.get("/deep/%C3%A4%252e..txt").await, (200, "odd".into()));
    assert_eq!(site.get("/empty.css").await, (200, "".into()));
    assert_eq!(site.get("/%69ndex%2ehtml").await, (200, "<html>".into()), "a dot in a name is a dot");
    for path in [
        "/",
        "/deep",
        "/deep/",
        "/index.html/",
        "/index.html/x",
        "//index.html",
        "/deep//er/a%20b.txt",
        "/none",
        "/INDEX.html",
    ] {
        let (status, body) = site.get(path).await;
        assert!(status == 404 && body.contains("<Code>NoSuchKey</Code>"), "{path}: {status}");
    }
    let long = format!("/{}", "a".repeat(300));
    assert_eq!(site.get(&long).await.0, 404);
}

/// Spellings that lead, or might lead, out of the root.
const OUT: [&str; 70] = [
    "/../secret",
    "/..",
    "/../",
    "/.",
    "/./index.html",
    "/deep/../index.html",
    "/deep/../../secret",
    "/deep/er/../../../secret",
    "/deep/..",
    "/deep/.",
    "/%2e%2e/secret",
    "/%2E%2E/secret",
    "/.%2e/secret",
    "/%2e./secret",
    "/%2e",
    "/%2e/index.html",
    "/..%2fsecret",
    "/..%2Fsecret",
    "/%2e%2e%2fsecret",
    "/%2e%2e%2Fsecret",
    "/deep%2f..%2f..%2fsecret",
    "/deep%2fer%2fa%20b.txt",
    "/%2fetc/passwd",
    "/%2Fetc%2Fpasswd",
    "/..\\secret",
    "/..%5csecret",
    "/..%5Csecret",
    "/%2e%2e%5csecret",
    "/deep\\er\\a b.txt",
    "/deep%5cer",
    "/\\secret",
    "/%5c%5chost%5cshare",
    "/c:\\secret",
    "/index.html%00",
    "/%00",
    "/index.html%00.png",
    "/../secret%00.html",
    "/deep/%00/../x",
    "/index.html%0a",
    "/index.html%0d%0a",
    "/%0aindex.html",
    "/a%09b",
    "/a%1bb",
    "/a%7fb",
    "/..;/secret",
    "/..;a=b/secret",
    "/.;/index.html",
    "/..%3b/secret",
    "/%2e%2e;/secret",
    "/.. /secret",
    "/..%20/secret",
    "/%20../secret",
    "/. ./../secret",
    "/%c0%ae%c0%ae/secret",
    "/%c0%2e%c0%2e/secret",
    "/%c0%af",
    "/..%c0%afsecret",
    "/..%c1%9csecret",
    "/%e0%80%ae%e0%80%ae/secret",
    "/..%e0%80%afsecret",
    "/%f0%80%80%ae/secret",
    "..",
    "../secret",
    "secret",
    "",
    "*",
    "http://host/../secret",
    "%2e%2e/secret",
    "\\..\\secret",
    "?",
];

#[tokio::test]
async fn nothing_leads_out() {
    let site = Site::new("traversal");
    for path in OUT {
        let (status, body) = site.get(path).await;
        assert!(status == 403 && body.contains("<Code>AccessDenied</Code>"), "{path:?}: {status} {body}");
    }
    for path in [
        "/%252e%252e/secret",
        "/%25252e%25252e/secret",
        "/..%252fsecret",
        "/.../secret",
        "/..secret",
        "/\u{ff0e}\u{ff0e}/secret",
        "/%uff0e%uff0e/secret",
        "/~/secret",
        "/$HOME",
    ] {
        assert_eq!(site.get(path).await.0, 404, "{path}: a name like any other");
    }
}

#[tokio::test]
async fn links_are_followed_inside_and_not_outside() {
    let site = Site::new("links");
    symlink("deep/er/a b.txt", site.root().join("inside")).unwrap();
    symlink("../secret", site.root().join("relative")).unwrap();
    symlink(site.0.join("secret"), site.root().join("absolute")).unwrap();
    symlink("..", site.root().join("up")).unwrap();
    symlink("/", site.root().join("slash")).unwrap();
    symlink("loop", site.root().join("loop")).unwrap();
    symlink("none", site.root().join("dangling")).unwrap();
    assert_eq!(site.get("/inside").await, (200, "spaced".into()));
    for path in ["/relative", "/absolute", "/up/secret", "/slash/etc/passwd", "/loop"] {
        assert_eq!(site.get(path).await.0, 403, "{path}");
    }
    assert_eq!(site.get("/dangling").await.0, 404);
}

#[tokio::test]
async fn what_is_no_file_is_no_object() {
    let site = Site::new("kinds");
    assert!(std::process::Command::new("mkfifo").arg(site.root().join("fifo")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(site.root().join("socket")).unwrap();
    for path in ["/fifo", "/socket", "/deep"] {
        assert_eq!(site.get(path).await.0, 404, "{path}");
    }
    fs::set_permissions(site.root().join("index.html"), fs::Permissions::from_mode(0o0)).unwrap();
    let readable = fs::File::open(site.root().join("index.html")).is_ok();
    assert_eq!(site.get("/index.html").await.0, if readable { 200 } else { 403 }, "root reads everything");
    let gone = Site(site.0.join("none"));
    assert!(matches!(gone.ask(Method::Get, "/a", &[]).await.err(), Some(OriginError::File(_))), "no root, no origin");
}

#[tokio::test]
async fn heads_conditions_and_methods() {
    let site = Site::new("heads");
    let head = site.ask(Method::Head, "/index.html", &[]).await.unwrap();
    assert_eq!((head.response.status, head.length), (200, Some(6)));
    let field = |name: &str| String::from_utf8(head.response.fields.get(name).unwrap().to_vec()).unwrap();
    assert_eq!(field("content-type"), "text/html");
    let (etag, modified) = (field("etag"), field("last-modified"));
    assert!(read(head).await.unwrap().is_empty());
    let none_match = |tags: &str| [("if-none-match".to_owned(), tags.to_owned())];
    for (tags, expected) in [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        (format!("\"x\", {etag}"), 304),
        ("*".into(), 304),
        ("\"x\"".into(), 200),
        ("".into(), 200),
    ] {
        let [(name, value)] = none_match(&tags);
        let answer =
            site.ask(Method::Get, "/index.html", &[(&name, &value), ("if-modified-since", &modified)]).await.unwrap();
        assert_eq!(answer.response.status, expected, "{tags}");
        assert_eq!(read(answer).await.unwrap().is_empty(), expected == 304);
    }
    for (since, expected) in [(modified.as_str(), 304), ("Thu, 01 Jan 1970 00:00:00 GMT", 200), ("yesterday", 200)] {
        let answer = site.ask(Method::Get, "/index.html", &[("if-modified-since", since)]).await.unwrap();
        assert_eq!(answer.response.status, expected, "{since}");
    }
    for method in [Method::Post, Method::Put, Method::Delete, Method::Patch, Method::Options] {
        let answer = site.ask(method, "/index.html", &[]).await.unwrap();
        assert_eq!((answer.response.status, answer.response.fields.get("allow")), (405, Some(&b"GET, HEAD"[..])));
    }
    fs::write(site.root().join("index.html"), "<HTML>").unwrap();
    let other = site.ask(Method::Get, "/index.html", &[("if-none-match", &etag)]).await.unwrap();
    assert_eq!(other.response.status, 200, "same length, another time");
}

#[tokio::test]
async fn a_large_file_comes_whole_and_a_changed_one_is_an_error() {
    let site = Site::new("large");
    let octets: Vec<u8> = (0..1_500_000u32).map(|n| (n % 253) as u8).collect();
    let path = site.root().join("large.bin");
    fs::write(&path, &octets).unwrap();
    let fetched = site.ask(Method::Get, "/large.bin", &[]).await.unwrap();
    assert_eq!(fetched.length, Some(octets.len() as u64));
    assert!(read(fetched).await.unwrap() == octets);
    let mut cut = site.ask(Method::Get, "/large.bin", &[]).await.unwrap();
    cut.body.next().await.unwrap().unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(300_000).unwrap();
    assert_eq!(read(cut).await, Err(OriginError::Changed));
    fs::write(&path, &octets).unwrap();
    let mut overwritten = site.ask(Method::Get, "/large.bin", &[]).await.unwrap();
    overwritten.body.next().await.unwrap().unwrap();
    fs::write(&path, vec![0; octets.len()]).unwrap();
    assert_eq!(read(overwritten).await, Err(OriginError::Changed));
    let mut replaced = site.ask(Method::Get, "/large.bin", &[]).await.unwrap();
    let first = replaced.body.next().await.unwrap().unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(
        read(replaced).await.map(|rest| rest.len() + first.len()),
        Err(OriginError::Changed),
        "its link count changed"
    );
}
