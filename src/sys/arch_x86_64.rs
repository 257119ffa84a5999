//! Register layout and system-call convention of x86_64: the one file of `sys` that knows the CPU.

use super::memory::RemotePtr;

/// Words of `struct user_regs_struct`.
pub const WORDS: usize = 27;
/// The `syscall` instruction.
pub const SYSCALL_INSTRUCTION: [u8; 2] = [0x0f, 0x05];

const R10: usize = 7;
const R9: usize = 8;
const R8: usize = 9;
const RAX: usize = 10;
const RDX: usize = 12;
const RSI: usize = 13;
const RDI: usize = 14;
const ORIG_RAX: usize = 15;
const RIP: usize = 16;
const CS: usize = 17;
const RSP: usize = 19;

/// General registers of a thread, in the order of `struct user_regs_struct` (`sys/user.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registers(pub [u64; WORDS]);

impl Registers {
    /// Registers from the words of an image; `None` when there are not 27 of them.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        words.try_into().ok().map(Registers)
    }

    /// The instruction pointer.
    pub fn ip(&self) -> u64 {
        self.0[RIP]
    }

    /// Sets the instruction pointer.
    pub fn set_ip(&mut self, at: u64) {
        self.0[RIP] = at;
    }

    /// The stack pointer.
    pub fn sp(&self) -> u64 {
        self.0[RSP]
    }

    /// Sets the stack pointer.
    pub fn set_sp(&mut self, to: u64) {
        self.0[RSP] = to;
    }

    /// Result register: what a system call returned, `-errno` on failure.
    pub fn result(&self) -> i64 {
        self.0[RAX] as i64
    }

    /// Sets the result register.
    pub fn set_result(&mut self, value: i64) {
        self.0[RAX] = value as u64;
    }

    /// Number of the system call the thread is in, `-1` when it is in none.
    pub fn call_number(&self) -> i64 {
        self.0[ORIG_RAX] as i64
    }

    /// Sets the number of the system call the thread counts as being in; `-1` for none.
    pub fn set_call_number(&mut self, number: i64) {
        self.0[ORIG_RAX] = number as u64;
    }

    /// Arguments of the system call in the registers now.
    pub fn args(&self) -> [u64; 6] {
        [self.0[RDI], self.0[RSI], self.0[RDX], self.0[R10], self.0[R8], self.0[R9]]
    }

    /// True for a thread that runs 64-bit code (`__USER_CS`).
    pub fn is_64_bit(&self) -> bool {
        self.0[CS] == 0x33
    }

    /// Makes the thread execute the `syscall` instruction at `at` with this number and these arguments
    /// when it is resumed.
    ///
    /// `orig_rax` becomes -1: otherwise the kernel takes an old -ERESTART* in rax for an interrupted
    /// call and moves rip back by two before the first instruction runs (pitfall P-3).
    pub fn set_call(&mut self, at: RemotePtr, number: i64, args: [u64; 6]) {
        self.0[RIP] = at.addr();
        self.0[RAX] = number as u64;
        self.0[ORIG_RAX] = u64::MAX;
        let places = [RDI, RSI, RDX, R10, R8, R9];
        for (place, value) in places.into_iter().zip(args) {
            self.0[place] = value;
        }
    }

    /// Makes the thread issue its system call again from the start: number back into rax, rip back over
    /// the two bytes of `syscall`, and no call in progress.
    pub fn reissue(&mut self) {
        self.0[RAX] = self.0[ORIG_RAX];
        self.0[RIP] = self.0[RIP].wrapping_sub(SYSCALL_INSTRUCTION.len() as u64);
        self.0[ORIG_RAX] = u64::MAX;
    }
}

/// Features the operating system has switched on for XSAVE (XCR0), and bytes of an XSAVE area with them.
pub fn xsave() -> (u64, u32) {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const OSXSAVE: u32 = 1 << 27;
    if __cpuid(1).ecx & OSXSAVE == 0 {
        return (0, 0);
    }
    let (low, high): (u32, u32);
    // SAFETY: the CPU has said that the operating system allows xgetbv; it reads a register and nothing else.
    unsafe {
        std::arch::asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack));
    }
    (u64::from(high) << 32 | u64::from(low), __cpuid_count(0xd, 0).ebx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reissue_puts_the_call_back_before_its_instruction() {
        let mut regs = Registers([0; WORDS]);
        regs.set_ip(0x1002);
        regs.set_call_number(35);
        regs.set_result(-516);
        regs.reissue();
        assert_eq!((regs.ip(), regs.result(), regs.call_number()), (0x1000, 35, -1));
    }
}
