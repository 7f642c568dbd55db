//! What the memory tier counts is what memory is taken. (A process of its own, whose memory nobody else takes.)
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use edgeplane_edge::behaviour::ResponseHeaders;
use edgeplane_edge::object::{Object, Resource, Subject};
use edgeplane_edge::semantics::{Now, Rfc9111Rules, Rules, store};
use edgeplane_edge::store::hold;
use edgeplane_http::{Fields, Request, Response};

const OBJECTS: usize = 1_000;

/// Octets that this process holds in memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

/// What makes an object heavy.
#[derive(Default, Clone, Copy)]
struct Sample {
    vary: &'static str,
    request: usize,
    path: usize,
    query: usize,
    tags: usize,
    fields: usize,
    content: usize,
    has_policy: bool,
}

impl Sample {
    fn object(self) -> Object {
        let value = "v, ".repeat(self.request / 3);
        let request = Request { fields: [("Cookie", &value)].into_iter().collect(), ..Request::default() };
        let now = Now { monotonic_ms: 1, wall_s: 1_795_305_600 };
        let rules = Rules::Rfc9111(Rfc9111Rules::default());
        let response = Response { status: 200, fields: self.fields() };
        let stored = store(&rules, &request, &response, now, now).into_stored().unwrap();
        let content = hold(&[Bytes::from(vec![7; self.content])]);
        Object::new(stored, content, 0, Arc::new(self.subject()))
    }

    fn fields(self) -> Fields {
        let mut fields: Fields = [("Cache-Control", "max-age=60"), ("ETag", "\"a\"")].into_iter().collect();
        if !self.vary.is_empty() {
            fields.push("Vary", self.vary);
        }
        (0..self.fields).for_each(|n| fields.push(format!("X-Field-{n}"), format!("the value of field {n}")));
        fields
    }

    fn subject(self) -> Subject {
        Subject {
            request_id: "r".repeat(56).into(),
            distribution: "E2QWRUHAPOMQZL".into(),
            path: "p".repeat(self.path).into(),
            query: Some("q".repeat(self.query).into()),
            tags: (0..self.tags).map(|_| "t".repeat(256).into()).collect(),
            mark: edgeplane_edge::store::written::Mark::default(),
        }
    }

    /// (octets of weight, octets of memory) of an object, used in all ways.
    fn measured(self) -> (u64, u64) {
        let conditional = Request { fields: [("If-None-Match", "\"a\"")].into_iter().collect(), ..Request::default() };
        let policy = self.has_policy.then(Arc::<ResponseHeaders>::default);
        let mut kept = Vec::with_capacity(OBJECTS);
        let (before, mut weight) = (resident(), 0);
        for _ in 0..OBJECTS {
            let resource = Arc::new(Resource::default().with(Arc::new(self.object())));
            weight += resource.weight(policy.as_deref()) as u64;
            let object = resource.objects.first().unwrap();
            black_box(object.head.http2());
            black_box(object.render(&conditional).head.http2());
            policy.iter().for_each(|policy| drop(black_box(object.dressed(policy).unwrap().http2())));
            kept.push(resource);
        }
        let taken = resident() - before;
        // What was measured stays, so that what is measured next takes memory of its own.
        std::mem::forget(kept);
        (weight / OBJECTS as u64, taken / OBJECTS as u64)
    }
}

#[test]
fn what_is_counted_is_what_is_taken() {
    for (what, sample) in [
        ("a small object", Sample { content: 1_000, path: 30, ..Sample::default() }),
        ("a policy for its head", Sample { content: 1_000, has_policy: true, ..Sample::default() }),
        ("long content", Sample { content: 100_000, ..Sample::default() }),
        ("many fields", Sample { fields: 40, ..Sample::default() }),
        ("a varying cookie", Sample { vary: "Cookie", request: 20_000, ..Sample::default() }),
        ("many names in Vary", Sample { vary: "Cookie, A, B, C, D, E, F, G, H, I, J, K, L", ..Sample::default() }),
        ("a long URL", Sample { path: 4_000, query: 4_000, ..Sample::default() }),
        ("many tags", Sample { tags: 50, ..Sample::default() }),
    ] {
        let (weight, taken) = sample.measured();
        println!("{what}: counted {weight}, taken {taken}");
        assert!(weight * 100 >= taken * 95, "{what}: {weight} octets counted, {taken} taken");
        assert!(weight * 100 <= taken * 140, "{what}: {weight} octets counted, only {taken} taken");
    }
}
