//! move: panes and windows to another host

use super::super::Mux;
use super::super::event::{Failure, Job, Place};
use super::super::queue::{Call, Flow, Origin, Outcome, Pending, Trouble};
use super::super::target::Found;
use super::{DONE, Verb, check_host, verb};
use crate::command::target::TargetKind;
use crate::ids::PaneId;
use crate::protocol::keeper::MoveOptions;

const USAGE: &str = "pane|window host | session name host | --resolve [-t target-pane] [--dry-run] [--json] [--cut] [--with-files] [--engine auto|native] [--wait|--no-wait] [--as name]";

pub(crate) const MOVE: Verb =
    verb(("move", ""), "t:", (0, Some(3)), USAGE, "Move what runs in a pane or window to another host", run)
        .long(&[
            "--dry-run",
            "--json",
            "--cut",
            "--with-files",
            "--engine=",
            "--wait",
            "--no-wait",
            "--as=",
            "--resolve",
        ])
        .interleaved();

const ENGINES: [&str; 2] = ["auto", "native"];

/// A refusal: what was not done and what to do, for people or (`--json`) for programs.
pub(super) fn refuse(
    mux: &mut Mux,
    origin: &Origin,
    json: bool,
    class: u8,
    code: &str,
    cause: &str,
    cure: &str,
) -> Trouble {
    let text = if cure.is_empty() { cause.to_owned() } else { format!("{cause} {cure}") };
    let failure = Failure { class, code: code.into(), text, cause: cause.into(), cure: cure.into() };
    if json {
        mux.print(origin, &failure.into_json().text);
        return Trouble::new(class, "");
    }
    Trouble::new(class, failure.text)
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let json = args.has_long("--json");
    let origin = call.origin.clone();
    if args.has_long("--resolve") {
        let pane = match args.get('t') {
            Some(_) => Some(pane_target(mux, call, json)?.pane),
            None => None,
        };
        mux.ask(Job::Resolve { pane, json }, Pending::Report, &origin, Some(call.queue));
        return Ok(Flow::Wait);
    }
    let words = args.texts_from(0);
    let what = words.first().map(String::as_str).unwrap_or("");
    let host = match (what, words.len()) {
        ("pane" | "window", 1) | ("session", 1 | 2) => {
            mux.ask(Job::HostNames, Pending::MoveWhere { json }, &origin, Some(call.queue));
            return Ok(Flow::Wait);
        }
        ("session", 3) => {
            let cause =
                format!("Moving a whole session is not there yet. Session \"{}\" was not moved.", words[1]);
            let cure = format!("Move its windows: `qmux move window HOST -t {}:INDEX`.", words[1]);
            return Err(refuse(mux, &origin, json, 2, "not-yet", &cause, &cure));
        }
        ("pane" | "window", 2) => words[1].clone(),
        ("pane" | "window", _) => {
            let cause = format!("Too many words after `move {what}`. Nothing was moved.");
            let cure = format!("The host is last: `qmux move {what} HOST`.");
            return Err(refuse(mux, &origin, json, 2, "usage", &cause, &cure));
        }
        _ => {
            return Err(refuse(
                mux,
                &origin,
                json,
                2,
                "move-what",
                "Move what? pane, window or session.",
                "",
            ));
        }
    };
    let host = match check_host(&host) {
        Ok(h) => h,
        Err(t) => return Err(refuse(mux, &origin, json, t.class, "bad-host", &t.text, "")),
    };
    let engine = args.get_long("--engine").unwrap_or("auto").to_owned();
    if !ENGINES.contains(&engine.as_str()) {
        let cause = format!("No engine \"{}\". Nothing was moved.", printable(&engine));
        let cure = format!("Engines: {}.", ENGINES.join(", "));
        return Err(refuse(mux, &origin, json, 2, "bad-engine", &cause, &cure));
    }
    let found = pane_target(mux, call, json)?;
    let panes: Vec<PaneId> = if what == "window" {
        mux.windows.get(&found.window).map(|w| w.panes.clone()).unwrap_or_default()
    } else {
        vec![found.pane]
    };
    let going = match ready(mux, &panes, &host, what) {
        Ok(p) => p,
        Err((class, code, cause, cure)) => {
            return Err(refuse(mux, &origin, json, class, code, &cause, &cure));
        }
    };
    if going.is_empty() {
        let name = if host.0 == "." { mux.config.host.clone() } else { host.0.clone() };
        let subject: Vec<String> = panes.iter().map(PaneId::to_string).collect();
        let verb = if subject.len() == 1 { "is" } else { "are" };
        let text = format!("{} {verb} already on {name}.", subject.join(" "));
        if json {
            mux.print(&origin, &Failure::new(0, "already-there", text).into_json().text);
        } else {
            tell(mux, &origin, &text);
        }
        return DONE;
    }
    // Keys of an attached client are not held up by a move; a shell command is done when the move is.
    let attached = call.client().and_then(|c| mux.clients.get(&c)).is_some_and(|c| c.attached);
    let wait = if attached { args.has_long("--wait") } else { !args.has_long("--no-wait") };
    let options = MoveOptions {
        engine,
        cut: args.has_long("--cut"),
        with_files: args.has_long("--with-files"),
        dry_run: args.has_long("--dry-run"),
    };
    let job = Job::Move {
        panes: going,
        host,
        options,
        json,
        wait,
        names: args.all_long("--as").map(str::to_owned).collect(),
    };
    // Even without waiting for the move its refusals are waited for: the server answers early then.
    let waits = (!attached || wait).then_some(call.queue);
    mux.ask(job, Pending::Report, &origin, waits);
    Ok(if waits.is_some() { Flow::Wait } else { Flow::Done })
}

/// The panes that are not there yet; or why none may go now.
fn ready(
    mux: &Mux,
    panes: &[PaneId],
    host: &crate::ids::HostName,
    what: &str,
) -> Result<Vec<PaneId>, (u8, &'static str, String, String)> {
    let here = host.0 == "." || host.0 == mux.config.host;
    let mut going = Vec::new();
    for id in panes {
        let Some(p) = mux.panes.get(id) else { continue };
        match &p.place {
            Place::Here if here => {}
            Place::There(h) | Place::Reconnecting(h) if h == host => {}
            Place::Here | Place::There(_) => going.push(*id),
            Place::Starting => {
                let cause =
                    format!("{id} has only just been asked for and is not running yet. It was not moved.");
                return Err((3, "starting", cause, "Try again in a moment.".into()));
            }
            Place::Leaving(_, None) => {
                let cause = format!("{id} is being written to a file. It was not moved.");
                return Err((3, "moving", cause, "Try again in a moment.".into()));
            }
            Place::Leaving(_, Some(to)) => {
                let cause = format!("{id} is on its way to {to} already. Nothing more was done.");
                return Err((3, "moving", cause, "Wait for that move to end.".into()));
            }
            Place::Reconnecting(at) => {
                let cause = format!("The link to {at}, where {id} runs, is broken. It was not moved.");
                return Err((4, "reconnecting", cause, "qmux keeps trying; move it when it is back.".into()));
            }
            Place::Undecided(at) => {
                let cause = format!("{at} may have {id}. It stays stopped here and is not started twice.");
                return Err((7, "undecided", cause, "`qmux move --resolve`.".into()));
            }
            Place::Gone(_) => {
                if what == "window" && panes.len() > 1 {
                    continue;
                }
                let cause = format!("What ran in {id} has ended. There is nothing to move.");
                return Err((3, "dead", cause, "`qmux respawn-pane` starts it again.".into()));
            }
        }
    }
    Ok(going)
}

/// The pane of `-t`, or the words of moving.md for one that is not there.
fn pane_target(mux: &mut Mux, call: &Call, json: bool) -> Result<Found, Trouble> {
    let typed = call.args.get('t');
    match mux.find(&call.origin, typed.as_deref(), TargetKind::Pane) {
        Ok(f) => Ok(f),
        Err(e) => {
            let all: Vec<String> = mux.panes.keys().map(PaneId::to_string).collect();
            let cause = match &typed {
                Some(t) => format!("No pane {}.", printable(t)),
                None => format!("No pane to move ({e})."),
            };
            let cure = if all.is_empty() { String::new() } else { format!("Panes: {}.", all.join(" ")) };
            Err(refuse(mux, &call.origin, json, 2, "no-pane", &cause, &cure))
        }
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn tell(mux: &mut Mux, origin: &Origin, text: &str) {
    match origin.client.and_then(|c| mux.clients.get(&c)) {
        Some(c) if c.attached => {
            let client = c.id;
            mux.show_message(client, text.to_owned(), None, false);
        }
        _ => mux.print(origin, text),
    }
}

/// `move pane` without a host: the known ones are named.
pub(super) fn where_to(mux: &mut Mux, origin: &Origin, known: &str, json: bool) {
    let names: Vec<&str> = known.split_whitespace().collect();
    let cure = if names.is_empty() {
        "Any host that `ssh HOST` reaches will do; none is known yet.".to_owned()
    } else {
        format!("Known: {}.", names.join(", "))
    };
    let cause = "Move where? Give a host: `qmux move pane HOST`.";
    let trouble = refuse(mux, origin, json, 2, "move-where", cause, &cure);
    mux.tell_trouble(origin, 0, &trouble);
}
