//! detach-client

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;
use crate::ids::ClientId;

pub(crate) const VERB: Verb = verb(
    ("detach-client", "detach"),
    "aE:Ps:t:",
    (0, Some(0)),
    "[-aP] [-E shell-command] [-s target-session] [-t target-client]",
    "Detach the current client",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let leaving: Vec<ClientId> = if args.has('s') {
        let session = target(mux, call, 's', TargetKind::Session)?.session;
        mux.clients.values().filter(|c| c.attached && c.session == Some(session)).map(|c| c.id).collect()
    } else {
        let client = mux.find_client(&call.origin, args.get('t').as_deref())?;
        if args.has('a') {
            mux.clients.values().filter(|c| c.attached && c.id != client).map(|c| c.id).collect()
        } else {
            vec![client]
        }
    };
    for client in leaving {
        mux.send_away(client, if args.has('P') { "detached and SIGHUP" } else { "detached" });
    }
    DONE
}
