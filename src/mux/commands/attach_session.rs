//! attach-session, has-session

use super::super::Mux;
use super::super::model::Client;
use super::super::queue::{Call, Outcome, Trouble};
use super::{DONE, Verb, expand, new_session, target, verb};
use crate::command::target::TargetKind;
use crate::ids::{ClientId, SessionId};

pub(crate) const VERB: Verb = verb(
    ("attach-session", "attach"),
    "c:dEf:rt:x",
    (0, Some(0)),
    "[-dErx] [-c working-directory] [-f flags] [-t target-session]",
    "Show a session on this terminal",
    run,
)
.starting();

pub(crate) const HAS: Verb = verb(
    ("has-session", "has"),
    "t:",
    (0, Some(0)),
    "[-t target-session]",
    "Say by the exit code whether a session exists",
    has,
);

fn has(mux: &mut Mux, call: &Call) -> Outcome {
    target(mux, call, 't', TargetKind::Session).map(|_| super::Flow::Done)
}

/// Whether a client can become a terminal, and may: not inside one of this server's own panes.
pub(super) fn may_attach(mux: &Mux, client: &Client) -> Result<(), Trouble> {
    if !new_session::can_attach(client) {
        return Err("open terminal failed: not a terminal".into());
    }
    if !client.attached && mux.pane_around(client).is_some() {
        let inside = client.hello.env.iter().any(|(k, v)| k == "TMUX" && !v.is_empty());
        if inside {
            return Err("sessions should be nested with care, unset $TMUX to force".into());
        }
    }
    Ok(())
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    if mux.sessions.is_empty() {
        return Err("no sessions".into());
    }
    let session = match args.get('t') {
        Some(t) => {
            let kind = if t.contains([':', '.', '%']) { TargetKind::Pane } else { TargetKind::Session };
            let found = mux.find(&call.origin, Some(&t), kind)?;
            if t.contains([':', '.']) || t.starts_with(['%', '@']) {
                mux.select_index(found.session, found.index);
                if t.contains(['.', '%']) {
                    mux.select_pane(found.pane);
                }
            }
            found.session
        }
        None => {
            let own = call.client().and_then(|c| mux.clients.get(&c)).and_then(|c| c.session);
            own.or_else(|| mux.best_session(true)).ok_or("no sessions")?
        }
    };
    if let Some(dir) = args.get('c') {
        let dir = expand(mux, call, &dir, mux.found_session(session));
        if let Some(s) = mux.sessions.get_mut(&session) {
            s.path = dir;
        }
    }
    attach(mux, call, session, args.has('d'), args.has('x'))
}

/// Attaches the asking client; others may have to leave.
pub(super) fn attach(mux: &mut Mux, call: &Call, session: SessionId, alone: bool, hangup: bool) -> Outcome {
    let Some(client) = call.client() else { return DONE };
    if let Some(c) = mux.clients.get(&client) {
        may_attach(mux, c)?;
    }
    if alone || hangup {
        let others: Vec<ClientId> = mux
            .clients
            .values()
            .filter(|c| c.attached && c.session == Some(session) && c.id != client)
            .map(|c| c.id)
            .collect();
        others.into_iter().for_each(|other| mux.send_away(other, "detached"));
    }
    let read_only = call.args.has('r') && call.verb.spec.name == "attach-session";
    let env = match mux.clients.get_mut(&client) {
        Some(c) => {
            c.read_only |= read_only;
            c.hello.env.clone()
        }
        None => return DONE,
    };
    if !call.args.has('E') {
        mux.update_environment(session, &env);
    }
    mux.show_session(client, session);
    DONE
}
