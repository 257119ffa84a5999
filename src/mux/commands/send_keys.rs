//! send-keys, send-prefix

use super::super::keytable::Trigger;
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::super::{Mode, Mux};
use super::{DONE, Verb, copy_mode, expand, target, verb};
use crate::command::target::TargetKind;
use crate::ids::PaneId;
use crate::vt::keys::{self, KeyEvent};

pub(crate) const KEYS: Verb = verb(
    ("send-keys", "send"),
    "c:FHKlMN:Rt:X",
    (0, None),
    "[-FHKlMRX] [-c target-client] [-N repeat-count] [-t target-pane] [key ...]",
    "Send keys to a pane",
    run,
);
pub(crate) const PREFIX: Verb = verb(
    ("send-prefix", ""),
    "2t:",
    (0, Some(0)),
    "[-2] [-t target-pane]",
    "Send the prefix key to a pane",
    prefix,
);

/// Most repeats of `-N`.
const MAX_REPEAT: usize = 1000;

fn prefix(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let option = if call.args.has('2') { "prefix2" } else { "prefix" };
    let text = mux.option_text(Scope::Session(found.session), option);
    if let Some(key) = keys::parse_name(&text).filter(|_| text != "None") {
        mux.send_key(found.pane, key);
    }
    DONE
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let pane = found.pane;
    let repeat = match args.get('N') {
        Some(n) => {
            let n = expand(mux, call, &n, Some(found));
            let n: usize = n.parse().map_err(|_| format!("repeat count invalid: {n}"))?;
            if n < 1 {
                return Err("repeat count too small".into());
            }
            // Without keys this only sets the count for the next copy mode command.
            if args.words.is_empty() && !args.has('X') {
                if let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) {
                    c.count = n.min(u32::MAX as usize) as u32;
                }
                return DONE;
            }
            n.min(MAX_REPEAT)
        }
        None => 1,
    };
    if args.has('M') {
        if let Some(mouse) = call.origin.mouse {
            mux.mouse_to_pane(pane, mouse);
        }
        return DONE;
    }
    let words: Vec<String> = args
        .texts_from(0)
        .into_iter()
        .map(|w| if args.has('F') { expand(mux, call, &w, Some(found)) } else { w })
        .collect();
    if args.has('X') {
        return copy_mode::send_x(mux, call, pane, &words, args.has('N').then_some(repeat));
    }
    if args.has('R')
        && let Some(p) = mux.panes.get_mut(&pane)
    {
        p.screen.advance(b"\x1bc");
        mux.redraw_pane(pane);
    }
    if args.has('K') {
        return to_client(mux, call, &words, repeat);
    }
    for _ in 0..repeat {
        for word in &words {
            send(mux, call, pane, word)?;
        }
    }
    DONE
}

/// `-K`: as if typed on the client's own keyboard.
fn to_client(mux: &mut Mux, call: &Call, words: &[String], repeat: usize) -> Outcome {
    let client = mux.find_client(&call.origin, call.args.get('c').as_deref())?;
    for _ in 0..repeat {
        for word in words {
            let key = if call.args.has('l') { None } else { keys::parse_name(word) };
            let all = match key {
                Some(key) => vec![key],
                None => word.chars().filter_map(|c| keys::parse_name(&c.to_string())).collect(),
            };
            for key in all {
                mux.key(client, key, KeyEvent::Press);
            }
        }
    }
    DONE
}

fn send(mux: &mut Mux, call: &Call, pane: PaneId, word: &str) -> Outcome {
    let args = &call.args;
    if args.has('H') {
        let digits = word.trim_start_matches("0x");
        // As tmux: what is no byte is passed over.
        if let Ok(byte) = u8::from_str_radix(digits, 16) {
            mux.typing_targets(pane).into_iter().for_each(|p| mux.write_pane(p, &[byte]));
        }
        return DONE;
    }
    let key = if args.has('l') { None } else { keys::parse_name(word) };
    let in_mode = mux.panes.get(&pane).is_some_and(|p| matches!(p.mode, Some(Mode::List(_) | Mode::Clock)));
    if in_mode {
        // As if typed there.
        let client = call.client().filter(|c| mux.clients.get(c).is_some_and(|c| c.attached));
        let client = client.or_else(|| mux.find_client(&call.origin, None).ok());
        let keys = match key {
            Some(k) => vec![k],
            None => word.chars().filter_map(|c| keys::parse_name(&c.to_string())).collect(),
        };
        keys.into_iter().for_each(|k| mux.key_for_mode(client, pane, k));
        return DONE;
    }
    let in_copy = mux.panes.get(&pane).is_some_and(|p| matches!(p.mode, Some(Mode::Copy(_))));
    if in_copy {
        // Keys for a pane in copy mode do what they do there.
        let table = mux.mode_table(pane);
        let client = call.client().filter(|c| mux.clients.get(c).is_some_and(|c| c.attached));
        let keys = match key {
            Some(k) => vec![k],
            None => word.chars().filter_map(|c| keys::parse_name(&c.to_string())).collect(),
        };
        for k in keys {
            if let Some(b) = mux.keys.get(&table, Trigger::Key(k)) {
                let commands = b.commands.clone();
                let origin = super::super::queue::Origin {
                    client: client.or(call.client()),
                    current: mux.found_pane(pane, None),
                    ..Default::default()
                };
                mux.enqueue_front(call.queue, &commands, &std::sync::Arc::new(origin));
            }
        }
        return DONE;
    }
    // Panes that are synchronised get it all, as if it were typed.
    for pane in mux.typing_targets(pane) {
        match key {
            Some(key) => mux.send_key(pane, key),
            None => mux.write_pane(pane, word.as_bytes()),
        }
    }
    DONE
}
