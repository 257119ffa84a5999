//! session-picker: the sessions with what they show, and what can become one

use super::super::context::About;
use super::super::event::{Failure, Job};
use super::super::model::Overlay;
use super::super::picker::{Act, Entry, Kind, Picker, Preview};
use super::super::queue::{Call, Outcome};
use super::super::{Mux, Place};
use super::command_palette::may_open;
use super::{DONE, Found, Verb, lists, verb};
use crate::command::quote;
use crate::ids::ClientId;
use serde_json::Value;

pub(crate) const VERB: Verb = verb(
    ("session-picker", ""),
    "c:",
    (0, Some(0)),
    "[-c target-client]",
    "Search sessions, panes on other hosts, stored panes and hosts, with a live picture",
    run,
);

/// Most hosts and images listed.
const MAX_OTHERS: usize = 200;

/// What was asked of the world, as far as it has answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// `None` until they have answered.
    hosts: Option<Vec<Entry>>,
    images: Vec<Entry>,
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let client = mux.find_client(&call.origin, call.args.get('c').as_deref())?;
    if !may_open(mux, client) {
        return DONE;
    }
    let mut picker = Picker::new(Kind::Sessions, Vec::new());
    picker.fill(entries(mux, client, &picker));
    let current = mux.clients.get(&client).and_then(|c| c.session);
    picker.choose(|e| e.session.is_some() && e.session == current);
    mux.open_overlay(client, Overlay::Picker(Box::new(picker)));
    // Neither answer is waited for: the picker is there at once and grows.
    let mut dirs = vec![mux.config.home.clone()];
    dirs.extend(current.and_then(|s| mux.sessions.get(&s)).map(|s| s.path.clone()));
    dirs.extend(mux.pane_of(client).and_then(|p| mux.panes.get(&p)).map(|p| p.info.path.clone()));
    dirs.sort();
    dirs.dedup();
    mux.ask_for_picker(Job::Images { dirs }, client);
    mux.ask_for_picker(Job::Hosts { json: true }, client);
    DONE
}

/// What there is to choose from now.
pub(crate) fn entries(mux: &Mux, client: ClientId, picker: &Picker) -> Vec<Entry> {
    let mut entries = sessions(mux, client);
    let typed = picker.query.trim();
    let is_session = entries.iter().any(|e| e.name == typed);
    entries.extend(remote_panes(mux, client));
    entries.extend(picker.known.images.iter().cloned());
    match &picker.known.hosts {
        Some(hosts) => entries.extend(hosts.iter().cloned()),
        None => {
            let act = Act::Say("The hosts are still being asked.".into());
            entries.push(Entry::new("…".into(), "asking other hosts".into(), "host".into(), act));
        }
    }
    if !typed.is_empty() && !is_session {
        let act = Act::Run(format!("new-session -s {}", quote(&typed.replace('#', "##"))));
        let mut entry = Entry::new(typed.into(), "a session of this name".into(), "new".into(), act);
        entry.last = true;
        entries.push(entry);
    }
    entries
}

fn sessions(mux: &Mux, client: ClientId) -> Vec<Entry> {
    const ABOUT: &str = "#{session_windows} window#{?#{==:#{session_windows},1},,s}#{?#{>:#{session_attached},1}, · #{session_attached} clients,} · #{window_name}";
    let current = mux.clients.get(&client).and_then(|c| c.session);
    let mut entries = Vec::new();
    for id in lists::by_name(mux) {
        let (Some(found), Some(session)) = (mux.found_session(id), mux.sessions.get(&id)) else { continue };
        let about = About { client: Some(client), found: Some(found), ..About::default() };
        let here = if current == Some(id) { "here" } else { "" };
        let act = Act::Run(format!("switch-client -t {}", quote(&format!("{id}:"))));
        let mut entry = Entry::new(session.name.clone(), mux.expand(ABOUT, about), here.into(), act);
        entry.preview = Preview::Window(id, found.window);
        entry.session = Some(id);
        entries.push(entry);
    }
    entries
}

/// Panes of this server whose processes are on another host.
fn remote_panes(mux: &Mux, client: ClientId) -> Vec<Entry> {
    let mut entries = Vec::new();
    for session in lists::by_name(mux) {
        for found in lists::places_of(mux, session) {
            let panes = mux.windows.get(&found.window).map(|w| w.panes.clone()).unwrap_or_default();
            for pane in panes {
                let Some(place) = mux.panes.get(&pane).map(|p| &p.place) else { continue };
                let Some(host) = place.host() else { continue };
                let state = match place {
                    Place::Reconnecting(_) => ", reconnecting",
                    Place::Undecided(_) => ", undecided",
                    Place::Leaving(..) => ", on its way",
                    Place::Starting | Place::Here | Place::There(_) | Place::Gone(_) => "",
                };
                let found = Found { pane, ..found };
                let about = About { client: Some(client), found: Some(found), ..About::default() };
                let text = |format: &str| mux.expand(format, about.clone());
                let name = format!("{}: {}", host, text("#{pane_current_command}"));
                let target = text("#{session_id}:#{window_index}.#{pane_id}");
                let act = Act::Run(format!("switch-client -t {}", quote(&target)));
                let place = text("#{session_name}:#{window_index}.#{pane_index}") + state;
                let mut entry = Entry::new(name, place, "pane".into(), act);
                entry.preview = Preview::Window(session, found.window);
                entries.push(entry);
            }
        }
    }
    entries
}

/// An answer for the picker of a client: the table of hosts, or the images that were found.
pub(crate) fn answered(mux: &mut Mux, client: ClientId, result: Result<String, Failure>) {
    let own = mux.config.host.clone();
    let Some(Overlay::Picker(picker)) = mux.clients.get_mut(&client).and_then(|c| c.overlay.as_mut()) else {
        return;
    };
    match result.map(|text| (serde_json::from_str::<Value>(&text), text)) {
        Ok((Ok(Value::Array(rows)), _)) => {
            let hosts = rows.iter().filter(|r| text_of(r, "host") != own).filter_map(host);
            picker.known.hosts = Some(hosts.take(MAX_OTHERS).collect());
        }
        Ok((Ok(Value::Object(found)), _)) => {
            let rows = found.get("images").and_then(Value::as_array);
            let images = rows.into_iter().flatten().filter_map(image);
            picker.known.images = images.take(MAX_OTHERS).collect();
        }
        Ok((_, text)) | Err(Failure { text, .. }) => {
            let why = text.lines().next().unwrap_or_default().to_owned();
            let entry = Entry::new("hosts".into(), why.clone(), "host".into(), Act::Say(why));
            picker.known.hosts = Some(vec![entry]);
        }
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn host(row: &Value) -> Option<Entry> {
    let name = row.get("host")?.as_str()?.to_owned();
    let why = text_of(row, "why");
    let sample = row.get("sample").filter(|s| s.is_object());
    let number = |key: &str| sample.and_then(|s| s.get(key)).and_then(Value::as_f64).unwrap_or_default();
    let (about, lines, act) = if sample.is_some() {
        let (panes, load, cores) = (number("panes"), number("load1"), number("cores"));
        let free = number("memory_available") / f64::from(1 << 30);
        let lines = vec![
            format!("{name} is up."),
            String::new(),
            format!("panes   {panes}"),
            format!("load    {load:.2} on {cores} cores"),
            format!("memory  {free:.1}G free"),
            String::new(),
            format!("Enter opens a window on {name}."),
        ];
        let plural = if panes == 1.0 { "" } else { "s" };
        let act = Act::Run(format!("new-window --on {}", quote(&name)));
        (format!("up · {panes} pane{plural} · load {load:.2}"), lines, act)
    } else {
        let lines = vec![format!("{name} is not reached."), String::new(), why.to_owned()];
        (why.to_owned(), lines, Act::Say(format!("{name}: {why}. Nothing was opened.")))
    };
    let mut entry = Entry::new(name, about, "host".into(), act);
    entry.preview = Preview::Text(lines);
    Some(entry)
}

fn image(row: &Value) -> Option<Entry> {
    let path = row.get("path")?.as_str()?;
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    let dir = path.strip_suffix(&name).unwrap_or(path);
    let bytes = row.get("bytes").and_then(Value::as_u64).unwrap_or_default();
    let size = match bytes >> 20 {
        0 => format!("{}K", bytes >> 10),
        mib => format!("{mib}M"),
    };
    let lines = vec![
        "A pane that was written to a file.".into(),
        String::new(),
        path.to_owned(),
        size.clone(),
        String::new(),
        "Enter brings it back in a window of this session.".into(),
    ];
    let act = Act::Run(format!("restore {}", quote(path)));
    let mut entry = Entry::new(name, format!("{size} in {dir}"), "stored".into(), act);
    entry.preview = Preview::Text(lines);
    Some(entry)
}
