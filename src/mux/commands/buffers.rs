//! set-buffer, delete-buffer, list-buffers, paste-buffer; where copied text is kept

use super::super::context::About;
use super::super::event::Effect;
use super::super::names::given_name;
use super::super::queue::{Call, Outcome, Trouble};
use super::super::settings::Scope;
use super::super::{Buffer, Mux};
use super::{DONE, Verb, as_json, lists, passes, target, verb};
use crate::command::target::TargetKind;
use crate::ids::{ClientId, PaneId};
use crate::vt::encode_base64;
use crate::vt::keys;

pub(crate) const SET: Verb = verb(
    ("set-buffer", "setb"),
    "ab:n:t:w",
    (0, Some(1)),
    "[-aw] [-b buffer-name] [-n new-buffer-name] [-t target-client] [data]",
    "Set a paste buffer",
    set,
);
pub(crate) const DELETE: Verb = verb(
    ("delete-buffer", "deleteb"),
    "b:",
    (0, Some(0)),
    "[-b buffer-name]",
    "Forget a paste buffer",
    delete,
);
pub(crate) const LIST: Verb = verb(
    ("list-buffers", "lsb"),
    "F:f:O:r",
    (0, Some(0)),
    "[-r] [-F format] [-f filter] [-O order]",
    "List the paste buffers",
    list,
)
.long(as_json::FLAG);
pub(crate) const PASTE: Verb = verb(
    ("paste-buffer", "pasteb"),
    "b:dprSs:t:",
    (0, Some(0)),
    "[-dprS] [-s separator] [-b buffer-name] [-t target-pane]",
    "Put a paste buffer into a pane",
    paste,
);

/// Largest paste buffer, in bytes.
pub(crate) const MAX_BUFFER: usize = 64 * 1024 * 1024;

const LINE: &str = "#{buffer_name}: #{buffer_size} bytes: \"#{buffer_sample}\"";

/// The next automatic buffer's name.
fn next_name(mux: &Mux, prefix: &str) -> String {
    let numbers = mux.buffers.iter().filter_map(|b| b.name.strip_prefix(prefix)?.parse::<u64>().ok());
    format!("{prefix}{}", numbers.max().map_or(0, |n| n.saturating_add(1)))
}

/// Keeps bytes in a buffer: a named one, or a new automatic one. Empty bytes are kept nowhere.
pub(super) fn put(mux: &mut Mux, name: Option<String>, mut data: Vec<u8>) -> Result<(), Trouble> {
    if data.is_empty() {
        return Ok(());
    }
    data.truncate(MAX_BUFFER);
    if name.as_deref() == Some("") {
        return Err("empty buffer name".into());
    }
    if let Some(name) = &name {
        given_name("buffer", name)?;
    }
    let order = mux.next_order();
    let automatic = name.is_none();
    let name = name.unwrap_or_else(|| next_name(mux, "buffer"));
    mux.buffers.retain(|b| b.name != name);
    let created = mux.wall_ms();
    mux.note_buffer("paste-buffer-changed", &name);
    mux.buffers.insert(0, Buffer { name, data, created, automatic, order });
    mux.trim_buffers();
    Ok(())
}

impl Mux {
    /// Forgets the oldest automatic buffers beyond `buffer-limit`.
    pub(crate) fn trim_buffers(&mut self) {
        let limit = self.option_number(Scope::Server, "buffer-limit").max(1) as usize;
        while self.buffers.iter().filter(|b| b.automatic).count() > limit {
            match self.buffers.iter().rposition(|b| b.automatic) {
                Some(i) => self.buffers.remove(i),
                None => break,
            };
        }
    }

    pub(crate) fn forget_buffer(&mut self, name: &str) {
        self.buffers.retain(|b| b.name != name);
        self.note_buffer("paste-buffer-deleted", name);
    }

    /// Tells control clients of a buffer.
    fn note_buffer(&mut self, what: &str, name: &str) {
        let clients: Vec<ClientId> =
            self.clients.values().filter(|c| c.attached && c.control.is_some()).map(|c| c.id).collect();
        for client in clients {
            self.note_line(client, format!("%{what} {name}"));
        }
    }

    /// A buffer by name, or the latest automatic one.
    pub(crate) fn buffer(&self, name: Option<&str>) -> Result<&Buffer, String> {
        match name {
            Some(n) => self.buffers.iter().find(|b| b.name == n).ok_or_else(|| format!("no buffer {n}")),
            None => self
                .buffers
                .iter()
                .filter(|b| b.automatic)
                .max_by_key(|b| b.order)
                .ok_or_else(|| "no buffers".to_owned()),
        }
    }

    /// Copied text goes to a buffer, and to the clipboard of the clients when `set-clipboard` says so.
    pub(crate) fn copied(&mut self, session_client: Option<ClientId>, data: Vec<u8>, prefix: &str) {
        if self.option_text(Scope::Server, "set-clipboard") != "off"
            && let Some(client) = session_client
        {
            self.send_clipboard(client, "", &data);
        }
        let prefix = if prefix.is_empty() { "buffer" } else { prefix };
        let name = next_name(self, prefix);
        // Only an empty name could be refused, and there is none.
        let _ = put(self, Some(name.clone()), data);
        if let Some(b) = self.buffers.iter_mut().find(|b| b.name == name) {
            b.automatic = true;
        }
        self.trim_buffers();
    }

    pub(crate) fn send_clipboard(&mut self, client: ClientId, selection: &str, data: &[u8]) {
        /// Terminals refuse longer ones; xterm's own limit is about a megabyte.
        const MAX: usize = 1024 * 1024;
        if data.len() <= MAX && self.clients.get(&client).is_some_and(|c| c.control.is_none()) {
            let bytes = format!("\x1b]52;{selection};{}\x07", encode_base64(data)).into_bytes();
            self.effects.push_back(Effect::Terminal { client, bytes });
        }
    }

    /// A program set the clipboard (OSC 52).
    pub(crate) fn clipboard_from_pane(&mut self, pane: PaneId, selection: &str, data: Vec<u8>) {
        if self.option_text(Scope::Server, "set-clipboard") != "on" || data.len() > MAX_BUFFER {
            return;
        }
        let window = self.panes.get(&pane).map(|p| p.window);
        let shows: Vec<ClientId> = self
            .clients
            .values()
            .filter(|c| {
                let s = c.session.and_then(|s| self.sessions.get(&s));
                c.is_terminal() && s.and_then(|s| s.current_window()) == window
            })
            .map(|c| c.id)
            .collect();
        for client in shows {
            self.send_clipboard(client, selection, &data);
        }
        let _ = put(self, None, data);
        let found = self.found_pane(pane, None);
        self.happened("pane-set-clipboard", None, found);
    }

    /// A program asks for the clipboard: it gets the latest buffer.
    pub(crate) fn clipboard_query(&mut self, pane: PaneId, selection: &str) {
        let allowed = self.option_text(Scope::Server, "set-clipboard") == "on"
            && matches!(self.option_text(Scope::Server, "get-clipboard").as_str(), "buffer" | "both");
        if !allowed {
            return;
        }
        let data = self.buffer(None).map(|b| b.data.clone()).unwrap_or_default();
        let bytes = format!("\x1b]52;{selection};{}\x1b\\", encode_base64(&data)).into_bytes();
        self.put_input(pane, &bytes);
    }
}

fn set(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let name = args.get('b');
    if let Some(new) = args.get('n') {
        if new.is_empty() {
            return Err("new name is empty".into());
        }
        given_name("buffer", &new)?;
        let old = match &name {
            Some(n) => mux.buffer(Some(n)).map_err(|_| format!("unknown buffer: {n}"))?.name.clone(),
            None => mux.buffer(None)?.name.clone(),
        };
        mux.buffers.retain(|b| b.name != new || b.name == old);
        if let Some(b) = mux.buffers.iter_mut().find(|b| b.name == old) {
            b.name = new;
            b.automatic = false;
        }
        return DONE;
    }
    let data = args.word(0).ok_or("no data specified")?.into_bytes();
    let mut all = Vec::new();
    // Without a name it is a new buffer, with nothing to append to.
    if args.has('a')
        && name.is_some()
        && let Ok(old) = mux.buffer(name.as_deref())
    {
        all.extend_from_slice(&old.data);
    }
    all.extend_from_slice(&data);
    if args.has('w')
        && let Ok(client) = mux.find_client(&call.origin, args.get('t').as_deref())
    {
        mux.send_clipboard(client, "", &all);
    }
    put(mux, name, all)?;
    DONE
}

fn delete(mux: &mut Mux, call: &Call) -> Outcome {
    let name = match call.args.get('b') {
        Some(n) => mux.buffer(Some(&n)).map_err(|_| format!("unknown buffer: {n}"))?.name.clone(),
        None => mux.buffer(None).map_err(|_| "no buffer".to_owned())?.name.clone(),
    };
    mux.forget_buffer(&name);
    DONE
}

fn list(mux: &mut Mux, call: &Call) -> Outcome {
    let format = call.args.get('F').unwrap_or_else(|| LINE.into());
    let filter = call.args.get('f');
    let json = as_json::wanted(call)?;
    let mut objects = Vec::new();
    let mut out = String::new();
    let mut all: Vec<&Buffer> = mux.buffers.iter().collect();
    match lists::order(&call.args, &["name", "size", "creation"])? {
        Some("name") => all.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("size") => all.sort_by_key(|b| b.data.len()),
        // The latest stands first in any case.
        _ => {}
    }
    lists::turn(&call.args, &mut all);
    for b in all {
        let about = About { buffer: Some(b), ..About::default() };
        if !passes(mux, filter.as_deref(), about.clone()) {
            continue;
        }
        if json {
            objects.push(as_json::object(mux, &about, as_json::BUFFER));
        } else {
            out.push_str(&mux.expand(&format, about));
            out.push('\n');
        }
    }
    if json {
        as_json::print(mux, &call.origin, objects);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}

fn paste(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let name = args.get('b');
    let (name, data) = match mux.buffer(name.as_deref()) {
        Ok(b) => (b.name.clone(), b.data.clone()),
        Err(e) if name.is_some() => return Err(e.into()),
        Err(_) => return DONE,
    };
    if mux.panes.get(&found.pane).is_some_and(|p| p.mode.is_some()) {
        return DONE;
    }
    let separator = args.get('s').unwrap_or_else(|| if args.has('r') { "\n".into() } else { "\r".into() });
    let mut bytes = Vec::with_capacity(data.len());
    for (i, line) in data.split(|b| *b == b'\n').enumerate() {
        if i > 0 {
            bytes.extend_from_slice(separator.as_bytes());
        }
        if args.has('S') {
            bytes.extend_from_slice(line);
        } else {
            visible(line, &mut bytes);
        }
    }
    if args.has('p')
        && let Some(p) = mux.panes.get(&found.pane)
    {
        bytes = keys::encode_paste(&bytes, p.screen.modes());
    }
    mux.write_pane(found.pane, &bytes);
    if args.has('d') {
        mux.forget_buffer(&name);
    }
    DONE
}

/// Bytes as vis(3) writes them without backslashes: what would control a terminal becomes text, `^[` for ESC, so
/// that copied text cannot play the keyboard. Tab, backspace, bell, return and UTF-8 stay.
fn visible(bytes: &[u8], out: &mut Vec<u8>) {
    let control = |b: u8, out: &mut Vec<u8>| match b {
        0x20..=0x7e => out.push(b),
        _ => out.extend_from_slice(&[b'^', b ^ 0x40]),
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' | '\u{8}' | '\u{7}' | '\r' => out.push(c as u8),
                c if c.is_ascii() => control(c as u8, out),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for b in chunk.invalid() {
            out.push(b'M');
            if matches!(b & 0x7f, 0x20..=0x7e) {
                out.push(b'-');
            }
            control(b & 0x7f, out);
        }
    }
}
