//! What the fuzz targets share. Of DNS: a site with sets of every kind, and questions to it. Of the edge: visits to its
//! server, a door that signatures open, heads, files with checksums. The seeds of each target.

pub mod ask;
pub mod edge_seeds;
pub mod gate;
pub mod heads;
pub mod sealed;
pub mod seeds;
pub mod site;
pub mod visit;
