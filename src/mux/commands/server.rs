//! start-server, restart-server, show-messages

use super::super::Mux;
use super::super::event::Job;
use super::super::queue::{Call, Flow, Outcome, Pending};
use super::{DONE, Verb, verb};
use crate::format::time::Civil;

pub(crate) const START: Verb =
    verb(("start-server", "start"), "", (0, Some(0)), "", "Start the server", start).starting();
pub(crate) const RESTART: Verb = verb(
    ("restart-server", ""),
    "b:",
    (0, Some(0)),
    "[-b binary]",
    "Replace the running server by a new process of it, with all panes and clients",
    restart,
);
pub(crate) const MESSAGES: Verb = verb(
    ("show-messages", "showmsgs"),
    "JTt:",
    (0, Some(0)),
    "[-JT] [-t target-client]",
    "Show the log of messages",
    messages,
);

pub(crate) const ACCESS: Verb = verb(
    ("server-access", ""),
    "adlrw",
    (0, Some(1)),
    "[-adlrw] [user]",
    "List who may use the server: its user alone",
    access,
);

/// A server belongs to one user: its socket is his alone, and panes run as him.
fn access(mux: &mut Mux, call: &Call) -> Outcome {
    if call.args.has('l') {
        let line = format!("{} (W)\n", mux.config.user);
        mux.print(&call.origin, &line);
        return DONE;
    }
    let Some(user) = call.args.word(0) else { return Err("missing user argument".into()) };
    if user == mux.config.user || user == "root" {
        return Err(format!("{user} owns the server, can't change access").into());
    }
    Err(format!("{user} was given no access: a qmux server serves its own user only").into())
}

fn restart(mux: &mut Mux, call: &Call) -> Outcome {
    let binary = call.args.get('b').map(|path| super::places::absolute(mux, call, &path));
    let client = call.client();
    mux.ask(Job::Restart { binary, client }, Pending::Report, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

fn start(_mux: &mut Mux, _call: &Call) -> Outcome {
    DONE
}

fn messages(mux: &mut Mux, call: &Call) -> Outcome {
    let mut out = String::new();
    if call.args.has('J') || call.args.has('T') {
        for (n, (id, r)) in mux.requests.iter().enumerate() {
            out.push_str(&format!("Job {n}: {id}: {:?}\n", std::mem::discriminant(&r.pending)));
        }
    } else {
        for (at, text) in mux.messages.iter().rev() {
            let time = Civil::new(at.div_euclid(1000), mux.utc_offset_s).strftime("%H:%M");
            out.push_str(&format!("{time}: {text}\n"));
        }
    }
    mux.print(&call.origin, &out);
    DONE
}
