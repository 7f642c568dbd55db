//! From a plan to running services.
