//! A zone as one flat section: the builder that makes it, the view that reads it, the lookup in it.

pub mod build;
mod check;
pub mod index;
mod layout;
pub mod lookup;
mod render;
pub mod section;
mod sort;
mod table;
mod validate;
pub mod view;

pub use build::{Built, Place, Record, RoutedSet, ZoneBuilder};
pub use index::Zones;
pub use lookup::Found;
pub use view::{Block, Node, Routed, Set, Zone};

#[cfg(test)]
mod tests;
