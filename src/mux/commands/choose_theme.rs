//! choose-theme: the themes, each tried on the whole screen as it is chosen

use super::super::Mux;
use super::super::event::{Failure, Job};
use super::super::model::Overlay;
use super::super::picker::{Act, Entry, Kind, Picker};
use super::super::queue::{Call, Flow, Origin, Outcome, Pending, Trouble};
use super::command_palette::may_open;
use super::{DONE, Verb, verb};
use crate::ids::ClientId;
use serde::Deserialize;

pub(crate) const VERB: Verb =
    verb(("choose-theme", ""), "c:", (0, Some(0)), "[-c target-client]", "Choose a theme by seeing it", run);

/// One theme as the world tells of it.
#[derive(Debug, Deserialize)]
struct Told {
    name: String,
    light: bool,
    /// Whether it is the one in force.
    current: bool,
    swatch: Vec<String>,
    options: Vec<(String, String)>,
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let client = mux.find_client(&call.origin, call.args.get('c').as_deref())?;
    if !may_open(mux, client) {
        return DONE;
    }
    mux.ask(Job::Themes, Pending::Themes { client }, &call.origin, Some(call.queue));
    Ok(Flow::Wait)
}

/// The themes are there.
pub(super) fn open(mux: &mut Mux, origin: &Origin, client: ClientId, result: Result<String, Failure>) {
    let themes: Vec<Told> = match result.map(|text| serde_json::from_str(&text)) {
        Ok(Ok(themes)) => themes,
        Ok(Err(e)) => return mux.tell_trouble(origin, 0, &Trouble::new(1, e.to_string())),
        Err(f) => return mux.tell_trouble(origin, 0, &Trouble::new(f.class, f.text)),
    };
    if !may_open(mux, client) {
        return;
    }
    let chosen = mux.wanted_theme();
    let entry = |(at, theme): (usize, &Told)| {
        let kind = if theme.light { "light" } else { "dark" };
        let about = if theme.current { "now" } else { "" };
        let mut entry = Entry::new(theme.name.clone(), about.into(), kind.into(), Act::Theme(at));
        entry.swatch.clone_from(&theme.swatch);
        entry
    };
    let mut picker = Picker::new(Kind::Themes, themes.iter().enumerate().map(entry).collect());
    picker.choose(|e| e.name == chosen || e.about == "now");
    picker.themes = themes.into_iter().map(|t| t.options).collect();
    mux.open_overlay(client, Overlay::Picker(Box::new(picker)));
}
