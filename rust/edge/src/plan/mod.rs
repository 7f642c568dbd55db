//! From the plan source to compiled distributions.
