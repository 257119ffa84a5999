//! Fault points: named places where a test makes a keeper fail, by `QMUX_FAULT=POINT:ACTION[,…]` in its
//! environment. Always compiled in; without the variable a point costs one comparison.
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

/// The faults of this process.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    points: Vec<(String, Action)>,
}

impl Faults {
    /// Reads `QMUX_FAULT`.
    pub fn from_env() -> Faults {
        std::env::var("QMUX_FAULT").map(|text| Faults::parse(&text)).unwrap_or_default()
    }

    fn parse(text: &str) -> Faults {
        let points = text.split(',').filter_map(|part| {
            let (point, action) = part.split_once(':')?;
            let action = match action.split_once('=').unwrap_or((action, "0")) {
                ("fail", _) => Action::Fail,
                ("full", _) => Action::Full,
                ("kill", _) => Action::Kill,
                ("cut", n) => Action::Cut(n.parse().ok()?),
                _ => return None,
            };
            Some((point.to_string(), action))
        });
        Faults { points: points.collect() }
    }

    /// Passes a point: dies there, or says what is to happen.
    pub fn at(&self, point: &str) -> Option<Action> {
        if self.points.is_empty() {
            return None;
        }
        let action = self.points.iter().find(|(p, _)| p == point).map(|(_, action)| *action)?;
        if action == Action::Kill {
            // As sudden as the out-of-memory killer: nothing is cleaned up.
            let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
        }
        Some(action)
    }

    /// Passes a point where only failing makes sense.
    pub fn fails(&self, point: &str) -> Option<Trouble> {
        match self.at(point)? {
            Action::Fail => Some(trouble(3, "fault", format!("fault point {point}"))),
            Action::Full => Some(trouble(3, "disk-full", "No space left on the device there")),
            Action::Kill | Action::Cut(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_and_others_are_silent() {
        let faults = Faults::parse("a.b:fail,c:cut=700,d:full,nonsense,e:what");
        assert_eq!(faults.at("a.b"), Some(Action::Fail));
        assert_eq!(faults.at("c"), Some(Action::Cut(700)));
        assert_eq!(faults.fails("d").unwrap().code, "disk-full");
        assert_eq!(faults.at("e"), None);
        assert_eq!(Faults::default().at("a.b"), None);
    }
}
