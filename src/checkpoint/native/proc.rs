//! What /proc says of processes, parsed. Owns the text formats of proc(5); decides nothing.
//!
//! All numbers are those of this host's pid namespace unless a name says `inner`.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;

/// Most bytes read of one /proc file: maps of 65530 mappings is the largest, about 8 MiB.
const FILE_MAX: u64 = 256 << 20;

/// Reads a /proc file whole.
pub fn read(path: &str) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::new();
    fs::File::open(path)?.take(FILE_MAX).read_to_end(&mut content)?;
    Ok(content)
}

/// Where a link of /proc points.
pub fn link(path: &str) -> io::Result<Vec<u8>> {
    Ok(fs::read_link(path)?.into_os_string().into_vec())
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("cannot read {what}"))
}

/// `/proc/PID/stat` (proc_pid_stat(5)).
#[derive(Debug, Clone)]
pub struct Stat {
    /// Name, at most 15 bytes.
    pub comm: Vec<u8>,
    /// R, S, D, T, t, Z, X, …
    pub state: u8,
    /// The numbers from field 4 (ppid) on; use [`Stat::field`].
    fields: Vec<i128>,
}

impl Stat {
    /// Of `/proc/PID/stat` or `/proc/PID/task/TID/stat`.
    pub fn read(dir: &str) -> io::Result<Stat> {
        Stat::parse(&read(&format!("{dir}/stat"))?).ok_or_else(|| bad("stat"))
    }

    fn parse(text: &[u8]) -> Option<Stat> {
        let open = text.iter().position(|&b| b == b'(')?;
        // The name may hold anything, also ") ": the last parenthesis ends it.
        let close = text.iter().rposition(|&b| b == b')')?;
        let comm = text.get(open + 1..close)?.to_vec();
        let rest = std::str::from_utf8(text.get(close + 2..)?).ok()?;
        let mut words = rest.split_ascii_whitespace();
        let state = words.next()?.bytes().next()?;
        let fields = words.map(|w| w.parse().unwrap_or(0)).collect();
        Some(Stat { comm, state, fields })
    }

    /// Field number `n` as proc_pid_stat(5) counts, from 4 on; 0 where the kernel has no such field.
    fn field(&self, n: usize) -> i128 {
        self.fields.get(n - 4).copied().unwrap_or(0)
    }

    /// Parent.
    pub fn ppid(&self) -> i32 {
        self.field(4) as i32
    }

    /// Process group.
    pub fn pgrp(&self) -> i32 {
        self.field(5) as i32
    }

    /// Session.
    pub fn session(&self) -> i32 {
        self.field(6) as i32
    }

    /// Controlling terminal as (major, minor); `None` without one.
    pub fn terminal(&self) -> Option<(u32, u32)> {
        let device = self.field(7) as u32;
        (device != 0).then_some(((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00)))
    }

    /// Foreground group of the controlling terminal; `None` without one.
    pub fn foreground(&self) -> Option<i32> {
        let group = self.field(8) as i32;
        (group > 0).then_some(group)
    }

    /// Nice value.
    pub fn nice(&self) -> i32 {
        self.field(19) as i32
    }

    /// Clock ticks since boot at its start.
    pub fn start_time(&self) -> u64 {
        self.field(22) as u64
    }

    /// Resident pages.
    pub fn resident_pages(&self) -> u64 {
        self.field(24).max(0) as u64
    }

    /// Raw wait status of a zombie.
    pub fn exit_code(&self) -> i32 {
        self.field(52) as i32
    }

    /// start_code, end_code, start_stack, start_data, end_data, start_brk, arg_start, arg_end, env_start, env_end.
    pub fn layout(&self) -> [u64; 10] {
        [26, 27, 28, 45, 46, 47, 48, 49, 50, 51].map(|n| self.field(n) as u64)
    }
}

/// `/proc/PID/status` (proc_pid_status(5)).
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Its tracer, 0 for none.
    pub tracer: i32,
    /// Real, effective, saved, filesystem uid.
    pub uid: [u32; 4],
    /// The same for gid.
    pub gid: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// pid in every namespace, ours first, its own last.
    pub ns_pid: Vec<i32>,
    /// The same of its group.
    pub ns_pgid: Vec<i32>,
    /// The same of its session.
    pub ns_sid: Vec<i32>,
    /// CapInh, CapPrm, CapEff, CapBnd, CapAmb.
    pub caps: [u64; 5],
    /// PR_SET_NO_NEW_PRIVS was done.
    pub no_new_privs: bool,
    /// 0 none, 1 strict, 2 filter.
    pub seccomp: u32,
    /// umask.
    pub umask: u32,
    /// Caught signals, bit 0 is signal 1.
    pub caught: u64,
    /// Ignored signals.
    pub ignored: u64,
    /// Blocked signals of the thread right now.
    pub blocked: u64,
    /// Pending signals of thread and process together.
    pub pending: u64,
    /// RssAnon, RssShmem and VmSwap together, bytes.
    pub private_bytes: u64,
    /// False for a process on its way out (VmSize is missing): it is soon a zombie.
    pub has_memory: bool,
}

impl Status {
    /// Of `/proc/PID/status` or `/proc/PID/task/TID/status`.
    pub fn read(dir: &str) -> io::Result<Status> {
        Ok(Status::parse(&String::from_utf8_lossy(&read(&format!("{dir}/status"))?)))
    }

    fn parse(text: &str) -> Status {
        let mut status = Status::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            let hex = || u64::from_str_radix(value, 16).unwrap_or(0);
            match key {
                "TracerPid" => status.tracer = value.parse().unwrap_or(0),
                "Uid" => status.uid = four(value),
                "Gid" => status.gid = four(value),
                "Groups" => status.groups = numbers(value),
                "NSpid" => status.ns_pid = numbers(value),
                "NSpgid" => status.ns_pgid = numbers(value),
                "NSsid" => status.ns_sid = numbers(value),
                "CapInh" => status.caps[0] = hex(),
                "CapPrm" => status.caps[1] = hex(),
                "CapEff" => status.caps[2] = hex(),
                "CapBnd" => status.caps[3] = hex(),
                "CapAmb" => status.caps[4] = hex(),
                "NoNewPrivs" => status.no_new_privs = value == "1",
                "Seccomp" => status.seccomp = value.parse().unwrap_or(0),
                "Umask" => status.umask = u32::from_str_radix(value, 8).unwrap_or(0),
                "SigCgt" => status.caught = hex(),
                "SigIgn" => status.ignored = hex(),
                "SigBlk" => status.blocked = hex(),
                "VmSize" => status.has_memory = true,
                "RssAnon" | "RssShmem" | "VmSwap" => {
                    let kib = value.split_ascii_whitespace().next().and_then(|n| n.parse::<u64>().ok());
                    status.private_bytes += kib.unwrap_or(0) * 1024;
                }
                "SigPnd" | "ShdPnd" => status.pending |= hex(),
                _ => {}
            }
        }
        status
    }
}

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split_ascii_whitespace().filter_map(|w| w.parse().ok()).collect()
}

fn four(text: &str) -> [u32; 4] {
    numbers(text).try_into().unwrap_or_default()
}

fn numbered_entries(dir: &str) -> io::Result<Vec<i32>> {
    let mut all: Vec<i32> =
        fs::read_dir(dir)?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    all.sort_unstable();
    Ok(all)
}

/// Threads of a process: the leader first, then by number.
pub fn threads(pid: i32) -> io::Result<Vec<i32>> {
    let mut all = numbered_entries(&format!("/proc/{pid}/task"))?;
    all.sort_by_key(|&tid| (tid != pid, tid));
    Ok(all)
}

/// Children of all threads of a process, in the order they were made.
pub fn children(pid: i32) -> io::Result<Vec<i32>> {
    let mut all = Vec::new();
    for tid in threads(pid)? {
        match read(&format!("/proc/{pid}/task/{tid}/children")) {
            Ok(text) => all.extend(numbers::<i32>(&String::from_utf8_lossy(&text))),
            // The thread ended in between.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(all)
}

/// Open descriptor numbers of a process.
pub fn descriptors(pid: i32) -> io::Result<Vec<i32>> {
    numbered_entries(&format!("/proc/{pid}/fd"))
}

/// One line of `/proc/PID/maps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// PROT_* bits.
    pub prot: u32,
    /// MAP_SHARED.
    pub shared: bool,
    /// Offset in the file, bytes.
    pub offset: u64,
    /// Device as text, `fd:00`.
    pub device: (u32, u32),
    /// Inode, 0 without a file.
    pub inode: u64,
    /// Path or `[name]`, without ` (deleted)`.
    pub path: Vec<u8>,
    /// The path no longer leads to the file.
    pub deleted: bool,
}

impl Map {
    /// A regular file by its name that is written to through this mapping.
    pub fn is_written_file(&self) -> bool {
        let path = self.path.as_slice();
        let writable = self.shared && self.prot & libc::PROT_WRITE as u32 != 0;
        let kernels = path.starts_with(b"/dev/") && !path.starts_with(b"/dev/shm/");
        let nameless = [&b"/SYSV"[..], b"/memfd:", b"/[aio]", b"/anon_hugepage"];
        writable
            && self.inode != 0
            && !self.deleted
            && path.starts_with(b"/")
            && !kernels
            && !nameless.iter().any(|name| path.starts_with(name))
    }
}

/// Mappings of a process in ascending order.
pub fn maps(pid: i32) -> io::Result<Vec<Map>> {
    let text = read(&format!("/proc/{pid}/maps"))?;
    text.split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| parse_map(line).ok_or_else(|| bad("maps")))
        .collect()
}

fn parse_map(line: &[u8]) -> Option<Map> {
    let mut words = line.splitn(6, |&b| b == b' ');
    let mut word = || std::str::from_utf8(words.next()?).ok();
    let (start, end) = word()?.split_once('-')?;
    let perms = word()?.as_bytes();
    let offset = u64::from_str_radix(word()?, 16).ok()?;
    let (major, minor) = word()?.split_once(':')?;
    let inode = word()?.parse().ok()?;
    let path = line.splitn(6, |&b| b == b' ').nth(5).unwrap_or(b"").trim_ascii_start();
    let (path, deleted) = match path.strip_suffix(b" (deleted)") {
        Some(stem) => (stem, true),
        None => (path, false),
    };
    let bit = |at: usize, letter: u8, value: u32| if perms.get(at) == Some(&letter) { value } else { 0 };
    Some(Map {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        prot: bit(0, b'r', 1) | bit(1, b'w', 2) | bit(2, b'x', 4),
        shared: perms.get(3) == Some(&b's'),
        offset,
        device: (u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?),
        inode,
        path: unescape(path),
        deleted,
    })
}

/// The kernel writes a newline in a path as `\012`; everything else is as it is.
fn unescape(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\\012") {
            out.push(b'\n');
            rest = after;
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}

/// What `VmFlags` of smaps says of a mapping: start and (growsdown, advice bits of `model::Vma`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VmFlags {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// `gd`.
    pub growsdown: bool,
    /// Advice bits as `model::Vma::advice` defines them.
    pub advice: u32,
    /// `io` or `pf`: device memory.
    pub device: bool,
    /// `ht`: huge TLB pages.
    pub hugetlb: bool,
    /// `um`, `uw`: registered with a userfaultfd.
    pub userfault: bool,
}

/// VmFlags of all mappings. Slow (up to 0.1 s for a GiB, P-12): never while the tree is frozen.
pub fn vm_flags(pid: i32) -> io::Result<Vec<VmFlags>> {
    const ADVICE: [(&str, u32); 8] =
        [("dc", 1), ("nr", 2), ("dd", 4), ("wf", 8), ("hg", 16), ("nh", 32), ("mg", 64), ("lo", 128)];
    let text = read(&format!("/proc/{pid}/smaps"))?;
    let mut all = Vec::new();
    let mut range = None;
    for line in text.split(|&b| b == b'\n') {
        if let Some(flags) = line.strip_prefix(b"VmFlags:") {
            let flags = String::from_utf8_lossy(flags);
            let has = |name: &str| flags.split_ascii_whitespace().any(|word| word == name);
            if let Some((start, end)) = range.take() {
                all.push(VmFlags {
                    start,
                    end,
                    growsdown: has("gd"),
                    advice: ADVICE.iter().filter(|(name, _)| has(name)).map(|(_, bit)| bit).sum(),
                    device: has("io") || has("pf"),
                    hugetlb: has("ht"),
                    userfault: has("um") || has("uw"),
                });
            }
        } else if line.first().is_some_and(u8::is_ascii_hexdigit)
            && let Some(map) = parse_map(line)
        {
            range = Some((map.start, map.end));
        }
    }
    Ok(all)
}

/// `/proc/PID/fdinfo/N` (proc_pid_fdinfo(5)).
#[derive(Debug, Clone, Default)]
pub struct FdInfo {
    /// Offset, bytes.
    pub pos: u64,
    /// O_* flags, O_CLOEXEC included.
    pub flags: u32,
    /// Everything else, line by line.
    pub lines: Vec<String>,
}

impl FdInfo {
    /// Of descriptor `fd` of `pid`.
    pub fn read(pid: i32, fd: i32) -> io::Result<FdInfo> {
        Ok(FdInfo::parse(&String::from_utf8_lossy(&read(&format!("/proc/{pid}/fdinfo/{fd}"))?)))
    }

    fn parse(text: &str) -> FdInfo {
        let mut info = FdInfo::default();
        for line in text.lines() {
            match line.split_once(':').map(|(key, value)| (key, value.trim())) {
                Some(("pos", value)) => info.pos = value.parse().unwrap_or(0),
                Some(("flags", value)) => info.flags = u32::from_str_radix(value, 8).unwrap_or(0),
                _ => info.lines.push(line.into()),
            }
        }
        info
    }

    /// Value of the first line `key: value`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| value.trim())
        })
    }
}

/// One timer of `/proc/PID/timers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Kernel timer id.
    pub id: i32,
    /// Signal number.
    pub signal: i32,
    /// sigev_value.
    pub value: u64,
    /// SIGEV_SIGNAL 0, SIGEV_NONE 1, SIGEV_THREAD 2; with SIGEV_THREAD_ID (4) added.
    pub notify: i32,
    /// Thread or process that is told.
    pub target: i32,
    /// Clock id.
    pub clock: i32,
}

/// POSIX timers of a process, by id.
pub fn timers(pid: i32) -> io::Result<Vec<Timer>> {
    Ok(parse_timers(&String::from_utf8_lossy(&read(&format!("/proc/{pid}/timers"))?)))
}

fn parse_timers(text: &str) -> Vec<Timer> {
    let mut all: Vec<Timer> = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if key == "ID" {
            let id = value.parse().unwrap_or(0);
            all.push(Timer { id, signal: 0, value: 0, notify: 0, target: 0, clock: 0 });
        }
        let Some(timer) = all.last_mut() else { continue };
        match key {
            "signal" => {
                let (signal, pointer) = value.split_once('/').unwrap_or((value, "0"));
                timer.signal = signal.parse().unwrap_or(0);
                timer.value = u64::from_str_radix(pointer.trim_start_matches("0x"), 16).unwrap_or(0);
            }
            "notify" => {
                let (how, target) = value.split_once('/').unwrap_or((value, ""));
                timer.notify = match how {
                    "none" => 1,
                    "thread" => 2,
                    _ => 0,
                };
                let (kind, number) = target.split_once('.').unwrap_or(("", "0"));
                timer.notify |= if kind == "tid" { 4 } else { 0 };
                timer.target = number.parse().unwrap_or(0);
            }
            "ClockID" => timer.clock = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    all.sort_by_key(|timer| timer.id);
    all
}

/// Soft and hard limits in the order of RLIMIT_* numbers; u64::MAX is infinity.
pub fn limits(pid: i32) -> io::Result<Vec<(u64, u64)>> {
    let text = String::from_utf8_lossy(&read(&format!("/proc/{pid}/limits"))?).into_owned();
    parse_limits(&text).ok_or_else(|| bad("limits"))
}

fn parse_limits(text: &str) -> Option<Vec<(u64, u64)>> {
    // Fixed columns: name 25 characters, then soft and hard limit; the file is in the order of the numbers.
    let number = |word: &str| if word == "unlimited" { Some(u64::MAX) } else { word.parse().ok() };
    text.lines()
        .skip(1)
        .map(|line| {
            let mut words = line.get(25..)?.split_ascii_whitespace();
            Some((number(words.next()?)?, number(words.next()?)?))
        })
        .collect()
}

/// Offsets of the tree's monotonic and boot clocks against this host's, ns.
pub fn clock_offsets(pid: i32) -> (i128, i128) {
    let text = read(&format!("/proc/{pid}/timens_offsets")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let offset = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        let mut words = line.split_ascii_whitespace().skip(1);
        let seconds: i128 = words.next()?.parse().ok()?;
        let nanos: i128 = words.next()?.parse().ok()?;
        Some(seconds * 1_000_000_000 + nanos)
    };
    (offset("monotonic").unwrap_or(0), offset("boottime").unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_with_an_evil_name_is_read() {
        let text = b"7 (a) (b) S 1 7 6 34817 9 0 0 0 0 0 0 0 0 0 20 5 1 0 77 0 3";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.comm, b"a) (b");
        assert_eq!((stat.state, stat.ppid(), stat.pgrp(), stat.session()), (b'S', 1, 7, 6));
        assert_eq!(stat.terminal(), Some((136, 1)));
        assert_eq!((stat.foreground(), stat.nice(), stat.start_time()), (Some(9), 5, 77));
    }

    #[test]
    fn map_lines_are_read() {
        let map = parse_map(b"7f00-8f00 rw-s 00001000 fd:1a 42                         /tmp/a b (deleted)")
            .unwrap();
        assert_eq!((map.start, map.end, map.prot, map.shared), (0x7f00, 0x8f00, 3, true));
        assert_eq!((map.offset, map.device, map.inode), (0x1000, (0xfd, 0x1a), 42));
        assert_eq!((map.path.as_slice(), map.deleted), (&b"/tmp/a b"[..], true));
        let map = parse_map(b"7f00-8f00 r-xp 00000000 00:00 0 ").unwrap();
        assert_eq!((map.prot, map.path.len()), (5, 0));
    }

    #[test]
    fn timers_are_read() {
        let text = "ID: 0\nsignal: 32/00005581f2b7c010\nnotify: signal/tid.441\nClockID: 1\nID: 3\nsignal: 14/0\nnotify: none/pid.440\nClockID: 0\n";
        let timers = parse_timers(text);
        assert_eq!(
            timers[0],
            Timer { id: 0, signal: 32, value: 0x5581_f2b7_c010, notify: 4, target: 441, clock: 1 }
        );
        assert_eq!((timers[1].id, timers[1].notify, timers[1].signal), (3, 1, 14));
    }

    #[test]
    fn this_process_can_be_read() {
        let me = std::process::id() as i32;
        let dir = format!("/proc/{me}");
        assert_eq!(Status::read(&dir).unwrap().ns_pid.first(), Some(&me));
        assert!(Stat::read(&dir).unwrap().layout()[0] > 0);
        assert_eq!(limits(me).unwrap().len(), 16);
        let maps = maps(me).unwrap();
        assert!(maps.iter().any(|m| m.path == b"[vdso]"));
        let flags = vm_flags(me).unwrap();
        assert!(flags.iter().any(|f| f.growsdown));
        assert!(threads(me).unwrap().contains(&me));
    }
}
