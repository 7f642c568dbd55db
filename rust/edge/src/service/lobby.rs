//! Connections without a place, each of which holds a descriptor beyond the limit of connections: so many and no more.

use std::cell::Cell;

/// A room for so many of one worker's connections.
pub struct Lobby {
    most: u64,
    inside: Cell<u64>,
}

/// One that is inside, until this is dropped.
pub struct Guest<'a>(&'a Lobby);

impl Lobby {
    /// For so many.
    pub fn new(most: u64) -> Self {
        Self { most, inside: Cell::new(0) }
    }

    /// Lets one more in, where there is room.
    pub fn enter(&self) -> Option<Guest<'_>> {
        let inside = self.inside.get();
        (inside < self.most).then(|| {
            self.inside.set(inside + 1);
            Guest(self)
        })
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.0.inside.set(self.0.inside.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_inside_and_no_more() {
        let lobby = Lobby::new(2);
        let (first, second) = (lobby.enter(), lobby.enter());
        assert!(first.is_some() && second.is_some() && lobby.enter().is_none());
        drop(first);
        let third = lobby.enter();
        assert!(third.is_some() && lobby.enter().is_none());
        drop((second, third));
        assert_eq!(lobby.inside.get(), 0);
        assert!(Lobby::new(0).enter().is_none());
    }
}
