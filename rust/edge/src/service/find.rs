//! The disk tier behind the memory tier, as requests see it.

use std::sync::Arc;

use edgeplane_http::{Request, Session};

use super::app::App;
use super::route::Route;
use crate::behaviour::Purpose;
use crate::object::{Object, Resource};
use crate::semantics::Asker;
use crate::shared::small;

impl App {
    /// What is stored for a client with this request: in memory, where that has this, or on disk.
    pub(super) async fn find<S: Session>(
        &self,
        route: &Route,
        session: &S,
        request: &Request,
        resource: Option<&Resource>,
    ) -> Option<Arc<Object>> {
        let tell = || self.outgoing(route, request, session.connection(), Purpose::Fill);
        let asker = Asker::client(request, &tell);
        match resource.and_then(|resource| self.usable(resource, &asker)) {
            Some(found) => Some(found),
            None => self.find_on_disk(route, &asker).await,
        }
    }

    /// Whether what another's fetch brought is for a client with this request, too.
    pub(super) fn is_for<S: Session>(
        &self,
        route: &Route,
        session: &S,
        request: &Request,
        serves: impl FnOnce(&Asker<'_>) -> bool,
    ) -> bool {
        serves(&Asker::client(request, &|| self.outgoing(route, request, session.connection(), Purpose::Fill)))
    }

    /// The stored response for a request, unless it was invalidated or is a part that is not enough.
    fn usable(&self, resource: &Resource, asker: &Asker<'_>) -> Option<Arc<Object>> {
        let object = resource.select(asker)?;
        (object.answers(asker.request()) && !self.is_invalidated(object)).then(|| object.clone())
    }

    /// What the disk has for a request that found nothing in memory; from then on it is there, too, where it is small.
    async fn find_on_disk(&self, route: &Route, asker: &Asker<'_>) -> Option<Arc<Object>> {
        let archive = self.shared.archive.clone().filter(|archive| archive.may_have(&route.key))?;
        let object = archive.find_together(&route.key, asker, self.now()).await?;
        if self.is_invalidated(&object) {
            self.forget_on_disk(route, &object);
            return None;
        }
        let found = self.usable(&Resource::default().with(object), asker)?;
        self.counters.disk_hits.add(1);
        Some(self.put_back(route, asker, found))
    }

    /// Somebody else may have stored a newer response meanwhile.
    fn put_back(&self, route: &Route, asker: &Asker<'_>, object: Arc<Object>) -> Arc<Object> {
        let (mut newer, is_small) = (None, object.content.len() <= small(&self.shared.memory));
        self.change(route, |resource| {
            newer = self.usable(&resource, asker);
            (is_small && newer.is_none()).then(|| resource.with_older(object.clone()))
        });
        newer.unwrap_or(object)
    }

    /// Writes a response to disk, soon.
    pub(super) fn keep_on_disk(&self, route: &Route, object: &Arc<Object>) {
        if self.shared.archive.as_ref().is_some_and(|archive| !archive.keep(&route.key, object)) {
            self.counters.disk_skipped.add(1);
        }
    }

    /// Takes what the disk has in a response's place out, soon.
    pub(super) fn forget_on_disk(&self, route: &Route, object: &Object) {
        if let Some(archive) = &self.shared.archive {
            archive.remove(&route.key, &object.stored.vary);
        }
    }
}
