//! Memory that will be read soon.

/// Has the cache line at which a value begins brought from memory, without waiting for it; where the processor has no such
/// instruction, or we do not know it, nothing.
#[inline]
pub fn prefetch<T: ?Sized>(value: &T) {
    let at = std::ptr::from_ref(value).cast::<u8>();
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint; whatever the address, nothing is read or written that a program could see, and nothing faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{at}]", at = in(reg) at, options(nostack, readonly, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}
