//! display-message

use super::super::Mux;
use super::super::context::{About, variables};
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, load_buffer, target, verb};
use crate::command::target::TargetKind;
use std::time::Duration;

pub(crate) const VERB: Verb = verb(
    ("display-message", "display"),
    "aCc:d:F:IlNpt:v",
    (0, Some(1)),
    "[-aCIlNpv] [-c target-client] [-d delay] [-F format] [-t target-pane] [message]",
    "Show or print a message",
    run,
);

const FORMAT: &str =
    "[#{session_name}] #{window_index}:#{window_name}, current pane #{pane_index} - (%H:%M %d-%b-%y)";

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = match args.get('t') {
        // A place that is not there is no error: what the message says of it is empty.
        Some(t) => target(mux, call, 't', TargetKind::Pane).ok().or_else(|| {
            let (session, _) = t.split_once(':')?;
            mux.found_session(mux.find_session(session.trim_start_matches('='), false)?)
        }),
        None => mux.current(&call.origin),
    };
    if args.has('F') && args.word(0).is_some() {
        return Err("only one of -F or argument must be given".into());
    }
    if args.has('I') {
        return load_buffer::pane_stdin(mux, call, found.map(|f| f.pane));
    }
    let format = args.get('F').or_else(|| args.word(0)).unwrap_or_else(|| FORMAT.to_owned());
    let client = match args.get('c') {
        Some(name) => Some(mux.find_client(&call.origin, Some(&name))?),
        None => mux.find_client(&call.origin, None).ok(),
    };
    let about = About { client, found, extra: call.hook_words(), ..About::default() };
    if args.has('a') {
        let all: String = variables()
            .filter_map(|name| mux.variable(name, about.clone()).map(|value| format!("{name}={value}\n")))
            .collect();
        mux.print(&call.origin, &all);
        return DONE;
    }
    let traced = args.has('v').then(|| format.clone());
    let text = if args.has('l') { format } else { mux.expand_time(&format, about) };
    if let Some(format) = traced {
        let trace = format!("# expanding format: {format}\n# result is: {text}\n");
        mux.print(&call.origin, &trace);
    }
    if args.has('p') {
        let empty = text.is_empty();
        mux.print(&call.origin, if empty { "\n" } else { &text });
        return DONE;
    }
    let delay = match args.get('d') {
        Some(d) => Some(Duration::from_millis(d.parse().map_err(|_| format!("delay invalid: {d}"))?)),
        None => None,
    };
    if let Some(client) = client {
        mux.show_message(client, text, delay, false);
    }
    DONE
}
