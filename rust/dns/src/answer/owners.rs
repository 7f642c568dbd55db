//! Where the names that answers point at stand in the message.

use crate::wire::query::QUESTION;

/// Longest chain of CNAME and DNAME records that is followed within what is served; as long as BIND's.
pub const MAX_CHAIN: usize = 16;

#[derive(Debug, Clone, Copy, Default)]
struct Owner {
    /// Position in the message.
    at: u16,
    /// Octets that stand there before a pointer into the owner before; all of them where it is written out.
    inline: u16,
    /// Octets of the whole name.
    len: u16,
}

/// The name asked for and the names that a chain led to.
#[derive(Debug)]
pub struct Owners {
    entries: [Owner; MAX_CHAIN + 1],
    last: usize,
}

impl Owners {
    /// The question's name alone.
    pub fn new(qname_len: usize) -> Self {
        let mut entries = [Owner::default(); MAX_CHAIN + 1];
        entries[0] = Owner { at: QUESTION as u16, inline: qname_len as u16, len: qname_len as u16 };
        Self { entries, last: 0 }
    }

    /// Goes on to a name that was just written; `false` when the chain is too long.
    pub fn push(&mut self, at: usize, inline: usize, len: usize) -> bool {
        let Some(entry) = self.entries.get_mut(self.last + 1) else { return false };
        *entry = Owner { at: at as u16, inline: inline as u16, len: len as u16 };
        self.last += 1;
        true
    }

    /// Where the names of so many octets stand.
    pub fn of_len(&self, len: usize) -> impl Iterator<Item = usize> {
        let names = self.entries.iter().take(self.last + 1).filter(move |owner| usize::from(owner.len) == len);
        names.map(|owner| usize::from(owner.at))
    }

    /// Whether the owner is still the name asked for.
    #[inline]
    pub fn is_question(&self) -> bool {
        self.last == 0
    }

    /// The pointer to the current owner.
    #[inline]
    pub fn pointer(&self) -> [u8; 2] {
        self.tail(self.entries.get(self.last).map_or(0, |owner| usize::from(owner.len)))
    }

    /// The pointer to the last `tail` octets of the current owner.
    #[inline]
    pub fn tail(&self, tail: usize) -> [u8; 2] {
        let mut position = QUESTION;
        for owner in self.entries.iter().take(self.last + 1).rev() {
            let from = usize::from(owner.len).saturating_sub(tail);
            position = usize::from(owner.at) + from;
            if from < usize::from(owner.inline) {
                break;
            }
        }
        (0xc000 | position as u16).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_found_where_its_octets_stand() {
        // question a.b.ex. at 12; CNAME to c.b.ex. written as "c" + pointer at 50; then d.ex. as "d" + pointer at 70.
        let mut owners = Owners::new(8);
        assert_eq!(owners.pointer(), [0xc0, 12]);
        assert_eq!(owners.tail(4), [0xc0, 16]);
        assert!(owners.push(50, 2, 8));
        assert_eq!(owners.pointer(), [0xc0, 50]);
        assert_eq!(owners.tail(6), [0xc0, 14]);
        assert!(owners.push(70, 2, 6));
        assert_eq!(owners.pointer(), [0xc0, 70]);
        assert_eq!(owners.tail(4), [0xc0, 16]);
    }

    #[test]
    fn the_chain_ends() {
        let mut owners = Owners::new(1);
        assert_eq!((0..100).take_while(|_| owners.push(20, 1, 1)).count(), MAX_CHAIN);
    }
}
