//! Namespaces: user, pid, mount, time and host name, and the mounts a restored tree needs.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::ffi::{CStr, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// CLONE_NEWTIME of linux/sched.h; the nix crate has no name for it.
const CLONE_NEWTIME: i32 = 0x80;

/// Which namespaces to leave for new ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// User ids.
    pub user: bool,
    /// Pids: the next child is pid 1.
    pub pid: bool,
    /// Mounts.
    pub mount: bool,
    /// Monotonic and boot time: the next child is in it.
    pub time: bool,
    /// Names of the host.
    pub uts: bool,
}

/// unshare(2). EPERM or ENOSPC where the host forbids it, EINVAL in a process with threads.
pub fn enter_new(wanted: Wanted) -> io::Result<()> {
    let mut flags = CloneFlags::empty();
    flags.set(CloneFlags::CLONE_NEWUSER, wanted.user);
    flags.set(CloneFlags::CLONE_NEWPID, wanted.pid);
    flags.set(CloneFlags::CLONE_NEWNS, wanted.mount);
    flags.set(CloneFlags::from_bits_retain(CLONE_NEWTIME), wanted.time);
    flags.set(CloneFlags::CLONE_NEWUTS, wanted.uts);
    Ok(unshare(flags)?)
}

/// Node and domain name of the host, as this process sees them.
pub fn host_names() -> io::Result<(Vec<u8>, Vec<u8>)> {
    let names = nix::sys::utsname::uname()?;
    Ok((names.nodename().as_bytes().to_vec(), names.domainname().as_bytes().to_vec()))
}

/// Sets them, at most 64 bytes each; only in a UTS namespace of one's own (uts_namespaces(7)).
pub fn set_host_names(node: &[u8], domain: &[u8]) -> io::Result<()> {
    nix::unistd::sethostname(OsStr::from_bytes(node))?;
    // SAFETY: the kernel reads so many bytes from there and keeps no pointer.
    match unsafe { libc::setdomainname(domain.as_ptr().cast(), domain.len()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Maps one user and one group: `inside` is what the processes see. setgroups(2) must be given up
/// first, user_namespaces(7).
pub fn map_ids(inside_uid: u32, outside_uid: u32, inside_gid: u32, outside_gid: u32) -> io::Result<()> {
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{inside_uid} {outside_uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{inside_gid} {outside_gid} 1"))
}

/// Offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME against the initial time namespace, ns, as
/// children of this process have them.
pub fn time_offsets() -> io::Result<(i128, i128)> {
    let text = std::fs::read_to_string("/proc/self/timens_offsets")?;
    let mut offsets = (0, 0);
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(clock), Some(seconds), Some(nanos)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let (Ok(seconds), Ok(nanos)) = (seconds.parse::<i128>(), nanos.parse::<i128>()) else {
            continue;
        };
        let value = seconds * 1_000_000_000 + nanos;
        match clock {
            "monotonic" | "1" => offsets.0 = value,
            "boottime" | "7" => offsets.1 = value,
            _ => {}
        }
    }
    Ok(offsets)
}

/// Sets the offsets for children of this process; only before the first of them, time_namespaces(7).
pub fn set_time_offsets(monotonic_ns: i128, boottime_ns: i128) -> io::Result<()> {
    let split = |ns: i128| (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
    let (ms, mn) = split(monotonic_ns);
    let (bs, bn) = split(boottime_ns);
    std::fs::write("/proc/self/timens_offsets", format!("monotonic {ms} {mn}\nboottime {bs} {bn}\n"))
}

/// CLOCK_MONOTONIC and CLOCK_BOOTTIME of this process, ns.
pub fn clocks() -> (i128, i128) {
    let read = |clock| {
        let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `at` is a live timespec; both clocks exist on every kernel with time namespaces.
        unsafe { libc::clock_gettime(clock, &raw mut at) };
        i128::from(at.tv_sec) * 1_000_000_000 + i128::from(at.tv_nsec)
    };
    (read(libc::CLOCK_MONOTONIC), read(libc::CLOCK_BOOTTIME))
}

/// Mounts made here from now on stay here; mounts made outside still arrive (automounted homes).
pub fn keep_mounts_private() -> io::Result<()> {
    let none: Option<&CStr> = None;
    Ok(mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)?)
}

/// proc of this pid namespace over /proc. EPERM where the outer one is partly hidden.
pub fn mount_proc() -> io::Result<()> {
    let none: Option<&CStr> = None;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    Ok(mount(Some("proc"), "/proc", Some("proc"), flags, none)?)
}

/// A devpts of its own over /dev/pts. `tty_group` is what slaves belong to, where it is mapped.
pub fn mount_devpts(tty_group: Option<u32>) -> io::Result<()> {
    let options = match tty_group {
        Some(gid) => format!("newinstance,ptmxmode=0666,mode=620,gid={gid}"),
        None => "newinstance,ptmxmode=0666,mode=620".to_owned(),
    };
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    Ok(mount(Some("devpts"), "/dev/pts", Some("devpts"), flags, Some(options.as_str()))?)
}

/// Makes `target` show `source`.
pub fn bind(source: &Path, target: &Path) -> io::Result<()> {
    let none: Option<&CStr> = None;
    Ok(mount(Some(source), target, none, MsFlags::MS_BIND, none)?)
}
