//! checkpoint, restore, hosts, connect, setup: qmux's own verbs beside `move`

use super::super::Mux;
use super::super::event::Job;
use super::super::queue::{Call, Flow, Outcome, Pending};
use super::super::settings::Scope;
use super::super::structure::Start;
use super::{DONE, Verb, check_host, move_pane, target, verb};
use crate::command::target::TargetKind;
use crate::ids::Size;

pub(crate) const CHECKPOINT: Verb = verb(
    ("checkpoint", ""),
    "o:t:",
    (0, Some(1)),
    "pane -o file [-t target-pane] [--keep-running] [--json]",
    "Write what runs in a pane to a file",
    checkpoint,
)
.long(&["--keep-running", "--json"])
.interleaved();
pub(crate) const RESTORE: Verb = verb(
    ("restore", ""),
    "",
    (0, Some(1)),
    "file [--clone] [--json]",
    "Bring a pane back from a file",
    restore,
)
.starting()
.long(&["--clone", "--json"])
.interleaved();
pub(crate) const HOSTS: Verb =
    verb(("hosts", ""), "", (0, Some(0)), "[--json]", "List the hosts and what they report", hosts)
        .starting()
        .long(&["--json"])
        .interleaved();
pub(crate) const CONNECT: Verb =
    verb(("connect", ""), "", (0, Some(1)), "host", "Open a way to a host", connect).starting().interleaved();
pub(crate) const SETUP: Verb =
    verb(("setup", ""), "", (0, Some(1)), "host", "Copy this qmux to a host", setup).interleaved();

/// A path of the asking client, made absolute.
pub(super) fn absolute(mux: &Mux, call: &Call, path: &str) -> String {
    match call.client().and_then(|c| mux.clients.get(&c)) {
        Some(c) if !path.starts_with('/') => format!("{}/{path}", c.hello.cwd),
        _ => path.to_owned(),
    }
}

fn checkpoint(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let json = args.has_long("--json");
    let origin = call.origin.clone();
    match args.word(0).as_deref() {
        Some("pane") => {}
        Some("window" | "session") => {
            let cause = "Only single panes can be written yet. Nothing was stopped or written.";
            return Err(move_pane::refuse(
                mux,
                &origin,
                json,
                2,
                "not-yet",
                cause,
                "`qmux checkpoint pane -o FILE`.",
            ));
        }
        _ => {
            let cause = "Checkpoint what? Nothing was stopped or written.";
            return Err(move_pane::refuse(
                mux,
                &origin,
                json,
                2,
                "what",
                cause,
                "`qmux checkpoint pane -o FILE`.",
            ));
        }
    }
    let Some(file) = args.get('o').filter(|f| !f.is_empty()) else {
        let cause = "Write it where? Nothing was stopped or written.";
        return Err(move_pane::refuse(
            mux,
            &origin,
            json,
            2,
            "where",
            cause,
            "`qmux checkpoint pane -o FILE`.",
        ));
    };
    let found = target(mux, call, 't', TargetKind::Pane)?;
    if !mux.pane_alive(found.pane) {
        let cause = format!("What ran in {} has ended. There is nothing to write.", found.pane);
        return Err(move_pane::refuse(mux, &origin, json, 3, "dead", &cause, ""));
    }
    let screen = mux.panes.get(&found.pane).map(|p| p.screen.snapshot()).unwrap_or_default();
    let file = absolute(mux, call, &file);
    let keep_running = args.has_long("--keep-running");
    let job = Job::Checkpoint { pane: found.pane, file, keep_running, screen, json };
    mux.ask(job, Pending::Report, &origin, Some(call.queue));
    Ok(Flow::Wait)
}

fn restore(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let json = args.has_long("--json");
    let Some(file) = args.word(0).filter(|f| !f.is_empty()) else {
        let cause = "Restore what? Nothing was started.";
        return Err(move_pane::refuse(
            mux,
            &call.origin.clone(),
            json,
            2,
            "what",
            cause,
            "`qmux restore FILE`.",
        ));
    };
    let file = absolute(mux, call, &file);
    let start = Start { empty: true, ..Start::default() };
    // It comes back in a window of the current session, or in a session of its own.
    let (session, window) = match mux.current(&call.origin) {
        Some(f) => {
            let size = mux.new_window_size(f.session);
            (f.session, mux.make_window(Some(f.session), None, size, start))
        }
        None => {
            let name = super::new_session::free_name(mux);
            let size = Size::new(80, 24);
            let session = mux.make_session(name, mux.config.home.clone());
            (session, mux.make_window(Some(session), None, size, start))
        }
    };
    let base = mux.option_number(Scope::Session(session), "base-index").max(0) as u32;
    let index = mux.free_index(session, base);
    mux.link(session, index, window);
    mux.select_index(session, index);
    if let Some(s) = mux.sessions.get_mut(&session)
        && s.links.len() == 1
    {
        s.current = index;
    }
    let Some(pane) = mux.windows.get(&window).map(|w| w.active) else { return DONE };
    let job = Job::Restore { file, pane, clone: args.has_long("--clone"), json };
    mux.ask(job, Pending::Restore { pane }, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

fn hosts(mux: &mut Mux, call: &Call) -> Outcome {
    let json = call.args.has_long("--json");
    mux.ask(Job::Hosts { json }, Pending::Report, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

fn connect(mux: &mut Mux, call: &Call) -> Outcome {
    let Some(host) = call.args.word(0) else {
        return Err(super::Trouble::new(2, "Connect to what? Give a host: `qmux connect HOST`."));
    };
    let host = check_host(&host)?;
    let Some(client) = call.client() else { return Err("no current client".into()) };
    mux.ask(Job::Connect { host, client }, Pending::Report, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

fn setup(_mux: &mut Mux, call: &Call) -> Outcome {
    let host = call.args.word(0).unwrap_or_else(|| "HOST".into());
    let host = check_host(&host)?;
    let text =
        format!("ssh needs a terminal to ask on: type `qmux setup {host}` in a shell. Nothing was copied.");
    Err(super::Trouble::new(4, text))
}
