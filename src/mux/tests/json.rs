//! `--json`: lists for programs.

use super::super::commands::json::{Is, LISTS};
use super::*;
use serde_json::Value as Json;

fn list(w: &mut World, line: &str) -> Vec<Json> {
    let text = w.ok(line);
    match serde_json::from_str(&text) {
        Ok(Json::Array(list)) => list,
        other => panic!("{line}: {other:?} in {text}"),
    }
}

#[test]
fn every_list_has_its_keys_each_of_its_type() {
    let mut w = World::new();
    w.ok("new-session -d -s 'a \"b'");
    w.ok("split-window -t 0");
    w.attach("a", Size::new(80, 24));
    w.ok("set-buffer -b kept 'x \"y'");
    for (verb, fields) in LISTS {
        let objects = list(&mut w, &format!("{verb} --json"));
        assert!(!objects.is_empty(), "{verb}");
        for object in &objects {
            let keys: Vec<&String> = object.as_object().expect(verb).keys().collect();
            assert_eq!(keys.len(), fields.len(), "{verb}");
            for (key, is) in fields {
                let value = &object[*key];
                let right = match is {
                    Is::Text => value.is_string(),
                    Is::Number => value.is_i64() || value.is_null(),
                    Is::Flag => value.is_boolean(),
                };
                assert!(right, "{verb}: {key} is {value}");
            }
        }
    }
    let panes = list(&mut w, "list-panes -a --json -f '#{pane_active}'");
    assert_eq!(panes.len(), 1);
    assert_eq!((&panes[0]["pane_id"], &panes[0]["pane_active"]), (&Json::from("%1"), &Json::from(true)));
    assert_eq!(panes[0]["pane_width"], 80);
    assert_eq!(panes[0]["session_name"], "a \"b");
    assert_eq!(panes[0]["pane_dead_status"], Json::Null);
    assert_eq!(list(&mut w, "list-panes -a --json -f 0"), [] as [Json; 0]);
    for verb in
        ["list-sessions", "list-windows", "list-panes", "list-clients", "list-buffers", "list-commands"]
    {
        let said = w.fails(&format!("{verb} --json -F x"));
        assert!(said.contains("Nothing was listed"), "{verb}: {said}");
    }
}

#[test]
fn options_hooks_and_environment_are_values() {
    let mut w = World::new();
    w.ok("new-session -d -s a");
    let of = |w: &mut World, line: &str| {
        let found = list(w, line);
        assert_eq!(found.len(), 1, "{line}");
        found[0].clone()
    };
    let inherited = |on: bool| Json::from(on);
    let limit = of(&mut w, "show-options -g --json history-limit");
    assert_eq!((&limit["value"], &limit["inherited"]), (&Json::from(2000), &inherited(false)));
    w.ok("set-option -g mouse on");
    assert_eq!(of(&mut w, "show-options -g --json mouse")["value"], true);
    assert_eq!(of(&mut w, "show-options -A --json mouse")["inherited"], true);
    w.ok("set-option -g @mine 'a b'");
    assert_eq!(of(&mut w, "show-options -g --json @mine")["value"], "a b");
    w.ok("set-hook -g after-new-window[3] 'display-message x'");
    assert_eq!(of(&mut w, "show-hooks -g --json after-new-window")["value"]["3"], "display-message x");
    assert!(list(&mut w, "show-hooks -g --json").iter().any(|h| h["name"] == "after-new-window"));
    w.ok("set-environment -g SET 'x=y'");
    w.ok("set-environment -gr GONE");
    let environment = list(&mut w, "show-environment -g --json");
    let value = |name: &str| environment.iter().find(|v| v["name"] == name).expect(name)["value"].clone();
    assert_eq!((value("SET"), value("GONE")), (Json::from("x=y"), Json::Null));
}

/// docs/json.md has the tables of the program, word for word.
#[test]
fn the_document_says_what_the_program_prints() {
    let mut table = String::new();
    for (verb, fields) in LISTS {
        table.push_str(&format!("\n## {verb}\n\n| key | value |\n|---|---|\n"));
        for (key, is) in fields {
            let is = match is {
                Is::Text => "text",
                Is::Number => "number",
                Is::Flag => "true, false",
            };
            table.push_str(&format!("| `{key}` | {is} |\n"));
        }
    }
    let text = include_str!("../../../docs/json.md");
    assert!(text.contains(&table), "docs/json.md is to hold:\n{table}");
}
