//! Attributes of this process: capabilities, dumpability, whose orphans it adopts.

use std::io;

/// CAP_CHECKPOINT_RESTORE of linux/capability.h.
pub const CAP_CHECKPOINT_RESTORE: u32 = 40;
/// CAP_SYS_ADMIN of linux/capability.h.
pub const CAP_SYS_ADMIN: u32 = 21;

const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct CapHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Default, Clone, Copy)]
struct CapData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Effective, permitted and inheritable capabilities of a thread as bit sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// In force.
    pub effective: u64,
    /// May be put in force.
    pub permitted: u64,
    /// May be kept through exec.
    pub inheritable: u64,
}

/// Capabilities of the calling thread.
pub fn capabilities() -> io::Result<Capabilities> {
    let header = CapHeader { version: CAPABILITY_VERSION_3, pid: 0 };
    let mut data = [CapData::default(); 2];
    // SAFETY: version 3 writes exactly two CapData.
    let rc = unsafe { libc::syscall(libc::SYS_capget, &raw const header, data.as_mut_ptr()) };
    if rc != 0 {
        return Err(io::Error::last_os_error());
    }
    let join = |f: fn(&CapData) -> u32| u64::from(f(&data[0])) | u64::from(f(&data[1])) << 32;
    Ok(Capabilities {
        effective: join(|d| d.effective),
        permitted: join(|d| d.permitted),
        inheritable: join(|d| d.inheritable),
    })
}

/// The two arguments of capset(2) as bytes, for a call made by another process: header at 0, data
/// at 8, 32 bytes in all.
pub fn capset_arguments(caps: Capabilities) -> [u8; 32] {
    let mut out = [0; 32];
    let words = [
        CAPABILITY_VERSION_3,
        0,
        caps.effective as u32,
        caps.permitted as u32,
        caps.inheritable as u32,
        (caps.effective >> 32) as u32,
        (caps.permitted >> 32) as u32,
        (caps.inheritable >> 32) as u32,
    ];
    for (chunk, word) in out.chunks_exact_mut(4).zip(words) {
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    out
}

/// Sets the capabilities of the calling thread.
pub fn set_capabilities(caps: Capabilities) -> io::Result<()> {
    let bytes = capset_arguments(caps);
    let mut words = [0u64; 4];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(chunk.try_into().expect("chunks of eight bytes"));
    }
    // SAFETY: `words` holds the header followed by two CapData, aligned to 8, only read.
    let rc = unsafe { libc::syscall(libc::SYS_capset, words.as_ptr(), words.as_ptr().add(1)) };
    if rc != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn prctl(option: i32, a: u64, b: u64, c: u64, d: u64) -> io::Result<i32> {
    // SAFETY: only called below with options whose arguments are plain numbers.
    let rc = unsafe { libc::prctl(option, a, b, c, d) };
    if rc < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(rc)
}

/// Makes `cap` survive the next exec of an ordinary user: inheritable and ambient.
pub fn raise_ambient(cap: u32) -> io::Result<()> {
    let mut caps = capabilities()?;
    caps.inheritable |= 1 << cap;
    set_capabilities(caps)?;
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE as u64, u64::from(cap), 0, 0).map(drop)
}

/// Lets processes of the same user trace this one, or not.
pub fn set_dumpable(on: bool) -> io::Result<()> {
    prctl(libc::PR_SET_DUMPABLE, u64::from(on), 0, 0, 0).map(drop)
}

/// Makes this process the parent of its descendants' orphans.
pub fn set_child_subreaper(on: bool) -> io::Result<()> {
    prctl(libc::PR_SET_CHILD_SUBREAPER, u64::from(on), 0, 0, 0).map(drop)
}

/// Names the calling thread; 15 bytes are kept.
pub fn set_name(name: &std::ffi::CStr) -> io::Result<()> {
    prctl(libc::PR_SET_NAME, name.as_ptr() as u64, 0, 0, 0).map(drop)
}

/// PR_TIMER_CREATE_RESTORE_IDS (Linux 6.15): 0 off, 1 on, 2 ask. EINVAL on older kernels.
pub fn timer_ids(what: u64) -> io::Result<i32> {
    prctl(77, what, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_capset_arguments_round_trip_through_the_kernel() {
        let caps = capabilities().expect("capget");
        // Setting what one has is always allowed, and a wrong layout would give EPERM or EINVAL.
        set_capabilities(caps).expect("capset");
        assert_eq!(capabilities().expect("capget"), caps);
    }
}
