//! Other hosts as the server knows them: who there is, which is best, what to say when one is not
//! reached.

use super::Server;
use crate::ids::{HostName, PaneId};
use crate::mux::Failure;
use crate::placement::{self, Candidate, Host, HostsFile, Sample, State};
use crate::transport::survey::{Answer, BUDGET_MS, Survey, run_once};
use crate::transport::{self, TransportError, runtime};
use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Exit status of `qmux keeper --stdio` when there is no such keeper (`KeeperError::None`).
const NO_KEEPER: i32 = 4;

/// 16 bytes of the kernel's randomness (random(4)).
pub(super) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes));
    if read.is_err() {
        // Without /dev/urandom names only have to differ, not to be secret.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = (now.as_nanos() ^ (u128::from(std::process::id()) << 96)).to_le_bytes();
    }
    bytes
}

/// Host names somebody may mean: `hosts.toml`, then the user's ssh config.
pub(super) fn names(server: &Server) -> Vec<String> {
    let mut names: Vec<String> = server.hosts_file().hosts.iter().map(|h| h.name.0.clone()).collect();
    let config = std::env::var_os("HOME").map(|h| std::path::Path::new(&h).join(".ssh/config"));
    if let Some(text) = config.and_then(|path| std::fs::read_to_string(path).ok()) {
        names.extend(transport::ssh::config_hosts(&text));
    }
    names.dedup();
    names
}

/// The answer for the user when a way to a host is not there.
pub(super) fn failure(server: &Server, error: &TransportError) -> Failure {
    use transport::ssh::Problem;
    if let TransportError::Ssh { host, problem: Problem::Other(_, Some(NO_KEEPER)) } = error {
        let text = format!("{host} has no keeper of this pane any more.");
        return Failure::new(4, "no-keeper", text);
    }
    Failure::of(&error.trouble(&names(server)), "")
}

/// Where `move` is to go: `None` is this host.
pub(super) fn resolve(server: &Server, host: &HostName) -> Result<Option<HostName>, Failure> {
    let here = server.runtime.host();
    if host.0 == "." || *host == here {
        return Ok(None);
    }
    let is_main = host.local() == Some(runtime::MAIN_LOCAL);
    if is_main && server.runtime.local_name().is_none() {
        return Ok(None);
    }
    if host.local().is_none() {
        transport::ssh::check_host(host).map_err(|e| failure(server, &e))?;
    }
    Ok(Some(host.clone()))
}

/// What other hosts have said of themselves, and what this server has put on them lately.
#[derive(Default)]
pub(super) struct Known {
    samples: HashMap<HostName, (Sample, Instant)>,
    started: Vec<(HostName, Instant)>,
}

impl Known {
    /// Panes started there in the last minute: the load average has not seen them yet.
    fn recent(&mut self, host: &HostName) -> u32 {
        self.started.retain(|(_, at)| at.elapsed() < Duration::from_secs(60));
        self.started.iter().filter(|(h, _)| h == host).count() as u32
    }

    fn remember(&mut self, hosts: &[HostName], answer: &Answer<Result<Sample, String>>) {
        if let (Some(host), Ok(sample)) = (hosts.get(answer.index), &answer.said) {
            self.samples.insert(host.clone(), (sample.clone(), Instant::now()));
        }
    }
}

impl Server {
    /// `$XDG_CONFIG_HOME/qmux/hosts.toml` or `~/.config/qmux/hosts.toml`; a file that cannot be read is
    /// empty, one with an error too (`qmux hosts` says so).
    pub(super) fn hosts_file(&self) -> HostsFile {
        read_hosts_file().unwrap_or_default()
    }
}

fn read_hosts_file() -> Result<HostsFile, String> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let home = || std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".config"));
    let Some(path) = config.or_else(home).map(|c| c.join("qmux/hosts.toml")) else {
        return Ok(HostsFile::default());
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => HostsFile::parse(&text).map_err(|e| e.to_string()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(HostsFile::default()),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

/// Asks every known host at once, for at most the budget, and this one.
async fn ask_all(server: &Rc<Server>) -> Vec<placement::table::Row> {
    let file = server.hosts_file();
    let here = server.runtime.host();
    let others: Vec<Host> = file.hosts.iter().filter(|h| h.name != here).cloned().collect();
    let names: Vec<HostName> = others.iter().map(|h| h.name.clone()).collect();
    let options = server.transport.clone();
    let mut survey = Survey::begin(&names, move |host| {
        let options = options.clone();
        async move {
            let args = ["keeper".to_string(), "--sample".to_string()];
            let said = run_once(&host, &args, &options, placement::sample::SAMPLE_MAX).await;
            let said = said.map_err(|e| e.trouble(&[]).cause)?;
            Sample::from_json(&said).ok_or_else(|| format!("{host} answered with no load sample."))
        }
    });
    let answers = survey.within(Duration::from_millis(BUDGET_MS)).await;
    let silent_ms = survey.age_ms();
    let mut core = server.core.borrow_mut();
    let panes_here = core.panes.values().filter(|w| w.host.is_none()).count() as u32;
    let mut rows = Vec::new();
    let own = file.hosts.iter().find(|h| h.name == here).cloned();
    rows.push(placement::table::Row {
        candidate: Candidate {
            recent: core.known.recent(&here),
            host: own.unwrap_or_else(|| Host::new(here)),
            state: State::Answered {
                sample: Sample::gather(|path| std::fs::read_to_string(path).ok(), panes_here),
                age_ms: 0,
            },
            need_arch: None,
        },
        answer_ms: Some(0),
    });
    for answer in &answers {
        core.known.remember(&names, answer);
    }
    for (index, host) in others.into_iter().enumerate() {
        let answer = answers.iter().find(|a| a.index == index);
        let earlier = core.known.samples.get(&host.name).map(|(s, at)| (s.clone(), at.elapsed()));
        let state = match (answer.map(|a| &a.said), earlier) {
            (Some(Ok(sample)), _) => State::Answered { sample: sample.clone(), age_ms: 0 },
            (Some(Err(why)), _) => State::Failed(why.clone()),
            (None, Some((sample, age)))
                if age < Duration::from_millis(placement::choose::SAMPLE_AGE_MAX_MS) =>
            {
                State::Answered { sample, age_ms: age.as_millis() as u64 }
            }
            (None, _) => State::Silent(silent_ms),
        };
        let recent = core.known.recent(&host.name);
        rows.push(placement::table::Row {
            candidate: Candidate { host, state, recent, need_arch: None },
            answer_ms: answer.map(|a| a.took_ms),
        });
    }
    drop(core);
    // The first connection to a host may take longer than any budget: it is let finish, for the next time.
    let server = server.clone();
    tokio::task::spawn_local(async move {
        while let Some(answer) = survey.next().await {
            server.core.borrow_mut().known.remember(&names, &answer);
        }
    });
    rows
}

/// `qmux hosts`.
pub(super) async fn table(server: &Rc<Server>, json: bool) -> Result<String, Failure> {
    if let Err(why) = read_hosts_file() {
        return Err(Failure::new(2, "hosts-file", format!("{why}. No host was asked.")));
    }
    let rows = ask_all(server).await;
    Ok(if json { format!("{}\n", placement::table::to_json(&rows)) } else { placement::table::text(&rows) })
}

/// `--on auto`: the best host (`None` is this one) and why, for the user.
pub(super) async fn choose(server: &Rc<Server>) -> Result<(Option<HostName>, String), Failure> {
    let rows = ask_all(server).await;
    let candidates: Vec<Candidate> = rows.into_iter().map(|r| r.candidate).collect();
    let choice = placement::choose(&candidates).map_err(|e| Failure::new(4, "no-host", e.0))?;
    let here = server.runtime.host();
    server.core.borrow_mut().known.started.push((choice.host.clone(), Instant::now()));
    let host = Some(choice.host).filter(|h| *h != here);
    Ok((host, choice.reason))
}

/// What `--on auto` took for this pane, once it is known.
pub(super) async fn chosen(server: &Rc<Server>, pane: PaneId) -> Result<String, Failure> {
    let known = async {
        loop {
            if let Some(result) = server.core.borrow_mut().chosen.remove(&pane) {
                return result;
            }
            server.choice_made.notified().await;
        }
    };
    let late = |_| Failure::new(4, "no-host", "No host was chosen in 10 s.".into());
    tokio::time::timeout(Duration::from_secs(10), known).await.map_err(late)?
}
