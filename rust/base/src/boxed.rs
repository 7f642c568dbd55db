//! Futures in boxes.

use std::pin::Pin;

/// What `make` makes, made in its box. `Box::pin` makes it on the stack and copies it, which for the futures of whole
/// exchanges are kilobytes.
#[inline]
pub fn pin_with<T>(make: impl FnOnce() -> T) -> Pin<Box<T>> {
    let place = Box::new_uninit();
    Box::into_pin(Box::write(place, make()))
}
