//! What a directory answers: 200, 304, and the small errors of a bucket.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edgeplane_http::{Method, Request, Response};
use edgeplane_net::beneath;

use super::super::counters::Counters;
use super::super::fetched::Source;
use super::super::{Fetched, Incoming, OriginError, Timing};
use super::file::{FileContent, Stamp};
use super::key::{Refusal, key};
use super::media_type::media_type;

/// Fetches a file. GET and HEAD are answered, others with 405; ranges are not looked at, so that the whole object comes.
pub(in super::super) async fn fetch(
    root: &Path,
    request: &Request,
    counters: &Arc<Counters>,
) -> Result<Fetched, OriginError> {
    let answer = match request.method {
        Method::Get | Method::Head => get(root, request).await?,
        _ => Answer::error(405, "MethodNotAllowed").with("allow", "GET, HEAD"),
    };
    let Answer { response, content, length } = answer;
    let content = if request.method == Method::Head { Source::None } else { content.into() };
    let timing = Timing { attempts: 1, ..Timing::default() };
    let body = Incoming::new(content, counters.clone());
    Ok(Fetched { response, length, body, timing, upgrade: None, origin: None })
}

struct Answer {
    response: Response,
    content: Content,
    length: Option<u64>,
}

/// What an answer carries; unlike a source it can come from another thread.
enum Content {
    None,
    Bytes(Bytes),
    File(FileContent),
}

impl From<Content> for Source {
    fn from(content: Content) -> Self {
        match content {
            Content::None => Self::None,
            Content::Bytes(bytes) => Self::Bytes(bytes),
            Content::File(file) => Self::File(Box::new(file)),
        }
    }
}

impl Answer {
    /// An error with the body that S3 gives.
    fn error(status: u16, code: &str) -> Self {
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>\n");
        let length = Some(body.len() as u64);
        let response = Response::new(status).with("content-type", "application/xml");
        Self { response, content: Content::Bytes(Bytes::from(body)), length }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.response.fields.push(name, value);
        self
    }

    fn forbidden() -> Self {
        Self::error(403, "AccessDenied")
    }

    fn not_found() -> Self {
        Self::error(404, "NoSuchKey")
    }
}

async fn get(root: &Path, request: &Request) -> Result<Answer, OriginError> {
    let key = match key(&request.path) {
        Ok(key) => key,
        Err(Refusal::Forbidden) => return Ok(Answer::forbidden()),
        Err(Refusal::NotFound) => return Ok(Answer::not_found()),
    };
    let conditions = Conditions::of(request);
    let (root, head) = (root.to_owned(), request.method == Method::Head);
    let answering = tokio::task::spawn_blocking(move || answer(&root, key, &conditions, head)).await;
    answering.map_err(|_| OriginError::File(io::ErrorKind::Other))?
}

fn answer(root: &Path, key: PathBuf, conditions: &Conditions, head: bool) -> Result<Answer, OriginError> {
    let root = File::open(root).map_err(|error| OriginError::File(error.kind()))?;
    let file = match beneath::open(&root, &key) {
        Ok(file) => file,
        Err(why) => return refusal(why),
    };
    let metadata = file.metadata().map_err(|error| OriginError::File(error.kind()))?;
    if !metadata.is_file() {
        return Ok(Answer::not_found());
    }
    let stamp = Stamp::of(&metadata);
    let mut response = Response::new(200).with("content-type", media_type(&key));
    let modified = UNIX_EPOCH + Duration::from_secs(u64::try_from(stamp.modified_s).unwrap_or(0));
    let etag = stamp.etag();
    response.fields.push("last-modified", httpdate::fmt_http_date(modified));
    response.fields.push("etag", &etag);
    if conditions.are_met(&etag, modified) {
        response.status = 304;
        return Ok(Answer { response, content: Content::None, length: None });
    }
    let content = if head { Content::None } else { Content::File(FileContent::open(file, stamp)?) };
    Ok(Answer { response, content, length: Some(stamp.length) })
}

/// What is said of a file that was not opened.
fn refusal(refusal: beneath::Refusal) -> Result<Answer, OriginError> {
    match refusal {
        beneath::Refusal::NotFound => Ok(Answer::not_found()),
        beneath::Refusal::Outside | beneath::Refusal::Forbidden => Ok(Answer::forbidden()),
        beneath::Refusal::Failed(error) => Err(OriginError::File(error.kind())),
    }
}

/// What a validation asks (RFC 9110 section 13.1).
struct Conditions {
    if_none_match: Option<Vec<u8>>,
    if_modified_since: Option<SystemTime>,
}

impl Conditions {
    fn of(request: &Request) -> Self {
        let since = request.fields.get("if-modified-since").and_then(|value| std::str::from_utf8(value).ok());
        Self {
            if_none_match: request.fields.combined("if-none-match"),
            if_modified_since: since.and_then(|value| httpdate::parse_http_date(value).ok()),
        }
    }

    /// Whether the client's copy is good. Entity tags go before the date.
    fn are_met(&self, etag: &str, modified: SystemTime) -> bool {
        match &self.if_none_match {
            Some(tags) => edgeplane_http::fields::members(tags).any(|tag| is_same(tag, etag)),
            None => self.if_modified_since.is_some_and(|since| modified <= since),
        }
    }
}

/// Weak comparison, and `*`.
fn is_same(tag: &[u8], etag: &str) -> bool {
    tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes()
}
