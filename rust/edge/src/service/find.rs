//! The disk tier behind the memory tier, as requests see it.

use std::sync::Arc;

use edgeplane_http::Request;

use super::app::App;
use super::route::Route;
use crate::object::{Object, Resource};
use crate::shared::small;

impl App {
    /// What the disk has for a request that found nothing in memory; from then on it is there, too, where it is small.
    pub(super) async fn find_on_disk(&self, route: &Route, request: &Request) -> Option<Arc<Object>> {
        let archive = self.shared.archive.clone().filter(|archive| archive.may_have(&route.key))?;
        let object = archive.find_together(&route.key, &request.fields, self.now()).await?;
        if self.is_invalidated(&object) {
            self.forget_on_disk(route, &object);
            return None;
        }
        let found = self.usable(&Resource::default().with(object), request)?;
        self.counters.disk_hits.add(1);
        Some(self.put_back(route, request, found))
    }

    /// Somebody else may have stored a newer response meanwhile.
    fn put_back(&self, route: &Route, request: &Request, object: Arc<Object>) -> Arc<Object> {
        let (mut newer, is_small) = (None, object.content.len() <= small(&self.shared.memory));
        self.change(route, |resource| {
            newer = self.usable(&resource, request);
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
