//! `--json` of the verbs that list: one array of objects, its keys stable; docs/json.md is held to these tables.

use super::super::Mux;
use super::super::context::About;
use super::super::options::Value;
use super::super::queue::{Call, Trouble};
use serde_json::{Map, Value as Json, json};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Is {
    /// Text; empty where there is nothing to say.
    Text,
    /// A whole number; `null` where there is none.
    Number,
    /// `true` or `false`.
    Flag,
}

/// Formats by their names: the keys of one kind of object.
pub(crate) type Fields = &'static [(&'static str, Is)];

pub(crate) const SESSION: Fields = &[
    ("session_id", Is::Text),
    ("session_name", Is::Text),
    ("session_windows", Is::Number),
    ("session_attached", Is::Number),
    ("session_created", Is::Number),
    ("session_activity", Is::Number),
    ("session_last_attached", Is::Number),
    ("session_grouped", Is::Flag),
    ("session_group", Is::Text),
    ("session_path", Is::Text),
];
pub(crate) const WINDOW: Fields = &[
    ("session_id", Is::Text),
    ("session_name", Is::Text),
    ("window_id", Is::Text),
    ("window_index", Is::Number),
    ("window_name", Is::Text),
    ("window_active", Is::Flag),
    ("window_last_flag", Is::Flag),
    ("window_zoomed_flag", Is::Flag),
    ("window_bell_flag", Is::Flag),
    ("window_activity_flag", Is::Flag),
    ("window_silence_flag", Is::Flag),
    ("window_panes", Is::Number),
    ("window_width", Is::Number),
    ("window_height", Is::Number),
    ("window_layout", Is::Text),
    ("window_activity", Is::Number),
];
pub(crate) const PANE: Fields = &[
    ("session_id", Is::Text),
    ("session_name", Is::Text),
    ("window_id", Is::Text),
    ("window_index", Is::Number),
    ("pane_id", Is::Text),
    ("pane_index", Is::Number),
    ("pane_active", Is::Flag),
    ("pane_dead", Is::Flag),
    ("pane_dead_status", Is::Number),
    ("pane_marked", Is::Flag),
    ("pane_in_mode", Is::Flag),
    ("pane_remote", Is::Flag),
    ("pane_host", Is::Text),
    ("pane_title", Is::Text),
    ("pane_pid", Is::Number),
    ("pane_tty", Is::Text),
    ("pane_current_command", Is::Text),
    ("pane_current_path", Is::Text),
    ("pane_start_command", Is::Text),
    ("pane_width", Is::Number),
    ("pane_height", Is::Number),
    ("pane_left", Is::Number),
    ("pane_top", Is::Number),
    ("cursor_x", Is::Number),
    ("cursor_y", Is::Number),
    ("alternate_on", Is::Flag),
    ("history_size", Is::Number),
    ("history_limit", Is::Number),
];
pub(crate) const CLIENT: Fields = &[
    ("client_name", Is::Text),
    ("client_tty", Is::Text),
    ("client_pid", Is::Number),
    ("client_session", Is::Text),
    ("client_width", Is::Number),
    ("client_height", Is::Number),
    ("client_termname", Is::Text),
    ("client_flags", Is::Text),
    ("client_readonly", Is::Flag),
    ("client_control_mode", Is::Flag),
    ("client_prefix", Is::Flag),
    ("client_created", Is::Number),
    ("client_activity", Is::Number),
];
pub(crate) const BUFFER: Fields = &[
    ("buffer_name", Is::Text),
    ("buffer_size", Is::Number),
    ("buffer_sample", Is::Text),
    ("buffer_created", Is::Number),
];
pub(crate) const COMMAND: Fields = &[
    ("command_list_name", Is::Text),
    ("command_list_alias", Is::Text),
    ("command_list_usage", Is::Text),
    ("command_list_help", Is::Text),
];
#[cfg(test)]
pub(crate) const KEY: Fields = &[
    ("key_table", Is::Text),
    ("key_string", Is::Text),
    ("key_command", Is::Text),
    ("key_note", Is::Text),
    ("key_repeat", Is::Flag),
];

/// Which verbs list objects of which keys: for docs/json.md.
#[cfg(test)]
pub(crate) const LISTS: [(&str, Fields); 7] = [
    ("list-sessions", SESSION),
    ("list-windows", WINDOW),
    ("list-panes", PANE),
    ("list-clients", CLIENT),
    ("list-buffers", BUFFER),
    ("list-commands", COMMAND),
    ("list-keys", KEY),
];

/// Whether JSON is wanted; with `-F`, which says how a line is to look, it is refused.
pub(super) fn wanted(call: &Call) -> Result<bool, Trouble> {
    let wanted = call.args.has_long("--json");
    if wanted && call.args.has('F') {
        return Err(Trouble::new(
            1,
            "--json and -F both say how to print. Nothing was listed: give one of them.",
        ));
    }
    Ok(wanted)
}

/// One object: each key is the format of its name.
pub(super) fn object(mux: &Mux, fields: Fields, about: &About<'_>) -> Json {
    let value = |(name, is): &(&str, Is)| {
        let text = mux.expand(&format!("#{{{name}}}"), about.clone());
        let value = match is {
            Is::Text => Json::from(text),
            Is::Number => text.parse::<i64>().map_or(Json::Null, Json::from),
            Is::Flag => Json::from(!text.is_empty() && text != "0"),
        };
        ((*name).to_owned(), value)
    };
    Json::Object(fields.iter().map(value).collect())
}

/// An option's or a hook's value as what it is.
pub(super) fn option(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Number(n) => json!(n),
        Value::Flag(on) => json!(on),
        Value::Array(items) => {
            Json::Object(items.iter().map(|(i, v)| (i.to_string(), json!(v))).collect::<Map<_, _>>())
        }
    }
}

/// A list as it is printed: one object a line, so that it can be read by eye and by line as well.
pub(super) fn print(mux: &mut Mux, call: &Call, list: &[Json]) {
    let lines: Vec<String> = list.iter().map(Json::to_string).collect();
    let text = if lines.is_empty() { "[]\n".into() } else { format!("[\n{}\n]\n", lines.join(",\n")) };
    mux.print(&call.origin, &text);
}
