//! The formula of `auto`, and the sentence that explains its choice. `docs/placement.md` is its text.

use super::{Host, Sample};
use crate::ids::HostName;

/// A sample older than this does not count, ms.
pub const SAMPLE_AGE_MAX_MS: u64 = 60_000;
/// Hosts named in a reason besides the chosen one.
const REASON_HOSTS: usize = 4;

/// What is known of one host at the moment of choosing.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It has answered; `age_ms` ago.
    Answered {
        /// The answer.
        sample: Sample,
        /// Its age, ms.
        age_ms: u64,
    },
    /// It was asked this long ago and has not answered yet, ms.
    Silent(u64),
    /// It cannot be asked; one sentence for people.
    Failed(String),
}

/// One host to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// As the user describes it.
    pub host: Host,
    /// What is known.
    pub state: State,
    /// Panes started there by us in the last minute: the load average has not seen them yet.
    pub recent: u32,
    /// The same machine architecture is needed (a move) and this is it; `None` if it does not matter.
    pub need_arch: Option<String>,
}

/// The chosen host and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The host.
    pub host: HostName,
    /// `hostC (load 0.2, 22 of 24 cores free; hostA 1.9; hostB unreachable 3 s)`.
    pub reason: String,
}

/// None can be taken: why not, host by host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no host can be taken ({0})")]
pub struct NoHost(pub String);

/// The score of a host: lower is better. See `docs/placement.md`.
///
/// `((load1 + recent + 1) / cores + pressure_cpu/100 + 2·pressure_memory/100 + pressure_io/200) / weight`
pub fn score(host: &Host, sample: &Sample, recent: u32) -> f64 {
    let pressure = |value: Option<f64>| value.unwrap_or(0.0) / 100.0;
    let share = (sample.load1 + f64::from(recent) + 1.0) / f64::from(sample.cores.max(1));
    let waiting = pressure(sample.pressure_cpu)
        + 2.0 * pressure(sample.pressure_memory)
        + 0.5 * pressure(sample.pressure_io);
    (share + waiting) / host.weight
}

/// Why a host may not be taken, if so.
fn obstacle(candidate: &Candidate) -> Option<String> {
    let Candidate { host, state, recent, need_arch } = candidate;
    let sample = match state {
        State::Failed(why) => return Some(why.clone()),
        State::Silent(ms) => return Some(format!("unreachable {}", duration(*ms))),
        State::Answered { age_ms, .. } if *age_ms > SAMPLE_AGE_MAX_MS => {
            return Some(format!("last heard {} ago", duration(*age_ms)));
        }
        State::Answered { sample, .. } => sample,
    };
    let per_core = (sample.load1 + f64::from(*recent)) / f64::from(sample.cores.max(1));
    let free_mb = sample.memory_available >> 20;
    if need_arch.as_ref().is_some_and(|arch| *arch != sample.arch) {
        Some(format!("is {}", sample.arch))
    } else if free_mb < host.min_memory_mb {
        Some(format!("{free_mb} MB free"))
    } else if host.max_load.is_some_and(|max| per_core >= max) {
        Some(format!("load {:.1}, over its limit", sample.load1))
    } else if host.max_panes.is_some_and(|max| sample.panes + recent >= max) {
        Some(format!("{} panes, its limit", sample.panes))
    } else {
        None
    }
}

/// Takes the host with the lowest score of those that may be taken; of equals the first. The list is in the
/// user's order, this host (if it takes part) first.
pub fn choose(candidates: &[Candidate]) -> Result<Choice, NoHost> {
    let scored = candidates.iter().enumerate().filter_map(|(index, candidate)| match &candidate.state {
        State::Answered { sample, .. } if obstacle(candidate).is_none() => {
            Some((index, score(&candidate.host, sample, candidate.recent), sample))
        }
        State::Answered { .. } | State::Silent(_) | State::Failed(_) => None,
    });
    let best = scored.min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((index, _, sample)) = best else {
        let all: Vec<String> = candidates.iter().map(in_few_words).collect();
        let list = if all.is_empty() { "no hosts in hosts.toml".to_string() } else { all.join("; ") };
        return Err(NoHost(list));
    };
    let host = candidates[index].host.name.clone();
    let own = format!("load {:.1}, {} of {} cores free", sample.load1, sample.free_cores(), sample.cores);
    let mut words = vec![own];
    let others = candidates.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, c)| in_few_words(c));
    let others: Vec<String> = others.collect();
    words.extend(others.iter().take(REASON_HOSTS).cloned());
    if others.len() > REASON_HOSTS {
        words.push(format!("{} more", others.len() - REASON_HOSTS));
    }
    Ok(Choice { reason: format!("{host} ({})", words.join("; ")), host })
}

/// `hostA 1.9`, `hostB unreachable 3 s`.
fn in_few_words(candidate: &Candidate) -> String {
    let name = &candidate.host.name;
    match (obstacle(candidate), &candidate.state) {
        (Some(why), _) => format!("{name} {why}"),
        (None, State::Answered { sample, .. }) => format!("{name} {:.1}", sample.load1),
        (None, State::Silent(_) | State::Failed(_)) => name.to_string(),
    }
}

/// `350 ms`, `3 s`, `5 min`, `2 h`, `4 d`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..120_000 => format!("{} s", ms / 1000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> Host {
        Host::new(HostName(name.into()))
    }

    fn sample(load1: f64, running: u32, cores: u32) -> Sample {
        Sample {
            load1,
            running,
            cores,
            arch: "x86_64".into(),
            memory_total: 8 << 30,
            memory_available: 4 << 30,
            ..Sample::default()
        }
    }

    fn answered(host: Host, sample: Sample) -> Candidate {
        Candidate { host, state: State::Answered { sample, age_ms: 0 }, recent: 0, need_arch: None }
    }

    fn chosen(candidates: &[Candidate]) -> String {
        choose(candidates).unwrap().host.0
    }

    #[test]
    fn the_idle_one_is_taken_and_the_sentence_says_why() {
        let dead = Candidate { state: State::Silent(3200), ..answered(host("hostB"), sample(0.0, 0, 1)) };
        let all =
            [answered(host("hostA"), sample(1.9, 2, 2)), dead, answered(host("hostC"), sample(0.2, 2, 24))];
        let choice = choose(&all).unwrap();
        assert_eq!(choice.host, HostName("hostC".into()));
        assert_eq!(choice.reason, "hostC (load 0.2, 22 of 24 cores free; hostA 1.9; hostB unreachable 3 s)");
    }

    #[test]
    fn each_number_of_the_formula_counts() {
        let idle = || answered(host("idle"), sample(0.1, 0, 4));
        let mut waiting = answered(host("first"), sample(0.1, 0, 4));
        if let State::Answered { sample, .. } = &mut waiting.state {
            sample.pressure_memory = Some(20.0);
        }
        assert_eq!(chosen(&[waiting, idle()]), "idle", "memory pressure");
        assert_eq!(chosen(&[answered(host("loaded"), sample(3.0, 0, 4)), idle()]), "idle", "load");
        assert_eq!(chosen(&[idle(), answered(host("big"), sample(0.1, 0, 64))]), "big", "cores");
        let heavy = Host { weight: 3.0, ..host("heavy") };
        assert_eq!(chosen(&[idle(), answered(heavy, sample(0.1, 0, 4))]), "heavy", "weight");
        let busy = Candidate { recent: 3, ..answered(host("just-filled"), sample(0.1, 0, 4)) };
        assert_eq!(chosen(&[busy, idle()]), "idle", "panes the load average has not seen");
        assert_eq!(chosen(&[answered(host("first"), sample(0.1, 0, 4)), idle()]), "first", "order on a tie");
    }

    #[test]
    fn what_may_not_be_taken_is_not_and_says_why() {
        let why = |candidate: Candidate| choose(&[candidate]).unwrap_err().0;
        let plain = sample(1.0, 1, 2);
        let limited = Host { max_load: Some(0.4), ..host("a") };
        assert_eq!(why(answered(limited, plain.clone())), "a load 1.0, over its limit");
        let crowded = Host { max_panes: Some(0), ..host("a") };
        assert_eq!(why(answered(crowded, plain.clone())), "a 0 panes, its limit");
        let small = Sample { memory_available: 100 << 20, ..plain.clone() };
        assert_eq!(why(answered(host("a"), small)), "a 100 MB free");
        let other = Candidate { need_arch: Some("aarch64".into()), ..answered(host("a"), plain.clone()) };
        assert_eq!(why(other), "a is x86_64");
        let old = State::Answered { sample: plain.clone(), age_ms: 300_000 };
        assert_eq!(why(Candidate { state: old, ..answered(host("a"), plain) }), "a last heard 5 min ago");
        assert_eq!(choose(&[]).unwrap_err().0, "no hosts in hosts.toml");
    }

    #[test]
    fn a_nan_cannot_win_or_panic() {
        let odd = Sample { load1: f64::NAN, ..sample(0.0, 0, 1) };
        assert_eq!(chosen(&[answered(host("odd"), odd), answered(host("a"), sample(5.0, 5, 1))]), "a");
    }
}
