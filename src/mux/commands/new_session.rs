//! new-session

use super::super::layout_file::LayoutFile;
use super::super::names::given_name;
use super::super::options::Value;
use super::super::queue::{Call, Outcome, Trouble};
use super::super::settings::Scope;
use super::super::structure::Start;
use super::super::{Mux, model::Client};
use super::{DONE, Verb, attach_session, env_flags, expand, host_choice, start_dir, start_env, verb};
use crate::ids::{SessionId, Size};

const USAGE: &str = "[-AdDEPX] [-c start-directory] [-e environment] [-F format] [-f flags] [-n window-name] [-s session-name] [-t target-session] [-x width] [-y height] [--on host] [--layout name] [shell-command [argument ...]]";

pub(crate) const VERB: Verb =
    verb(("new-session", "new"), "Ac:dDe:EF:f:n:Ps:t:x:Xy:", (0, None), USAGE, "Create a session", run)
        .starting()
        .long(&["--on=", "--layout="]);

const FORMAT: &str = "#{session_name}:";

/// Whether a client has a terminal to become.
pub(super) fn can_attach(client: &Client) -> bool {
    client.attached || client.hello.tty.is_some() || client.hello.control > 0
}

fn dimension(text: &str, what: &str, own: u16) -> Result<u16, Trouble> {
    if text == "-" {
        return Ok(own);
    }
    match text.parse::<i64>() {
        Ok(n) if n < 1 => Err(format!("{what} too small").into()),
        Ok(n) if n > i64::from(Size::MAX) => Err(format!("{what} too large").into()),
        Ok(n) => Ok(n as u16),
        Err(_) => Err(format!("{what} invalid").into()),
    }
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let Some(layout) = args.get_long("--layout") else { return make(mux, call, None) };
    if args.has('t') || args.has('n') || !args.words.is_empty() || args.get_long("--on").is_some() {
        return Err(
            "--layout says what runs where: no -t, -n, --on or command with it. Nothing was opened.".into()
        );
    }
    let path = super::layouts::file(mux, call, layout)?;
    super::layouts::read(mux, call, path)
}

/// Makes the session, with one window or those of a layout.
pub(super) fn make(mux: &mut Mux, call: &Call, layout: Option<&LayoutFile>) -> Outcome {
    let args = &call.args;
    if args.has('t') && (args.has('n') || !args.words.is_empty()) {
        return Err("command or window name given with target".into());
    }
    let mut name = None;
    if let Some(given) = args.get('s') {
        let text = given_name("session", &expand(mux, call, &given, None))?;
        if let Some(existing) = mux.session_by_name(&text) {
            if args.has('A') {
                return attach_session::attach(mux, call, existing, args.has('D'), args.has('X'));
            }
            return Err(format!("duplicate session: {text}").into());
        }
        name = Some(text);
    }
    let client = call.client().and_then(|c| mux.clients.get(&c));
    let detached = args.has('d') || client.is_none();
    let sizeless = detached || client.is_some_and(|c| c.control.is_some());
    if !detached && let Some(c) = client {
        attach_session::may_attach(mux, c)?;
    }
    let host = host_choice(mux, args)?;
    let cwd = start_dir(mux, call, None);
    let (mut size, own) = session_size(mux, client, sizeless);
    if let Some(x) = args.get('x') {
        size.cols = dimension(&x, "width", own.cols)?;
    }
    if let Some(y) = args.get('y') {
        size.rows = dimension(&y, "height", own.rows)?;
    }
    let window_name = match args.get('n') {
        Some(n) => Some(given_name("window", &expand(mux, call, &n, None))?),
        None => None,
    };
    let group = args.get('t').map(|t| group_meant(mux, &t)).transpose()?;
    let name = name.unwrap_or_else(|| match &group {
        Some((group, _)) => format!("{group}-{}", mux.next_session),
        None => free_name(mux),
    });
    let session = mux.make_session(name, cwd.clone());
    let base = mux.option_number(Scope::GlobalSession, "base-index").max(0) as u32;
    let env = env_flags(args);
    if let Some(s) = mux.sessions.get_mut(&session) {
        s.current = base;
        if args.has('x') || args.has('y') {
            let text = format!("{}x{}", size.cols, size.rows);
            s.options.put("default-size", Value::Text(text));
        }
        s.environment.extend(env.iter().map(|(k, v)| (k.clone(), Some(v.clone()))));
    }
    if let Some(client) = call.client().filter(|_| !args.has('E'))
        && let Some(env) = mux.clients.get(&client).map(|c| c.hello.env.clone())
    {
        mux.update_environment(session, &env);
    }
    if let Some((group, other)) = &group {
        mux.join_group(session, group, *other);
    }
    if mux.sessions.get(&session).is_some_and(|s| !s.links.is_empty()) {
        mux.sizes_dirty = true;
        return shown(mux, call, session, detached);
    }
    if let Some(layout) = layout {
        if let Err(trouble) = super::layouts::open(mux, call, session, layout, (size, &cwd)) {
            mux.kill_session(session);
            mux.sessions.remove(&session);
            return Err(trouble);
        }
        return shown(mux, call, session, detached);
    }
    let env = start_env(mux, call);
    let start = Start { argv: args.texts_from(0), cwd, env, host, empty: false };
    let window = mux.make_window(Some(session), window_name, size, start);
    mux.link(session, base, window);
    shown(mux, call, session, detached)
}

/// The group that `-t` names and a session in it: the group's own name, or a session's.
fn group_meant(mux: &Mux, text: &str) -> Result<(String, Option<SessionId>), Trouble> {
    if let Some(id) = mux.find_session(text.trim_end_matches(':'), false) {
        let s = mux.sessions.get(&id).ok_or("no session")?;
        return Ok((s.group.clone().unwrap_or_else(|| s.name.clone()), Some(id)));
    }
    let name = given_name("session group", text)?;
    if name.is_empty() {
        return Err(format!("invalid session group: {text}").into());
    }
    let member = mux.sessions.values().find(|s| s.group.as_ref() == Some(&name)).map(|s| s.id);
    Ok((name, member))
}

/// The session is there: told, shown and printed.
fn shown(mux: &mut Mux, call: &Call, session: SessionId, detached: bool) -> Outcome {
    let args = &call.args;
    let found = mux.found_session(session);
    mux.happened("session-created", call.client(), found);
    if !detached && let Some(client) = call.client() {
        mux.show_session(client, session);
    }
    mux.config_errors_in(session);
    if args.has('P') {
        let format = args.get('F').unwrap_or_else(|| FORMAT.into());
        let text = expand(mux, call, &format, mux.found_session(session));
        mux.print(&call.origin, &text);
    }
    DONE
}

/// A new session's window size, and the client's own for `-x -`.
fn session_size(mux: &Mux, client: Option<&Client>, detached: bool) -> (Size, Size) {
    let lines = u16::from(mux.option_text(Scope::GlobalSession, "status") != "off");
    let own = client.map_or(Size::new(80, 24), |c| c.size);
    if detached {
        return (mux.size_of_option(Scope::GlobalSession), own);
    }
    (Size::new(own.cols, own.rows.saturating_sub(lines)), own)
}

/// The number of the next session, or the next one that is no name yet.
pub(super) fn free_name(mux: &Mux) -> String {
    (mux.next_session..=u32::MAX)
        .map(|n| n.to_string())
        .find(|n| mux.session_by_name(n).is_none())
        .unwrap_or_default()
}
