//! lock-server, lock-session, lock-client, suspend-client: a client's terminal is given to something else

use super::super::Mux;
use super::super::event::Effect;
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;
use crate::ids::{ClientId, SessionId};

pub(crate) const SERVER: Verb =
    verb(("lock-server", "lock"), "", (0, Some(0)), "", "Lock every client's terminal", server);
pub(crate) const SESSION: Verb = verb(
    ("lock-session", "locks"),
    "t:",
    (0, Some(0)),
    "[-t target-session]",
    "Lock the terminals that show a session",
    session,
);
pub(crate) const CLIENT: Verb = verb(
    ("lock-client", "lockc"),
    "t:",
    (0, Some(0)),
    "[-t target-client]",
    "Lock a client's terminal",
    client,
);
pub(crate) const SUSPEND: Verb = verb(
    ("suspend-client", "suspendc"),
    "t:",
    (0, Some(0)),
    "[-t target-client]",
    "Stop a client as ^Z stops a program",
    suspend,
);

fn server(mux: &mut Mux, _call: &Call) -> Outcome {
    let all: Vec<ClientId> = mux.clients.values().map(|c| c.id).collect();
    all.into_iter().for_each(|c| mux.lock_client(c));
    DONE
}

fn session(mux: &mut Mux, call: &Call) -> Outcome {
    let session = target(mux, call, 't', TargetKind::Session)?.session;
    mux.lock_session(session);
    DONE
}

fn client(mux: &mut Mux, call: &Call) -> Outcome {
    let client = mux.find_client(&call.origin, call.args.get('t').as_deref())?;
    mux.lock_client(client);
    DONE
}

fn suspend(mux: &mut Mux, call: &Call) -> Outcome {
    let client = mux.find_client(&call.origin, call.args.get('t').as_deref())?;
    if let Some(c) = mux.clients.get_mut(&client).filter(|c| c.is_terminal()) {
        c.suspended = true;
        mux.effects.push_back(Effect::Suspend { client });
    }
    DONE
}

impl Mux {
    pub(crate) fn lock_session(&mut self, session: SessionId) {
        let all: Vec<ClientId> =
            self.clients.values().filter(|c| c.session == Some(session)).map(|c| c.id).collect();
        all.into_iter().for_each(|c| self.lock_client(c));
    }

    /// Runs `lock-command` on a client's terminal; until it ends nothing is drawn there.
    fn lock_client(&mut self, client: ClientId) {
        let Some(c) = self.clients.get_mut(&client).filter(|c| c.is_terminal() && !c.suspended) else {
            return;
        };
        let Some(session) = c.session else { return };
        c.suspended = true;
        let command = self.option_text(Scope::Session(session), "lock-command");
        if command.is_empty() {
            return self.goes_on(client);
        }
        self.effects.push_back(Effect::Lock { client, command });
    }

    /// A client that was stopped or locked has its terminal again.
    pub(crate) fn goes_on(&mut self, client: ClientId) {
        let now = self.wall_ms();
        if let Some(c) = self.clients.get_mut(&client) {
            c.suspended = false;
            c.activity = now;
            self.redraw.insert(client);
            // Who unlocks it is there: the time of `lock-after-time` begins anew.
            if let Some(s) = c.session.and_then(|s| self.sessions.get_mut(&s)) {
                s.activity = now;
            }
        }
    }
}
