//! What x86_64 has of its own in a checkpoint: which interrupted system calls are issued again and how.
//!
//! Numbers are those of asm/unistd_64.h.

use crate::sys::arch_x86_64::Registers;

const EINTR: i64 = -4;
const ERESTART_RESTARTBLOCK: i64 = -516;

const EPOLL_PWAIT: i64 = 281;
const IO_PGETEVENTS: i64 = 333;
const EPOLL_PWAIT2: i64 = 441;

/// Calls that answer EINTR merely because the thread was stopped, although no signal was delivered (P-6): those
/// that never restart by themselves, and transfers on sockets with a timeout. Left out on purpose: close(2) and
/// connect(2), which must not be issued twice.
const SPURIOUS_EINTR: [i64; 18] = [
    0,   // read
    1,   // write
    19,  // readv
    20,  // writev
    43,  // accept
    44,  // sendto
    45,  // recvfrom
    46,  // sendmsg
    47,  // recvmsg
    65,  // semop
    128, // rt_sigtimedwait
    208, // io_getevents
    220, // semtimedop
    232, // epoll_wait
    EPOLL_PWAIT,
    288, // accept4
    IO_PGETEVENTS,
    EPOLL_PWAIT2,
];

/// True when these registers could hold an EINTR that only the freeze has caused.
pub fn may_be_spurious(registers: &Registers) -> bool {
    registers.result() == EINTR && SPURIOUS_EINTR.contains(&registers.call_number())
}

/// Registers to run on with, on this host. `deliverable` says that a signal is pending that the thread does not
/// block: then EINTR is the truth, unless the call brings its own signal mask and will find the signal itself.
///
/// -ERESTART* stay: the kernel's own restart runs when the thread leaves its stop, and keeps the time that is
/// left of a sleep.
pub fn resume_here(registers: Registers, deliverable: bool) -> Registers {
    let own_mask = matches!(registers.call_number(), EPOLL_PWAIT | EPOLL_PWAIT2 | IO_PGETEVENTS);
    let mut out = registers;
    if may_be_spurious(&registers) && (!deliverable || own_mask) {
        out.reissue();
    }
    out
}

/// Registers to run on with in another process: in addition a call that would be continued from the kernel's
/// restart block, which a new process does not have, is issued anew (P-5). The time it has slept is slept again.
pub fn resume_elsewhere(registers: Registers, deliverable: bool) -> Registers {
    let mut out = resume_here(registers, deliverable);
    if out.result() == ERESTART_RESTARTBLOCK && out.call_number() >= 0 {
        out.reissue();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::arch_x86_64::WORDS;

    fn at(number: i64, result: i64) -> Registers {
        let mut registers = Registers([0; WORDS]);
        registers.set_ip(0x1002);
        registers.set_call_number(number);
        registers.set_result(result);
        registers
    }

    #[test]
    fn eintr_of_epoll_wait_is_undone_unless_a_signal_waits() {
        assert_eq!(resume_here(at(232, EINTR), false).result(), 232);
        assert_eq!(resume_here(at(232, EINTR), true).result(), EINTR);
        assert_eq!(resume_here(at(EPOLL_PWAIT, EINTR), true).result(), EPOLL_PWAIT);
        assert_eq!(resume_here(at(3, EINTR), false).result(), EINTR);
    }

    #[test]
    fn sleeps_are_the_kernels_here_and_issued_anew_elsewhere() {
        assert_eq!(resume_here(at(230, -516), false), at(230, -516));
        let moved = resume_elsewhere(at(230, -516), false);
        assert_eq!((moved.ip(), moved.result(), moved.call_number()), (0x1000, 230, -1));
        assert_eq!(resume_elsewhere(at(270, -514), false), at(270, -514));
    }
}
