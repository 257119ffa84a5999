//! How busy one host is, read from the text of its /proc files.
//!
//! Owns the parsing. Reads no file itself: [`Sample::gather`] is given a reader, so that a test gives it
//! text and the program gives it `/proc`.

use serde::{Deserialize, Serialize};

/// Largest encoded sample accepted from another host, bytes.
pub const SAMPLE_MAX: usize = 16 << 10;

/// The load of one host at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// Version of qmux that took it.
    pub qmux: String,
    /// `x86_64`.
    pub arch: String,
    /// CPUs online.
    pub cores: u32,
    /// Load average of one minute (/proc/loadavg, field 1).
    pub load1: f64,
    /// Load average of five minutes.
    pub load5: f64,
    /// Tasks running or waiting for a CPU at this moment, without the one that looked (field 4).
    pub running: u32,
    /// Share of the last 10 s in which some task waited for CPU, percent (/proc/pressure/cpu `some avg10`).
    pub pressure_cpu: Option<f64>,
    /// The same for memory.
    pub pressure_memory: Option<f64>,
    /// The same for input and output.
    pub pressure_io: Option<f64>,
    /// MemTotal, bytes.
    pub memory_total: u64,
    /// MemAvailable, bytes.
    pub memory_available: u64,
    /// Time since boot, s.
    pub uptime_s: u64,
    /// Panes of this user there.
    pub panes: u32,
}

impl Sample {
    /// Reads what there is; `read` gives the text of a file, or `None` if there is none (an old kernel has
    /// no /proc/pressure). `panes` is counted by the caller.
    pub fn gather(read: impl Fn(&str) -> Option<String>, panes: u32) -> Sample {
        let pressure = |what: &str| read(&format!("/proc/pressure/{what}")).and_then(|t| parse_pressure(&t));
        let (load1, load5, running) =
            read("/proc/loadavg").and_then(|t| parse_loadavg(&t)).unwrap_or_default();
        let (memory_total, memory_available) =
            read("/proc/meminfo").map(|t| parse_meminfo(&t)).unwrap_or_default();
        let online = read("/sys/devices/system/cpu/online").and_then(|t| parse_cpu_list(&t));
        let cores = online.or_else(|| read("/proc/stat").map(|t| count_stat_cpus(&t)));
        Sample {
            qmux: env!("CARGO_PKG_VERSION").to_string(),
            arch: std::env::consts::ARCH.to_string(),
            cores: cores.unwrap_or(1).max(1),
            load1,
            load5,
            // The task that reads the file is one of those it counts.
            running: running.saturating_sub(1),
            pressure_cpu: pressure("cpu"),
            pressure_memory: pressure("memory"),
            pressure_io: pressure("io"),
            memory_total,
            memory_available,
            uptime_s: read("/proc/uptime").and_then(|t| parse_uptime(&t)).unwrap_or(0),
            panes,
        }
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and strings always encode as JSON")
    }

    /// A sample another host sent. Untrusted: numbers are brought into their ranges, text is cut.
    pub fn from_json(bytes: &[u8]) -> Option<Sample> {
        // serde would take a list for a struct whose fields all have defaults.
        let object = bytes.len() <= SAMPLE_MAX && bytes.trim_ascii_start().starts_with(b"{");
        let mut sample: Sample = object.then(|| serde_json::from_slice(bytes).ok())??;
        sample.cores = sample.cores.clamp(1, 1 << 16);
        for value in [&mut sample.load1, &mut sample.load5] {
            *value = if value.is_finite() { value.clamp(0.0, 1e6) } else { 0.0 };
        }
        for value in [&mut sample.pressure_cpu, &mut sample.pressure_memory, &mut sample.pressure_io] {
            *value = value.filter(|v| v.is_finite()).map(|v| v.clamp(0.0, 100.0));
        }
        for text in [&mut sample.qmux, &mut sample.arch] {
            *text = text.chars().filter(|c| !c.is_control()).take(32).collect();
        }
        Some(sample)
    }

    /// CPUs nobody is using at this moment.
    pub fn free_cores(&self) -> u32 {
        self.cores.saturating_sub(self.running)
    }
}

/// `0.20 0.18 0.12 2/80 11206`: one minute, five minutes, running tasks.
pub fn parse_loadavg(text: &str) -> Option<(f64, f64, u32)> {
    let mut words = text.split_whitespace();
    let load1 = words.next()?.parse().ok()?;
    let load5 = words.next()?.parse().ok()?;
    let running = words.nth(1)?.split('/').next()?.parse().ok()?;
    Some((load1, load5, running))
}

/// `some avg10=1.53 avg60=0.87 …`: the value of avg10 on the line `some`, percent.
pub fn parse_pressure(text: &str) -> Option<f64> {
    let line = text.lines().find(|l| l.starts_with("some "))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

/// MemTotal and MemAvailable, bytes.
pub fn parse_meminfo(text: &str) -> (u64, u64) {
    let value = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    (value("MemTotal").unwrap_or(0) * 1024, value("MemAvailable").unwrap_or(0) * 1024)
}

/// `350735.47 234388.90`: seconds since boot.
pub fn parse_uptime(text: &str) -> Option<u64> {
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    (seconds >= 0.0).then_some(seconds as u64)
}

/// `0-3,8-11`: how many there are.
pub fn parse_cpu_list(text: &str) -> Option<u32> {
    let mut count = 0u32;
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(count)
}

/// Lines `cpu0`, `cpu1`, … of /proc/stat.
pub fn count_stat_cpus(text: &str) -> u32 {
    let numbered = |l: &&str| {
        l.strip_prefix("cpu").and_then(|rest| rest.bytes().next()).is_some_and(|b| b.is_ascii_digit())
    };
    text.lines().filter(numbered).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(path: &str) -> Option<String> {
        let text = match path {
            "/proc/loadavg" => "1.25 0.80 0.50 3/812 4711\n",
            "/proc/pressure/cpu" => {
                "some avg10=12.50 avg60=3.00 avg300=1.00 total=1\nfull avg10=99.00 avg60=0 avg300=0 total=0\n"
            }
            "/proc/meminfo" => "MemTotal:       16303404 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n",
            "/sys/devices/system/cpu/online" => "0-3,8-11,15\n",
            "/proc/uptime" => "350735.47 234388.90\n",
            _ => return None,
        };
        Some(text.to_string())
    }

    #[test]
    fn a_sample_is_read_from_proc() {
        let sample = Sample::gather(files, 4);
        assert_eq!((sample.load1, sample.load5, sample.running, sample.cores), (1.25, 0.8, 2, 9));
        assert_eq!(sample.free_cores(), 7);
        assert_eq!((sample.pressure_cpu, sample.pressure_memory), (Some(12.5), None));
        assert_eq!(sample.memory_available, 12_000_000 * 1024);
        assert_eq!((sample.uptime_s, sample.panes), (350_735, 4));
        assert_eq!(Sample::from_json(sample.to_json().as_bytes()), Some(sample));
    }

    #[test]
    fn a_host_without_these_files_still_has_a_sample() {
        let sample = Sample::gather(|_| None, 0);
        assert_eq!((sample.cores, sample.load1, sample.pressure_cpu), (1, 0.0, None));
    }

    #[test]
    fn the_real_files_of_this_machine_parse() {
        let sample = Sample::gather(|path| std::fs::read_to_string(path).ok(), 0);
        assert!(sample.cores >= 1 && sample.uptime_s > 0, "{sample:?}");
        assert!(sample.memory_available > 0 && sample.memory_available <= sample.memory_total, "{sample:?}");
    }

    #[test]
    fn nonsense_from_another_host_is_tamed() {
        for bad in ["", "[]", "{", "{\"cores\":-1}", &"x".repeat(SAMPLE_MAX + 1)] {
            assert_eq!(Sample::from_json(bad.as_bytes()), None, "{bad:.20}");
        }
        let wild = r#"{"cores":0,"load1":1e300,"pressure_cpu":-7,"qmux":"a\u001b[m","new_field":1}"#;
        let sample = Sample::from_json(wild.as_bytes()).unwrap();
        assert_eq!((sample.cores, sample.load1, sample.pressure_cpu), (1, 1e6, Some(0.0)));
        assert_eq!(sample.qmux, "a[m");
    }

    #[test]
    fn odd_texts_do_not_parse_and_do_not_panic() {
        assert_eq!(parse_loadavg("a b c d"), None);
        assert_eq!(parse_loadavg("0.1 0.2"), None);
        assert_eq!(parse_cpu_list("3-1"), None);
        assert_eq!(parse_cpu_list("0-4294967295"), None);
        assert_eq!(parse_cpu_list(""), None);
        assert_eq!(parse_pressure("full avg10=1"), None);
        assert_eq!(parse_uptime("-1"), None);
        assert_eq!(count_stat_cpus("cpu 1\ncpu0 1\ncpu1 1\ncpufreq\nintr 5"), 2);
    }
}
