//! Fault points: named places where a test makes a keeper fail, by `QMUX_FAULT=POINT:ACTION[,…]` in its
//! environment. Always compiled in; without the variable a point costs a look at an empty list.
//!
//! Points, in the order of a move:
//!
//! | point | side | before |
//! |---|---|---|
//! | `source.assess` | source | looking at the tree |
//! | `source.precopy` | source | files are sent, the pane runs |
//! | `source.freeze` | source | the tree is stopped |
//! | `source.dump` | source | the image is made |
//! | `source.seal` | source | Ready has been heard |
//! | `source.commit` | source | Commit is written down |
//! | `source.committed` | source | Commit is written down and not yet said |
//! | `source.release` | source | Ack has been heard |
//! | `destination.consider` | destination | an offer is judged |
//! | `destination.store` | destination | bytes are kept |
//! | `destination.restore` | destination | the tree is built |
//! | `destination.ready` | destination | Ready is written down |
//! | `destination.committed` | destination | Commit has been heard and is written down |
//! | `destination.resume` | destination | the copy runs |
//! | `destination.running` | destination | the copy runs and nobody has been told |
//!
//! Actions: `fail` (the step is refused or fails), `full` (the same, as a full disk), `kill` (SIGKILL to this
//! keeper), `cut` (the link to the server breaks; `cut=N` at the dump or store point: after N bytes).

use super::moving::trouble;
use crate::protocol::keeper::Trouble;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a fault point does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The step fails.
    Fail,
    /// The step fails for want of space.
    Full,
    /// This process dies.
    Kill,
    /// The link breaks after this many bytes.
    Cut(u64),
}

/// The faults of this process; each happens once.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    points: Arc<[Point]>,
}

#[derive(Debug)]
struct Point {
    name: String,
    action: Action,
    happened: AtomicBool,
}

impl Faults {
    /// Reads `QMUX_FAULT`.
    pub fn from_env() -> Faults {
        std::env::var("QMUX_FAULT").map(|text| Faults::parse(&text)).unwrap_or_default()
    }

    fn parse(text: &str) -> Faults {
        let points = text.split(',').filter_map(|part| {
            let (name, action) = part.split_once(':')?;
            let action = match action.split_once('=').unwrap_or((action, "0")) {
                ("fail", _) => Action::Fail,
                ("full", _) => Action::Full,
                ("kill", _) => Action::Kill,
                ("cut", n) => Action::Cut(n.parse().ok()?),
                _ => return None,
            };
            Some(Point { name: name.into(), action, happened: AtomicBool::new(false) })
        });
        Faults { points: points.collect() }
    }

    /// Passes a point: dies there if it is to, or gives the action `wanted` takes, once.
    fn at<T>(&self, name: &str, wanted: impl Fn(Action) -> Option<T>) -> Option<T> {
        let point = self.points.iter().find(|p| p.name == name)?;
        if point.action == Action::Kill {
            eprintln!("{}", Faults::word(name));
            // As sudden as the out-of-memory killer: nothing is cleaned up.
            let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
        }
        let taken = wanted(point.action)?;
        let first = !point.happened.swap(true, Ordering::Relaxed);
        if first {
            eprintln!("{}", Faults::word(name));
        }
        first.then_some(taken)
    }

    /// What stands in the keepers' log once a fault has happened: a test that waits for nothing is none.
    fn word(name: &str) -> String {
        format!("qmux keeper: fault point {name}")
    }

    /// Passes a point where only dying makes sense.
    pub fn dies(&self, name: &str) {
        self.at(name, |_| None::<()>);
    }

    /// Passes a point where the step may fail.
    pub fn fails(&self, name: &str) -> Option<Trouble> {
        self.at(name, |action| match action {
            Action::Fail => Some(trouble(3, "fault", format!("fault point {name}"))),
            Action::Full => Some(trouble(3, "disk-full", "No space left on the device")),
            Action::Kill | Action::Cut(_) => None,
        })
    }

    /// Passes a point where the link may break: after so many bytes.
    pub fn cuts(&self, name: &str) -> Option<u64> {
        self.at(name, |action| match action {
            Action::Cut(after) => Some(after),
            Action::Fail | Action::Full | Action::Kill => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_happen_once_and_others_are_silent() {
        let faults = Faults::parse("a.b:fail,c:cut=700,d:full,nonsense,e:what");
        assert_eq!(faults.cuts("a.b"), None);
        assert_eq!(faults.fails("a.b").unwrap().code, "fault");
        assert_eq!(faults.fails("a.b"), None, "it happens once");
        assert_eq!((faults.cuts("c"), faults.cuts("c")), (Some(700), None));
        assert_eq!(faults.clone().fails("d").unwrap().code, "disk-full");
        assert_eq!(faults.fails("d"), None, "clones share it");
        assert_eq!(faults.fails("e"), None);
        assert_eq!(Faults::default().fails("a.b"), None);
    }
}
