//! What stands beside the content on disk: all that is known of a response.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgeplane_http::Content;
use serde::{Deserialize, Serialize};

use crate::behaviour::key::uri;
use crate::object::{Object, Subject};
use crate::semantics::{Now, Stored};
use crate::store::Written;
use crate::store::written::Kept;

/// Descriptions of another format are not read; their objects are fetched anew.
const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    format: u8,
    sequence: u64,
    request_id: Cow<'a, str>,
    distribution: Cow<'a, str>,
    path: Cow<'a, str>,
    query: Option<Cow<'a, str>>,
    tags: Vec<Cow<'a, str>>,
    #[serde(default)]
    written: Kept,
    stored: Cow<'a, Stored>,
}

/// A description that was read back.
pub struct Entry {
    pub stored: Stored,
    pub sequence: u64,
    pub subject: Subject,
}

impl Entry {
    /// The response, in the time of this process.
    pub fn into_object(self, content: Content, now: Now) -> Object {
        Object::new(self.stored.placed(now), content, self.sequence, Arc::new(self.subject))
    }
}

/// The description of a response, in MessagePack.
pub fn write(object: &Object, written: &Written) -> Option<Vec<u8>> {
    let subject = &object.subject;
    let document = Document {
        format: FORMAT,
        sequence: object.sequence.load(Relaxed),
        request_id: Cow::Borrowed(&subject.request_id),
        distribution: Cow::Borrowed(&subject.distribution),
        path: Cow::Borrowed(&subject.path),
        query: subject.query.as_deref().map(Cow::Borrowed),
        tags: subject.tags.iter().map(|tag| Cow::Borrowed(&**tag)).collect(),
        written: written.keep(&subject.mark),
        stored: Cow::Borrowed(&object.stored),
    };
    rmp_serde::to_vec_named(&document).ok()
}

/// Reads the description under a key; none where it is of another format.
pub fn read(key: &[u8], meta: &[u8], written: &Written) -> Option<Entry> {
    let document: Document<'_> = rmp_serde::from_slice(meta).ok()?;
    if document.format != FORMAT {
        return None;
    }
    let subject = Subject {
        request_id: document.request_id.into(),
        distribution: document.distribution.into(),
        path: document.path.into(),
        query: document.query.map(Into::into),
        tags: document.tags.into_iter().map(Into::into).collect(),
        mark: written.recall(uri(key), document.written),
    };
    Some(Entry { stored: document.stored.into_owned(), sequence: document.sequence, subject })
}
