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

/// Makes constants of the type `Limit`, a line each, and `ALL`, the list of them.
///
/// ```
/// edgeplane_base::limits! {
///     /// Largest thing.
///     SIZE = "thing.size": 16, 1..=64 "octets", "RFC 0000 section 0";
/// }
/// assert_eq!((SIZE.default, ALL.len()), (16, 1));
/// ```
#[macro_export]
macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident = $setting:literal: $default:literal, $min:literal..=$max:literal $unit:literal, $why:literal;)*) => {
        $($(#[$doc])* pub const $name: $crate::Limit =
            $crate::Limit { name: $setting, default: $default, min: $min, max: $max, unit: $unit, why: $why };)*
        /// All limits, for reference pages.
        pub const ALL: &[&$crate::Limit] = &[$(&$name),*];
    };
}
