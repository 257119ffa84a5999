//! One question to many hosts at once, with a budget of time.
//!
//! Owns the waiting. Must not know the question.

use super::{Options, TransportError, open};
use crate::ids::HostName;
use std::future::Future;
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout_at};

/// The budget of `auto` and `qmux hosts`, ms.
pub const BUDGET_MS: u64 = 500;

/// One host's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// Index of the host in the list that was asked.
    pub index: usize,
    /// What it said.
    pub said: T,
    /// From the question to the answer, ms.
    pub took_ms: u64,
}

/// A question that is on its way to several hosts. Dropping it gives up those that have not answered; kept,
/// they may answer later: the first ssh connection to a host may take longer than any budget, and giving it
/// up each time would mean that it never comes to be.
#[derive(Debug)]
pub struct Survey<T> {
    asked: JoinSet<Answer<T>>,
    began: Instant,
}

impl<T: Send + 'static> Survey<T> {
    /// Asks all hosts at once. Must be called inside a tokio runtime.
    pub fn begin<F, Fut>(hosts: &[HostName], ask: F) -> Survey<T>
    where
        F: Fn(HostName) -> Fut,
        Fut: Future<Output = T> + Send + 'static,
    {
        let began = Instant::now();
        let mut asked = JoinSet::new();
        for (index, host) in hosts.iter().enumerate() {
            let question = ask(host.clone());
            asked.spawn(async move {
                let said = question.await;
                Answer { index, said, took_ms: began.elapsed().as_millis() as u64 }
            });
        }
        Survey { asked, began }
    }

    /// The answers that come within `budget` of the beginning; returns early when all have.
    pub async fn within(&mut self, budget: Duration) -> Vec<Answer<T>> {
        let deadline = self.began + budget;
        let mut answers = Vec::new();
        // A question that panicked has no answer.
        while let Ok(Some(next)) = timeout_at(deadline, self.asked.join_next()).await {
            answers.extend(next.ok());
        }
        answers
    }

    /// The next late answer; `None` when nothing is outstanding.
    pub async fn next(&mut self) -> Option<Answer<T>> {
        loop {
            if let Ok(answer) = self.asked.join_next().await? {
                return Some(answer);
            }
        }
    }

    /// How long ago it began, ms: what is said of a host that has not answered.
    pub fn age_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}

/// Runs `qmux ARGS…` on a host and returns all it prints, at most `limit` bytes.
pub async fn run_once(
    host: &HostName,
    args: &[String],
    options: &Options,
    limit: usize,
) -> Result<Vec<u8>, TransportError> {
    let super::Link { reader, writer, end } = open(host, args, options)?;
    drop(writer);
    let mut said = Vec::new();
    // A broken pipe here is the same as its end: `why` knows more than the kernel's error.
    let _ = reader.take(limit as u64).read_to_end(&mut said).await;
    if said.is_empty() { Err(end.why().await) } else { Ok(said) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::{Candidate, Host, Sample, State, choose};
    use tokio::time::sleep;

    fn names(list: &[&str]) -> Vec<HostName> {
        list.iter().map(|n| HostName(n.to_string())).collect()
    }

    /// One loaded, one idle and one dead host: the idle one, within the budget.
    #[tokio::test]
    async fn auto_takes_the_idle_host_and_does_not_wait_for_the_dead_one() {
        let hosts = names(&["loaded", "dead", "idle"]);
        let mut survey = Survey::begin(&hosts, |host| async move {
            let sample = |load1| Sample { load1, cores: 4, memory_available: 1 << 30, ..Sample::default() };
            match host.0.as_str() {
                "loaded" => sample(9.0),
                "idle" => {
                    sleep(Duration::from_millis(20)).await;
                    sample(0.1)
                }
                _ => std::future::pending().await,
            }
        });
        let answers = survey.within(Duration::from_millis(300)).await;
        assert!(survey.age_ms() < 600, "{}", survey.age_ms());
        let mut candidates: Vec<Candidate> = hosts
            .iter()
            .map(|h| Candidate {
                host: Host::new(h.clone()),
                state: State::Silent(survey.age_ms()),
                recent: 0,
                need_arch: None,
            })
            .collect();
        for answer in answers {
            candidates[answer.index].state = State::Answered { sample: answer.said, age_ms: 0 };
        }
        let choice = choose(&candidates).unwrap();
        assert_eq!(choice.host.0, "idle");
        assert!(choice.reason.contains("dead unreachable"), "{}", choice.reason);
    }

    #[tokio::test]
    async fn all_answers_end_the_waiting_and_late_ones_still_come() {
        let hosts = names(&["fast", "slow"]);
        let (open_gate, gate) = tokio::sync::watch::channel(false);
        let mut survey = Survey::begin(&hosts, move |host| {
            let mut gate = gate.clone();
            async move {
                if host.0 == "slow" {
                    gate.wait_for(|open| *open).await.map(|_| ()).unwrap();
                }
                host.0
            }
        });
        let early = survey.within(Duration::from_millis(50)).await;
        assert_eq!(early.iter().map(|a| a.said.as_str()).collect::<Vec<_>>(), ["fast"]);
        open_gate.send(true).unwrap();
        assert_eq!(survey.next().await.unwrap().said, "slow");
        assert_eq!(survey.next().await, None);
        let mut quick = Survey::begin(&names(&["a", "b"]), |h| async move { h.0 });
        assert_eq!(quick.within(Duration::from_secs(60)).await.len(), 2);
        assert!(quick.age_ms() < 30_000);
    }
}
