//! The kernel's coarse clocks: a few nanoseconds to read, a few milliseconds behind; right for rates, ages and logs.

use edgeplane_base::clock::Clock;

/// `CLOCK_MONOTONIC_COARSE` and `CLOCK_REALTIME_COARSE` (clock_gettime(2)).
#[derive(Debug, Clone, Copy, Default)]
pub struct CoarseClock;

impl Clock for CoarseClock {
    fn monotonic_ms(&self) -> u64 {
        read(libc::CLOCK_MONOTONIC_COARSE)
    }

    fn wall_ms(&self) -> u64 {
        read(libc::CLOCK_REALTIME_COARSE)
    }
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place to write to; both clocks exist since Linux 2.6.32, and zero is left otherwise.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_nsec).unwrap_or(0));
    seconds * 1_000 + nanoseconds / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgeplane_base::clock::SystemClock;

    #[test]
    fn the_wall_is_where_the_fine_clock_sees_it() {
        let (coarse, fine) = (CoarseClock.wall_ms(), SystemClock::new().wall_ms());
        assert!(fine.abs_diff(coarse) < 100, "{coarse} and {fine}");
        let first = CoarseClock.monotonic_ms();
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert!(CoarseClock.monotonic_ms() - first >= 20);
    }
}
