//! Name compression (RFC 1035 section 4.1.4) with bounded work.
//!
//! Names written so far are a tree: a label hangs on the place in the message where the rest of its name starts. A
//! hash table finds it, so a name costs one look-up a label, whatever stands in the message.

use crate::wire::name::labels;

/// Look-ups for one message: above that, names are written in full. A full message of ordinary names needs a third.
const MAX_LOOKUPS: u32 = 100_000;
/// Slots looked at before a label counts as new, however the hashes fall.
const MAX_PROBES: usize = 16;
/// Pointers have 14 bits.
const MAX_OFFSET: usize = 0x3fff;

#[derive(Default)]
pub struct Compressor {
    /// Offset of a label, and of the rest of its name (0: the root); offset 0 means free, as the header stands there.
    slots: Vec<(u16, u16)>,
    used: usize,
    lookups: u32,
}

impl Compressor {
    /// Appends a name to the message, its end replaced by a pointer where the message has it, in the same case.
    pub fn push(&mut self, name: &[u8], out: &mut Vec<u8>) {
        let (mut parts, mut count) = ([&[][..]; 128], 0);
        for (part, label) in parts.iter_mut().zip(labels(name)) {
            *part = label;
            count += 1;
        }
        let parts = parts.get(..count).unwrap_or_default();
        let (new, rest) = self.known_end(parts, out);
        let start = out.len();
        for label in new {
            out.push(label.len() as u8);
            out.extend_from_slice(label);
        }
        match rest {
            0 => out.push(0),
            offset => out.extend_from_slice(&(0xc000 | offset).to_be_bytes()),
        }
        self.remember(new, start, rest, out);
    }

    /// The labels that are new, and where the rest of the name stands.
    fn known_end<'p, 'n>(&mut self, parts: &'p [&'n [u8]], out: &[u8]) -> (&'p [&'n [u8]], u16) {
        let (mut new, mut rest) = (parts, 0);
        while let Some((label, shorter)) = new.split_last() {
            let Some(offset) = self.find(label, rest, out) else { break };
            (new, rest) = (shorter, offset);
        }
        (new, rest)
    }

    fn remember(&mut self, new: &[&[u8]], start: usize, mut rest: u16, out: &[u8]) {
        let mut at = start + new.iter().map(|label| label.len() + 1).sum::<usize>();
        for label in new.iter().rev() {
            at -= label.len() + 1;
            if at > MAX_OFFSET || self.lookups >= MAX_LOOKUPS {
                return;
            }
            self.insert(at as u16, rest, label, out);
            rest = at as u16;
        }
    }

    fn find(&mut self, label: &[u8], rest: u16, out: &[u8]) -> Option<u16> {
        self.lookups += 1;
        if self.lookups > MAX_LOOKUPS {
            return None;
        }
        for slot in probes(hash(label, rest), self.slots.len()) {
            match *self.slots.get(slot)? {
                (0, _) => return None,
                (offset, other) if other == rest && label_at(out, offset) == Some(label) => return Some(offset),
                _ => {}
            }
        }
        None
    }

    fn insert(&mut self, offset: u16, rest: u16, label: &[u8], out: &[u8]) {
        if self.used * 2 >= self.slots.len() {
            self.grow(out);
        }
        for slot in probes(hash(label, rest), self.slots.len()) {
            if let Some(free) = self.slots.get_mut(slot).filter(|slot| slot.0 == 0) {
                *free = (offset, rest);
                self.used += 1;
                return;
            }
        }
    }

    fn grow(&mut self, out: &[u8]) {
        let len = (self.slots.len() * 2).max(32);
        let old = std::mem::replace(&mut self.slots, vec![(0, 0); len]);
        self.used = 0;
        for (offset, rest) in old.into_iter().filter(|slot| slot.0 != 0) {
            self.insert(offset, rest, label_at(out, offset).unwrap_or_default(), out);
        }
    }
}

fn label_at(out: &[u8], offset: u16) -> Option<&[u8]> {
    let (&len, tail) = out.get(usize::from(offset)..)?.split_first()?;
    tail.get(..usize::from(len))
}

fn probes(hash: usize, slots: usize) -> impl Iterator<Item = usize> {
    (0..MAX_PROBES.min(slots)).map(move |step| {
        #[cfg(test)]
        PROBES.set(PROBES.get() + 1);
        (hash + step) & (slots - 1)
    })
}

#[cfg(test)]
thread_local! {
    /// Slots looked at by this thread: the work of compression.
    pub static PROBES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// FNV-1a over the place and the label. Crafted collisions cost compression, never time: probes are bounded.
pub(super) fn hash(label: &[u8], rest: u16) -> usize {
    let seed = 0xcbf2_9ce4_8422_2325 ^ u64::from(rest);
    let hash = label.iter().fold(seed, |hash, &octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ hash >> 32) as usize
}
