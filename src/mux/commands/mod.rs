//! The verbs: one entry each, in a file of their own (families that differ in a flag share one).
//!
//! A new verb is a file with its entry, and a line in `TABLE`.

mod as_json;
mod attach_session;
pub(crate) mod bind_key;
mod break_pane;
mod buffers;
mod capture_pane;
mod choose_theme;
mod choose_tree;
mod command_palette;
mod command_prompt;
mod copy_mode;
mod detach_client;
pub(crate) mod display_menu;
mod display_message;
mod display_panes;
mod display_popup;
mod environment;
mod events;
mod if_shell;
mod join_pane;
mod kill;
mod layouts;
mod link_window;
mod lists;
pub(crate) mod load_buffer;
mod lock;
mod move_pane;
mod move_window;
mod new_pane;
mod new_session;
mod new_window;
mod pipe_pane;
mod places;
mod prompt_history;
mod refresh_client;
mod rename;
mod resize;
mod respawn;
mod rotate_window;
pub(crate) mod run_shell;
mod select_layout;
mod select_pane;
mod select_window;
mod send_keys;
mod server;
pub(crate) mod session_picker;
pub(crate) mod set_hook;
mod set_option;
mod show_options;
pub(crate) mod source_file;
mod split_window;
mod swap;
mod switch_client;
pub(crate) mod wait_for;

use super::context::About;
use super::event::{Failure, HostChoice, Job};
use super::queue::{Call, Flow, Outcome, Pending, Request, Trouble};
use super::settings::Scope;
use super::target::Found;
use super::{Mux, options::Value};
use crate::command::target::TargetKind;
use crate::command::{Args, Command, Spec, Word};
use crate::ids::{HostName, PaneId, RequestId};

/// What runs a verb.
pub(crate) type Handler = fn(&mut Mux, &Call) -> Outcome;

/// A verb.
pub struct Verb {
    /// Its face.
    pub spec: Spec,
    pub(crate) run: Handler,
}

/// Shorter than writing out every field of a `Spec`: names, flags, words taken, usage, help.
const fn verb(
    names: (&'static str, &'static str),
    flags: &'static str,
    words: (usize, Option<usize>),
    usage: &'static str,
    help: &'static str,
    run: Handler,
) -> Verb {
    let spec = Spec {
        name: names.0,
        alias: names.1,
        flags,
        least: words.0,
        most: words.1,
        usage,
        help,
        starts_server: false,
        interleave: false,
        long: &[],
    };
    Verb { spec, run }
}

impl Verb {
    const fn starting(mut self) -> Verb {
        self.spec.starts_server = true;
        self
    }

    const fn long(mut self, flags: &'static [&'static str]) -> Verb {
        self.spec.long = flags;
        self
    }

    const fn interleaved(mut self) -> Verb {
        self.spec.interleave = true;
        self
    }
}

/// All verbs, in alphabetical order.
pub static TABLE: &[&Verb] = &[
    &attach_session::VERB,
    &bind_key::BIND,
    &break_pane::VERB,
    &capture_pane::VERB,
    &places::CHECKPOINT,
    &choose_tree::BUFFER,
    &choose_tree::CLIENT,
    &choose_theme::VERB,
    &choose_tree::TREE,
    &lists::CLEAR_HISTORY,
    &prompt_history::CLEAR,
    &copy_mode::CLOCK,
    &command_palette::VERB,
    &command_prompt::PROMPT,
    &command_prompt::CONFIRM,
    &places::CONNECT,
    &copy_mode::VERB,
    &choose_tree::CUSTOMIZE,
    &buffers::DELETE,
    &detach_client::VERB,
    &display_menu::VERB,
    &display_message::VERB,
    &display_panes::VERB,
    &display_popup::VERB,
    &events::VERB,
    &attach_session::HAS,
    &places::HOSTS,
    &choose_tree::FIND,
    &if_shell::VERB,
    &join_pane::JOIN,
    &kill::PANE,
    &kill::SERVER,
    &kill::SESSION,
    &kill::WINDOW,
    &select_pane::LAST,
    &select_window::LAST,
    &link_window::LINK,
    &buffers::LIST,
    &lists::CLIENTS,
    &lists::COMMANDS,
    &bind_key::LIST,
    &lists::PANES,
    &layouts::LIST,
    &lists::SESSIONS,
    &lists::WINDOWS,
    &load_buffer::LOAD,
    &layouts::LOAD,
    &lock::CLIENT,
    &lock::SERVER,
    &lock::SESSION,
    &move_pane::MOVE,
    &join_pane::MOVE,
    &move_window::VERB,
    &new_pane::VERB,
    &new_session::VERB,
    &new_window::VERB,
    &select_layout::NEXT,
    &select_window::NEXT,
    &buffers::PASTE,
    &pipe_pane::VERB,
    &select_layout::PREVIOUS,
    &select_window::PREVIOUS,
    &refresh_client::VERB,
    &rename::SESSION,
    &rename::WINDOW,
    &resize::PANE,
    &resize::WINDOW,
    &respawn::PANE,
    &respawn::WINDOW,
    &server::RESTART,
    &places::RESTORE,
    &rotate_window::VERB,
    &run_shell::VERB,
    &load_buffer::SAVE,
    &layouts::SAVE,
    &select_layout::SELECT,
    &select_pane::SELECT,
    &select_window::SELECT,
    &send_keys::KEYS,
    &send_keys::PREFIX,
    &server::ACCESS,
    &buffers::SET,
    &session_picker::VERB,
    &environment::SET,
    &set_hook::SET,
    &set_option::SET,
    &set_option::SET_WINDOW,
    &places::SETUP,
    &load_buffer::SHOW,
    &environment::SHOW,
    &server::MESSAGES,
    &set_hook::SHOW,
    &show_options::SHOW,
    &prompt_history::SHOW,
    &show_options::SHOW_WINDOW,
    &source_file::VERB,
    &split_window::VERB,
    &server::START,
    &lock::SUSPEND,
    &swap::PANE,
    &swap::WINDOW,
    &switch_client::VERB,
    &bind_key::UNBIND,
    &link_window::UNLINK,
    &wait_for::VERB,
];

/// qmux's own verbs: beginnings of names prefer tmux's, so that old habits and scripts hold.
const OWN: [&str; 13] = [
    "checkpoint",
    "choose-theme",
    "command-palette",
    "connect",
    "events",
    "hosts",
    "list-layouts",
    "load-layout",
    "move",
    "restore",
    "save-layout",
    "session-picker",
    "setup",
];

/// Whether a client that finds no server starts one for these words: some verb in them wants it.
pub fn starts_server(argv: &[String]) -> bool {
    let commands = crate::command::parse_argv(argv);
    commands.is_empty() || commands.iter().any(|c| find(c.name()).is_ok_and(|v| v.spec.starts_server))
}

/// A verb by its name, its alias or an unambiguous beginning of its name.
pub(crate) fn find(name: &str) -> Result<&'static Verb, String> {
    if let Some(v) = TABLE.iter().find(|v| v.spec.name == name || (v.spec.alias == name && !name.is_empty()))
    {
        return Ok(v);
    }
    let starting = |own: bool| {
        TABLE.iter().filter(move |v| v.spec.name.starts_with(name) && OWN.contains(&v.spec.name) == own)
    };
    let found: Vec<&&Verb> = match starting(false).next() {
        Some(_) => starting(false).collect(),
        None => starting(true).collect(),
    };
    match found.as_slice() {
        _ if name.is_empty() => Err(format!("unknown command: {name}")),
        [one] => Ok(one),
        [] => Err(format!("unknown command: {name}")),
        many => {
            let names: Vec<&str> = many.iter().map(|v| v.spec.name).collect();
            Err(format!("ambiguous command: {name}, could be: {}", names.join(", ")))
        }
    }
}

/// Names and short names of all verbs.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().flat_map(|v| [v.spec.name, v.spec.alias]).filter(|n| !n.is_empty())
}

/// A command ready to run, or the commands its alias stands for.
pub(crate) enum Prepared {
    Alias(Vec<Command>),
    Verb(&'static Verb, Args),
}

/// Finds a command's verb and sorts its words.
pub(crate) fn prepare(mux: &mut Mux, command: &Command) -> Result<Prepared, Trouble> {
    let name = command.name();
    if let Some(Value::Array(aliases)) = mux.option(Scope::Server, "command-alias") {
        let alias = aliases.values().find_map(|a| {
            let (alias, text) = a.split_once('=')?;
            (alias == name).then(|| text.to_owned())
        });
        if let Some(text) = alias {
            let mut commands = mux.parse_commands(&text, None).map_err(|e| Trouble::new(1, e.text))?;
            // An alias that begins with its own name would never end.
            if commands.iter().any(|c| c.name() == name) {
                return Err(Trouble::new(1, format!("unknown command: {name}")));
            }
            if let Some(last) = commands.last_mut() {
                last.words.extend(command.words[1..].iter().cloned());
            }
            for c in &mut commands {
                (c.line, c.group) = (command.line, command.group);
            }
            return Ok(Prepared::Alias(commands));
        }
    }
    let verb = find(name)?;
    let args = verb.spec.read(&command.words[1..])?;
    Ok(Prepared::Verb(verb, args))
}

/// Whether a command changes nothing but what its own client looks at: a read-only client may have it.
pub(crate) fn only_looks(command: &Command) -> bool {
    let Some(Word::Text(name)) = command.words.first() else { return false };
    match find(name).map(|verb| verb.spec.name) {
        Ok("attach-session" | "copy-mode" | "detach-client" | "list-clients" | "switch-client") => true,
        // Commands of copy mode; anything else would be typed into the pane.
        Ok("send-keys") => command.words.iter().any(|w| matches!(w, Word::Text(t) if t == "-X")),
        _ => false,
    }
}

// ---- what many verbs need ----

fn target(mux: &Mux, call: &Call, flag: char, kind: TargetKind) -> Result<Found, Trouble> {
    Ok(mux.find(&call.origin, call.args.get(flag).as_deref(), kind)?)
}

/// Expands a format about a place, seen by the asking client.
fn expand(mux: &Mux, call: &Call, text: &str, found: Option<Found>) -> String {
    let found = found.or_else(|| mux.current(&call.origin));
    mux.expand(text, About { client: call.client(), found, extra: call.hook_words(), ..About::default() })
}

/// Whether a filter (`-f`) lets something through.
fn passes(mux: &Mux, filter: Option<&str>, about: About<'_>) -> bool {
    filter.is_none_or(|f| crate::format::is_true(&mux.expand(f, about)))
}

/// `--on HOST|auto`; `.` is this host.
fn host_choice(mux: &Mux, args: &Args) -> Result<HostChoice, Trouble> {
    match args.get_long("--on") {
        None => Ok(HostChoice::Here),
        Some("auto") => Ok(HostChoice::Auto),
        Some(name) => {
            let name = check_host(name)?;
            let here = name.0 == "." || name.0 == mux.config.host;
            Ok(if here { HostChoice::Here } else { HostChoice::Host(name) })
        }
    }
}

/// After `--on auto`: a command client waits for the choice and prints it; others see it as a message.
fn told_of_choice(mux: &mut Mux, call: &Call, auto: bool, pane: PaneId) -> Outcome {
    let asker = call.origin.client.and_then(|c| mux.client(c)).filter(|c| !c.attached);
    if !auto || asker.is_none() {
        return DONE;
    }
    mux.ask(Job::Chosen { pane }, Pending::Report, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

/// A host's name as typed: ssh would read one that begins with `-` as an option.
fn check_host(name: &str) -> Result<HostName, Trouble> {
    let bad = name.is_empty()
        || name.len() > HostName::MAX
        || name.starts_with('-')
        || name.chars().any(|c| c.is_control() || c.is_whitespace());
    if bad {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(Trouble::new(2, format!("\"{shown}\" cannot be a host. Nothing was done.")));
    }
    Ok(HostName(name.to_owned()))
}

/// `-e NAME=value`.
fn env_flags(args: &Args) -> Vec<(String, String)> {
    args.all('e').filter_map(|e| e.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()))).collect()
}

/// What a new pane's environment gets besides its session's: the asking client's PATH (a program is found where
/// the asker would find it), and `-e`.
fn start_env(mux: &Mux, call: &Call) -> Vec<(String, String)> {
    let asker = call.client().and_then(|c| mux.clients.get(&c)).filter(|c| !c.attached);
    let path = asker.and_then(|c| c.hello.env.iter().find(|(name, _)| name == "PATH")).cloned();
    path.into_iter().chain(env_flags(&call.args)).collect()
}

/// The directory of `-c`, else of the asking client, else of the session.
fn start_dir(mux: &Mux, call: &Call, found: Option<Found>) -> String {
    if let Some(c) = call.args.get('c') {
        let dir = expand(mux, call, &c, found);
        if !dir.is_empty() {
            return dir;
        }
    }
    match call.client().and_then(|c| mux.clients.get(&c)) {
        Some(c) if !c.attached => c.hello.cwd.clone(),
        _ if mux.loading_config => mux.config.start_dir.clone(),
        _ => found.and_then(|f| mux.sessions.get(&f.session)).map(|s| s.path.clone()).unwrap_or_default(),
    }
}

/// A number of cells, or a part of `whole` in percent.
fn cells(text: &str, whole: u16) -> Option<u16> {
    if let Some(p) = text.strip_suffix('%') {
        let percent: u32 = p.parse().ok().filter(|p| *p <= 100)?;
        return Some((u32::from(whole) * percent / 100) as u16);
    }
    text.parse::<u32>().ok().map(|n| n.min(u32::from(u16::MAX)) as u16)
}

/// Takes the answer to a request.
pub(crate) fn answer(mux: &mut Mux, id: RequestId, request: Request, result: Result<String, Failure>) {
    let origin = request.origin.clone();
    match request.pending {
        Pending::Nothing => {}
        Pending::Report => report(mux, &origin, result),
        Pending::Restore { pane } => {
            if result.is_err() {
                mux.remove_pane(pane);
            }
            report(mux, &origin, result);
        }
        Pending::If { then, otherwise } => {
            let word = if result.is_ok() { Some(then) } else { otherwise };
            if let Some(word) = word {
                mux.run_word(request.waits.unwrap_or(origin.client), &word, &origin);
            }
        }
        Pending::RunShell { shown_in } => run_shell::finished(mux, &origin, result, shown_in),
        Pending::Source { path, quiet, parse_only, verbose } => {
            source_file::loaded(
                mux,
                &request.origin,
                request.waits,
                (&path, quiet, parse_only, verbose),
                result,
            );
        }
        // Without a file there is nothing to remember yet.
        Pending::PromptHistory => mux.prompt_history_loaded(&result.unwrap_or_default()),
        Pending::LoadBuffer { name, clipboard } => match result {
            Ok(text) => load_buffer::store(mux, &origin, name, text.into_bytes(), clipboard),
            Err(f) => mux.tell_trouble(&origin, 0, &Trouble::new(f.class, f.text)),
        },
        Pending::FormatJob { command } => {
            let text = match result {
                Ok(t) => t,
                Err(f) => f.text,
            };
            let line = text.trim_end_matches('\n').rsplit('\n').next().unwrap_or("").to_owned();
            let mut changed = false;
            if let Some(v) = mux.shell_values.borrow_mut().get_mut(&command) {
                changed = v.line != line;
                v.line = line;
                v.running = false;
            }
            if changed {
                mux.redraw_all();
            }
        }
        Pending::Pipe { pane } => {
            if let Some(p) = mux.panes.get_mut(&pane)
                && p.pipe == Some(id)
            {
                p.pipe = None;
            }
        }
        Pending::Theme { scope, option, name, quiet } => {
            set_option::theme_checked(mux, &origin, (scope, &option), &name, quiet, result)
        }
        Pending::Layout { verb, args, path } => layouts::loaded(mux, &origin, (verb, args, &path), result),
        Pending::Picker { client } => session_picker::answered(mux, client, result),
        Pending::Themes { client } => choose_theme::open(mux, &origin, client, result),
        Pending::MoveWhere { json } => {
            let known = result.unwrap_or_default();
            move_pane::where_to(mux, &origin, &known, json);
        }
    }
}

/// Tells the asker how its request ended.
fn report(mux: &mut Mux, origin: &super::queue::Origin, result: Result<String, Failure>) {
    match result {
        Ok(text) => {
            let attached =
                origin.client.and_then(|c| mux.clients.get(&c)).filter(|c| c.attached).map(|c| c.id);
            match attached {
                Some(client) if text.trim_end().lines().count() <= 1 => {
                    if !text.trim().is_empty() {
                        mux.show_message(client, text.trim_end().to_owned(), None, false);
                    }
                }
                _ => mux.print(origin, &text),
            }
        }
        // With --json the text is for programs: they read standard output.
        Err(f) if f.text.trim_start().starts_with('{') => {
            mux.print(origin, &f.text);
            mux.tell_trouble(origin, 0, &Trouble::new(f.class, ""));
        }
        Err(f) => mux.tell_trouble(origin, 0, &Trouble::new(f.class, f.text)),
    }
}

const DONE: Outcome = Ok(Flow::Done);
