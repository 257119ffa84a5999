//! save-layout, load-layout, list-layouts; `new-session --layout`

use super::super::event::{Failure, Job};
use super::super::layout::{Axis, Cell, Node, SplitHow};
use super::super::layout_file::{self, LayoutFile, LayoutWindow, Part, PartSize};
use super::super::queue::{Call, Flow, Origin, Outcome, Pending, Trouble};
use super::super::settings::Scope;
use super::super::structure::Start;
use super::super::target::Found;
use super::super::{HostChoice, Mux};
use super::{Verb, env_flags, new_session, start_dir, target, verb};
use crate::command::Args;
use crate::command::target::TargetKind;
use crate::ids::{PaneId, SessionId, Size, WindowId};

pub(crate) const SAVE: Verb = verb(
    ("save-layout", ""),
    "ft:",
    (1, Some(1)),
    "[-f] [-t target-session] name|file",
    "Write a session's windows and panes to a layout file",
    save,
);
pub(crate) const LOAD: Verb = verb(
    ("load-layout", ""),
    "c:de:t:",
    (1, Some(1)),
    "[-d] [-c start-directory] [-e environment] [-t target-session] name|file",
    "Open the windows of a layout file in a session",
    load,
);
pub(crate) const LIST: Verb = verb(("list-layouts", ""), "", (0, Some(0)), "", "List the layout files", list);

/// The folder of the user's layouts.
fn dir(mux: &Mux) -> String {
    let xdg = mux.config.env.iter().find(|(name, value)| name == "XDG_CONFIG_HOME" && value.starts_with('/'));
    let config = xdg.map_or_else(|| format!("{}/.config", mux.config.home), |(_, value)| value.clone());
    format!("{config}/qmux/layouts")
}

/// The file that a name or a path stands for.
pub(super) fn file(mux: &Mux, call: &Call, name: &str) -> Result<String, Trouble> {
    if name.contains('/') || name.ends_with(".toml") {
        return Ok(super::places::absolute(mux, call, name));
    }
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if name.is_empty() || name.starts_with('.') || !plain {
        return Err(format!(
            "{name:?} is no name of a layout: letters, digits, - _ and . make one. Give a path to mean a file."
        )
        .into());
    }
    Ok(format!("{}/{name}.toml", dir(mux)))
}

/// Asks for a file; what is to be done with it is in the call's own words.
pub(super) fn read(mux: &mut Mux, call: &Call, path: String) -> Outcome {
    let pending = Pending::Layout { verb: call.verb.spec.name, args: call.args.clone(), path: path.clone() };
    mux.ask(Job::ReadFile { path }, pending, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

fn load(mux: &mut Mux, call: &Call) -> Outcome {
    target(mux, call, 't', TargetKind::Session)
        .map_err(|_| "there is no session to open it in; `new-session --layout NAME` makes one".to_owned())?;
    let path = file(mux, call, &call.args.word(0).unwrap_or_default())?;
    read(mux, call, path)
}

/// The file was read, or not.
pub(super) fn loaded(
    mux: &mut Mux,
    origin: &std::sync::Arc<Origin>,
    (verb, args, path): (&'static str, Args, &str),
    result: Result<String, Failure>,
) {
    let outcome = match (result, super::find(verb)) {
        (Err(f), _) if verb == "list-layouts" && f.text.contains("No such file") => {
            mux.print(origin, &format!("There are no layouts in {}.\n", dir(mux)));
            return;
        }
        (Err(f), _) => {
            Err(Trouble::new(f.class, format!("{}. Nothing was opened.", f.text.trim_end_matches('.'))))
        }
        (Ok(_), Err(e)) => Err(e.into()),
        (Ok(text), Ok(verb)) => {
            let call = Call { args, origin: origin.clone(), queue: origin.client, verb };
            match verb.spec.name {
                "list-layouts" => {
                    mux.print(origin, &listed(&text));
                    Ok(())
                }
                name => layout_file::parse(path, &text).map_err(Trouble::from).and_then(|layout| {
                    if name == "new-session" {
                        new_session::make(mux, &call, Some(&layout)).map(|_| ())
                    } else {
                        open_here(mux, &call, &layout)
                    }
                }),
            }
        }
    };
    if let Err(trouble) = outcome {
        mux.tell_trouble(origin, 0, &trouble);
    }
}

fn open_here(mux: &mut Mux, call: &Call, layout: &LayoutFile) -> Result<(), Trouble> {
    let found = target(mux, call, 't', TargetKind::Session)?;
    let size = mux.new_window_size(found.session);
    let cwd = start_dir(mux, call, Some(found));
    open(mux, call, found.session, layout, (size, &cwd))?;
    if call.args.has('d') {
        mux.select_index(found.session, found.index);
    }
    Ok(())
}

/// A directory of a file, in another one.
fn within(mux: &Mux, base: &str, dir: Option<&String>) -> String {
    match dir.map(String::as_str) {
        None | Some("") => base.to_owned(),
        Some("~") => mux.config.home.clone(),
        Some(dir) if dir.starts_with('/') => dir.to_owned(),
        Some(dir) => match dir.strip_prefix("~/") {
            Some(rest) => format!("{}/{rest}", mux.config.home),
            None => format!("{}/{dir}", base.trim_end_matches('/')),
        },
    }
}

/// Opens all windows of a layout in a session, or none.
pub(super) fn open(
    mux: &mut Mux,
    call: &Call,
    session: SessionId,
    layout: &LayoutFile,
    (size, cwd): (Size, &str),
) -> Result<(), Trouble> {
    let base = within(mux, cwd, layout.cwd.as_ref());
    let env = env_flags(&call.args);
    let mut made: Vec<(u32, WindowId, bool)> = Vec::new();
    for (number, w) in (1..).zip(&layout.windows) {
        let mut opening = Opening { mux: &mut *mux, session, base: &base, env: &env, focus: None };
        let (window, fits) = opening.window(w, size);
        let first = mux.option_number(Scope::Session(session), "base-index").max(0) as u32;
        let index = mux.free_index(session, first);
        mux.link(session, index, window);
        made.push((index, window, w.focus));
        if !fits {
            for (_, window, _) in made {
                mux.kill_window(window);
            }
            let name = w.name.clone().unwrap_or_else(|| number.to_string());
            let text = format!(
                "window {name} of the layout does not fit into {}x{}. Nothing was opened.",
                size.cols, size.rows
            );
            return Err(text.into());
        }
    }
    let focused = made.iter().find(|(.., focus)| *focus).or(made.first());
    if let Some((index, ..)) = focused {
        mux.select_index(session, *index);
        if let Some(s) = mux.sessions.get_mut(&session) {
            s.current = *index;
        }
    }
    mux.persist = true;
    Ok(())
}

struct Opening<'a> {
    mux: &'a mut Mux,
    session: SessionId,
    base: &'a str,
    env: &'a [(String, String)],
    focus: Option<PaneId>,
}

impl Opening<'_> {
    fn start(&self, part: &Part) -> Start {
        Start {
            argv: part.command.iter().cloned().collect(),
            cwd: within(self.mux, self.base, part.cwd.as_ref()),
            env: self.env.to_vec(),
            host: HostChoice::Here,
            empty: false,
        }
    }

    /// Makes a window; false when not all of its panes had room.
    fn window(&mut self, w: &LayoutWindow, size: Size) -> (WindowId, bool) {
        let start = self.start(w.root.first());
        let window = self.mux.make_window(
            Some(self.session),
            w.name.as_deref().map(super::super::names::clean_name),
            size,
            start,
        );
        let Some(first) = self.mux.windows.get(&window).map(|w| w.active) else { return (window, false) };
        let fits = self.divide(first, &w.root);
        self.mux.select_pane(self.focus.unwrap_or(first));
        (window, fits)
    }

    fn divide(&mut self, pane: PaneId, part: &Part) -> bool {
        let Some((axis, parts)) = &part.split else {
            if part.focus {
                self.focus = Some(pane);
            }
            return true;
        };
        let window = self.mux.panes.get(&pane).and_then(|p| self.mux.windows.get(&p.window));
        let Some(rect) = window.and_then(|w| w.layout.rect(pane)) else { return false };
        let extent = if *axis == Axis::LeftRight { rect.w } else { rect.h };
        let Some(sizes) = layout_file::share(parts, extent) else { return false };
        let mut panes = vec![pane];
        let mut last = pane;
        for (at, part) in parts.iter().enumerate().skip(1) {
            // The new pane takes all that follows, and is split again.
            let rest = sizes[at..].iter().sum::<u16>() + (sizes.len() - at - 1) as u16;
            let how = SplitHow { axis: *axis, size: Some(rest), before: false, full: false };
            let start = self.start(part.first());
            match self.mux.split(Some(self.session), last, how, start) {
                Ok(new) => last = new,
                Err(_) => return false,
            }
            panes.push(last);
        }
        panes.into_iter().zip(parts).all(|(pane, part)| self.divide(pane, part))
    }
}

// ---- saving ----

fn save(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Session)?;
    let path = file(mux, call, &call.args.word(0).unwrap_or_default())?;
    let bytes = layout_file::print(&written(mux, found)).into_bytes();
    let job = Job::WriteLayout { path, bytes, replace: call.args.has('f') };
    mux.ask(job, Pending::Report, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

fn written(mux: &Mux, found: Found) -> LayoutFile {
    let Some(session) = mux.sessions.get(&found.session) else { return LayoutFile::default() };
    let windows = session.links.iter().filter_map(|(index, link)| {
        let w = mux.windows.get(&link.window)?;
        let mut root = part(mux, &w.layout.root, w.active, &session.path);
        // A window's only pane has the keyboard anyway; the window's own `focus` is another thing.
        root.focus = false;
        let name = Some(w.name.clone());
        Some(LayoutWindow { name, focus: *index == session.current && session.links.len() > 1, root })
    });
    let home = &mux.config.home;
    let cwd = match session.path.strip_prefix(home.as_str()) {
        Some("") => "~".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => session.path.clone(),
    };
    LayoutFile { cwd: Some(cwd), windows: windows.collect() }
}

fn part(mux: &Mux, cell: &Cell, active: PaneId, base: &str) -> Part {
    match &cell.node {
        Node::Pane(id) => {
            let Some(pane) = mux.panes.get(id) else { return Part::default() };
            let cwd = Some(pane.info.path.clone()).filter(|p| !p.is_empty() && p != base);
            let command = match pane.start_argv.as_slice() {
                [] => None,
                [one] => Some(one.clone()),
                many => Some(many.iter().map(|w| shell_word(w)).collect::<Vec<_>>().join(" ")),
            };
            Part { size: None, cwd, command, focus: *id == active, split: None }
        }
        Node::Split(axis, cells) => {
            let extent = |c: &Cell| u32::from(if *axis == Axis::LeftRight { c.rect.w } else { c.rect.h });
            let all = cells.iter().map(extent).sum::<u32>().max(1);
            let mut parts: Vec<Part> = cells.iter().map(|c| part(mux, c, active, base)).collect();
            let last = parts.len().saturating_sub(1);
            // The last one takes what is left: rounded parts need not add up.
            for (part, cell) in parts.iter_mut().zip(cells).take(last) {
                let percent = (extent(cell) * 100 + all / 2) / all;
                part.size = Some(PartSize::Percent(percent.clamp(1, 99) as u16));
            }
            Part { split: Some((*axis, parts)), ..Part::default() }
        }
    }
}

fn shell_word(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

// ---- listing ----

fn list(mux: &mut Mux, call: &Call) -> Outcome {
    let path = format!("{}/*.toml", dir(mux));
    read(mux, call, path)
}

/// One line for each file: path, NUL, text, NUL and so on.
fn listed(texts: &str) -> String {
    let mut out = String::new();
    let mut rest = texts.split('\0');
    while let (Some(path), Some(text)) = (rest.next(), rest.next()) {
        let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".toml");
        let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        match layout_file::parse(path, text) {
            Ok(file) => {
                let panes = file.windows.iter().map(|w| w.root.panes()).sum();
                let (windows, panes) = (plural(file.windows.len(), "window"), plural(panes, "pane"));
                out.push_str(&format!("{name}: {windows}, {panes}\n"));
            }
            Err(e) => out.push_str(&format!("{name}: {}\n", e.trim_end_matches(" Nothing was opened."))),
        }
    }
    out
}
