//! switch-client

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, lists, verb};
use crate::command::target::TargetKind;

pub(crate) const VERB: Verb = verb(
    ("switch-client", "switchc"),
    "c:EFlnO:pt:rT:Z",
    (0, Some(0)),
    "[-ElnprZ] [-c target-client] [-t target-session] [-T key-table] [-O order]",
    "Show another session on a client",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('c').as_deref())?;
    if args.has('r')
        && let Some(c) = mux.clients.get_mut(&client)
    {
        c.read_only = !c.read_only;
    }
    if let Some(table) = args.get('T') {
        if !mux.keys.has(&table) && table != "root" {
            return Err(format!("table {table} doesn't exist").into());
        }
        if let Some(c) = mux.clients.get_mut(&client) {
            c.key_table = (table != "root").then_some(table);
            c.repeat_until = None;
        }
        mux.redraw.insert(client);
        return DONE;
    }
    let current = mux.clients.get(&client).and_then(|c| c.session);
    let order = lists::ordered(mux, args)?;
    let step = |by: i64| {
        let all = &order;
        let here = all.iter().position(|s| Some(*s) == current)? as i64;
        let next = all[(here + by).rem_euclid(all.len() as i64) as usize];
        (Some(next) != current).then_some(next)
    };
    let session = if args.has('n') {
        step(1).ok_or("can't find next session")?
    } else if args.has('p') {
        step(-1).ok_or("can't find previous session")?
    } else if args.has('l') {
        let last = mux.clients.get(&client).and_then(|c| c.last_session);
        last.filter(|s| mux.sessions.contains_key(s)).ok_or("can't find last session")?
    } else {
        let text = args.get('t');
        let deep =
            text.as_deref().is_some_and(|t| t.contains([':', '.', '%']) || t == "=" || t.starts_with('@'));
        let kind = if deep { TargetKind::Pane } else { TargetKind::Session };
        let found = mux.find(&call.origin, text.as_deref(), kind)?;
        if deep {
            mux.select_index(found.session, found.index);
            if text.as_deref().is_some_and(|t| t.contains(['.', '%'])) {
                mux.select_pane(found.pane);
            }
        }
        found.session
    };
    if let Some(env) = mux.clients.get(&client).filter(|_| !args.has('E')).map(|c| c.hello.env.clone()) {
        mux.update_environment(session, &env);
    }
    mux.show_session(client, session);
    DONE
}
