//! wait-for: channels between scripts as tmux has them, and waiting for what panes do.

use super::super::Mux;
use super::super::listen::Part;
use super::super::queue::{Call, Flow, Outcome, QueueId, Trouble};
use super::super::waits::{MAX_WAITS, Wait};
use super::{DONE, Verb, events, target, verb};
use crate::command::UsageError;
use crate::command::target::TargetKind;
use crate::ids::ClientId;
use std::collections::VecDeque;
use std::time::Duration;

pub(crate) const VERB: Verb = verb(
    ("wait-for", "wait"),
    "LSt:U",
    (0, Some(1)),
    "[-L|-S|-U] channel | [-t target-pane] [--text regex] [--exit] [--silence seconds] [--event event] \
     [--timeout seconds] [--json]",
    "Wait for, or wake, a channel; or wait for text, exit, silence or an event",
    run,
)
.long(LONG);

/// What has to do with panes and not with channels.
const LONG: &[&str] = &["--text=", "--exit", "--silence=", "--event=", "--timeout=", "--json"];

/// Longest time that can be waited for.
const LONGEST_S: f64 = 1e9;

/// Most channels at once.
const MAX_CHANNELS: usize = 10_000;

/// Who waits on a channel.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    waiting: Vec<QueueId>,
    pub(crate) woken: bool,
    pub(crate) locked: bool,
    lockers: VecDeque<QueueId>,
}

impl Channel {
    /// A client that is gone waits no longer.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.waiting.retain(|q| *q != Some(client));
        self.lockers.retain(|q| *q != Some(client));
    }

    fn idle(&self) -> bool {
        self.waiting.is_empty() && !self.woken && !self.locked && self.lockers.is_empty()
    }
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let of_panes = args.has('t') || LONG.iter().any(|flag| args.has_long(flag.trim_end_matches('=')));
    match (of_panes, args.words.is_empty()) {
        (true, true) => wait(mux, call),
        (true, false) => Err(usage("A channel and what a pane does cannot be waited for together.")),
        (false, true) => Err(UsageError::TooFew("wait-for", 1).into()),
        (false, false) => channel(mux, call),
    }
}

fn usage(why: impl std::fmt::Display) -> Trouble {
    Trouble::new(2, format!("{why} Nothing was waited for."))
}

/// A time in seconds, as sleep(1) takes it.
fn seconds(flag: &str, text: &str) -> Result<Duration, Trouble> {
    let number = text.parse::<f64>().ok().filter(|n| (0.0..=LONGEST_S).contains(n));
    number.map(Duration::from_secs_f64).ok_or_else(|| usage(format!("{flag} takes seconds, not \"{text}\".")))
}

/// Waits for the first of what the flags name.
fn wait(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let time = |flag: &str| args.get_long(flag).map(|text| seconds(flag, text)).transpose();
    let text = args.get_long("--text").map(|pattern| {
        regex_lite::Regex::new(pattern)
            .map_err(|e| usage(format!("\"{pattern}\" is not a regular expression: {e}.")))
    });
    let (text, silence, timeout) = (text.transpose()?, time("--silence")?, time("--timeout")?);
    let names: Vec<String> = args.all_long("--event").map(str::to_owned).collect();
    events::check_names(&names, "Nothing was waited for.")?;
    let exit = args.has_long("--exit");
    let of_pane = text.is_some() || exit || silence.is_some();
    if !of_pane && names.is_empty() {
        return Err(usage("Wait for what? --text, --exit, --silence or --event says it."));
    }
    if mux.waits.len() >= MAX_WAITS {
        return Err("too many waits".into());
    }
    let part = match of_pane {
        true => Some(Part::Pane(target(mux, call, 't', TargetKind::Pane)?.pane)),
        false => events::part(mux, call)?,
    };
    let seen = match part {
        Some(Part::Pane(pane)) => mux.pane(pane).map(|p| &p.screen),
        Some(Part::Session(_) | Part::Window(_)) | None => None,
    };
    let seen = seen.map_or(0, |screen| screen.history_base() + screen.history_len() as u64);
    let wait = Wait {
        queue: call.queue,
        origin: call.origin.clone(),
        json: args.has_long("--json"),
        part,
        text,
        seen,
        exit,
        silence,
        silent_since: mux.now,
        events: names,
        until: timeout.map(|t| mux.now + t),
    };
    Ok(if mux.begin_wait(wait) { Flow::Wait } else { Flow::Done })
}

fn channel(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let name = args.word(0).unwrap_or_default();
    if !mux.channels.contains_key(&name) && mux.channels.len() >= MAX_CHANNELS {
        return Err("too many channels".into());
    }
    let channel = mux.channels.entry(name.clone()).or_default();
    let mut wake: Vec<QueueId> = Vec::new();
    let mut flow = Flow::Done;
    if args.has('S') {
        if channel.waiting.is_empty() {
            channel.woken = true;
        }
        wake.append(&mut channel.waiting);
    } else if args.has('L') {
        if channel.locked {
            channel.lockers.push_back(call.queue);
            flow = Flow::Wait;
        } else {
            channel.locked = true;
        }
    } else if args.has('U') {
        if !channel.locked {
            let idle = channel.idle();
            if idle {
                mux.channels.remove(&name);
            }
            return Err(format!("channel {name} not locked").into());
        }
        match channel.lockers.pop_front() {
            Some(next) => wake.push(next),
            None => channel.locked = false,
        }
    } else if std::mem::take(&mut channel.woken) {
    } else {
        channel.waiting.push(call.queue);
        flow = Flow::Wait;
    }
    if channel.idle() {
        mux.channels.remove(&name);
    }
    wake.into_iter().for_each(|q| mux.release(q));
    if flow == Flow::Wait { Ok(flow) } else { DONE }
}
