//! Threads that serve: named, pinned to a core, started again after a panic, ended together.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Pause before a body that panicked is called again; doubles with each panic in a row, so that a lasting fault neither spins
/// nor fills the log.
const AFTER_PANIC: Duration = Duration::from_millis(10);
/// Longest such pause; a body that went on for longer begins with the first again.
const AFTER_PANICS: Duration = Duration::from_secs(1);
/// How often waiting for threads looks whether they ended.
const LOOK: Duration = Duration::from_millis(2);

/// A group of serving threads with one stop flag.
#[derive(Default)]
pub struct Workers {
    stop: Arc<AtomicBool>,
    panics: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a thread that calls `body` until it returns; after a panic it is counted and called again, unless all
    /// are to stop. `body` looks at the flag it is given and returns soon after it is set.
    pub fn spawn(
        &mut self,
        name: &str,
        core: Option<usize>,
        mut body: impl FnMut(&Arc<AtomicBool>) + Send + 'static,
    ) -> io::Result<()> {
        let (stop, panics) = (self.stop.clone(), self.panics.clone());
        let serve = move || {
            if let Some(core) = core {
                pin(core);
            }
            let mut pause = AFTER_PANIC;
            loop {
                let begun = Instant::now();
                if catch_unwind(AssertUnwindSafe(|| body(&stop))).is_ok() {
                    return;
                }
                panics.fetch_add(1, Relaxed);
                pause = if begun.elapsed() > AFTER_PANICS { AFTER_PANIC } else { pause };
                if !rest(pause, &stop) {
                    return;
                }
                pause = (pause * 2).min(AFTER_PANICS);
            }
        };
        self.threads.push(Builder::new().name(name.into()).spawn(serve)?);
        Ok(())
    }

    /// Tells all threads to end.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Waits until all threads have ended, for at most `patience`; whether they have.
    pub fn join(&mut self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.threads.iter().any(|thread| !thread.is_finished()) {
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
        true
    }

    /// Panics that were caught so far.
    pub fn panics(&self) -> u64 {
        self.panics.load(Relaxed)
    }
}

/// Waits, unless all are to stop; whether to go on.
fn rest(pause: Duration, stop: &AtomicBool) -> bool {
    let end = Instant::now() + pause;
    while !stop.load(Relaxed) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(AFTER_PANIC));
    }
    false
}

/// The cores this process may use, in ascending order; empty when the system does not tell.
pub fn cores() -> Vec<usize> {
    // SAFETY: an all-zero set is a valid value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` outlives the call and its true size is told.
    let known = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) } == 0;
    // SAFETY: the index stays below CPU_SETSIZE.
    let allowed = |&core: &usize| known && unsafe { libc::CPU_ISSET(core, &set) };
    (0..libc::CPU_SETSIZE as usize).filter(allowed).collect()
}

/// Ties the calling thread to one core, where that is allowed; whether it worked.
pub fn pin(core: usize) -> bool {
    allow(&[core])
}

/// Lets the calling thread run on these cores and no others, where that is allowed; whether it worked. A thread begins with
/// the cores of the one that started it.
pub fn allow(cores: &[usize]) -> bool {
    if cores.iter().any(|&core| core >= libc::CPU_SETSIZE as usize) {
        return false;
    }
    // SAFETY: an all-zero set is a valid value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &core in cores {
        // SAFETY: the index stays below CPU_SETSIZE.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    // SAFETY: `set` outlives the call and its true size is told; 0 is the calling thread.
    unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn a_body_that_panics_is_counted_and_called_again() {
        let (mut workers, mut calls) = (Workers::default(), 0);
        let (sender, seen) = channel();
        workers
            .spawn("panics", None, move |_| {
                calls += 1;
                sender.send((calls, std::thread::current().name().map(str::to_owned))).unwrap();
                assert!(calls > 2, "expected by the test");
            })
            .unwrap();
        assert!(workers.join(PATIENCE));
        assert_eq!(workers.panics(), 2);
        assert_eq!(seen.iter().last().unwrap(), (3, Some("panics".into())));
    }

    #[test]
    fn a_body_that_panics_at_once_does_not_spin() {
        let mut workers = Workers::default();
        workers.spawn("panics", None, |_| panic!("expected by the test")).unwrap();
        let begun = Instant::now();
        while workers.panics() < 5 {
            assert!(begun.elapsed() < PATIENCE);
            std::thread::yield_now();
        }
        assert!(begun.elapsed() >= AFTER_PANIC * 15, "10, 20, 40 and 80 ms");
        workers.stop();
        assert!(workers.join(AFTER_PANICS), "no pause outlives the stop");
    }

    #[test]
    fn stop_ends_all_and_join_does_not_wait_for_ever() {
        let mut workers = Workers::default();
        for n in 0..3 {
            workers
                .spawn(&format!("w{n}"), None, |stop| {
                    while !stop.load(Relaxed) {
                        std::thread::yield_now();
                    }
                })
                .unwrap();
        }
        assert!(!workers.join(Duration::ZERO));
        workers.stop();
        assert!(workers.join(PATIENCE));
    }

    #[test]
    fn a_pinned_thread_has_one_core() {
        let all = cores();
        let &last = all.last().unwrap();
        let mut workers = Workers::default();
        let (sender, seen) = channel();
        workers.spawn("pinned", Some(last), move |_| sender.send(cores()).unwrap()).unwrap();
        assert_eq!(seen.recv().unwrap(), [last]);
        assert!(workers.join(PATIENCE));
        assert_eq!(cores(), all, "only the thread itself was pinned");
        assert!(!pin(usize::MAX));
    }

    #[test]
    fn a_thread_started_by_a_pinned_one_can_have_all_cores_again() {
        let all = cores();
        let unpinned = std::thread::spawn(move || {
            assert!(pin(*all.last().unwrap()));
            std::thread::spawn(move || (allow(&all), cores(), all)).join().unwrap()
        });
        let (allowed, has, all) = unpinned.join().unwrap();
        assert!(allowed);
        assert_eq!(has, all);
        assert!(!allow(&[]), "a thread needs one");
    }
}
