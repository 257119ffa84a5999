//! copy-mode, clock-mode, and the commands of `send-keys -X`

use super::super::copy::{CopyMode, SelectBy};
use super::super::queue::{Call, Outcome, Pending};
use super::super::settings::Scope;
use super::super::{Mode, Mux};
use super::{DONE, Verb, buffers, target, verb};
use crate::command::target::TargetKind;
use crate::ids::PaneId;
use crate::vt::Screen;

pub(crate) const VERB: Verb = verb(
    ("copy-mode", ""),
    "deHMqs:St:u",
    (0, Some(0)),
    "[-deHMqSu] [-s src-pane] [-t target-pane]",
    "Look and copy in a pane's scrollback",
    run,
);
pub(crate) const CLOCK: Verb =
    verb(("clock-mode", ""), "t:", (0, Some(0)), "[-t target-pane]", "Show the time in a pane", clock);

/// Longest output shown over a pane, in bytes.
const MAX_VIEW: usize = 4 * 1024 * 1024;

/// Largest repeat count.
const MAX_COUNT: usize = 100_000;

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    // Under the mouse it is the pane below the pointer.
    let pane = match (args.has('M'), call.origin.mouse.and_then(|m| m.pane)) {
        (true, Some(p)) => p,
        _ => found.pane,
    };
    if args.has('q') {
        if mux.panes.get(&pane).is_some_and(|p| matches!(p.mode, Some(Mode::Copy(_)))) {
            mux.leave_mode(pane);
        }
        return DONE;
    }
    let source = match args.get('s') {
        Some(s) => mux.find(&call.origin, Some(&s), TargetKind::Pane)?.pane,
        None => pane,
    };
    enter(mux, pane, source);
    let mouse = call.origin.mouse;
    if let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) {
        c.exit_at_bottom |= args.has('e');
        c.hide_position |= args.has('H');
        if args.has('u') {
            c.page_up(false, 1);
        }
        if args.has('d') && c.page_down(false, 1) && c.exit_at_bottom {
            mux.leave_mode(pane);
        }
    }
    if args.has('M')
        && let (Some(mouse), Some(client)) = (mouse, call.client())
    {
        mux.copy_cursor_to(pane, &mouse);
        if let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) {
            c.begin(SelectBy::Char);
        }
        mux.start_select_drag(client, pane);
    } else if let Some(mouse) = mouse.filter(|_| args.has('e') || args.has('H')) {
        mux.copy_cursor_to(pane, &mouse);
        // The wheel notch that opened the mode scrolls already.
        if args.has('e')
            && mouse.event.button == 64
            && let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut())
        {
            c.scroll_up(5, true);
        }
    }
    mux.redraw_pane(pane);
    DONE
}

fn clock(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Pane)?;
    mux.enter_mode(found.pane, Mode::Clock);
    DONE
}

/// Puts a pane into copy mode, unless it is.
fn enter(mux: &mut Mux, pane: PaneId, source: PaneId) {
    let Some(from) = mux.panes.get(&source) else { return };
    if mux.panes.get(&pane).is_some_and(|p| matches!(&p.mode, Some(Mode::Copy(c)) if !c.view)) {
        return;
    }
    let mut screen = from.screen.clone();
    let size = mux.panes.get(&pane).map_or(screen.size(), |p| p.size);
    if screen.size() != size {
        screen.resize(size);
    }
    let mut mode = CopyMode::new(screen, false, String::new());
    mode.remembered = from.searched.clone();
    mode.prompts = from.prompt_lines();
    mux.enter_mode(pane, Mode::Copy(Box::new(mode)));
    mux.copy_mode_settings();
}

impl Mux {
    /// Shows text over a pane, to be read and left with `q`.
    pub(crate) fn view_text(&mut self, pane: PaneId, text: &str) {
        let Some(p) = self.panes.get(&pane) else { return };
        let mut cut = text.len().min(MAX_VIEW);
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        let mut screen = Screen::new(p.size, 50_000);
        for (i, line) in text[..cut].trim_end_matches('\n').split('\n').enumerate() {
            if i > 0 {
                screen.advance(b"\r\n");
            }
            // Control characters of the text stay without effect.
            let clean: String =
                line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control()).collect();
            screen.advance(clean.as_bytes());
        }
        let mut mode = CopyMode::new(screen, false, String::new());
        mode.view = true;
        mode.history_top();
        self.enter_mode(pane, Mode::Copy(Box::new(mode)));
        self.copy_mode_settings();
    }

    /// Takes options that copy mode depends on into the panes that are in it.
    pub(crate) fn copy_mode_settings(&mut self) {
        let ids: Vec<(PaneId, crate::ids::WindowId)> = self
            .panes
            .values()
            .filter(|p| matches!(p.mode, Some(Mode::Copy(_))))
            .map(|p| (p.id, p.window))
            .collect();
        for (id, window) in ids {
            let vi = self.option_text(Scope::Window(window), "mode-keys") == "vi";
            let wrap = self.option_on(Scope::Window(window), "wrap-search");
            let separators = self.option_text(Scope::Pane(id), "word-separators");
            if let Some(c) = self.panes.get_mut(&id).and_then(|p| p.copy_mut()) {
                (c.vi, c.wrap_search, c.separators) = (vi, wrap, separators);
            }
        }
    }
}

/// What is to happen after a copy mode command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Stay.
    Stay,
    /// Leave the mode.
    Cancel,
    /// The selection is used: clear it.
    Clear,
    /// There is no such command.
    Unknown,
}

/// `send-keys -X`.
pub(super) fn send_x(
    mux: &mut Mux,
    call: &Call,
    pane: PaneId,
    words: &[String],
    repeat: Option<usize>,
) -> Outcome {
    // `--` before what the user typed ends the flags.
    let words: Vec<String> = match words {
        [name, dashes, rest @ ..] if dashes == "--" => std::iter::once(name).chain(rest).cloned().collect(),
        _ => words.to_vec(),
    };
    let words = words.as_slice();
    let Some(name) = words.first() else { return DONE };
    if mux.panes.get(&pane).is_none_or(|p| p.mode.is_none()) {
        return Err("not in a mode".into());
    }
    let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) else {
        if name == "cancel" {
            mux.leave_mode(pane);
        }
        return DONE;
    };
    let typed = std::mem::take(&mut c.count) as usize;
    let n = repeat.unwrap_or(1).max(typed).clamp(1, MAX_COUNT);
    let argument = words.get(1).map(String::as_str).unwrap_or("");
    let selects = matches!(name.as_str(), "select-word" | "select-line" | "other-end");
    let then = if name.contains("copy") || name.contains("pipe") || name.starts_with("append-selection") {
        copy(mux, call, pane, name, (words, n))
    } else {
        motion(c, name, n, argument)
    };
    if let Some(p) = mux.panes.get_mut(&pane)
        && let Some(Mode::Copy(c)) = &p.mode
    {
        p.searched.clone_from(&c.remembered);
    }
    // These have put the ends of the selection where they belong.
    if let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) {
        if !selects {
            c.extend_selection();
        }
        c.stay_on_line();
    }
    if name == "refresh-from-pane" {
        refresh(mux, pane);
    }
    if name == "begin-selection"
        && let (Some(mouse), Some(client)) = (call.origin.mouse, call.client())
    {
        mux.copy_cursor_to(pane, &mouse);
        if let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) {
            c.begin(SelectBy::Char);
        }
        mux.start_select_drag(client, pane);
    }
    match then {
        Then::Stay => {}
        Then::Clear => {
            if let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) {
                c.clear();
            }
        }
        Then::Cancel => mux.leave_mode(pane),
        Then::Unknown => return DONE,
    }
    mux.redraw_pane(pane);
    DONE
}

fn refresh(mux: &mut Mux, pane: PaneId) {
    let Some(p) = mux.panes.get_mut(&pane) else { return };
    let screen = p.screen.clone();
    let prompts = p.prompt_lines();
    if let Some(Mode::Copy(c)) = &mut p.mode
        && !c.view
    {
        // The distance from the bottom is kept.
        let from_end = c.lines().saturating_sub(c.cursor.line);
        (c.screen, c.prompts) = (screen, prompts);
        c.scroll = c.scroll.min(c.screen.history_len());
        c.cursor.line = c.lines().saturating_sub(from_end);
        c.selection = None;
        c.follow();
    }
}

/// Commands that move, select and search.
fn motion(c: &mut CopyMode, name: &str, n: usize, argument: &str) -> Then {
    let rows = usize::from(c.size().rows);
    let times = |c: &mut CopyMode, f: &mut dyn FnMut(&mut CopyMode)| (0..n).for_each(|_| f(c));
    let leave = |bottom: bool, always: bool| if bottom && always { Then::Cancel } else { Then::Stay };
    let exit = c.exit_at_bottom;
    // As tmux: with vi keys the cursor stays on its line while that is in sight, with emacs keys on its row.
    let keep_row = !c.vi;
    let target = argument.chars().next();
    match name {
        "cancel" => return Then::Cancel,
        "begin-selection" => c.begin(SelectBy::Char),
        "stop-selection" => c.stop(),
        "clear-selection" => c.clear(),
        "select-line" => c.select_line(n),
        "select-word" => c.select_word(),
        "other-end" => (0..n % 2).for_each(|_| c.other_end()),
        "rectangle-toggle" => c.rectangle = !c.rectangle,
        "rectangle-on" => c.rectangle = true,
        "rectangle-off" => c.rectangle = false,
        "cursor-left" => times(c, &mut |c| c.left()),
        "cursor-right" => times(c, &mut |c| c.right()),
        "cursor-up" => c.up(n),
        "cursor-down" => c.down(n),
        "cursor-down-and-cancel" => {
            // On its row still, though everything is in sight: there is nothing below.
            let before = c.cursor_on_screen().1;
            c.down(n);
            return leave(c.cursor_on_screen().1 == before && c.scroll == 0, true);
        }
        "start-of-line" => c.start_of_line(),
        "end-of-line" => c.end_of_line(),
        "back-to-indentation" => c.back_to_indentation(),
        "top-line" => c.go_to_row(0),
        "middle-line" => c.go_to_row(rows.saturating_sub(1) / 2),
        "bottom-line" => c.go_to_row(rows.saturating_sub(1)),
        "history-top" => c.history_top(),
        "history-bottom" => c.history_bottom(),
        "page-up" => c.page_up(false, n),
        "page-down" => return leave(c.page_down(false, n), exit),
        "page-down-and-cancel" => return leave(c.page_down(false, n), true),
        "halfpage-up" => c.page_up(true, n),
        "halfpage-down" => return leave(c.page_down(true, n), exit),
        "halfpage-down-and-cancel" => return leave(c.page_down(true, n), true),
        "scroll-up" => c.scroll_up(n, keep_row),
        "scroll-down" => return leave(c.scroll_down(n, keep_row), exit),
        "scroll-down-and-cancel" => return leave(c.scroll_down(n, keep_row), true),
        "scroll-middle" => c.scroll_middle(),
        "scroll-top" => c.scroll_to_row(0),
        "scroll-bottom" => c.scroll_to_row(rows.saturating_sub(1)),
        "recentre-top-bottom" => c.recentre(),
        "cursor-centre-vertical" => c.go_to_row(rows / 2),
        "cursor-centre-horizontal" => c.centre(),
        "next-prompt" => times(c, &mut |c| c.go_to_prompt(true, argument == "-o")),
        "previous-prompt" => times(c, &mut |c| c.go_to_prompt(false, argument == "-o")),
        "scroll-exit-on" => c.exit_at_bottom = true,
        "scroll-exit-off" => c.exit_at_bottom = false,
        "scroll-exit-toggle" => c.exit_at_bottom = !exit,
        "toggle-position" => c.hide_position = !c.hide_position,
        "goto-line" => {
            if let Ok(line) = argument.parse() {
                c.goto_line(line);
            }
        }
        "next-word" => times(c, &mut |c| c.next_word(false)),
        "next-word-end" => times(c, &mut |c| c.next_word_end(false)),
        "previous-word" => times(c, &mut |c| c.previous_word(false)),
        "next-space" => times(c, &mut |c| c.next_word(true)),
        "next-space-end" => times(c, &mut |c| c.next_word_end(true)),
        "previous-space" => times(c, &mut |c| c.previous_word(true)),
        "next-paragraph" => times(c, &mut |c| c.next_paragraph()),
        "previous-paragraph" => times(c, &mut |c| c.previous_paragraph()),
        "next-matching-bracket" => c.matching_bracket(false),
        "previous-matching-bracket" => c.matching_bracket(true),
        "set-mark" => c.mark = Some(c.cursor),
        "jump-to-mark" => {
            let here = c.cursor;
            let mark = c.mark.replace(here).unwrap_or(c.entry);
            c.jump_to_place(mark);
        }
        "jump-forward" | "jump-backward" | "jump-to-forward" | "jump-to-backward" => {
            if let Some(t) = target {
                let forward = name.ends_with("forward");
                let before = name.starts_with("jump-to");
                times(c, &mut |c| c.jump_to(t, forward, before));
            }
        }
        "jump-again" => times(c, &mut |c| c.jump_again(false)),
        "jump-reverse" => times(c, &mut |c| c.jump_again(true)),
        "search-forward" | "search-backward" | "search-forward-text" | "search-backward-text" => {
            c.search_origin = None;
            let forward = name.starts_with("search-forward");
            c.search_for(argument, forward, name.ends_with("-text"));
            (1..n).for_each(|_| {
                c.search_again(false);
            });
        }
        "search-forward-incremental" => c.search_incremental(argument, true),
        "search-backward-incremental" => c.search_incremental(argument, false),
        "search-again" => times(c, &mut |c| {
            c.search_again(false);
        }),
        "search-reverse" => times(c, &mut |c| {
            c.search_again(true);
        }),
        "refresh-from-pane" => {}
        _ => return Then::Unknown,
    }
    Then::Stay
}

/// Commands that use the selection.
fn copy(mux: &mut Mux, call: &Call, pane: PaneId, name: &str, (words, n): (&[String], usize)) -> Then {
    let word = |n: usize| words.get(n).map_or("", String::as_str);
    // A command to pipe to comes before the prefix of the buffer's name.
    let words_of = |pipes: bool| if pipes { (word(1), word(2)) } else { ("", word(1)) };
    let Some(c) = mux.panes.get_mut(&pane).and_then(|p| p.copy_mut()) else { return Then::Unknown };
    let base = name.strip_suffix("-and-cancel").unwrap_or(name);
    let no_clear = base.ends_with("-no-clear");
    let base = base.strip_suffix("-no-clear").unwrap_or(base);
    let then = if name.ends_with("-and-cancel") {
        Then::Cancel
    } else if no_clear {
        Then::Stay
    } else {
        Then::Clear
    };
    let (line, end_of_line) =
        (base.ends_with("-line") && !base.ends_with("-of-line"), base.ends_with("-of-line"));
    if line || end_of_line {
        let before = (c.cursor, c.scroll, c.left_at);
        let text = c.line_text(line, n);
        (c.cursor, c.scroll, c.left_at) = before;
        let pipes = base.contains("pipe");
        return keep(mux, call, pane, text, words_of(pipes), pipes, true, then);
    }
    let text = c.selected_text();
    match base {
        "copy-selection" => keep(mux, call, pane, text, words_of(false), false, true, then),
        "copy-pipe" => keep(mux, call, pane, text, words_of(true), true, true, then),
        "pipe" => keep(mux, call, pane, text, words_of(true), true, false, then),
        "append-selection" => {
            if let Some(text) = text {
                let (name, mut data) = match mux.buffer(None) {
                    Ok(b) => (Some(b.name.clone()), b.data.clone()),
                    Err(_) => (None, Vec::new()),
                };
                data.extend_from_slice(text.as_bytes());
                let automatic = name.clone();
                if buffers::put(mux, name, data).is_ok()
                    && let Some(b) = automatic.and_then(|n| mux.buffers.iter_mut().find(|b| b.name == n))
                {
                    b.automatic = true;
                }
            }
            then
        }
        _ => Then::Unknown,
    }
}

/// Copied text goes to a buffer and, with a command, to its standard input.
#[allow(clippy::too_many_arguments)] // one call per form of the same command
fn keep(
    mux: &mut Mux,
    call: &Call,
    pane: PaneId,
    text: Option<String>,
    (command, prefix): (&str, &str),
    pipes: bool,
    buffer: bool,
    then: Then,
) -> Then {
    let Some(text) = text else { return then };
    if buffer {
        let client = call.client().filter(|c| mux.clients.get(c).is_some_and(|c| c.attached));
        mux.copied(client, text.clone().into_bytes(), prefix);
    }
    let command = match (pipes, command) {
        (true, "") => mux.option_text(Scope::Server, "copy-command"),
        (true, c) => mux.expand_for_pane(c, pane),
        (false, _) => String::new(),
    };
    if !command.is_empty() {
        let found = mux.found_pane(pane, None);
        let cwd = mux.panes.get(&pane).map(|p| p.info.path.clone()).unwrap_or_default();
        let job = mux.shell_job(&command, found.map(|f| f.session), cwd, text.into_bytes());
        mux.ask(job, Pending::Nothing, &call.origin, None);
    }
    then
}
