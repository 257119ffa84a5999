//! What `Mux` wants done, done.

use super::{Core, Server, clients, jobs, panes, persist};
use crate::mux::Effect;
use crate::protocol::client::ToClient;
use std::rc::Rc;

/// Does one effect. What takes time becomes a task; its end comes back as an event.
pub(super) fn perform(server: &Rc<Server>, core: &mut Core, effect: Effect) {
    match effect {
        Effect::Spawn { pane, spec } => panes::spawn(server, pane, spec),
        Effect::Write { pane, bytes } => {
            panes::write(core, pane, bytes);
            // What was typed may start a program that says nothing.
            server.info_wanted.notify_one();
        }
        Effect::Resize { pane, size } => panes::resize(core, pane, size),
        Effect::Kill { pane } => panes::kill(server, core, pane),
        Effect::Stdout { client, bytes } => clients::send(core, client, &ToClient::Stdout(bytes)),
        Effect::Stderr { client, bytes } => clients::send(core, client, &ToClient::Stderr(bytes)),
        Effect::Control { client, seq, bytes } => clients::send(core, client, &ToClient::Draw { seq, bytes }),
        Effect::Exit { client, code } => clients::send(core, client, &ToClient::Exit { code }),
        Effect::Attach { client } => clients::attach(core, client),
        Effect::Detach { client, message } => clients::detach(core, client, message),
        Effect::Suspend { client } => clients::send(core, client, &ToClient::Suspend),
        Effect::Lock { client, command } => clients::send(core, client, &ToClient::Lock { command }),
        Effect::WantStdin { client } => clients::send(core, client, &ToClient::WantStdin),
        Effect::Redraw { client } => {
            if !core.dirty.contains(&client) {
                core.dirty.push(client);
            }
        }
        Effect::Terminal { client, bytes } => clients::terminal(core, client, bytes),
        Effect::Job { request, job } => jobs::start(server, core, request, job),
        Effect::JobInput { request, bytes } => jobs::feed(core, request, &bytes),
        Effect::Persist => {
            core.persist.structure_changed();
            server.persist_wanted.notify_one();
        }
        Effect::Shutdown => {
            // Before the asker is answered: what it runs next is to find no server rather than this one, and no
            // panes to come back to that are being killed.
            let _ = std::fs::remove_file(&server.socket);
            persist::save_structure(server, core);
            server.stop.notify_one();
        }
    }
}
