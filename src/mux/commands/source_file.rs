//! source-file

use super::super::Mux;
use super::super::context::About;
use super::super::event::{Failure, Job};
use super::super::queue::{Call, Flow, Origin, Outcome, Pending, QueueId, Trouble};
use super::{Verb, expand, verb};
use crate::command::{Command, Host, ParseError, parse};
use std::sync::Arc;

pub(crate) const VERB: Verb = verb(
    ("source-file", "source"),
    "Fnqt:v",
    (1, None),
    "[-Fnqv] [-t target-pane] path ...",
    "Read commands from a file",
    run,
);

/// What the command reader sees of `Mux`.
pub(crate) struct Reader<'a> {
    pub mux: &'a mut Mux,
}

impl Host for Reader<'_> {
    fn env(&self, name: &str) -> Option<String> {
        self.mux.env_global(name)
    }
    fn home(&self, user: &str) -> Option<String> {
        if user.is_empty() {
            return Some(self.mux.env_global("HOME").unwrap_or_else(|| self.mux.config.home.clone()));
        }
        self.mux.config.homes.get(user).cloned()
    }
    fn condition(&self, format: &str) -> bool {
        let found = self.mux.best_session(false).and_then(|s| self.mux.found_session(s));
        crate::format::is_true(&self.mux.expand(format, About { found, ..About::default() }))
    }
    fn assign(&mut self, name: &str, value: &str, hidden: bool) {
        self.mux.environment.insert(name.to_owned(), Some(value.to_owned()));
        if hidden {
            self.mux.hidden_environment.insert(name.to_owned());
        } else {
            self.mux.hidden_environment.remove(name);
        }
    }
}

impl Mux {
    /// Reads text as commands, with this server's environment.
    pub(crate) fn parse_commands(
        &mut self,
        text: &str,
        _file: Option<&str>,
    ) -> Result<Vec<Command>, ParseError> {
        parse(text, &mut Reader { mux: self })
    }
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = mux.current(&call.origin);
    let cwd = match call.client().and_then(|c| mux.clients.get(&c)) {
        Some(c) => c.hello.cwd.clone(),
        None => mux.config.home.clone(),
    };
    let mut last = None;
    for path in args.texts_from(0) {
        let path = if args.has('F') { expand(mux, call, &path, found) } else { path };
        let path = if path.starts_with('/') || path == "-" { path } else { format!("{cwd}/{path}") };
        let pending = Pending::Source {
            path: path.clone(),
            quiet: args.has('q'),
            parse_only: args.has('n'),
            verbose: args.has('v'),
        };
        // The queue goes on when the last file is read: answers come in order.
        last = Some(mux.ask(Job::ReadFile { path }, pending, &call.origin, None));
    }
    if let Some(request) = last.and_then(|id| mux.requests.get_mut(&id)) {
        request.waits = Some(call.queue);
    }
    Ok(Flow::Wait)
}

/// A file came (or did not). A glob's files come as one answer: `path NUL text` parted by NUL, or plain text.
pub(super) fn loaded(
    mux: &mut Mux,
    origin: &Arc<Origin>,
    waits: Option<QueueId>,
    (path, quiet, parse_only, verbose): (&str, bool, bool, bool),
    result: Result<String, Failure>,
) {
    match result {
        Ok(text) => {
            let _ = verbose;
            let queue = waits.unwrap_or(origin.client);
            let mut files = text.split('\0');
            let mut read: Vec<(&str, &str)> = Vec::new();
            match (files.next(), files.next()) {
                (Some(first), Some(its)) => {
                    read.push((first, its));
                    while let (Some(path), Some(text)) = (files.next(), files.next()) {
                        read.push((path, text));
                    }
                }
                _ => read.push((path, &text)),
            }
            // Each goes before what waits: the last first.
            if queue.is_some() {
                read.reverse();
            }
            for (path, text) in read {
                read_into(mux, path, text, origin, queue, parse_only);
            }
        }
        Err(_) if quiet => {}
        Err(f) => mux.tell_trouble(origin, 0, &Trouble::new(1, f.text)),
    }
}

/// Reads a configuration file at the start of the server, into the server's own queue.
pub(crate) fn read(mux: &mut Mux, path: &str, text: &str, queue: QueueId, parse_only: bool) {
    let origin = Arc::new(Origin::default());
    read_into(mux, path, text, &origin, queue, parse_only);
}

fn read_into(mux: &mut Mux, path: &str, text: &str, origin: &Arc<Origin>, queue: QueueId, parse_only: bool) {
    let file: Arc<str> = path.into();
    let origin = Arc::new(Origin { file: Some(file), ..(**origin).clone() });
    let commands = match mux.parse_commands(text, Some(path)) {
        Ok(commands) => commands,
        Err(e) => return mux.tell_trouble(&origin, e.line, &Trouble::new(1, e.text)),
    };
    // One line that is no command refuses the file as a whole; a command that fails later does not.
    let mut wrong = false;
    for c in &commands {
        if let Err(trouble) = super::prepare(mux, c) {
            mux.tell_trouble(&origin, c.line, &trouble);
            wrong = true;
        }
    }
    if wrong || parse_only {
        return;
    }
    if queue.is_none() {
        mux.enqueue(queue, &commands, &origin);
    } else {
        mux.enqueue_front(queue, &commands, &origin);
    }
}
