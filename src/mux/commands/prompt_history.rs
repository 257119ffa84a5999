//! show-prompt-history, clear-prompt-history

use super::super::Mux;
use super::super::event::Job;
use super::super::prompt::PromptKind;
use super::super::queue::{Call, Outcome, Pending, Trouble};
use super::super::settings::Scope;
use super::{DONE, Verb, verb};
use std::sync::Arc;

pub(crate) const SHOW: Verb = verb(
    ("show-prompt-history", "showphist"),
    "T:",
    (0, Some(0)),
    "[-T prompt-type]",
    "Show what was answered at prompts",
    show,
);
pub(crate) const CLEAR: Verb = verb(
    ("clear-prompt-history", "clearphist"),
    "T:",
    (0, Some(0)),
    "[-T prompt-type]",
    "Forget what was answered at prompts",
    clear,
);

const KINDS: [(&str, PromptKind); 4] = [
    ("command", PromptKind::Command),
    ("search", PromptKind::Search),
    ("target", PromptKind::Target),
    ("window-target", PromptKind::WindowTarget),
];

/// A kind of prompt by its name.
pub(super) fn kind(name: &str) -> Option<PromptKind> {
    KINDS.iter().find(|(n, _)| *n == name).map(|(_, k)| *k)
}

fn wanted(call: &Call) -> Result<Vec<(&'static str, PromptKind)>, Trouble> {
    match call.args.get('T') {
        None => Ok(KINDS.to_vec()),
        Some(name) => match KINDS.iter().find(|(n, _)| *n == name) {
            Some(one) => Ok(vec![*one]),
            None => Err(format!("invalid type: {name}").into()),
        },
    }
}

fn show(mux: &mut Mux, call: &Call) -> Outcome {
    let mut out = String::new();
    for (name, kind) in wanted(call)? {
        out.push_str(&format!("History for {name}:\n\n"));
        for (n, line) in mux.history.get(&kind).into_iter().flatten().enumerate() {
            out.push_str(&format!("{}: {line}\n", n + 1));
        }
        out.push('\n');
    }
    mux.print(&call.origin, &out);
    DONE
}

fn clear(mux: &mut Mux, call: &Call) -> Outcome {
    for (_, kind) in wanted(call)? {
        mux.history.remove(&kind);
    }
    mux.save_prompt_history();
    DONE
}

impl Mux {
    /// An answer is to be found again at later prompts of its kind.
    pub(crate) fn remember(&mut self, kind: PromptKind, text: String) {
        self.add_answer(kind, text);
        self.save_prompt_history();
    }

    fn add_answer(&mut self, kind: PromptKind, text: String) {
        let limit = self.option_number(Scope::Server, "prompt-history-limit").clamp(0, 10_000) as usize;
        let history = self.history.entry(kind).or_default();
        if history.last() != Some(&text) {
            history.push(text);
        }
        let extra = history.len().saturating_sub(limit);
        history.drain(..extra);
    }

    /// `history-file`: what begins with / or ~/ is a file.
    fn history_path(&self) -> Option<String> {
        let path = self.option_text(Scope::Server, "history-file");
        match path.strip_prefix("~/") {
            Some(rest) => Some(format!("{}/{rest}", self.config.home)),
            None => path.starts_with('/').then_some(path),
        }
    }

    /// Asks for the answers of earlier servers.
    pub(crate) fn load_prompt_history(&mut self) {
        if let Some(path) = self.history_path() {
            self.ask(Job::ReadFile { path }, Pending::PromptHistory, &Arc::default(), None);
        }
    }

    /// The answers of earlier servers: a kind and a text on each line; without a kind it is a command.
    pub(crate) fn prompt_history_loaded(&mut self, text: &str) {
        let newer = std::mem::take(&mut self.history);
        for line in text.lines().filter(|l| !l.is_empty()) {
            let (kind, text) = match line.split_once(':').and_then(|(k, t)| Some((kind(k)?, t))) {
                Some(found) => found,
                None => (PromptKind::Command, line),
            };
            self.add_answer(kind, text.to_owned());
        }
        for (kind, answers) in newer {
            answers.into_iter().for_each(|text| self.add_answer(kind, text));
        }
    }

    /// Written at every answer, where tmux does so when it ends: a server that is killed loses none.
    fn save_prompt_history(&mut self) {
        let Some(path) = self.history_path() else { return };
        let mut text = String::new();
        for (name, kind) in KINDS {
            for line in self.history.get(&kind).into_iter().flatten() {
                text.push_str(&format!("{name}:{line}\n"));
            }
        }
        let job = Job::WriteFile { path, bytes: text.into_bytes(), append: false };
        self.ask(job, Pending::Nothing, &Arc::default(), None);
    }
}
