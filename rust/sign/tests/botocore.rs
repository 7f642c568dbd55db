//! What botocore signs is what we sign: `sigv4/vectors.json`, made by `sigv4/make_vectors.py`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use edgeplane_sign::sigv4::{Credentials, Message, Scope, authorization, canonical_path, canonical_query};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    time: u64,
    token: Option<String>,
    region: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    authorization: String,
}

#[test]
fn signatures_are_those_of_botocore() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("sigv4/vectors.json")).unwrap();
    assert_eq!(vectors.len(), 60);
    for vector in vectors {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "se/cr+et".into(),
            session_token: vector.token,
        };
        let (path, query) = (canonical_path(&vector.path), canonical_query(&vector.query));
        assert_eq!(path, vector.path, "a path that is encoded already stays as it is");
        let headers: Vec<_> = vector.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let payload =
            vector.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-content-sha256")).unwrap();
        let message =
            Message { method: &vector.method, path: &path, query: &query, headers: &headers, payload: &payload.1 };
        let scope = Scope { region: &vector.region, service: "s3" };
        assert_eq!(authorization(&credentials, scope, vector.time, &message), vector.authorization, "{path}?{query}");
    }
}
