//! Responses of a key on disk, and which of them a request finds. All of it blocks.

use std::sync::{Arc, Mutex};

use super::entry;
use super::queue::copy;
use super::variants::{Variants, list, place};
use crate::object::Object;
use crate::semantics::Vary;
use crate::store::disk::Writer;
use crate::store::{Disk, DiskHit, Written};

/// The disk with several responses a key.
pub struct Places {
    disk: Arc<Disk>,
    written: Arc<Written>,
    /// Lists are changed one at a time.
    listing: Mutex<()>,
}

/// What a key's variants vary by.
#[derive(Debug, Default)]
pub struct List {
    pub variants: Variants,
    /// The disk's number of the list.
    pub number: u64,
}

impl List {
    fn read(hit: &DiskHit) -> Option<Self> {
        Some(Self { variants: Variants::read(&hit.meta)?, number: hit.number() })
    }
}

impl Places {
    /// On this disk; what was `written` meanwhile does not stay.
    pub fn new(disk: Arc<Disk>, written: Arc<Written>) -> Self {
        Self { disk, written, listing: Mutex::default() }
    }

    /// Whether there may be a response of a key. Does not block.
    pub fn may_have(&self, key: &[u8]) -> bool {
        self.disk.may_have(key) || self.has_list(key)
    }

    /// Whether responses of a key may vary. Does not block.
    pub fn has_list(&self, key: &[u8]) -> bool {
        self.disk.may_have(&list(key))
    }

    /// Nothing of a key is found any more from now on; `sweep` removes it. Waits for no file.
    pub fn drop_later(&self, key: &[u8]) {
        self.disk.drop_later(key);
        self.disk.drop_later(&list(key));
    }

    /// Removes what was dropped.
    pub fn sweep(&self) {
        self.disk.sweep();
    }

    /// What the variants of a key vary by.
    pub fn list(&self, key: &[u8]) -> Option<List> {
        let hit = self.look_up(key)?;
        let found = List::read(&hit);
        if found.is_none() {
            self.disk.remove(&list(key));
        }
        found
    }

    /// As `list`; one that cannot be read stays where it is.
    pub fn peek(&self, key: &[u8]) -> Option<List> {
        List::read(&self.look_up(key)?)
    }

    fn look_up(&self, key: &[u8]) -> Option<DiskHit> {
        self.has_list(key).then(|| self.disk.look_up(&list(key)))?
    }

    /// Puts a response in its place. Where its content is there already, that gets the new description; else both are
    /// written, or all of the key goes: what is older must not answer for it.
    pub fn put(&self, key: &[u8], object: &Object) {
        let vary = &object.stored.vary;
        if self.describe(&place(key, vary), object) {
            return self.announce(key, vary);
        }
        let writer = self.disk.writer(&place(key, vary));
        let writer = writer.and_then(|mut writer| copy(&object.content, &mut writer).then_some(writer));
        if writer.and_then(|writer| self.commit(key, writer, object)).is_none() {
            self.clear(key);
        }
    }

    /// Ends a response whose content was written under its place.
    pub fn commit(&self, key: &[u8], writer: Writer, object: &Object) -> Option<DiskHit> {
        let hit = writer.commit(&entry::write(object, &self.written)?)?;
        self.announce(key, &object.stored.vary);
        Some(hit)
    }

    /// Whether the content is there, and is described anew.
    fn describe(&self, place: &[u8], object: &Object) -> bool {
        let is_same = |old: &[u8], length: u64| {
            let entry = entry::read(place, old, &self.written);
            length == object.content.len()
                && entry.is_some_and(|entry| entry.subject.request_id == object.subject.request_id)
        };
        let meta = self.disk.may_have(place).then(|| entry::write(object, &self.written));
        meta.flatten().is_some_and(|meta| self.disk.update_if(place, &meta, is_same).is_some())
    }

    /// A response is there, and newer than all others of its key: one for every request leaves nothing to the others.
    fn announce(&self, key: &[u8], vary: &Vary) {
        if vary.is_empty() { self.remove_variants(key) } else { self.enter(key, vary) }
    }

    fn enter(&self, key: &[u8], vary: &Vary) {
        let _listing = crate::lock(&self.listing);
        let before = self.list(key).map(|list| list.variants);
        if before.as_ref().and_then(|variants| variants.iter().next()) == Some(vary) {
            return;
        }
        let (after, gone) = before.as_ref().map(|variants| variants.with(vary)).unwrap_or_default();
        gone.iter().for_each(|vary| self.disk.remove(&place(key, vary)));
        // Where the list was dropped or pushed out since it was read, what it had stays gone.
        if before.is_none() || !self.rewrite(key, &after) {
            self.begin(key, &Variants::default().with(vary).0);
        }
    }

    /// Whether there was a list that could be changed.
    pub fn rewrite(&self, key: &[u8], variants: &Variants) -> bool {
        variants.write().is_some_and(|meta| self.disk.update(&list(key), &meta).is_some())
    }

    fn begin(&self, key: &[u8], variants: &Variants) {
        if let (Some(meta), Some(writer)) = (variants.write(), self.disk.writer(&list(key))) {
            writer.commit(&meta);
        }
    }

    /// Takes a response out.
    pub fn take(&self, key: &[u8], vary: &Vary) {
        self.disk.remove(&place(key, vary));
        if vary.is_empty() || !self.has_list(key) {
            return;
        }
        let _listing = crate::lock(&self.listing);
        let Some(List { variants: before, .. }) = self.list(key) else { return };
        let after = before.without(vary);
        if after.is_empty() {
            self.disk.remove(&list(key));
        } else if after != before {
            self.rewrite(key, &after);
        }
    }

    /// Takes all responses of a key out.
    pub fn clear(&self, key: &[u8]) {
        self.remove_variants(key);
        self.disk.remove(key);
    }

    fn remove_variants(&self, key: &[u8]) {
        if !self.has_list(key) {
            return;
        }
        let _listing = crate::lock(&self.listing);
        let variants = self.list(key).unwrap_or_default().variants;
        // The list first: without it nothing of the rest is found.
        self.disk.remove(&list(key));
        variants.iter().for_each(|vary| self.disk.remove(&place(key, vary)));
    }
}
