//! load-buffer, save-buffer, show-buffer

use super::super::Mux;
use super::super::event::{Effect, Job};
use super::super::queue::{Call, Flow, Origin, Outcome, Pending, Trouble};
use super::{DONE, Verb, buffers, expand, verb};
use crate::ids::{ClientId, PaneId};
use std::sync::Arc;

pub(crate) const LOAD: Verb = verb(
    ("load-buffer", "loadb"),
    "b:t:w",
    (1, Some(1)),
    "[-w] [-b buffer-name] [-t target-client] path",
    "Fill a paste buffer from a file",
    load,
);
pub(crate) const SAVE: Verb = verb(
    ("save-buffer", "saveb"),
    "ab:",
    (1, Some(1)),
    "[-a] [-b buffer-name] path",
    "Write a paste buffer to a file",
    save,
);
pub(crate) const SHOW: Verb =
    verb(("show-buffer", "showb"), "b:", (0, Some(0)), "[-b buffer-name]", "Show a paste buffer", show);

/// A client's standard input being read.
#[derive(Debug)]
pub(crate) struct Stdin {
    data: Vec<u8>,
    sink: Sink,
    origin: Arc<Origin>,
    waits: super::super::queue::QueueId,
}

/// Where standard input goes.
#[derive(Debug)]
enum Sink {
    Buffer {
        name: Option<String>,
        clipboard: bool,
    },
    /// Onto the screen of an empty pane, as it comes.
    Pane(PaneId),
}

/// Gives the asker's standard input to a pane without a program (`display-message -I`, `split-window -I`).
pub(super) fn pane_stdin(mux: &mut Mux, call: &Call, pane: Option<PaneId>) -> Outcome {
    let Some(pane) = pane else { return DONE };
    if mux.panes.get(&pane).is_none_or(|p| p.life.is_some()) {
        return Err("pane is not empty".into());
    }
    wait_for_stdin(mux, call, Sink::Pane(pane))
}

fn wait_for_stdin(mux: &mut Mux, call: &Call, sink: Sink) -> Outcome {
    let reads = |c: &ClientId| mux.clients.get(c).is_some_and(|c| !c.attached && c.control.is_none());
    let Some(client) = call.client().filter(reads) else { return Err("-: no standard input".into()) };
    let stdin = Stdin { data: Vec::new(), sink, origin: call.origin.clone(), waits: call.queue };
    mux.stdin_wanted.insert(client, stdin);
    mux.effects.push_back(Effect::WantStdin { client });
    Ok(Flow::Wait)
}

fn path_of(mux: &Mux, call: &Call) -> String {
    let path = expand(mux, call, &call.args.word(0).unwrap_or_default(), None);
    match call.client().and_then(|c| mux.clients.get(&c)) {
        Some(c) if !path.starts_with('/') && path != "-" => format!("{}/{path}", c.hello.cwd),
        _ => path,
    }
}

fn load(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let path = path_of(mux, call);
    let (name, clipboard) = (args.get('b'), args.has('w'));
    if path == "-" {
        return wait_for_stdin(mux, call, Sink::Buffer { name, clipboard });
    }
    let pending = Pending::LoadBuffer { name, clipboard };
    mux.ask(Job::ReadFile { path }, pending, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

/// Standard input of a client that was asked for it.
pub(crate) fn stdin(mux: &mut Mux, client: ClientId, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            let Some(s) = mux.stdin_wanted.get_mut(&client) else { return };
            if let Sink::Pane(pane) = s.sink {
                mux.show_in_empty(pane, bytes);
            } else if s.data.len() + bytes.len() <= buffers::MAX_BUFFER {
                s.data.extend_from_slice(bytes);
            }
        }
        None => {
            if let Some(s) = mux.stdin_wanted.remove(&client) {
                if let Sink::Buffer { name, clipboard } = s.sink {
                    store(mux, &s.origin, name, s.data, clipboard);
                }
                mux.release(s.waits);
            }
        }
    }
}

/// Bytes that were read go to their buffer.
pub(super) fn store(mux: &mut Mux, origin: &Origin, name: Option<String>, data: Vec<u8>, clipboard: bool) {
    if clipboard && let Ok(client) = mux.find_client(origin, None) {
        mux.send_clipboard(client, "", &data);
    }
    if let Err(trouble) = buffers::put(mux, name, data) {
        mux.tell_trouble(origin, 0, &trouble);
    }
}

fn bytes_of(mux: &Mux, call: &Call) -> Result<Vec<u8>, Trouble> {
    Ok(mux.buffer(call.args.get('b').as_deref())?.data.clone())
}

fn save(mux: &mut Mux, call: &Call) -> Outcome {
    let bytes = bytes_of(mux, call)?;
    let path = path_of(mux, call);
    if path == "-" {
        return output(mux, call, bytes);
    }
    let job = Job::WriteFile { path, bytes, append: call.args.has('a') };
    mux.ask(job, Pending::Report, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

/// Bytes for the asker's standard output, as they are.
pub(super) fn output(mux: &mut Mux, call: &Call, bytes: Vec<u8>) -> Outcome {
    let asker = call.client().and_then(|c| mux.clients.get(&c));
    match asker.filter(|c| !c.attached && !c.leaving && c.control.is_none()) {
        Some(c) => {
            let client = c.id;
            mux.effects.push_back(Effect::Stdout { client, bytes });
        }
        None => mux.print(&call.origin, &String::from_utf8_lossy(&bytes)),
    }
    DONE
}

fn show(mux: &mut Mux, call: &Call) -> Outcome {
    let bytes = bytes_of(mux, call)?;
    output(mux, call, bytes)
}
