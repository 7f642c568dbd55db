//! From a client prefix to a place: flat longest-prefix tables, place data, regions.
