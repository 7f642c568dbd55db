//! Lines of one field, read as every field that a cache reads: `Cache-Control` and its kin, ranges, entity tags, dates,
//! `Vary`. What is read, written as it was understood, is read the same.
#![no_main]

use edgeplane_edge::semantics::cache_control::{RequestDirectives, ResponseDirectives, Scope};
use edgeplane_edge::semantics::etag::{self, EntityTag};
use edgeplane_edge::semantics::time::DELTA_MAX_S;
use edgeplane_edge::semantics::{Asker, ByteRange, ContentRange, Vary, date, range, surrogate, targeted};
use edgeplane_fuzz::heads::{is_quoted, value};
use edgeplane_http::fields::members;
use edgeplane_http::{Fields, Request};
use libfuzzer_sys::fuzz_target;

const LENGTHS: [u64; 5] = [0, 1, 10, 1_000, u64::MAX];
const NOW_S: u64 = 1_795_305_600;

fuzz_target!(|data: &[u8]| {
    let lines: Option<Vec<&[u8]>> = data.split(|&octet| octet == b'\n').map(value).collect();
    let Some(lines) = lines else { return };
    cache_control(&lines);
    targets(&lines);
    ranges(&lines);
    vary(&lines);
    for line in lines {
        members(line).for_each(|member| assert_eq!(members(member).collect::<Vec<_>>(), [member]));
        tags(line);
        dates(line);
    }
});

fn of(name: &str, lines: &[&[u8]]) -> Fields {
    lines.iter().map(|line| (name, line)).collect()
}

fn cache_control(lines: &[&[u8]]) {
    let name = "Cache-Control";
    let said = ResponseDirectives::of(&of(name, lines));
    are_seconds(&said);
    let loud: Vec<Vec<u8>> = lines.iter().map(|line| line.to_ascii_uppercase()).collect();
    let loud: Vec<&[u8]> = loud.iter().map(Vec::as_slice).collect();
    let heard = ResponseDirectives { no_cache: upper(&said.no_cache), private: upper(&said.private), ..said.clone() };
    assert_eq!(ResponseDirectives::of(&of(name, &loud)), heard, "names have no case");
    let with = |line| of(name, &[lines, &[line]].concat());
    assert_eq!(ResponseDirectives::of(&with(b"x=\"no-store, max-age=5\", y=1")), said, "what is unknown says nothing");
    assert_eq!(ResponseDirectives::of(&with(b"no-store")), ResponseDirectives { no_store: true, ..said.clone() });
    assert!(ResponseDirectives::of(&with(b"private")).private.is_whole());
    let asked = RequestDirectives::of(&of(name, lines));
    assert_eq!(RequestDirectives::of(&with(b"x=\"no-store, max-age=5\", y=1")), asked);
    assert_eq!(RequestDirectives::of(&of(name, &loud)), asked);
}

fn upper(scope: &Scope) -> Scope {
    match scope {
        Scope::Fields(names) => Scope::Fields(names.iter().map(|name| name.to_ascii_uppercase().into()).collect()),
        whole => whole.clone(),
    }
}

fn are_seconds(said: &ResponseDirectives) {
    let all = [said.max_age_s, said.s_maxage_s, said.stale_while_revalidate_s, said.stale_if_error_s];
    assert!(all.into_iter().flatten().all(|seconds| seconds <= DELTA_MAX_S));
}

fn targets(lines: &[&[u8]]) {
    let targeted = targeted::directives(&of(targeted::FIELD, lines));
    let surrogate = surrogate::directives(&of(surrogate::FIELD, lines));
    [targeted, surrogate].iter().flatten().for_each(are_seconds);
}

fn ranges(lines: &[&[u8]]) {
    for length in LENGTHS {
        let Some(ranges) = range::requested(&of("Range", lines), length) else { continue };
        assert!(
            ranges.iter().all(|range| range.first <= range.last && range.last < length && range.length() <= length)
        );
        assert!(ranges.is_sorted_by(|one, next| one.last < next.first));
        let written: Vec<String> = ranges.iter().map(|range| format!("{}-{}", range.first, range.last)).collect();
        let again = range::requested(&of("Range", &[format!("bytes={}", written.join(",")).as_bytes()]), length);
        assert!(ranges.is_empty() || again.as_ref() == Some(&ranges));
        ranges.into_iter().for_each(|range| is_read(range, Some(length)));
    }
    if let Some(ContentRange { range, complete }) = ContentRange::of(&of("Content-Range", lines)) {
        is_read(range, complete);
    }
}

fn is_read(range: ByteRange, complete: Option<u64>) {
    let written = match complete {
        Some(complete) => range.content_range(complete),
        None => format!("bytes {}-{}/*", range.first, range.last),
    };
    assert_eq!(ContentRange::of(&of("Content-Range", &[written.as_bytes()])), Some(ContentRange { range, complete }));
}

fn tags(line: &[u8]) {
    if let Some(tag) = EntityTag::parse(line) {
        assert!(tag.matches_weakly(&tag) && tag.matches_strongly(&tag) != tag.weak);
        assert!(!is_quoted(&tag) || etag::list(line).eq([tag]), "one in a list");
    }
    let listed: Vec<EntityTag<'_>> = etag::list(line).collect();
    assert!(listed.len() <= line.len());
    let quoted: Vec<EntityTag<'_>> = listed.into_iter().filter(is_quoted).collect();
    let write = |tag: &EntityTag<'_>| [if tag.weak { &b"W/"[..] } else { b"" }, tag.opaque].concat();
    let written: Vec<Vec<u8>> = quoted.iter().map(write).collect();
    assert!(etag::list(&written.join(&b", "[..])).eq(quoted));
}

fn dates(line: &[u8]) {
    for now_s in [0, NOW_S, u64::MAX] {
        if let Some(seconds) = date::parse(line, now_s)
            && seconds <= 253_402_300_799
        {
            assert_eq!(date::parse(date::format(seconds).as_bytes(), now_s), Some(seconds));
        }
    }
}

fn asking(fields: Fields) -> Request {
    Request { fields, ..Request::default() }
}

fn vary(lines: &[&[u8]]) {
    for name in ["Accept-Language", "Accept-Encoding", "Cookie"] {
        let (request, response) =
            (asking(of(name, lines)), [("Vary", name.as_bytes()), ("Content-Language", lines[0])]);
        let vary = Vary::of(&request, &response.into_iter().collect());
        assert!(vary.matches(&Asker::outgoing(&request)));
        let joined = lines.join(&b", "[..]);
        let as_one = asking(of(name, &[&joined]));
        assert!(joined.contains(&b'"') || vary.matches(&Asker::outgoing(&as_one)), "lines are one list");
    }
    let bare = asking(Fields::new());
    let vary = Vary::of(&bare, &of("Vary", lines));
    assert!(vary.is_star() || vary.matches(&Asker::outgoing(&bare)));
    let read: Vary = rmp_serde::from_slice(&rmp_serde::to_vec_named(&vary).unwrap()).unwrap();
    assert_eq!(read, vary);
}
