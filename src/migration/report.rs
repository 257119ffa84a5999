//! What is said about a move, made from where the pane is now and nothing else.
//!
//! Owns the words. Must not know how a machine came to its state.

use crate::ids::{Epoch, MoveId};
use crate::protocol::keeper::{MoveOutcome, MoveReport, Trouble};
use serde_json::json;

/// Where a pane is, as far as the side that reports knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whereabouts {
    /// It runs at the source.
    AtSource,
    /// It runs at the destination.
    AtDestination,
    /// It is stopped; which side has to run it is not known.
    Unclear,
    /// It runs at both sides: a human chose against the rules, and was wrong.
    Both,
    /// Its process ended by itself while it was being moved.
    Ended,
    /// Neither side has it any more.
    Lost,
}

/// How a move stands or ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Report {
    /// The move.
    pub move_id: MoveId,
    /// Where the pane is.
    pub place: Whereabouts,
    /// The pane's epoch there.
    pub epoch: Epoch,
    /// The pane was stopped for it, if only for a moment.
    pub touched: bool,
    /// Why it did not go as asked.
    pub failure: Option<Trouble>,
    /// From the freeze to now, ms; 0 when nothing was frozen by this side.
    pub pause_ms: u64,
    /// From the order to now, ms.
    pub total_ms: u64,
    /// Bytes of image and files sent or received.
    pub bytes: u64,
    /// Last phase reached.
    pub phase: &'static str,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// A trouble in one line. `class`: 1 other, 2 wrong words, 3 cannot be carried, 4 host or link, 5 name
/// taken, 6 image, 7 unclear.
pub fn trouble(class: u8, code: &str, cause: impl Into<String>, cure: &str) -> Trouble {
    Trouble { class, code: code.into(), cause: cause.into(), cure: cure.into() }
}

impl Report {
    /// As a keeper tells its server. Times in the report are whole ms; a driver that measured better
    /// replaces `frozen_us` and `total_us`.
    pub fn to_wire(&self) -> MoveReport {
        let failure = || self.failure.clone().unwrap_or_else(|| trouble(1, "none", "", ""));
        let outcome = match self.place {
            Whereabouts::AtDestination => MoveOutcome::Moved(self.epoch),
            Whereabouts::AtSource if self.touched => MoveOutcome::Aborted(failure()),
            Whereabouts::AtSource => MoveOutcome::Refused(failure()),
            Whereabouts::Ended => MoveOutcome::Aborted(Trouble { code: ENDED.into(), ..failure() }),
            Whereabouts::Unclear => MoveOutcome::Undecided(failure()),
            Whereabouts::Both => MoveOutcome::Undecided(Trouble { class: 7, code: BOTH.into(), ..failure() }),
            Whereabouts::Lost => MoveOutcome::Undecided(Trouble { class: 7, code: LOST.into(), ..failure() }),
        };
        MoveReport {
            move_id: self.move_id,
            outcome,
            frozen_us: self.pause_ms * 1000,
            total_us: self.total_ms * 1000,
            bytes: self.bytes,
            phase: self.phase.to_string(),
            notes: self.warnings.clone(),
        }
    }
}

/// Code of a trouble that means: the pane's process ended by itself.
pub const ENDED: &str = "ended";
/// Code of a trouble that means: both sides run the pane.
pub const BOTH: &str = "both";
/// Code of a trouble that means: neither side has the pane.
pub const LOST: &str = "lost";

/// The names a text needs, as the user knows them.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// `thesis:0.0` or `%3`.
    pub pane: &'a str,
    /// Source host.
    pub from: &'a str,
    /// Destination host.
    pub to: &'a str,
}

/// The line for the user: what is, why, what to do.
pub fn text(report: &MoveReport, names: Names<'_>) -> String {
    let Names { pane, from, to } = names;
    let mut line = match &report.outcome {
        MoveOutcome::Moved(_) => {
            let pause = report.frozen_us as f64 / 1e6;
            format!("{pane} is now on {to} (pause {pause:.2} s). {from}'s copy is gone.")
        }
        MoveOutcome::Refused(why) => join(&[&why.cause, &format!("{pane} still runs on {from}."), &why.cure]),
        MoveOutcome::Aborted(why) if why.code == ENDED => {
            format!("{pane} ended while it was being moved. Nothing was started on {to}.")
        }
        MoveOutcome::Aborted(why) => join(&[&why.cause, &format!("{pane} continues on {from}."), &why.cure]),
        MoveOutcome::Undecided(why) if why.code == LOST => join(&[
            &format!("{pane} is lost: {from} has let it go and {to} has no running copy."),
            &why.cause,
            &why.cure,
        ]),
        MoveOutcome::Undecided(why) if why.code == BOTH => {
            join(&[&format!("{pane} runs on {from} and on {to}."), &why.cause, &why.cure])
        }
        MoveOutcome::Undecided(why) => {
            let cure = if why.cure.is_empty() { "`qmux move --resolve`." } else { &why.cure };
            let state = format!("{to} may have {pane}. It stays stopped here and is not started twice.");
            join(&[&state, &why.cause, cure])
        }
    };
    // What it is like there is nothing to whoever stays here.
    let notes = match &report.outcome {
        MoveOutcome::Moved(_) | MoveOutcome::Undecided(_) => &report.notes[..],
        MoveOutcome::Refused(_) | MoveOutcome::Aborted(_) => &[],
    };
    for note in notes {
        line.push(' ');
        line.push_str(note);
    }
    line
}

/// The same for `--json`.
pub fn to_json(report: &MoveReport, names: Names<'_>) -> serde_json::Value {
    let why = report.outcome.trouble();
    let place = match &report.outcome {
        MoveOutcome::Moved(_) => "destination",
        MoveOutcome::Aborted(why) if why.code == ENDED => "ended",
        MoveOutcome::Refused(_) | MoveOutcome::Aborted(_) => "source",
        MoveOutcome::Undecided(why) if why.code == LOST => "lost",
        MoveOutcome::Undecided(why) if why.code == BOTH => "both",
        MoveOutcome::Undecided(_) => "unclear",
    };
    json!({
        "move": report.move_id.to_string(),
        "pane": names.pane,
        "from": names.from,
        "to": names.to,
        "runs": place,
        "moved": matches!(report.outcome, MoveOutcome::Moved(_)),
        "pause_ms": report.frozen_us as f64 / 1e3,
        "total_ms": report.total_us as f64 / 1e3,
        "bytes": report.bytes,
        "phase": report.phase,
        "notes": report.notes,
        "code": why.map(|w| w.code.as_str()),
        "cause": why.map(|w| w.cause.as_str()),
        "cure": why.map(|w| w.cure.as_str()),
        "text": text(report, names),
    })
}

/// Exit code of `qmux move` for this end.
pub fn exit_code(report: &MoveReport) -> u8 {
    match &report.outcome {
        MoveOutcome::Moved(_) => 0,
        MoveOutcome::Refused(why) | MoveOutcome::Aborted(why) => why.class.clamp(1, 7),
        MoveOutcome::Undecided(_) => 7,
    }
}

/// Joins what is there with single spaces, each as a sentence.
fn join(parts: &[&str]) -> String {
    let mut line = String::new();
    for part in parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
        if !part.ends_with(['.', '!', '?', ':']) {
            line.push('.');
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(place: Whereabouts, touched: bool, failure: Option<Trouble>) -> (String, u8) {
        let report = Report {
            move_id: MoveId(1, 2),
            place,
            epoch: Epoch(1),
            touched,
            failure,
            pause_ms: 92,
            total_ms: 300,
            bytes: 18,
            phase: "sending",
            warnings: vec![],
        };
        let wire = report.to_wire();
        let names = Names { pane: "thesis:0.0", from: "hostA", to: "hostB" };
        let json = to_json(&wire, names);
        assert_eq!(json["text"], text(&wire, names));
        assert_eq!(json["moved"], place == Whereabouts::AtDestination);
        for field in ["code", "cause", "cure"] {
            assert_eq!(json[field].is_string(), place != Whereabouts::AtDestination, "{field} in {json}");
        }
        (text(&wire, names), exit_code(&wire))
    }

    #[test]
    fn each_text_says_where_the_pane_is() {
        assert_eq!(
            said(Whereabouts::AtDestination, true, None),
            ("thesis:0.0 is now on hostB (pause 0.09 s). hostA's copy is gone.".into(), 0)
        );
        let link = trouble(4, "link", "Link to hostB broke at 61 %.", "");
        assert_eq!(
            said(Whereabouts::AtSource, true, Some(link)),
            ("Link to hostB broke at 61 %. thesis:0.0 continues on hostA.".into(), 4)
        );
        let memory = trouble(3, "no-memory", "hostB has 300 MB free, this needs 2.1 GB", "Free some");
        assert_eq!(
            said(Whereabouts::AtSource, false, Some(memory)),
            (
                "hostB has 300 MB free, this needs 2.1 GB. thesis:0.0 still runs on hostA. Free some.".into(),
                3
            )
        );
        let silent = trouble(7, "undecided", "", "");
        assert_eq!(
            said(Whereabouts::Unclear, true, Some(silent)),
            (
                "hostB may have thesis:0.0. It stays stopped here and is not started twice. `qmux move --resolve`."
                    .into(),
                7
            )
        );
        let gone = trouble(4, "gone", "hostB lost its copy", "");
        let (text, code) = said(Whereabouts::Lost, true, Some(gone));
        assert!(text.starts_with("thesis:0.0 is lost") && code == 7, "{text}");
        let (text, _) = said(Whereabouts::Ended, true, None);
        assert!(text.starts_with("thesis:0.0 ended"), "{text}");
    }
}
