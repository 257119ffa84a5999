//! command-prompt, confirm-before

use super::super::Mux;
use super::super::input::new_prompt;
use super::super::prompt::{PromptAction, PromptFlags, PromptKind};
use super::super::queue::{Call, Flow, Outcome};
use super::{DONE, Verb, expand, prompt_history, verb};
use std::collections::VecDeque;

pub(crate) const PROMPT: Verb = verb(
    ("command-prompt", ""),
    "1bCeFI:iklNp:t:T:",
    (0, Some(1)),
    "[-1CbeFiklN] [-I inputs] [-p prompts] [-t target-client] [-T prompt-type] [template]",
    "Ask for a command, or for what a template needs",
    prompt,
);
pub(crate) const CONFIRM: Verb = verb(
    ("confirm-before", "confirm"),
    "bc:p:t:y",
    (1, Some(1)),
    "[-by] [-c confirm-key] [-p prompt] [-t target-client] command",
    "Ask before a command is run",
    confirm,
);

fn prompt(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('t').as_deref())?;
    if mux.clients.get(&client).is_some_and(|c| c.prompt.is_some()) {
        return DONE;
    }
    let kind = match args.get('T') {
        None => PromptKind::Command,
        Some(name) => prompt_history::kind(&name).ok_or_else(|| format!("unknown type: {name}"))?,
    };
    let template = args.words.first().cloned();
    let default = match &template {
        None => ":".to_owned(),
        Some(w) => {
            let text = w.to_text();
            format!("({})", text.split_whitespace().next().unwrap_or(""))
        }
    };
    let texts = args.get('p').unwrap_or(default);
    let inputs = args.get('I').unwrap_or_default();
    let single_text = args.has('l');
    let split = |t: &str| -> Vec<String> {
        if single_text { vec![t.to_owned()] } else { t.split(',').map(str::to_owned).collect() }
    };
    let mut inputs = split(&inputs).into_iter();
    let given = args.has('p');
    let mut questions: VecDeque<(String, String)> = split(&texts)
        .into_iter()
        .map(|t| {
            let shown = expand(mux, call, &t, None);
            let shown = if given || template.is_some() { format!("{shown} ") } else { shown };
            (shown, expand(mux, call, &inputs.next().unwrap_or_default(), None))
        })
        .collect();
    let (text, preset) = questions.pop_front().unwrap_or_default();
    let flags = PromptFlags {
        single: args.has('1'),
        numeric: args.has('N'),
        key: args.has('k'),
        incremental: args.has('i'),
        confirm: false,
    };
    let action = PromptAction::Template { template, expand: args.has('F') };
    let mut p = new_prompt(text, kind, flags, action, call.origin.clone());
    if flags.incremental {
        p.last = preset;
    } else {
        p.input = preset.chars().collect();
        p.cursor = p.input.len();
    }
    p.more = questions;
    open(mux, call, client, p)
}

fn confirm(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('t').as_deref())?;
    if mux.clients.get(&client).is_some_and(|c| c.prompt.is_some()) {
        return DONE;
    }
    let yes = match args.get('c') {
        None => 'y',
        Some(c) => match c.chars().next().filter(|_| c.chars().count() == 1) {
            Some(c) if !c.is_control() && c != ' ' => c,
            _ => return Err("invalid confirm key".into()),
        },
    };
    let command = args.words[0].clone();
    let text = match args.get('p') {
        Some(p) => format!("{} ", expand(mux, call, &p, None)),
        None => {
            let name = command.to_text();
            let name = name.split_whitespace().next().unwrap_or("").to_owned();
            format!("Confirm '{name}'? ({yes}/n) ")
        }
    };
    let flags = PromptFlags { confirm: true, single: true, ..PromptFlags::default() };
    let action = PromptAction::Confirm { command, yes, default_yes: args.has('y') };
    let p = new_prompt(text, PromptKind::Command, flags, action, call.origin.clone());
    open(mux, call, client, p)
}

/// A command client waits for the answer; a key's own queue waits too, unless `-b`.
fn open(
    mux: &mut Mux,
    call: &Call,
    client: crate::ids::ClientId,
    mut p: super::super::prompt::Prompt,
) -> Outcome {
    let wait = !call.args.has('b') && !p.flags.incremental && call.queue.is_some();
    p.waits = wait.then_some(call.queue);
    mux.open_prompt(client, p);
    mux.prompt_step(client, '=');
    Ok(if wait { Flow::Wait } else { Flow::Done })
}
