//! `--json`: what the listing verbs know, for programs.
//!
//! Owns which fields the lists have and of what type each is. A field is named as the variable of formats that holds it,
//! and is of its type whatever the value looks like: a session called `3` has a name, not a number.

use super::super::Mux;
use super::super::context::About;
use super::super::options::Value as OptionValue;
use super::super::queue::{Call, Origin, Trouble};
use serde_json::{Map, Value, json};

/// What a listing verb takes.
pub(super) const FLAG: &[&str] = &["--json"];

/// Of what type a field is; `null` where it means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Flag,
}

use Type::{Flag, Number, Text};

pub(crate) type Fields = &'static [(&'static str, Type)];

pub(crate) const SESSION: Fields = &[
    ("session_activity", Number),
    ("session_alerts", Text),
    ("session_attached", Number),
    ("session_created", Number),
    ("session_group", Text),
    ("session_grouped", Flag),
    ("session_id", Text),
    ("session_last_attached", Number),
    ("session_name", Text),
    ("session_path", Text),
    ("session_windows", Number),
];

pub(crate) const WINDOW: Fields = &[
    ("session_id", Text),
    ("session_name", Text),
    ("window_active", Flag),
    ("window_activity_flag", Flag),
    ("window_bell_flag", Flag),
    ("window_flags", Text),
    ("window_height", Number),
    ("window_id", Text),
    ("window_index", Number),
    ("window_last_flag", Flag),
    ("window_layout", Text),
    ("window_linked", Flag),
    ("window_marked_flag", Flag),
    ("window_name", Text),
    ("window_panes", Number),
    ("window_silence_flag", Flag),
    ("window_width", Number),
    ("window_zoomed_flag", Flag),
];

pub(crate) const PANE: Fields = &[
    ("alternate_on", Flag),
    ("cursor_x", Number),
    ("cursor_y", Number),
    ("history_limit", Number),
    ("history_size", Number),
    ("pane_active", Flag),
    ("pane_bottom", Number),
    ("pane_current_command", Text),
    ("pane_current_path", Text),
    ("pane_dead", Flag),
    ("pane_dead_status", Number),
    ("pane_height", Number),
    ("pane_host", Text),
    ("pane_id", Text),
    ("pane_in_mode", Flag),
    ("pane_index", Number),
    ("pane_left", Number),
    ("pane_marked", Flag),
    ("pane_mode", Text),
    ("pane_pid", Number),
    ("pane_remote", Flag),
    ("pane_right", Number),
    ("pane_start_command", Text),
    ("pane_synchronized", Flag),
    ("pane_title", Text),
    ("pane_top", Number),
    ("pane_tty", Text),
    ("pane_width", Number),
    ("session_id", Text),
    ("session_name", Text),
    ("window_id", Text),
    ("window_index", Number),
];

pub(crate) const CLIENT: Fields = &[
    ("client_activity", Number),
    ("client_control_mode", Flag),
    ("client_created", Number),
    ("client_flags", Text),
    ("client_height", Number),
    ("client_key_table", Text),
    ("client_name", Text),
    ("client_pid", Number),
    ("client_readonly", Flag),
    ("client_session", Text),
    ("client_termname", Text),
    ("client_tty", Text),
    ("client_uid", Number),
    ("client_user", Text),
    ("client_utf8", Flag),
    ("client_width", Number),
];

pub(crate) const BUFFER: Fields =
    &[("buffer_created", Number), ("buffer_name", Text), ("buffer_sample", Text), ("buffer_size", Number)];

pub(crate) const COMMAND: Fields = &[
    ("command_list_alias", Text),
    ("command_list_help", Text),
    ("command_list_name", Text),
    ("command_list_usage", Text),
];

pub(crate) const KEY: Fields = &[
    ("key_command", Text),
    ("key_note", Text),
    ("key_repeat", Flag),
    ("key_string", Text),
    ("key_table", Text),
];

/// Whether the list is to be JSON.
pub(super) fn wanted(call: &Call) -> Result<bool, Trouble> {
    let json = call.args.has_long("--json");
    if json && call.args.has('F') {
        return Err("--json has fields of its own: leave -F out. Nothing was listed.".into());
    }
    Ok(json)
}

/// The fields of one thing.
pub(super) fn object(mux: &Mux, about: &About<'_>, fields: Fields) -> Value {
    let value = |name: &str, of: Type| {
        let text = mux.variable(name, about.clone()).unwrap_or_default();
        match of {
            Text => Value::from(text),
            Number => text.parse::<i64>().map_or(Value::Null, Value::from),
            Flag => Value::from(text == "1"),
        }
    };
    Value::Object(fields.iter().map(|(name, of)| ((*name).to_owned(), value(name, *of))).collect())
}

/// An option's value as what it is; the elements of an array by their index.
pub(super) fn option(name: &str, value: &OptionValue, index: Option<u32>, inherited: bool) -> Value {
    let value = match value {
        OptionValue::Text(text) => json!(text),
        OptionValue::Number(n) => json!(n),
        OptionValue::Flag(on) => json!(on),
        OptionValue::Array(items) => match index {
            Some(index) => json!(items.get(&index)),
            None => items.iter().map(|(i, v)| (i.to_string(), json!(v))).collect::<Map<_, _>>().into(),
        },
    };
    json!({ "name": name, "index": index, "value": value, "inherited": inherited })
}

/// Prints the list.
pub(super) fn print(mux: &mut Mux, origin: &Origin, list: Vec<Value>) {
    let text = format!("{}\n", Value::Array(list));
    mux.print(origin, &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_fields_are_these() {
        let document = include_str!("../../../docs/json.md");
        let told: Vec<&str> = document.lines().filter(|line| line.starts_with("| ")).collect();
        let rows = [SESSION, WINDOW, PANE, CLIENT, BUFFER, COMMAND, KEY].into_iter().flat_map(|fields| {
            let row = |(name, of): &(&str, Type)| {
                let of = match of {
                    Text => "text",
                    Number => "number",
                    Flag => "true or false",
                };
                format!("| {name} | {of} |")
            };
            std::iter::once("| field | type |".to_owned()).chain(fields.iter().map(row))
        });
        assert_eq!(told, rows.collect::<Vec<String>>());
    }
}
