//! `hosts.toml`: the hosts a user lets qmux choose from.
//!
//! ```toml
//! hosts = ["hostA", "hostB"]        # the short form
//!
//! [[host]]                          # the long one
//! name = "hostC"
//! weight = 2.0                      # twice as good as its numbers say; 1.0
//! max_load = 1.5                    # load per core from which `auto` does not take it
//! min_memory_mb = 2048              # memory that must be free; 256
//! max_panes = 20
//! groups = ["lab", "big"]           # `--on auto:lab`
//! auto = false                      # listed, never taken by `auto`
//! ```

use crate::ids::HostName;
use serde::Deserialize;

/// Largest file read, bytes.
pub const FILE_MAX: usize = 256 << 10;
/// Most hosts in it.
pub const HOSTS_MAX: usize = 1000;

/// One host as the user describes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// What `ssh NAME` reaches, or `local:NAME`.
    pub name: HostName,
    /// Its score is divided by this.
    #[serde(default = "one")]
    pub weight: f64,
    /// Load per core from which `auto` does not take it.
    #[serde(default)]
    pub max_load: Option<f64>,
    /// Memory that must be available, MiB.
    #[serde(default = "min_memory")]
    pub min_memory_mb: u64,
    /// Panes it may have at most.
    #[serde(default)]
    pub max_panes: Option<u32>,
    /// Names `auto:GROUP` selects by.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether `auto` may take it.
    #[serde(default = "yes")]
    pub auto: bool,
}

fn one() -> f64 {
    1.0
}

fn min_memory() -> u64 {
    256
}

fn yes() -> bool {
    true
}

impl Host {
    /// A host about which nothing is said but its name.
    pub fn new(name: HostName) -> Host {
        Host {
            name,
            weight: one(),
            max_load: None,
            min_memory_mb: min_memory(),
            max_panes: None,
            groups: Vec::new(),
            auto: yes(),
        }
    }
}

/// The file, in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostsFile {
    /// The hosts.
    pub hosts: Vec<Host>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    hosts: Vec<HostName>,
    #[serde(default)]
    host: Vec<Host>,
}

/// Why a file is not used; none of it is then.
#[derive(Debug, thiserror::Error)]
pub enum HostsError {
    /// Larger than [`FILE_MAX`].
    #[error("hosts.toml: {0} bytes are too many")]
    TooLong(usize),
    /// Not TOML, or a key or value that is not known.
    #[error("hosts.toml:{line}: {why}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A value that makes no sense.
    #[error("hosts.toml: {host}: {why}")]
    Value {
        /// The host.
        host: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl HostsFile {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<HostsFile, HostsError> {
        if text.len() > FILE_MAX {
            return Err(HostsError::TooLong(text.len()));
        }
        let file: File = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |s| s.start.min(text.len()));
            let line = text.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count() + 1;
            HostsError::Syntax { line, why: e.message().to_string() }
        })?;
        let mut hosts: Vec<Host> = file.hosts.into_iter().map(Host::new).collect();
        // What is said at length replaces the short form.
        for host in file.host {
            match hosts.iter_mut().find(|h| h.name == host.name) {
                Some(short) => *short = host,
                None => hosts.push(host),
            }
        }
        let bad = |host: &Host, why| HostsError::Value { host: host.name.0.clone(), why };
        for host in &hosts {
            let name = &host.name.0;
            if name.is_empty() || name.len() > HostName::MAX || name.starts_with('-') {
                return Err(bad(host, "not a host name"));
            }
            if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return Err(bad(host, "not a host name"));
            }
            if !(host.weight.is_finite() && host.weight > 0.0) {
                return Err(bad(host, "weight must be a number above 0"));
            }
            if host.max_load.is_some_and(|l| !(l.is_finite() && l > 0.0)) {
                return Err(bad(host, "max_load must be a number above 0"));
            }
        }
        if hosts.len() > HOSTS_MAX {
            return Err(bad(&hosts[HOSTS_MAX], "too many hosts"));
        }
        Ok(HostsFile { hosts })
    }

    /// The names, for "did you mean".
    pub fn names(&self) -> Vec<String> {
        self.hosts.iter().map(|h| h.name.0.clone()).collect()
    }

    /// The hosts of `auto` (all that allow it) or `auto:GROUP`.
    pub fn eligible(&self, group: Option<&str>) -> Vec<&Host> {
        let in_group = |h: &&Host| group.is_none_or(|g| h.groups.iter().any(|x| x == g));
        self.hosts.iter().filter(|h| h.auto).filter(in_group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_in_order() {
        let text = "hosts = [\"a\", \"b\"]\n[[host]]\nname = \"b\"\nweight = 2.0\ngroups = [\"lab\"]\n\
                    [[host]]\nname = \"c\"\nauto = false\nmax_load = 1.5\nmin_memory_mb = 10\nmax_panes = 3\n";
        let file = HostsFile::parse(text).unwrap();
        assert_eq!(file.names(), ["a", "b", "c"]);
        assert_eq!((file.hosts[0].weight, file.hosts[1].weight), (1.0, 2.0));
        assert_eq!((file.hosts[2].max_load, file.hosts[2].max_panes), (Some(1.5), Some(3)));
        let names = |hosts: Vec<&Host>| hosts.iter().map(|h| h.name.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(file.eligible(None)), ["a", "b"]);
        assert_eq!(names(file.eligible(Some("lab"))), ["b"]);
        assert_eq!(HostsFile::parse("").unwrap().hosts, []);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let said = |text: &str| HostsFile::parse(text).unwrap_err().to_string();
        let typo = said("\n[[host]]\nname = \"a\"\nwieght = 2\n");
        assert!(typo.starts_with("hosts.toml:4:") && typo.contains("wieght"), "{typo}");
        assert!(said("[[host]]\nweight = 1.0\n").contains("name"));
        assert!(said("[[host]]\nname = \"a\"\nweight = 0.0\n").contains("weight must"));
        assert!(said("[[host]]\nname = \"a\"\nweight = nan\n").contains("weight must"));
        assert!(said("hosts = [\"-oProxyCommand=x\"]").contains("not a host name"));
        assert!(said(&"#".repeat(FILE_MAX + 1)).contains("too many"));
    }
}
