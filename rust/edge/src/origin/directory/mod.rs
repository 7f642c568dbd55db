//! A local directory as an origin that behaves like a bucket: keys are paths below the root, there are no folders to list
//! and no index documents. Files are opened and read on threads for what blocks.

mod answer;
mod file;
mod key;
mod media_type;
#[cfg(test)]
mod tests;

pub(super) use answer::fetch;
pub(super) use file::FileContent;
pub(crate) use key::has_dot_segments;
pub(super) use key::has_encoded_slash;
