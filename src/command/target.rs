//! The parts of a target, `session:window.pane`. What they name is looked up elsewhere.

/// What a target is asked to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// `-t target-session`.
    Session,
    /// `-t target-window`.
    Window,
    /// `-t target-pane`.
    Pane,
}

/// A target taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetParts {
    /// `=` or `{mouse}`: where the mouse event was.
    pub mouse: bool,
    /// `~` or `{marked}`: the marked pane.
    pub marked: bool,
    /// Session part.
    pub session: Option<String>,
    /// Window part.
    pub window: Option<String>,
    /// Pane part.
    pub pane: Option<String>,
    /// The session must match exactly.
    pub exact_session: bool,
    /// The window must match exactly.
    pub exact_window: bool,
    /// The window part stands alone: it may also be a session.
    pub window_only: bool,
    /// The pane part stands alone: it may also be a window or a session.
    pub pane_only: bool,
}

const WINDOW_WORDS: [(&str, &str); 5] =
    [("{start}", "^"), ("{last}", "!"), ("{end}", "$"), ("{next}", "+"), ("{previous}", "-")];

const PANE_WORDS: [(&str, &str); 3] = [("{last}", "!"), ("{next}", "+"), ("{previous}", "-")];

fn mapped(part: &str, table: &[(&str, &str)]) -> String {
    table.iter().find(|(word, _)| *word == part).map_or(part, |(_, sign)| sign).to_owned()
}

/// Takes a target apart.
pub fn split(target: &str, kind: TargetKind) -> TargetParts {
    let mut parts = TargetParts::default();
    match target {
        "=" | "{mouse}" => {
            parts.mouse = true;
            return parts;
        }
        "~" | "{marked}" => {
            parts.marked = true;
            return parts;
        }
        "" | "@" | "{active}" | "{current}" => return parts,
        _ => {}
    }
    let (session, window, pane) = match target.split_once(':') {
        Some((s, rest)) => match rest.split_once('.') {
            Some((w, p)) => (Some(s), Some(w), Some(p)),
            None => (Some(s), Some(rest), None),
        },
        None => match target.split_once('.') {
            Some((w, p)) => (None, Some(w), Some(p)),
            None => match (target.as_bytes().first(), kind) {
                (Some(b'$'), _) if target.len() > 1 => (Some(target), None, None),
                (Some(b'@'), _) => (None, Some(target), None),
                (Some(b'%'), _) => (None, None, Some(target)),
                (_, TargetKind::Session) => (Some(target), None, None),
                (_, TargetKind::Window) => {
                    parts.window_only = true;
                    (None, Some(target), None)
                }
                (_, TargetKind::Pane) => {
                    parts.pane_only = true;
                    (None, None, Some(target))
                }
            },
        },
    };
    let exact = |part: Option<&str>| match part.and_then(|p| p.strip_prefix('=')) {
        Some(rest) => (Some(rest.to_owned()), true),
        None => (part.map(str::to_owned), false),
    };
    (parts.session, parts.exact_session) = exact(session);
    (parts.window, parts.exact_window) = exact(window);
    let given = |p: Option<String>| p.filter(|t| !t.is_empty());
    parts.session = given(parts.session);
    parts.window = given(parts.window).map(|w| mapped(&w, &WINDOW_WORDS));
    let pane = pane.map(|p| if parts.pane_only { p.strip_prefix('=').unwrap_or(p) } else { p });
    parts.pane = given(pane.map(|p| mapped(p, &PANE_WORDS)));
    parts
}

/// A number with a sign in front, `+2`; the number is 1 when left out.
pub fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    if digits.is_empty() {
        return Some(sign);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i32>().ok().map(|n| sign * i64::from(n))
}
