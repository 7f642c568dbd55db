//! Counters with one writer: a thread adds with plain loads and stores, anyone may read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A counter that only its own thread increases.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds without a locked instruction; right only from the one thread that owns the counter.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// The value now.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Makes a set of counters with one writer, the sums over several sets, and the help of each counter, a line each. A prefix goes
/// before the names that others see; what uses it needs the crate `serde`.
///
/// ```
/// edgeplane_base::counters! {
///     /// One thread's counters.
///     Counters, Totals, HELP, "thing_";
///     made: "Things made",
/// }
/// let (counters, mut totals) = (Counters::default(), Totals::default());
/// counters.made.add(2);
/// totals += &counters;
/// assert_eq!(totals.named().collect::<Vec<_>>(), [("thing_made", 2)]);
/// assert_eq!(HELP, [("thing_made", "Things made")]);
/// ```
#[macro_export]
macro_rules! counters {
    ($(#[$about:meta])* $counters:ident, $totals:ident, $help_of:ident, $prefix:literal; $($name:ident: $help:literal,)*) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct $counters {
            $(#[doc = $help] pub $name: $crate::metrics::Counter,)*
        }

        /// Sums over sets; in serialized form a flat map from name to value.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default)]
        pub struct $totals {
            $(#[doc = $help] pub $name: u64,)*
        }

        impl ::std::ops::AddAssign<&$counters> for $totals {
            fn add_assign(&mut self, counters: &$counters) {
                $(self.$name = self.$name.wrapping_add(counters.$name.get());)*
            }
        }

        impl $totals {
            /// Every sum with its name.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((concat!($prefix, stringify!($name)), self.$name),)*].into_iter()
            }
        }

        /// Name and help of every counter.
        pub const $help_of: &[(&str, &str)] = &[$((concat!($prefix, stringify!($name)), $help),)*];
    };
}
