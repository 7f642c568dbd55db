//! A zone as one flat section: the builder that makes it, the view that reads it, the lookup in it.
