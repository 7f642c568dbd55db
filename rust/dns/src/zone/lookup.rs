//! Which node answers for a name (RFC 1034 section 4.3.2, RFC 4592, RFC 6672).

use super::section::node;
use super::view::{Node, Zone};
use crate::wire::QName;

/// What a zone has for a name.
#[derive(Clone, Copy)]
pub enum Found<'a> {
    /// The name itself; its sets may be none (an empty non-terminal).
    Name(Node<'a>),
    /// No such name, but a wildcard in its place.
    Wildcard(Node<'a>),
    /// The name is delegated away here.
    Cut(Node<'a>),
    /// The name lies below a DNAME.
    Dname(Node<'a>),
    /// No such name.
    Nothing,
}

impl Zone {
    /// The part of a name that lies in this zone before the apex.
    #[inline]
    pub fn relative<'n>(&self, name: &'n QName) -> &'n [u8] {
        name.wire().get(..name.wire().len().saturating_sub(self.apex().len())).unwrap_or(&[])
    }

    /// Looks a name up that lies in this zone, with its hash. `at_parent`: the type asked for stands above a cut (DS, RFC 4035 section 3.1.4.1).
    #[inline]
    pub fn lookup(&self, name: &QName, hash: u64, at_parent: bool) -> Found<'_> {
        let relative = self.relative(name);
        let labels = name.labels().saturating_sub(self.apex_labels());
        if labels <= self.max_labels()
            && let Some(node) = self.find_hashed(relative, hash)
            && !node.is(node::OCCLUDED)
        {
            let cut = node.is(node::CUT) && !at_parent;
            return if cut { Found::Cut(node) } else { Found::Name(node) };
        }
        self.climb(name, relative, labels)
    }

    /// From the name upwards to its closest encloser, the cut or the DNAME above it.
    fn climb(&self, name: &QName, relative: &[u8], labels: usize) -> Found<'_> {
        let first = labels.saturating_sub(self.max_labels()).max(1);
        for start in name.starts().get(first..=labels).unwrap_or(&[]) {
            let above = relative.get(usize::from(*start)..).unwrap_or(&[]);
            let Some(node) = self.find_relative(above).filter(|node| !node.is(node::OCCLUDED)) else { continue };
            if node.is(node::CUT) {
                return Found::Cut(node);
            }
            if node.is(node::DNAME) {
                return Found::Dname(node);
            }
            return self.wildcard(node, above);
        }
        Found::Nothing
    }

    fn wildcard(&self, encloser: Node<'_>, above: &[u8]) -> Found<'_> {
        if !encloser.is(node::WILD) {
            return Found::Nothing;
        }
        let mut name = [0u8; 256];
        name[..2].copy_from_slice(b"\x01*");
        let Some(rest) = name.get_mut(2..2 + above.len()) else { return Found::Nothing };
        rest.copy_from_slice(above);
        match name.get(..2 + above.len()).and_then(|name| self.find_relative(name)) {
            Some(node) => Found::Wildcard(node),
            None => Found::Nothing,
        }
    }
}
