//! capture-pane

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, buffers, load_buffer, target, verb};
use crate::command::target::TargetKind;
use crate::vt::CaptureOptions;

pub(crate) const VERB: Verb = verb(
    ("capture-pane", "capturep"),
    "ab:CE:eFHJLMNPpqS:Tt:",
    (0, Some(0)),
    "[-aCeFHJLMNpPqT] [-b buffer-name] [-E end-line] [-S start-line] [-t target-pane]",
    "Take a pane's contents as text",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let Some(p) = mux.panes.get(&found.pane) else { return DONE };
    let alternate = args.has('a');
    if alternate && !p.screen.modes().alternate {
        return if args.has('q') { DONE } else { Err("no alternate screen".into()) };
    }
    // With -M the picture of copy mode, else the program's screen.
    let screen = if args.has('M') { p.copy().map_or(&p.screen, |c| &c.screen) } else { &p.screen };
    let rows = i64::from(p.size.rows);
    let history = screen.history_len() as i64;
    let line = |flag: char, dash: i64, default: i64| match args.get(flag).as_deref() {
        None => default,
        Some("-") => dash,
        Some(t) => t.parse::<i64>().map_or(default, |n| n.clamp(-history, rows - 1)),
    };
    let (mut from, mut to) = (line('S', -history, 0), line('E', rows - 1, rows - 1));
    if to < from {
        (from, to) = (to, from);
    }
    let options = CaptureOptions {
        escapes: args.has('e'),
        join: args.has('J'),
        keep_trailing: args.has('N'),
        flags: args.has('F'),
        alternate,
    };
    // -P asks for the unfinished escape sequence; nothing of it is kept as text.
    let mut text = if args.has('P') { String::new() } else { screen.capture(from, to, options) };
    if args.has('C') {
        text = octal(&text);
    }
    if args.has('p') {
        return load_buffer::output(mux, call, text.into_bytes());
    }
    let bytes = text.into_bytes();
    buffers::put(mux, args.get('b'), bytes)?;
    DONE
}

/// Control characters and backslashes as octal escapes.
fn octal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 32 => out.push_str(&format!("\\{:03o}", c as u32)),
            c => out.push(c),
        }
    }
    out
}
