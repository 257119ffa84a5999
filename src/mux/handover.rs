//! What [`Mux::save`] leaves out, for a server that takes over while its clients stay: key bindings, buffers, clients
//! and what else a user would miss. Modes that cover a pane, menus, popups and questions end.
//!
//! Owns the form of these bytes; knows no descriptors and no sockets.

use super::keytable::{Binding, Trigger};
use super::model::{Client, WallMs};
use super::prompt::PromptKind;
use super::terminal::Answers;
use super::{Buffer, Mux};
use crate::command::{Command, Word};
use crate::ids::{ClientId, PaneId, SessionId, Size, WindowId};
use crate::protocol::client::ClientHello;
use crate::vt::keys::Decoder;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Handed {
    started: WallMs,
    order: u64,
    groups: u64,
    greet: bool,
    keys: Vec<(String, Vec<Key>)>,
    buffers: Vec<HandedBuffer>,
    environment: BTreeMap<String, Option<String>>,
    hidden_environment: BTreeSet<String>,
    history: Vec<(PromptKind, Vec<String>)>,
    messages: VecDeque<(WallMs, String)>,
    /// Channels of `wait-for`: name, woken, locked.
    channels: Vec<(String, bool, bool)>,
    sessions: Vec<HandedSession>,
    windows: Vec<HandedWindow>,
    panes: Vec<HandedPane>,
    clients: Vec<HandedClient>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    name: String,
    commands: Vec<HandedCommand>,
    repeat: bool,
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct HandedCommand {
    words: Vec<HandedWord>,
    line: u32,
    group: u32,
}

#[derive(Serialize, Deserialize)]
enum HandedWord {
    Text(String),
    Block(Vec<HandedCommand>),
}

#[derive(Serialize, Deserialize)]
struct HandedBuffer {
    name: String,
    #[serde(with = "serde_bytes")]
    data: Vec<u8>,
    created: WallMs,
    automatic: bool,
    order: u64,
}

#[derive(Serialize, Deserialize)]
struct HandedSession {
    id: SessionId,
    last_attached: WallMs,
    activity_order: u64,
    /// Index, bell, activity, silence.
    alerts: Vec<(u32, bool, bool, bool)>,
}

#[derive(Serialize, Deserialize)]
struct HandedWindow {
    id: WindowId,
    activity: WallMs,
    preset: Option<usize>,
    old_layout: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct HandedPane {
    id: PaneId,
    input_off: bool,
    title_set: bool,
    #[serde(default)]
    bar: (u8, u8),
    typed_ahead: VecDeque<u8>,
}

#[derive(Serialize, Deserialize)]
struct HandedClient {
    id: ClientId,
    hello: ClientHello,
    size: Size,
    session: Option<SessionId>,
    last_session: Option<SessionId>,
    read_only: bool,
    ignore_size: bool,
    own_active_pane: bool,
    stays: bool,
    focused: bool,
    suspended: bool,
    key_table: Option<String>,
    created: WallMs,
    activity: WallMs,
    activity_order: u64,
    answers: Answers,
    decoder: Decoder,
}

fn hand_commands(commands: &[Command]) -> Vec<HandedCommand> {
    let word = |w: &Word| match w {
        Word::Text(text) => HandedWord::Text(text.clone()),
        Word::Block(block) => HandedWord::Block(hand_commands(block)),
    };
    let one = |c: &Command| HandedCommand {
        words: c.words.iter().map(word).collect(),
        line: c.line,
        group: c.group,
    };
    commands.iter().map(one).collect()
}

fn take_commands(commands: Vec<HandedCommand>) -> Arc<[Command]> {
    let word = |w: HandedWord| match w {
        HandedWord::Text(text) => Word::Text(text),
        HandedWord::Block(block) => Word::Block(take_commands(block)),
    };
    let one = |c: HandedCommand| Command {
        words: c.words.into_iter().map(word).collect(),
        line: c.line,
        group: c.group,
    };
    commands.into_iter().map(one).collect()
}

fn hand_client(c: &Client) -> HandedClient {
    HandedClient {
        id: c.id,
        hello: c.hello.clone(),
        size: c.size,
        session: c.session,
        last_session: c.last_session,
        read_only: c.read_only,
        ignore_size: c.ignore_size,
        own_active_pane: c.own_active_pane,
        stays: c.stays,
        focused: c.focused,
        suspended: c.suspended,
        key_table: c.key_table.clone(),
        created: c.created,
        activity: c.activity,
        activity_order: c.activity_order,
        answers: c.answers.clone(),
        decoder: c.decoder.clone(),
    }
}

impl Mux {
    /// What [`save`](Mux::save) leaves out, as bytes.
    pub fn hand_over(&self) -> Vec<u8> {
        let key = |(trigger, b): (&Trigger, &Binding)| Key {
            name: trigger.to_string(),
            commands: hand_commands(&b.commands),
            repeat: b.repeat,
            note: b.note.clone(),
        };
        let buffer = |b: &Buffer| HandedBuffer {
            name: b.name.clone(),
            data: b.data.clone(),
            created: b.created,
            automatic: b.automatic,
            order: b.order,
        };
        let sessions = self.sessions.values().map(|s| HandedSession {
            id: s.id,
            last_attached: s.last_attached,
            activity_order: s.activity_order,
            alerts: s.links.iter().map(|(i, l)| (*i, l.bell, l.activity, l.silence)).collect(),
        });
        let windows = self.windows.values().map(|w| HandedWindow {
            id: w.id,
            activity: w.activity,
            preset: w.preset,
            old_layout: w.old_layout.clone(),
        });
        let panes = self.panes.values().map(|p| HandedPane {
            id: p.id,
            input_off: p.input_off,
            title_set: p.title_set,
            bar: p.bar,
            typed_ahead: p.typed_ahead.clone(),
        });
        let handed = Handed {
            started: self.started,
            order: self.order,
            groups: self.groups,
            greet: self.greet,
            keys: self.keys.iter().map(|(n, t)| (n.to_owned(), t.iter().map(key).collect())).collect(),
            buffers: self.buffers.iter().map(buffer).collect(),
            environment: self.environment.clone(),
            hidden_environment: self.hidden_environment.clone(),
            history: self.history.iter().map(|(k, h)| (*k, h.clone())).collect(),
            messages: self.messages.clone(),
            channels: self.channels.iter().map(|(n, c)| (n.clone(), c.woken, c.locked)).collect(),
            sessions: sessions.collect(),
            windows: windows.collect(),
            panes: panes.collect(),
            clients: self
                .clients
                .values()
                .filter(|c| c.is_terminal() && !c.leaving)
                .map(hand_client)
                .collect(),
        };
        rmp_serde::to_vec_named(&handed).expect("plain data in memory can always be written")
    }

    /// Takes over what [`hand_over`](Mux::hand_over) wrote, right after [`load`](Mux::load).
    ///
    /// # Errors
    /// The bytes are of another form; then nothing has changed.
    pub fn take_over(&mut self, bytes: &[u8]) -> Result<(), rmp_serde::decode::Error> {
        let handed: Handed = rmp_serde::from_slice(bytes)?;
        self.started = handed.started;
        self.order = self.order.max(handed.order);
        self.groups = self.groups.max(handed.groups);
        self.greet = handed.greet;
        self.keys = Default::default();
        for (table, keys) in handed.keys {
            for key in keys {
                // A key that this version has another name for is one it cannot be bound to either.
                let Some(trigger) = Trigger::parse(&key.name) else { continue };
                let binding =
                    Binding { commands: take_commands(key.commands), repeat: key.repeat, note: key.note };
                self.keys.bind(&table, trigger, binding);
            }
        }
        let buffer = |b: HandedBuffer| {
            let HandedBuffer { name, data, created, automatic, order } = b;
            Buffer { name, data, created, automatic, order }
        };
        self.buffers = handed.buffers.into_iter().map(buffer).collect();
        self.environment = handed.environment;
        self.hidden_environment = handed.hidden_environment;
        self.history = handed.history.into_iter().collect();
        self.messages = handed.messages;
        for (name, woken, locked) in
            handed.channels.into_iter().filter(|(_, woken, locked)| *woken || *locked)
        {
            let channel = self.channels.entry(name).or_default();
            (channel.woken, channel.locked) = (woken, locked);
        }
        self.take_over_structure(handed.sessions, handed.windows, handed.panes);
        for client in handed.clients {
            self.take_over_client(client);
        }
        self.sizes_dirty = true;
        Ok(())
    }

    fn take_over_structure(
        &mut self,
        sessions: Vec<HandedSession>,
        windows: Vec<HandedWindow>,
        panes: Vec<HandedPane>,
    ) {
        for handed in sessions {
            let Some(s) = self.sessions.get_mut(&handed.id) else { continue };
            (s.last_attached, s.activity_order) = (handed.last_attached, handed.activity_order);
            for (index, bell, activity, silence) in handed.alerts {
                if let Some(l) = s.links.get_mut(&index) {
                    (l.bell, l.activity, l.silence) = (bell, activity, silence);
                }
            }
        }
        for handed in windows {
            let Some(w) = self.windows.get_mut(&handed.id) else { continue };
            (w.activity, w.preset, w.old_layout) = (handed.activity, handed.preset, handed.old_layout);
        }
        for handed in panes {
            let Some(p) = self.panes.get_mut(&handed.id) else { continue };
            (p.input_off, p.title_set) = (handed.input_off, handed.title_set);
            p.typed_ahead = handed.typed_ahead;
        }
    }

    fn take_over_client(&mut self, handed: HandedClient) {
        let id = handed.id;
        let mut client = Client::new(id, handed.hello, handed.created, handed.activity_order);
        client.attached = true;
        client.size = handed.size;
        client.session = handed.session.filter(|s| self.sessions.contains_key(s));
        client.last_session = handed.last_session;
        client.read_only = handed.read_only;
        client.ignore_size = handed.ignore_size;
        client.own_active_pane = handed.own_active_pane;
        client.stays = handed.stays;
        client.focused = handed.focused;
        client.suspended = handed.suspended;
        client.key_table = handed.key_table;
        client.activity = handed.activity;
        client.answers = handed.answers;
        // What is left of a key is taken as it is, unless the rest is there by the first tick.
        client.escape_deadline = handed.decoder.pending().then_some(self.now);
        client.decoder = handed.decoder;
        self.clients.insert(id, client);
        self.queues.entry(Some(id)).or_default();
        self.redraw.insert(id);
    }
}
