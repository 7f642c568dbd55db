use super::*;

fn bucket(endpoint: &str, addressing: Addressing, signing: Signing) -> Result<Bucket, String> {
    let path =
        std::env::temp_dir().join(format!("edgeplane-bucket-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::write(
        &path,
        "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\naws_session_token = token\n",
    )
    .unwrap();
    let credentials = CredentialsFile::read(&path, "default").map(Arc::new)?;
    std::fs::remove_file(&path).unwrap();
    Bucket::new(endpoint, "media", "eu-west-1", addressing, signing, Some(credentials))
}

fn asked(fields: &[(&str, &str)]) -> Request {
    let fields = fields.iter().copied().collect();
    Request { path: "/a b%2fc+d".into(), query: Some("x=1&versionId=a+b".into()), fields, ..Request::default() }
}

fn text(request: &Request, name: &str) -> Option<String> {
    request.fields.get(name).map(|value| String::from_utf8(value.to_vec()).unwrap())
}

#[tokio::test]
async fn the_request_becomes_the_buckets() {
    for (endpoint, addressing, authority, path) in [
        ("http://127.0.0.1:9000", Addressing::Path, "127.0.0.1:9000", "/media/a%20b/c%2Bd"),
        ("https://s3.example.net/", Addressing::Path, "s3.example.net", "/media/a%20b/c%2Bd"),
        ("https://s3.example.net", Addressing::Host, "media.s3.example.net", "/a%20b/c%2Bd"),
        ("http://[::1]:9000", Addressing::Path, "[::1]:9000", "/media/a%20b/c%2Bd"),
    ] {
        let bucket = bucket(endpoint, addressing, Signing::Always).unwrap();
        let mut request = asked(&[("Authorization", "the viewer's"), ("X-Amz-Meta-A", "1")]);
        bucket.prepare(&mut request, true, 1_440_938_160).unwrap();
        assert_eq!((request.authority.as_str(), request.path.as_str()), (authority, path));
        assert_eq!(request.query.as_deref(), Some("versionId=a%20b&x=1"));
        assert_eq!(text(&request, "x-amz-date").as_deref(), Some("20150830T123600Z"));
        assert_eq!(text(&request, "x-amz-content-sha256").as_deref(), Some(EMPTY_PAYLOAD));
        assert_eq!(text(&request, "x-amz-security-token").as_deref(), Some("token"));
        let authorization = text(&request, "authorization").unwrap();
        let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-security-token, Signature=";
        assert!(authorization.starts_with(start), "{authorization}");
        assert_eq!(request.fields.all("authorization").count(), 1);
    }
    let bucket = bucket("http://a.example", Addressing::Path, Signing::Always).unwrap();
    let mut request = asked(&[]);
    bucket.prepare(&mut request, false, 0).unwrap();
    assert_eq!(text(&request, "x-amz-content-sha256").as_deref(), Some(UNSIGNED_PAYLOAD));
}

#[tokio::test]
async fn signing_behaviours() {
    for (signing, fields, expected) in [
        (Signing::Never, &[][..], None),
        (Signing::Never, &[("authorization", "mine")], Some("mine")),
        (Signing::NoOverride, &[("authorization", "mine")], Some("mine")),
        (Signing::NoOverride, &[], Some("AWS4")),
        (Signing::Always, &[("authorization", "mine")], Some("AWS4")),
    ] {
        let bucket = bucket("http://a.example", Addressing::Path, signing).unwrap();
        let mut request = asked(fields);
        bucket.prepare(&mut request, true, 0).unwrap();
        let said = text(&request, "authorization").map(|said| said.get(..4).unwrap().to_owned());
        assert_eq!(said.as_deref(), expected, "{signing:?} {fields:?}");
    }
    let unsigned = Bucket::new("http://a.example", "media", "r", Addressing::Path, Signing::Always, None).unwrap();
    assert!(matches!(unsigned.prepare(&mut asked(&[]), true, 0), Err(OriginError::Credentials(_))));
}

#[test]
fn endpoints_that_are_none() {
    for endpoint in [
        "",
        "a.example",
        "ftp://a.example",
        "http://",
        "http://a:b:c",
        "http://a:99999",
        "http://0x7f.1",
        "http://a/b",
        "https://u@a",
    ] {
        assert!(Bucket::new(endpoint, "media", "r", Addressing::Path, Signing::Never, None).is_err(), "{endpoint}");
    }
}

#[test]
fn a_path_that_would_leave_the_bucket_is_seen() {
    for path in ["/../other/key", "/%2e%2e/other", "/a/..%2f..%2fother", "/a\\..\\b", "/a%5c..%5cb", "/.", "/..;/a"] {
        assert!(has_dot_segments(path), "{path}");
    }
    for path in ["/a..b", "/...", "/a.b/c", "/%252e%252e/a", "/.well-known/x"] {
        assert!(!has_dot_segments(path), "{path}");
    }
}

/// The behaviour was chosen by the path as it was sent, in which an encoded slash separates nothing.
#[tokio::test]
async fn an_encoded_slash_is_refused_before_anything_is_asked() {
    let roots = Arc::new(edgeplane_http::client::TlsRoots::none().unwrap());
    let origins = Origins::new(Arc::new(crate::origin::Shared::new(roots, Arc::default())));
    let bucket = bucket("http://127.0.0.1:9", Addressing::Path, Signing::Never).unwrap();
    let settings = Settings::new("o", crate::origin::Kind::Bucket(bucket));
    for (path, status) in [("/private%2Fa", Some(403)), ("/private%2fa", Some(403)), ("/private/a%252Fb", None)] {
        let request = Request { path: path.into(), ..Request::default() };
        let fetched = origins.fetch(&settings, &request, Outgoing::None, None).await;
        assert_eq!(fetched.ok().map(|fetched| fetched.response.status), status, "{path}");
    }
}
