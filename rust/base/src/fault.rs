//! What is wrong with something that a person wrote: where it stands and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault in a configuration, a template, a zone file or a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A file, or a resource path such as `site.yaml: Resources.Www.Properties.TTL`.
    pub place: String,
    /// Line in the file, counted from 1; 0 where there is none.
    pub line: u32,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Fault {
    /// A fault at a place without lines.
    pub fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), line: 0, message: message.into() }
    }

    /// A fault at a line of a file.
    pub fn at_line(place: impl Into<String>, line: u32, message: impl Into<String>) -> Self {
        Self { place: place.into(), line, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.place, self.message),
            line => write!(f, "{}:{}: {}", self.place, line, self.message),
        }
    }
}

/// All faults found in one pass, so that a person mends them in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// A list of one.
    pub fn one(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![Fault::at(place, message)])
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// `Ok(value)` when nothing was found wrong.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
