//! Lists of slots, linked both ways by number: no allocation for an entry, and removal from the middle.

/// No slot.
pub const NONE: u32 = u32::MAX;

/// The neighbours of a slot in the list that holds it.
#[derive(Debug, Clone, Copy)]
struct Link {
    newer: u32,
    older: u32,
}

impl Default for Link {
    fn default() -> Self {
        Self { newer: NONE, older: NONE }
    }
}

/// The links of all slots; several lists may share them, as long as a slot is in one of them at a time.
#[derive(Debug, Default)]
pub struct Links(Vec<Link>);

impl Links {
    fn get(&self, slot: u32) -> Link {
        self.0.get(slot as usize).copied().unwrap_or_default()
    }

    fn edit(&mut self, slot: u32, edit: impl FnOnce(&mut Link)) {
        if let Some(link) = self.0.get_mut(slot as usize) {
            edit(link);
        }
    }

    fn reset(&mut self, slot: u32) {
        if self.0.len() <= slot as usize {
            self.0.resize(slot as usize + 1, Link::default());
        }
        self.edit(slot, |link| *link = Link::default());
    }

    /// The neighbour that came in after the slot, or `NONE`.
    pub fn newer(&self, slot: u32) -> u32 {
        self.get(slot).newer
    }
}

/// One list: from the newest slot to the oldest.
#[derive(Debug)]
pub struct List {
    newest: u32,
    oldest: u32,
}

impl Default for List {
    fn default() -> Self {
        Self { newest: NONE, oldest: NONE }
    }
}

impl List {
    /// The slot at the old end, or `NONE`.
    pub fn oldest(&self) -> u32 {
        self.oldest
    }

    /// The slot at the new end, or `NONE`.
    pub fn newest(&self) -> u32 {
        self.newest
    }

    /// Puts a slot that is in no list at the new end.
    pub fn push(&mut self, links: &mut Links, slot: u32) {
        links.reset(slot);
        links.edit(slot, |link| link.older = self.newest);
        if self.newest == NONE {
            self.oldest = slot;
        } else {
            links.edit(self.newest, |link| link.newer = slot);
        }
        self.newest = slot;
    }

    /// Puts a slot that is in no list at the older side of one that is in this.
    pub fn push_before(&mut self, links: &mut Links, slot: u32, newer: u32) {
        links.reset(slot);
        let older = links.get(newer).older;
        links.edit(slot, |link| *link = Link { newer, older });
        links.edit(newer, |link| link.older = slot);
        if older == NONE {
            self.oldest = slot;
        } else {
            links.edit(older, |link| link.newer = slot);
        }
    }

    /// Takes a slot out; it must be in this list.
    pub fn unlink(&mut self, links: &mut Links, slot: u32) {
        let Link { newer, older } = links.get(slot);
        if newer == NONE {
            self.newest = older;
        } else {
            links.edit(newer, |link| link.older = older);
        }
        if older == NONE {
            self.oldest = newer;
        } else {
            links.edit(older, |link| link.newer = newer);
        }
        links.reset(slot);
    }
}
