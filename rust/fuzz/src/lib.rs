//! What the fuzz targets share: a site with sets of every kind, and the seeds of each target.

pub mod ask;
pub mod seeds;
pub mod site;
