//! Command queues: what still has to run for a client or for the server, and what it waits for.

use super::commands::set_hook::hook_words;
use super::target::Found;
use super::{Mux, commands};
use crate::command::{Args, Command};
use crate::ids::{ClientId, RequestId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// Most commands waiting in one queue.
pub const MAX_QUEUED: usize = 100_000;

/// Most commands run for one event; a configuration that calls itself ends there.
pub const MAX_PER_EVENT: usize = 200_000;

/// Whose queue: a client's, or the server's own.
pub(crate) type QueueId = Option<ClientId>;

/// Where commands come from, and what they are about when they do not say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The client that asked.
    pub client: Option<ClientId>,
    /// What a command without a target is about, when it is not the client's current pane.
    pub current: Option<Found>,
    /// The mouse event that ran a binding.
    pub mouse: Option<super::mouse::MouseTarget>,
    /// The file they were read from.
    pub file: Option<Arc<str>>,
    /// Errors are not told.
    pub quiet: bool,
    /// They are a hook's own: they set off no hooks.
    pub of_hook: bool,
    /// What such commands' formats see of what happened.
    pub hook: Arc<BTreeMap<String, String>>,
    /// A control client sent them as a line: the guards around them say so.
    pub typed: bool,
}

/// One command to run.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub command: Command,
    pub origin: Arc<Origin>,
    /// Distinguishes groups of different texts.
    pub group: u64,
}

/// One queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub steps: VecDeque<Step>,
    pub waiting: bool,
}

/// A command being run.
pub(crate) struct Call {
    pub args: Args,
    pub origin: Arc<Origin>,
    pub queue: QueueId,
    pub verb: &'static commands::Verb,
}

impl Call {
    /// The client that asked, if it is still known.
    pub fn client(&self) -> Option<ClientId> {
        self.origin.client
    }

    /// What a format sees of what happened, in a hook's commands.
    pub fn hook_words(&self) -> BTreeMap<String, String> {
        self.origin.hook.as_ref().clone()
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Done.
    Done,
    /// The queue waits until it is told to go on.
    Wait,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Exit code for a command client.
    pub class: u8,
    /// For the user; empty for a silent failure.
    pub text: String,
}

impl Trouble {
    pub fn new(class: u8, text: impl Into<String>) -> Trouble {
        Trouble { class, text: text.into() }
    }
}

impl From<String> for Trouble {
    fn from(text: String) -> Trouble {
        Trouble { class: 1, text }
    }
}

impl From<&str> for Trouble {
    fn from(text: &str) -> Trouble {
        Trouble { class: 1, text: text.to_owned() }
    }
}

impl From<crate::command::UsageError> for Trouble {
    fn from(e: crate::command::UsageError) -> Trouble {
        Trouble { class: 1, text: e.to_string() }
    }
}

impl From<super::options::OptionError> for Trouble {
    fn from(e: super::options::OptionError) -> Trouble {
        Trouble { class: 1, text: e.to_string() }
    }
}

pub(crate) type Outcome = Result<Flow, Trouble>;

/// What to do when an answer to a request comes.
#[derive(Debug)]
pub(crate) enum Pending {
    /// Print the text for the asker.
    Report,
    /// As `Report`, and the pane made for it goes away on failure.
    Restore { pane: crate::ids::PaneId },
    /// `if-shell`.
    If { then: crate::command::Word, otherwise: Option<crate::command::Word> },
    /// `run-shell`: output is shown, in this pane where one was named.
    RunShell { shown_in: Option<crate::ids::PaneId> },
    /// `copy-pipe`, `pipe-pane`: nothing is done with it.
    Nothing,
    /// A file of commands.
    Source { path: String, quiet: bool, parse_only: bool, verbose: bool },
    /// The file of `history-file`.
    PromptHistory,
    /// A file for a paste buffer.
    LoadBuffer { name: Option<String>, clipboard: bool },
    /// `#(command)` in a format.
    FormatJob { command: String },
    /// A pane's `pipe-pane`.
    Pipe { pane: crate::ids::PaneId },
    /// `set-option theme`: set when there is such a theme.
    Theme { scope: super::settings::Scope, option: String, name: String, quiet: bool },
    /// A layout file, for the verb that asked for it with these words.
    Layout { verb: &'static str, args: Args, path: String },
    /// Hosts or images, for the session picker of a client.
    Picker { client: ClientId },
    /// `choose-theme`: the themes there are.
    Themes { client: ClientId },
    /// Known hosts, for a message that suggests one.
    MoveWhere { json: bool },
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Request {
    pub pending: Pending,
    pub origin: Arc<Origin>,
    /// The queue that waits for it.
    pub waits: Option<QueueId>,
}

/// Something to do later.
#[derive(Debug)]
pub(crate) enum Later {
    /// `run-shell -d`: let the queue go on, or run the rest.
    Shell { call: Box<LaterShell> },
}

/// A delayed `run-shell`.
#[derive(Debug)]
pub(crate) struct LaterShell {
    pub command: Option<String>,
    /// `-c`: the directory it runs in.
    pub cwd: Option<String>,
    pub as_commands: bool,
    pub origin: Arc<Origin>,
    pub waits: Option<QueueId>,
    pub found: Option<Found>,
    /// The pane of `-t`, in which output is shown.
    pub shown_in: Option<crate::ids::PaneId>,
}

/// Verbs whose formats may ask for the process of a pane.
const ASK_FOR_PROCESSES: [&str; 6] =
    ["display-message", "if-shell", "list-panes", "list-sessions", "list-windows", "run-shell"];

impl Mux {
    /// Puts commands at the end of a queue.
    pub(crate) fn enqueue(&mut self, id: QueueId, commands: &[Command], origin: &Arc<Origin>) {
        let base = self.next_group();
        let queue = self.queues.entry(id).or_default();
        for command in commands {
            if queue.steps.len() >= MAX_QUEUED {
                break;
            }
            let group = base + u64::from(command.group);
            queue.steps.push_back(Step { command: command.clone(), origin: origin.clone(), group });
        }
    }

    /// Puts commands before everything else in a queue: what a command stands for runs in its place.
    pub(crate) fn enqueue_front(&mut self, id: QueueId, commands: &[Command], origin: &Arc<Origin>) {
        let base = self.next_group();
        let queue = self.queues.entry(id).or_default();
        if queue.steps.len() + commands.len() > MAX_QUEUED {
            return;
        }
        for command in commands.iter().rev() {
            let group = base + u64::from(command.group);
            queue.steps.push_front(Step { command: command.clone(), origin: origin.clone(), group });
        }
    }

    fn next_group(&mut self) -> u64 {
        self.groups += 1 << 32;
        self.groups
    }

    /// Lets a waiting queue go on.
    pub(crate) fn release(&mut self, id: QueueId) {
        if let Some(q) = self.queues.get_mut(&id) {
            q.waiting = false;
        }
    }

    pub(crate) fn ask(
        &mut self,
        job: super::event::Job,
        pending: Pending,
        origin: &Arc<Origin>,
        waits: Option<QueueId>,
    ) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request = self.next_request.wrapping_add(1);
        self.requests.insert(id, Request { pending, origin: origin.clone(), waits });
        self.effects.push_back(super::event::Effect::Job { request: id, job });
        id
    }

    /// Whether a client's next command does not run yet: the configuration has to be read first, or a pane is being
    /// started, whose process it may ask for. What makes panes or asks for nothing does not wait.
    fn held(&self, client: ClientId) -> bool {
        if self.loading_config && self.first_client == Some(client) {
            return true;
        }
        if self.starting.is_empty() || self.clients.get(&client).is_none_or(|c| c.attached) {
            return false;
        }
        let next = self.queues.get(&Some(client)).and_then(|q| q.steps.front());
        let verb = next.and_then(|step| commands::find(step.command.name()).ok());
        verb.is_some_and(|verb| ASK_FOR_PROCESSES.contains(&verb.spec.name))
    }

    /// Runs whatever can run. While the configuration is being read, the first client waits; others do not, for
    /// the configuration may wait for them (`if-shell 'tmux …'`).
    pub(crate) fn run_queues(&mut self) {
        let mut budget = MAX_PER_EVENT;
        let (now, panes) = (self.now, &self.panes);
        self.starting.retain(|pane, until| *until > now && panes.contains_key(pane));
        loop {
            let config_busy = self.queues.get(&None).is_some_and(|q| q.waiting || !q.steps.is_empty());
            if self.loading_config && !config_busy {
                self.loading_config = false;
                self.config_read();
            }
            let mut ready = self.queues.iter().filter(|(_, q)| !q.waiting && !q.steps.is_empty());
            let next = ready.find(|(id, _)| !id.is_some_and(|c| self.held(c))).map(|(id, _)| *id);
            let Some(id) = next else { break };
            let Some(step) = self.queues.get_mut(&id).and_then(|q| q.steps.pop_front()) else { break };
            if budget == 0 {
                self.queues.clear();
                self.log_message("too many commands at once; the rest was dropped".into());
                break;
            }
            budget -= 1;
            self.run_step(id, step);
        }
        self.finish_clients();
    }

    fn run_step(&mut self, id: QueueId, step: Step) {
        let group = step.group;
        let origin = step.origin.clone();
        let line = step.command.line;
        let (mut ran, mut given) = (None, None);
        let guard = self.begin_guard(&origin);
        let outcome = commands::prepare(self, &step.command).and_then(|found| match found {
            commands::Prepared::Alias(commands) => {
                self.enqueue_front(id, &commands, &origin);
                Ok(Flow::Done)
            }
            commands::Prepared::Verb(verb, args) => {
                let call = Call { args, origin: origin.clone(), queue: id, verb };
                self.running = verb.spec.name;
                ran = Some(verb.spec.name).filter(|_| !origin.of_hook && !self.hooked.is_empty());
                self.in_hook = origin.of_hook;
                let outcome = (verb.run)(self, &call);
                self.in_hook = false;
                given = ran.map(|_| call.args);
                outcome
            }
        });
        let failed = outcome.is_err();
        if let (Some(name), Ok(_)) = (ran, &outcome) {
            let found = self.current(&origin);
            let words = given.as_ref().map(hook_words).unwrap_or_default();
            self.run_hook(&format!("after-{name}"), id, origin.client, found, words);
        }
        match outcome {
            Ok(Flow::Done) => {}
            Ok(Flow::Wait) => {
                if let Some(q) = self.queues.get_mut(&id) {
                    q.waiting = true;
                }
            }
            Err(trouble) => {
                // The rest of its group does not run.
                if let Some(q) = self.queues.get_mut(&id) {
                    while q.steps.front().is_some_and(|s| s.group == group) {
                        q.steps.pop_front();
                    }
                }
                self.tell_trouble(&origin, line, &trouble);
                if !origin.of_hook {
                    let found = self.current(&origin);
                    let words = given.as_ref().map(hook_words).unwrap_or_default();
                    self.run_hook("command-error", id, origin.client, found, words);
                }
            }
        }
        self.follow_groups();
        self.end_guard(guard, failed);
    }

    /// Command clients whose queue is empty are done.
    fn finish_clients(&mut self) {
        let done: Vec<(ClientId, u8)> = self
            .clients
            .values()
            .filter(|c| !c.attached && !c.leaving)
            .filter(|c| !self.held(c.id))
            .filter(|c| self.queues.get(&Some(c.id)).is_none_or(|q| q.steps.is_empty() && !q.waiting))
            .map(|c| (c.id, c.exit_code))
            .collect();
        for (client, code) in done {
            if let Some(c) = self.clients.get_mut(&client) {
                c.leaving = true;
            }
            self.queues.remove(&Some(client));
            self.effects.push_back(super::event::Effect::Exit { client, code });
        }
        let clients = &self.clients;
        self.queues
            .retain(|id, q| q.waiting || !q.steps.is_empty() || id.is_some_and(|c| clients.contains_key(&c)));
    }

    /// Runs what is due.
    pub(crate) fn run_later(&mut self, now: Instant) {
        while let Some(at) = self.later.iter().position(|(when, _)| *when <= now) {
            let (_, Later::Shell { call }) = self.later.swap_remove(at);
            commands::run_shell::go_on(self, *call);
        }
    }
}
