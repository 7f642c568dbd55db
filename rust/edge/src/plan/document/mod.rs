//! Configurations as CloudFormation writes them (AWS CloudFormation template reference, `AWS::CloudFront::*`). Members that
//! are not here are refused; what one document can say about itself has been checked by whoever made the plan source.

pub mod behaviour;
pub mod distribution;
pub mod keys;
pub mod policy;
pub mod response_headers;

use serde::Deserialize;

/// `{Quantity, Items}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Counted<T> {
    /// The members.
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
    /// How many there are.
    #[serde(default)]
    pub quantity: Option<u64>,
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self { items: Vec::new(), quantity: None }
    }
}
