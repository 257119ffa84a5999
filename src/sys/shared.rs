//! A few counters shared by a process and its forks, with waiting.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How many counters one page of them holds here.
pub const COUNTERS: usize = 8;

/// Counters in memory that stays shared across fork. Never unmapped: exec and exit do that.
#[derive(Debug, Clone, Copy)]
pub struct SharedCounters(NonNull<[AtomicU32; COUNTERS]>);

// SAFETY: nothing but atomics is ever reached through the pointer.
unsafe impl Send for SharedCounters {}
// SAFETY: as above.
unsafe impl Sync for SharedCounters {}

impl SharedCounters {
    /// All zero.
    pub fn new() -> io::Result<SharedCounters> {
        // SAFETY: a fresh anonymous mapping; no address is asked for.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                std::mem::size_of::<[AtomicU32; COUNTERS]>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(at.cast()).map(SharedCounters).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
    }

    fn counter(&self, index: usize) -> &AtomicU32 {
        // SAFETY: the page is mapped for the life of the process, zeroed at first, aligned, and only
        // ever accessed as atomics.
        unsafe { &self.0.as_ref()[index] }
    }

    /// Its value now.
    pub fn get(&self, index: usize) -> u32 {
        self.counter(index).load(Ordering::Acquire)
    }

    /// Adds one and wakes all who wait for it.
    pub fn increment(&self, index: usize) {
        let counter = self.counter(index);
        counter.fetch_add(1, Ordering::AcqRel);
        // SAFETY: FUTEX_WAKE only uses the address as a key.
        unsafe {
            libc::syscall(libc::SYS_futex, std::ptr::from_ref(counter), libc::FUTEX_WAKE, i32::MAX, 0, 0, 0);
        }
    }

    /// Sleeps until the counter may have changed from `seen`, at most `limit`.
    pub fn wait_change(&self, index: usize, seen: u32, limit: Duration) {
        let timeout = libc::timespec {
            tv_sec: limit.as_secs() as libc::time_t,
            tv_nsec: libc::c_long::from(limit.subsec_nanos()),
        };
        // SAFETY: the counter and the timespec live through the call.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                std::ptr::from_ref(self.counter(index)),
                libc::FUTEX_WAIT,
                seen,
                &raw const timeout,
                0,
                0,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_waiters_see_the_count() {
        let counters = SharedCounters::new().expect("map");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while counters.get(3) < 5 {
                    let seen = counters.get(3);
                    if seen < 5 {
                        counters.wait_change(3, seen, Duration::from_secs(5));
                    }
                }
            });
            for _ in 0..5 {
                counters.increment(3);
            }
        });
        assert_eq!(counters.get(3), 5);
    }
}
