//! Ranges of what is not kept, in slices of one length (`Metadata: {edgeplane: {Ranges: slices}}`): who asks for the end of
//! a film does not wait for its beginning, and what is too long to be kept as a whole is kept in pieces.
//!
//! ```text
//! GET of one range, or slices are kept ─► slice 0: the head, the validator, the length of all
//!   ─► each slice of the range ─┬ kept, and fresh ─────────────────────────────► sent, and the next one fetched meanwhile
//!                               └ fetched: 206, all of what was asked for ─ kept ─► sent, …
//! no 206, no strong validator, not to be kept ─► the whole is fetched, as without slices
//! another validator than slice 0 ─► fetched anew; still another: slice 0 goes, and what was begun breaks off
//! ```
//! A slice is a stored 206 under a key of its own, in memory and on disk, with all that holds for what is stored: freshness,
//! validation, invalidation, one fetch however many wait.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use edgeplane_http::{Fields, Method, Request, Session, SessionError};

use super::app::App;
use super::exchange::Told;
use super::fetch::Errand;
use super::lines::Outcome;
use super::part::{Asking, range_of};
use super::render::Begun;
use super::route::Route;
use crate::behaviour::Purpose;
use crate::course::Course;
use crate::fill::{Came, Failure, Fill, Joined, Lead, Stage};
use crate::limits;
use crate::object::{Object, Resource};
use crate::semantics::range::requested;
use crate::semantics::{self, ByteRange, CacheStatus, OriginFailure, Reuse, partial};

/// Before length and number of a slice at the end of its key: as in `archive`, no key goes on like this.
const MARK: u8 = 0xfe;

/// A slice that is at hand.
struct Slice {
    object: Arc<Object>,
    /// Whether it was kept, or fetched for this request.
    was_kept: bool,
}

/// Why a slice is not at hand.
enum Lack {
    /// This is not to be had in slices, for now.
    Unsliced,
    /// The slices that are kept or come are not all of the same content.
    Changed,
    /// The origin failed.
    Failed(Failure),
    /// The client went away.
    Gone,
}

/// The first slice, which says of what the others are slices.
struct First {
    object: Arc<Object>,
    complete: u64,
    was_kept: bool,
}

/// The key of a slice.
pub fn key(whole: &[u8], number: u64) -> Box<[u8]> {
    let (length, number) = (limits::SLICE.default.to_le_bytes(), number.to_le_bytes());
    [whole, &[MARK], &length, &number].concat().into()
}

/// The key of what a slice is of, and its number; none for the key of no slice.
pub fn parse(key: &[u8]) -> Option<(&[u8], u64)> {
    let (rest, number) = key.split_last_chunk::<8>()?;
    let (rest, length) = rest.split_last_chunk::<8>()?;
    let whole = rest.strip_suffix(&[MARK])?;
    (u64::from_le_bytes(*length) == limits::SLICE.default).then(|| (whole, u64::from_le_bytes(*number)))
}

/// Asks for a slice.
pub fn range(number: u64) -> Fields {
    let first = number.saturating_mul(limits::SLICE.default);
    let last = first.saturating_add(limits::SLICE.default - 1);
    [("Range", format!("bytes={first}-{last}"))].into_iter().collect()
}

/// Numbers of the slices that an answer to a request is made of, by what the first one says.
pub fn needed(request: &Request, first: &Object) -> Range<u64> {
    let complete = first.part().map_or(0, |(_, complete)| complete);
    let octets = Begun::new(request, &first.stored.clone().completed(), Some(complete)).octets;
    let end = octets.end.min(complete);
    octets.start.min(end) / limits::SLICE.default..end.div_ceil(limits::SLICE.default)
}

/// Whether a request is for one range.
pub fn is_of_one_range(request: &Request) -> bool {
    request.method == Method::Get && requested(&request.fields, u64::MAX).is_some_and(|ranges| ranges.len() == 1)
}

impl First {
    /// None where its validator is not strong: what cannot be told from other content is not put together with it (RFC 9110
    /// section 15.3.7.3).
    fn of(Slice { object, was_kept }: Slice) -> Option<Self> {
        let (_, complete) = object.part()?;
        let first = Self { object, complete, was_kept };
        first.has(&first.object, 0).then_some(first)
    }

    /// Whether this is a slice of the same content, and all of it.
    fn has(&self, slice: &Object, number: u64) -> bool {
        let first = number.saturating_mul(limits::SLICE.default);
        let end = first.saturating_add(limits::SLICE.default).min(self.complete);
        slice.part() == Some((ByteRange { first, last: end.saturating_sub(1) }, self.complete))
            && partial::is_same(&self.object.stored, &slice.stored.fields)
    }
}

impl App {
    /// Answers from slices; none: this is not to be had in slices, and nothing was sent.
    pub(super) async fn serve_slices<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &mut S,
        reuse: Reuse,
    ) -> Option<Told> {
        if !self.wants_slices(route, session.request()) {
            return None;
        }
        // The second time where what is kept of the first slice is outdated.
        for _ in 0..2 {
            match self.begin_slices(route, session).await {
                Ok((first, begun, slice)) => {
                    return Some(self.send_slices(route, session, &first, begun, slice, reuse).await);
                }
                Err(Lack::Changed) => {}
                Err(Lack::Unsliced) => return None,
                Err(Lack::Failed(failure)) => return Some(self.failed(session, route, None, failure).await),
                Err(Lack::Gone) => return Some(Err(SessionError::Gone)),
            }
        }
        None
    }

    fn wants_slices(&self, route: &Route, request: &Request) -> bool {
        let is_kept = || {
            let (key, archive) = (key(&route.key, 0), self.shared.archive.as_ref());
            self.shared.memory.get(&key).is_some() || archive.is_some_and(|archive| archive.may_have(&key))
        };
        let slices = route.distribution.slices && request.method == Method::Get;
        slices && (is_of_one_range(request) || (!request.fields.has("range") && is_kept()))
    }

    /// The first slice, what is answered from it, and the slice with which that begins.
    async fn begin_slices<S: Session>(
        &self,
        route: &Route,
        session: &mut S,
    ) -> Result<(First, Begun, Option<Slice>), Lack> {
        let first = First::of(self.slice(route, session, 0).await?).ok_or(Lack::Unsliced)?;
        let whole = first.object.stored.clone().completed();
        let begun = Begun::new(session.request(), &whole, Some(first.complete));
        let begun = Begun { octets: begun.octets.start..begun.octets.end.min(first.complete), ..begun };
        let slice = match begun.octets.is_empty() {
            true => None,
            false => Some(self.slice_of(route, session, &first, begun.octets.start / limits::SLICE.default).await?),
        };
        Ok((first, begun, slice))
    }

    /// A slice of the same content as the first one.
    async fn slice_of<S: Session>(
        &self,
        route: &Route,
        session: &mut S,
        first: &First,
        number: u64,
    ) -> Result<Slice, Lack> {
        if number == 0 {
            return Ok(Slice { object: first.object.clone(), was_kept: first.was_kept });
        }
        for _ in 0..2 {
            let slice = self.slice(route, session, number).await?;
            if first.has(&slice.object, number) {
                return Ok(slice);
            }
            if !slice.was_kept {
                break;
            }
            self.forget(&route.of_slice(number), &slice.object);
        }
        self.forget(&route.of_slice(0), &first.object);
        Err(Lack::Changed)
    }

    /// Sends what was begun; breaks off where a slice is lacking.
    async fn send_slices<S: Session>(
        &self,
        route: &Route,
        session: &mut S,
        first: &First,
        Begun { mut response, length, octets }: Begun,
        slice: Option<Slice>,
        reuse: Reuse,
    ) -> Told {
        let was_kept = first.was_kept && slice.as_ref().is_none_or(|slice| slice.was_kept);
        let outcome = if was_kept { Outcome::Hit } else { Outcome::Miss };
        let status = if was_kept { CacheStatus::default() } else { reuse.status() };
        self.count(outcome, response.status);
        self.dress(route, session.request(), &mut response, Some(&first.object), outcome, status);
        session.head(&response, length).await?;
        let (mut at, mut slice) = (octets.start, slice);
        while at < octets.end {
            let number = at / limits::SLICE.default;
            let next = match slice.take() {
                Some(slice) => Ok(slice),
                None => self.slice_of(route, session, first, number).await,
            };
            let Slice { object, .. } = next.map_err(|_| SessionError::Gone)?;
            let Range { start, end } = within(number, at..octets.end);
            if at + (end - start) < octets.end {
                self.fetch_ahead(route, session, first, number + 1);
            }
            session.send(object.content.slice(start, end - start)).await?;
            at += end - start;
        }
        session.end().await
    }

    /// A slice as it is kept, or comes.
    async fn slice<S: Session>(&self, whole: &Route, session: &mut S, number: u64) -> Result<Slice, Lack> {
        let route = Rc::new(whole.of_slice(number));
        let request = asking(session.request(), number);
        let slice = self.slice_at(&route, session, &request).await?;
        // What of the head is for this client alone is in that of the first slice.
        if let Some(withheld) = route.withheld.get().filter(|_| number == 0) {
            let _ = whole.withheld.set(withheld.clone());
        }
        Ok(slice)
    }

    async fn slice_at<S: Session>(&self, route: &Rc<Route>, session: &mut S, request: &Request) -> Result<Slice, Lack> {
        let (rules, now) = (&route.behaviour.rules, self.now());
        let resource = self.shared.memory.get(&route.key);
        let resource = resource.as_deref();
        let found = self.find(route, session, request, resource).await;
        let reuse = match &found {
            Some(object) => semantics::reuse(rules, request, &object.stored, now),
            None => semantics::miss(rules, request),
        };
        let course = resource.map(|kept| kept.course(rules, request, found.as_deref(), now));
        match (reuse, course, found) {
            (Reuse::Fresh(_), _, Some(object)) | (_, Some(Course::Stale(_)), Some(object)) => {
                Ok(Slice { object, was_kept: true })
            }
            (_, Some(Course::Fail(error)), _) => Err(Lack::Failed(Failure::Error(error.clone()))),
            _ if resource.is_some_and(|resource| resource.separate_ms(now) > 0) => Err(Lack::Unsliced),
            (Reuse::Validate(_) | Reuse::Fetch(_) | Reuse::StaleWhileRevalidate(_), _, found) => {
                let validated = found.clone().filter(|_| !matches!(reuse, Reuse::Fetch(_)));
                let stands_in = found.filter(|object| {
                    semantics::on_error(rules, request, &object.stored, OriginFailure::Disconnected, now).is_some()
                });
                match (self.fetch_slice(route, session, request, resource, validated).await, stands_in) {
                    (Err(Lack::Failed(_)), Some(object)) => Ok(Slice { object, was_kept: true }),
                    (fetched, _) => fetched,
                }
            }
            _ => Err(Lack::Unsliced),
        }
    }

    /// Joins the fetch of a slice, or leads it.
    async fn fetch_slice<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &mut S,
        asked: &Request,
        resource: Option<&Resource>,
        found: Option<Arc<Object>>,
    ) -> Result<Slice, Lack> {
        let own = || (Arc::new(Fill::new(route.sequence, route.mark.clone())), None);
        let collapses = semantics::may_collapse(&route.behaviour.rules, asked);
        let joined = collapses.then(|| self.join(route, || self.looks_again(route, resource)));
        let (fill, lead) = match joined {
            Some(Joined::Follows(fill)) => match self.fetched_slice(route, session, &fill).await? {
                (object, came) if self.is_for(route, session, asked, |asker| came.serves(&object, asker)) => {
                    return Ok(Slice { object, was_kept: false });
                }
                _ => own(),
            },
            Some(Joined::LooksAgain) => return Box::pin(self.slice_at(route, session, asked)).await,
            Some(Joined::Leads(lead)) => (lead.fill.clone(), Some(lead)),
            None => own(),
        };
        self.begin_slice(route, session, asked, found, fill.clone(), lead);
        let (object, _) = self.fetched_slice(route, session, &fill).await?;
        Ok(Slice { object, was_kept: false })
    }

    /// Has a slice fetched while the one before it is sent, unless something is known of it: a client that reads on does
    /// not wait for the origin at each of them, and one that goes away costs one too many.
    fn fetch_ahead<S: Session>(&self, whole: &Route, session: &S, first: &First, number: u64) {
        let (route, asked) = (Rc::new(whole.of_slice(number)), asking(session.request(), number));
        let is_unknown = self.shared.memory.peek(&route.key).is_none()
            && self.shared.archive.as_ref().is_none_or(|archive| !archive.may_have(&route.key));
        // Others may use it: what everybody has to validate would be fetched twice.
        let is_for_many = semantics::is_plainly_fresh(&first.object.stored.lifetime, self.now())
            && semantics::may_collapse(&route.behaviour.rules, &asked);
        if !(is_unknown && is_for_many) {
            return;
        }
        if let Joined::Leads(lead) = self.join(&route, || self.looks_again(&route, None)) {
            self.begin_slice(&route, session, &asked, None, lead.fill.clone(), Some(lead));
        }
    }

    /// Begins the fetch of a slice, which goes on by itself. `found` is to be confirmed, or replaced.
    fn begin_slice<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &S,
        asked: &Request,
        found: Option<Arc<Object>>,
        fill: Arc<Fill>,
        lead: Option<Lead>,
    ) {
        let errand = Errand {
            route: route.clone(),
            request: self.outgoing(route, asked, session.connection(), Purpose::Fill),
            validates: found.as_ref().is_some_and(|object| object.stored.has_validator()),
            found,
            own: false,
            range: range_of(asked),
            asking: range_of(asked).map_or(Asking::Whole, Asking::Clients),
            separate_until_ms: 0,
            sliced: true,
            fill,
            lead,
            alone: None,
            teller: None,
        };
        tokio::task::spawn_local(errand.run(self.clone()));
    }

    /// What came of the fetch of a slice.
    async fn fetched_slice<S: Session>(
        &self,
        route: &Route,
        session: &mut S,
        fill: &Fill,
    ) -> Result<(Arc<Object>, Came), Lack> {
        let stage = tokio::select! {
            stage = fill.settled() => stage,
            () = session.gone() => return Err(Lack::Gone),
        };
        match stage {
            Stage::Failed(failure) => Err(Lack::Failed(failure)),
            stage if self.is_outdated(route, &stage) => Err(Lack::Unsliced),
            Stage::Done(object, came) => Ok((object, came)),
            _ => Err(Lack::Unsliced),
        }
    }
}

/// The client's request, for a slice and without conditions.
pub fn asking(request: &Request, number: u64) -> Request {
    let mut fields = semantics::without_conditions(&request.fields);
    fields.remove("if-range");
    range(number).iter().for_each(|(name, value)| fields.set(name, value));
    Request { fields, ..request.clone() }
}

/// What of these octets of all stands in a slice, counted from its beginning.
fn within(number: u64, octets: Range<u64>) -> Range<u64> {
    let first = number.saturating_mul(limits::SLICE.default);
    octets.start.saturating_sub(first)..octets.end.saturating_sub(first).min(limits::SLICE.default)
}

#[cfg(test)]
mod tests {
    use edgeplane_http::Content;

    use super::*;
    use crate::object::Subject;
    use crate::semantics::Storing;
    use crate::semantics::sample::{at, get, response, rfc9111};
    use crate::store::written::Mark;

    const LENGTH: u64 = limits::SLICE.default;

    fn slice(tag: &str, range: &str) -> Slice {
        let fields = [("Cache-Control", "max-age=60"), ("ETag", tag), ("Content-Range", range)];
        let storing = semantics::store(&rfc9111(), &get(&[]), &response(206, &fields), at(0), at(0));
        let Storing::Partial(stored, _) = storing else { panic!("{storing:?}") };
        let subject = Subject {
            distribution: "d".into(),
            path: "/".into(),
            query: None,
            tags: Box::default(),
            request_id: "r".into(),
            mark: Mark::default(),
        };
        Slice { object: Arc::new(Object::new(stored, Content::None, 0, subject.into())), was_kept: true }
    }

    #[test]
    fn slices_are_of_the_same_content_and_all_that_was_asked_for() {
        let complete = 2 * LENGTH + 5;
        let of = |first: u64, last: u64| format!("bytes {first}-{last}/{complete}");
        let first = First::of(slice("\"a\"", &of(0, LENGTH - 1))).unwrap();
        let has = |tag, range: &str, number| first.has(&slice(tag, range).object, number);
        assert!(has("\"a\"", &of(LENGTH, 2 * LENGTH - 1), 1) && has("\"a\"", &of(2 * LENGTH, complete - 1), 2));
        assert!(!has("\"b\"", &of(LENGTH, 2 * LENGTH - 1), 1), "of other content");
        assert!(!has("\"a\"", &of(LENGTH, 2 * LENGTH - 1), 2), "another slice");
        assert!(!has("\"a\"", &of(LENGTH, 2 * LENGTH - 2), 1), "not all of it");
        assert!(!has("\"a\"", &format!("bytes {LENGTH}-{}/{}", 2 * LENGTH - 1, 2 * LENGTH), 1), "of another length");
        for (tag, range) in [("W/\"a\"", of(0, LENGTH - 1)), ("\"a\"", of(0, LENGTH - 2)), ("\"a\"", of(1, LENGTH))] {
            assert!(First::of(slice(tag, &range)).is_none(), "{tag} {range}");
        }
        assert!(First::of(slice("\"a\"", "bytes 0-4/5")).is_some(), "a short one");
    }

    #[test]
    fn an_answer_needs_the_slices_of_its_range() {
        let first = slice("\"a\"", &format!("bytes 0-{}/{}", LENGTH - 1, 2 * LENGTH + 5)).object;
        for (range, expected) in [
            (vec![], 0..3),
            (vec![("Range", "bytes=0-0".to_owned())], 0..1),
            (vec![("Range", format!("bytes={}-{}", LENGTH - 1, LENGTH))], 0..2),
            (vec![("Range", "bytes=-1".to_owned())], 2..3),
            (vec![("Range", format!("bytes={}-", 9 * LENGTH))], 0..0),
            (vec![("If-None-Match", "\"a\"".to_owned())], 0..0),
        ] {
            let fields: Vec<_> = range.iter().map(|(name, value)| (*name, &**value)).collect();
            assert_eq!(needed(&get(&fields), &first), expected, "{range:?}");
        }
    }

    #[test]
    fn octets_are_found_in_their_slices() {
        assert_eq!(within(0, 5..9), 5..9);
        assert_eq!(within(1, LENGTH + 5..3 * LENGTH), 5..LENGTH);
        assert_eq!(within(2, 2 * LENGTH..2 * LENGTH + 1), 0..1);
        assert_eq!(range(2).get("range"), Some(format!("bytes={}-{}", 2 * LENGTH, 3 * LENGTH - 1).as_bytes()));
    }

    #[test]
    fn one_range_is_sliced_and_nothing_else_by_itself() {
        for (range, expected) in [
            ("bytes=1-2", true),
            ("bytes=7-", true),
            ("bytes=-7", true),
            ("bytes=1-2,4-5", false),
            ("lines=1-2", false),
        ] {
            assert_eq!(is_of_one_range(&get(&[("Range", range)])), expected, "{range}");
        }
        assert!(!is_of_one_range(&get(&[])));
        let asked = asking(&get(&[("Range", "bytes=1-2"), ("If-Range", "x"), ("If-None-Match", "*"), ("A", "1")]), 0);
        assert_eq!(asked.fields, [("A", "1"), ("Range", &*format!("bytes=0-{}", LENGTH - 1))].into_iter().collect());
    }

    #[test]
    fn each_slice_has_a_key_of_its_own_and_the_uri_of_the_whole() {
        let whole = [&[2, 0, 0][..], &2u32.to_le_bytes(), b"/a"].concat();
        let keys = [0, 1, 256].map(|number| key(&whole, number));
        assert!(keys.iter().all(|key| crate::behaviour::key::uri(key) == crate::behaviour::key::uri(&whole)));
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && *keys[0] != whole[..]);
        assert_eq!(keys.each_ref().map(|key| parse(key)), [0, 1, 256].map(|number| Some((&whole[..], number))));
        assert_eq!((parse(&whole), parse(&keys[0][1..]), parse(&keys[0][..5])), (None, Some((&whole[1..], 0)), None));
    }
}
