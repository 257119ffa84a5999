//! display-panes

use super::super::Mux;
use super::super::model::Overlay;
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::{DONE, Verb, verb};
use std::time::Duration;

pub(crate) const VERB: Verb = verb(
    ("display-panes", "displayp"),
    "bd:Nt:",
    (0, Some(1)),
    "[-bN] [-d duration] [-t target-client] [template]",
    "Show the numbers of the panes to choose one",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('t').as_deref())?;
    let session = mux.clients.get(&client).and_then(|c| c.session);
    let delay = match args.get('d') {
        Some(d) => Duration::from_millis(d.parse().map_err(|_| format!("delay invalid: {d}"))?),
        None => mux.option_ms(session.map_or(Scope::GlobalSession, Scope::Session), "display-panes-time"),
    };
    let until = (!delay.is_zero()).then(|| mux.now + delay);
    let template = args.word(0).unwrap_or_else(|| "select-pane -t \"%%%\"".into());
    if let Some(c) = mux.clients.get_mut(&client)
        && c.prompt.is_none()
    {
        c.overlay = Some(Overlay::PaneNumbers { until, template });
    }
    mux.redraw.insert(client);
    DONE
}
