use proptest::prelude::*;

use super::*;

const SCOPE: Scope<'_> = Scope { region: "us-east-1", service: "service" };
const S3: Scope<'_> = Scope { region: "us-east-1", service: "s3" };
/// 20150830T123600Z
const SUITE_TIME: u64 = 1_440_938_160;
/// 20130524T000000Z
const S3_TIME: u64 = 1_369_353_600;

type Headers<'a> = &'a [(&'a str, &'a [u8])];

fn suite_credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session_token: None,
    }
}

fn signature(authorization: &str) -> &str {
    authorization.rsplit_once("Signature=").unwrap().1
}

fn suite(method: &str, path: &str, query: &str, more: Headers<'_>) -> String {
    let mut headers = vec![("Host", &b"example.amazonaws.com"[..]), ("X-Amz-Date", b"20150830T123600Z")];
    headers.extend(more);
    let (path, query) = (canonical_path(path), canonical_query(query));
    let message = Message { method, path: &path, query: &query, headers: &headers, payload: EMPTY_PAYLOAD };
    signature(&authorization(&suite_credentials(), SCOPE, SUITE_TIME, &message)).to_owned()
}

/// `aws-sig-v4-test-suite`, published with the documentation of Signature Version 4.
#[test]
fn the_published_suite() {
    let unreserved = "/-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let trimmed: Headers<'_> = &[("My-Header1", b" value1"), ("My-Header2", b" \"a   b   c\"")];
    let repeated: Headers<'_> = &[("My-Header1", b"value2"), ("My-Header1", b"value2"), ("My-Header1", b"value1")];
    for (name, method, path, query, headers, expected) in [
        ("get-vanilla", "GET", "/", "", &[][..], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "get-vanilla-query-order-key-case",
            "GET",
            "/",
            "Param2=value2&Param1=value1",
            &[],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("post-vanilla", "POST", "/", "", &[], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("get-utf8", "GET", "/ሴ", "", &[], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        (
            "get-space",
            "GET",
            "/example space/",
            "",
            &[],
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        ),
        (
            "get-unreserved",
            "GET",
            unreserved,
            "",
            &[],
            "98964e1079ce472101899439653197a4f6e602f30cd6aaf6c76d81b4fd9866fe",
        ),
        (
            "get-header-value-trim",
            "GET",
            "/",
            "",
            trimmed,
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "get-header-key-duplicate",
            "GET",
            "/",
            "",
            repeated,
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
    ] {
        assert_eq!(suite(method, path, query, headers), expected, "{name}");
    }
}

/// "Signature Calculations for the Authorization Header", Amazon S3 API reference: the four examples.
#[test]
fn the_examples_of_s3() {
    let credentials = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        session_token: None,
    };
    let content = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let put: Headers<'_> =
        &[("date", b"Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", b"REDUCED_REDUNDANCY")];
    for (method, path, query, more, payload, expected) in [
        (
            "GET",
            "/test.txt",
            "",
            &[("range", &b"bytes=0-9"[..])][..],
            EMPTY_PAYLOAD,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            "",
            put,
            content,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/",
            "lifecycle",
            &[],
            EMPTY_PAYLOAD,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/",
            "prefix=J&max-keys=2",
            &[],
            EMPTY_PAYLOAD,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("host", b"examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", payload.as_bytes()),
            ("x-amz-date", b"20130524T000000Z"),
        ];
        headers.extend(more);
        let (path, query) = (canonical_path(path), canonical_query(query));
        let message = Message { method, path: &path, query: &query, headers: &headers, payload };
        assert_eq!(signature(&authorization(&credentials, S3, S3_TIME, &message)), expected, "{path}");
    }
}

#[test]
fn the_header_says_who_when_and_what() {
    let message =
        Message { method: "GET", path: "/", query: "", headers: &[("Host", b"a"), ("A", b"b")], payload: "p" };
    let said = authorization(&suite_credentials(), SCOPE, SUITE_TIME, &message);
    let expected =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=a;host, ";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn secrets_are_not_printed() {
    let credentials = Credentials { session_token: Some("token-of-mine".into()), ..suite_credentials() };
    let printed = format!("{credentials:?}");
    assert!(printed.contains("AKIDEXAMPLE") && !printed.contains("wJalr") && !printed.contains("token-of-mine"));
}

#[test]
fn times() {
    for (time, expected) in [
        (0, "19700101T000000Z"),
        (951_782_399, "20000228T235959Z"),
        (951_782_400, "20000229T000000Z"),
        (951_868_800, "20000301T000000Z"),
        (SUITE_TIME, "20150830T123600Z"),
        (4_107_542_399, "21000228T235959Z"),
        (4_107_542_400, "21000301T000000Z"),
    ] {
        assert_eq!(timestamp(time), expected);
    }
}

#[test]
fn paths_and_queries_are_encoded_once() {
    for (path, expected) in [
        ("/a b", "/a%20b"),
        ("/a%20b", "/a%20b"),
        ("/a%2fb", "/a/b"),
        ("/a+b", "/a%2Bb"),
        ("/a%", "/a%25"),
        ("/a%zz", "/a%25zz"),
        ("/~a", "/~a"),
        ("/%7ea", "/~a"),
        ("/a=b&c@d:e,f", "/a%3Db%26c%40d%3Ae%2Cf"),
        ("//a", "//a"),
    ] {
        assert_eq!(canonical_path(path), expected, "{path}");
    }
    for (query, expected) in [
        ("", ""),
        ("acl", "acl="),
        ("b=2&a=1&a=0", "a=0&a=1&b=2"),
        ("a=x+y", "a=x%20y"),
        ("a=x%2By", "a=x%2By"),
        ("a=1&&b", "a=1&b="),
        ("a=b=c", "a=b%3Dc"),
    ] {
        assert_eq!(canonical_query(query), expected, "{query}");
    }
}

proptest! {
    /// What was encoded is encoded to itself, so that a service which encodes again signs the same.
    #[test]
    fn encoding_twice_is_encoding_once(path in "/[ -~é%+]{0,40}", query in "[ -~é&=%+]{0,40}") {
        let (path, query) = (canonical_path(&path), canonical_query(&query));
        prop_assert_eq!(canonical_path(&path), path);
        prop_assert_eq!(canonical_query(&query), query);
    }
}
