//! A stored response, and all that is stored for one key.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use edgeplane_http::{Content, Fields, PreparedHead};

use crate::behaviour::ResponseHeaders;
use crate::limits;
use crate::origin::OriginError;
use crate::semantics::{Asker, OriginFailure, Stored};
use crate::store::generations;
use crate::store::written::Mark;

/// A stored response. Never changed: what brings it up to date makes another that shares its content.
pub struct Object {
    /// What decisions are made from.
    pub stored: Stored,
    /// Its head, ready for sending with the whole content.
    pub head: Arc<PreparedHead>,
    /// Head of a 304 (Not Modified), made on first use.
    pub not_modified: OnceLock<Arc<PreparedHead>>,
    /// Its head as a response headers policy changes it, made on first use.
    pub dressed: OnceLock<Dressed>,
    /// The content.
    pub content: Content,
    /// Number of the last invalidation that it is known to have outlived; at first, the last one before its fetch.
    pub sequence: AtomicU64,
    /// What it can be invalidated by.
    pub subject: Arc<Subject>,
}

/// A head as a policy changes it, for requests without `Origin`.
pub struct Dressed {
    policy: Arc<ResponseHeaders>,
    head: Arc<PreparedHead>,
}

/// What a stored response can be invalidated by.
pub struct Subject {
    /// Of the request that brought the content; other content has another.
    pub request_id: Box<str>,
    /// Of the distribution.
    pub distribution: Arc<str>,
    /// Normalised.
    pub path: Box<str>,
    /// What of it is in the key.
    pub query: Option<Box<str>>,
    /// From the origin.
    pub tags: Box<[Box<str>]>,
    /// Its URI, for what unsafe requests change.
    pub mark: Mark,
}

impl Subject {
    /// As generations are asked about it.
    #[inline]
    pub fn as_kept(&self) -> generations::Subject<'_> {
        generations::Subject {
            distribution: &self.distribution,
            path: self.path.as_bytes(),
            query: self.query.as_deref().map(str::as_bytes),
            tags: &self.tags,
        }
    }

    /// Octets that it takes in memory.
    pub fn weight(&self) -> usize {
        let query = self.query.as_ref().map_or(0, |query| query.len());
        let tags = self.tags.iter().map(|tag| size_of_val(tag) + tag.len() + ALLOCATED).sum::<usize>();
        let octets = self.request_id.len() + self.distribution.len() + self.path.len() + query + tags;
        size_of::<Self>() + octets + 4 * ALLOCATED
    }
}

/// What the allocator adds to a block, and an `Arc` to its value.
const ALLOCATED: usize = 16;

impl Object {
    /// From its parts.
    pub fn new(stored: Stored, content: Content, sequence: u64, subject: Arc<Subject>) -> Self {
        let head = Arc::new(PreparedHead::new(stored.status, stored.fields.clone()));
        Self {
            stored,
            head,
            not_modified: OnceLock::new(),
            dressed: OnceLock::new(),
            content,
            sequence: sequence.into(),
            subject,
        }
    }

    /// The same response with other words about it, which were asked for at `sequence`. Its content is from before: what
    /// invalidates that invalidates both.
    pub fn renewed(&self, stored: Stored, sequence: u64) -> Self {
        let sequence = sequence.min(self.sequence.load(Ordering::Relaxed));
        Self::new(stored, self.content.clone(), sequence, self.subject.clone())
    }

    /// The same response with its content.
    pub fn with_content(&self, content: Content) -> Self {
        Self {
            stored: self.stored.clone(),
            head: self.head.clone(),
            not_modified: self.not_modified.clone(),
            dressed: OnceLock::new(),
            content,
            sequence: self.sequence.load(Ordering::Relaxed).into(),
            subject: self.subject.clone(),
        }
    }

    /// Its head for a request that a policy changes nothing for by itself; none where the head was made for a policy of
    /// before.
    pub fn dressed(&self, policy: &Arc<ResponseHeaders>) -> Option<&Arc<PreparedHead>> {
        let dressed = self.dressed.get_or_init(|| {
            let head = PreparedHead::new(self.stored.status, self.fields_under(policy));
            Dressed { policy: policy.clone(), head: Arc::new(head) }
        });
        let is_meant = Arc::ptr_eq(&dressed.policy, policy) || dressed.policy == *policy;
        is_meant.then_some(&dressed.head)
    }

    fn fields_under(&self, policy: &ResponseHeaders) -> Fields {
        let mut fields = self.stored.fields.clone();
        policy.apply_fixed(&mut fields);
        fields
    }

    /// Octets that it takes in memory once it was used in all ways under a behaviour with this policy: the heads of a 304 and
    /// for the policy may be made at any time.
    pub fn weight(&self, policy: Option<&ResponseHeaders>) -> usize {
        let head = |status, fields: &Fields| PreparedHead::weight_of(status, fields);
        let dressed = policy.map_or(0, |policy| head(self.stored.status, &self.fields_under(policy)));
        let heads = self.head.weight() + head(304, &self.stored.fields) + dressed;
        let content = crate::store::body::weight(&self.content) as usize;
        size_of::<Self>() - size_of::<Stored>() + self.stored.weight() + heads + self.subject.weight() + content
    }
}

/// All that is stored for one key: a response for each set of values that `Vary` tells apart, the newest first.
#[derive(Default, Clone)]
pub struct Resource {
    /// The responses.
    pub objects: Vec<Arc<Object>>,
    /// Until when requests do not wait for one another, because the last answer could not be shared; monotonic milliseconds.
    pub separate_until_ms: u64,
    /// How the last fetch failed, while that is remembered.
    pub failed: Option<Failed>,
}

/// How a fetch failed: those who come meanwhile get what is stored, or the same failure, without asking.
#[derive(Clone)]
pub struct Failed {
    /// For the decision about what is stored.
    pub failure: OriginFailure,
    /// For those for whom nothing is stored, where no response came.
    pub error: Option<Arc<OriginError>>,
    /// Until when; monotonic milliseconds.
    pub until_ms: u64,
}

impl Resource {
    /// The newest response for who asks.
    #[inline]
    pub fn select(&self, asker: &Asker<'_>) -> Option<&Arc<Object>> {
        self.objects.iter().find(|object| object.stored.vary.is_empty() || object.stored.vary.matches(asker))
    }

    /// With a new response, in place of those that answer the same requests; old ones go where there are too many.
    #[must_use]
    pub fn with(self, object: Arc<Object>) -> Self {
        let others = self.objects.into_iter().filter(|other| other.stored.vary != object.stored.vary);
        let others = others.take(limits::VARIANTS.default as usize - 1).collect::<Vec<_>>();
        Self { objects: std::iter::once(object).chain(others).collect(), ..Self::default() }
    }

    /// With a response that is older than all others; so many stay that there is room for it.
    #[must_use]
    pub fn with_older(mut self, object: Arc<Object>) -> Self {
        self.objects.retain(|other| other.stored.vary != object.stored.vary);
        self.objects.truncate(limits::VARIANTS.default as usize - 1);
        self.objects.push(object);
        self
    }

    /// Whether a response is among them.
    pub fn has(&self, object: &Arc<Object>) -> bool {
        self.objects.iter().any(|other| Arc::ptr_eq(other, object))
    }

    /// Without a response.
    #[must_use]
    pub fn without(&self, object: &Arc<Object>) -> Self {
        let objects = self.objects.iter().filter(|other| !Arc::ptr_eq(other, object)).cloned().collect();
        Self { objects, ..self.clone() }
    }

    /// Octets that it takes in memory under a behaviour with this policy.
    pub fn weight(&self, policy: Option<&ResponseHeaders>) -> usize {
        let each = size_of::<Arc<Object>>() + ALLOCATED;
        size_of::<Self>() + self.objects.iter().map(|object| each + object.weight(policy)).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{get, stored_for};
    use crate::store::written::Mark;

    /// The response to a request with a language.
    fn object(language: &str) -> Object {
        let subject = Subject {
            request_id: "r".into(),
            distribution: "D1".into(),
            path: "/".into(),
            query: None,
            tags: Box::default(),
            mark: Mark::default(),
        };
        Object::new(stored(language), Content::None, 7, subject.into())
    }

    fn stored(language: &str) -> Stored {
        stored_for(
            &get(&[("Accept-Language", language)]),
            &[("Cache-Control", "max-age=60"), ("Vary", "Accept-Language")],
        )
    }

    #[test]
    fn what_was_renewed_is_no_younger_than_its_content() {
        for (asked, sequence) in [(8, 7), (6, 6)] {
            assert_eq!(object("de").renewed(stored("de"), asked).sequence.into_inner(), sequence);
        }
    }

    #[test]
    fn what_gets_its_content_keeps_the_heads_that_were_made() {
        let object = object("de");
        let not_modified = object.not_modified.get_or_init(|| object.head.clone()).clone();
        let whole = object.with_content(Content::Bytes(b"a"[..].into()));
        assert!(
            Arc::ptr_eq(&whole.head, &object.head) && Arc::ptr_eq(whole.not_modified.get().unwrap(), &not_modified)
        );
        assert_eq!((whole.content.len(), whole.sequence.into_inner()), (1, 7));
    }

    #[test]
    fn variants_are_bounded_however_they_come() {
        let most = limits::VARIANTS.default as usize;
        let chosen = |resource: &Resource, language: String| {
            resource.select(&Asker::outgoing(&get(&[("Accept-Language", &language)]))).is_some()
        };
        let newer = (0..2 * most).fold(Resource::default(), |all, n| all.with(object(&n.to_string()).into()));
        assert_eq!(newer.objects.len(), most);
        let older = (0..2 * most).fold(newer, |all, n| all.with_older(object(&format!("o{n}")).into()));
        assert_eq!(older.objects.len(), most);
        let last = Arc::new(object(&format!("o{}", 2 * most)));
        let older = older.with_older(last.clone());
        assert!(
            older.has(&last) && chosen(&older, format!("o{}", 2 * most)) && chosen(&older, (2 * most - 1).to_string())
        );
        assert_eq!(older.with_older(last.clone()).without(&last).objects.len(), most - 1, "one of each");
    }
}
