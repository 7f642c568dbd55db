//! Numbers that someone may ask "why?" of, each on one line with its range and unit.

/// A number with its default, its range, its unit and its source.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The setting's name.
    pub name: &'static str,
    /// Used where nothing is said.
    pub default: u64,
    /// Smallest value taken.
    pub min: u64,
    /// Largest value taken.
    pub max: u64,
    /// What is counted: octets, seconds, messages.
    pub unit: &'static str,
    /// Where the number comes from.
    pub why: &'static str,
}

impl Limit {
    /// The value, or a sentence that says what would be accepted. Never clamps.
    pub fn check(&self, value: u64) -> Result<u64, String> {
        if (self.min..=self.max).contains(&value) {
            return Ok(value);
        }
        Err(format!("{} is {value}, but must be {} to {} {}", self.name, self.min, self.max, self.unit))
    }
}
