//! wait-for

use super::super::Mux;
use super::super::queue::{Call, Flow, Outcome, QueueId};
use super::{DONE, Verb, verb};
use crate::ids::ClientId;
use std::collections::VecDeque;

pub(crate) const VERB: Verb = verb(
    ("wait-for", "wait"),
    "LSU",
    (1, Some(1)),
    "[-L|-S|-U] channel",
    "Wait for, or wake, a channel",
    run,
);

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
