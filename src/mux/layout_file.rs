//! Layout files: windows, how they are divided and what runs in them, as TOML.
//!
//! Owns the form of the file, what is wrong with one (with its line), and the sizes that parts of a split get. Knows
//! no panes: opening one and writing one down is the verbs' business.

use super::layout::{Axis, MAX_DEPTH};
use serde::Deserialize;
use std::fmt::Write;
use toml::Spanned;

/// Most panes of one file; more come from no user.
const MAX_PANES: usize = 500;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LayoutFile {
    /// Directory everything starts in, unless it says its own.
    pub cwd: Option<String>,
    pub windows: Vec<LayoutWindow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LayoutWindow {
    pub name: Option<String>,
    pub focus: bool,
    pub root: Part,
}

/// A pane, or a split of several parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Part {
    pub size: Option<PartSize>,
    pub cwd: Option<String>,
    pub command: Option<String>,
    pub focus: bool,
    pub split: Option<(Axis, Vec<Part>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartSize {
    Cells(u16),
    Percent(u16),
}

impl Part {
    /// The pane that is there first, before anything is split.
    pub fn first(&self) -> &Part {
        match &self.split {
            Some((_, parts)) => parts.first().map_or(self, Part::first),
            None => self,
        }
    }

    pub fn panes(&self) -> usize {
        self.split.as_ref().map_or(1, |(_, parts)| parts.iter().map(Part::panes).sum())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    cwd: Option<String>,
    #[serde(default)]
    window: Vec<Spanned<RawWindow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWindow {
    name: Option<String>,
    #[serde(default)]
    focus: bool,
    cwd: Option<String>,
    command: Option<String>,
    split: Option<Spanned<String>>,
    panes: Option<Spanned<Vec<Spanned<RawPart>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    size: Option<Spanned<RawSize>>,
    cwd: Option<String>,
    command: Option<String>,
    #[serde(default)]
    focus: bool,
    split: Option<Spanned<String>>,
    panes: Option<Spanned<Vec<Spanned<RawPart>>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawSize {
    Number(i64),
    Text(String),
}

/// What is wrong, and at which byte.
type Wrong = (usize, String);

/// Reads a file's text; the error names file, line and what is wrong.
pub(crate) fn parse(path: &str, text: &str) -> Result<LayoutFile, String> {
    let line = |at: usize| text.get(..at.min(text.len())).map_or(1, |t| t.matches('\n').count() + 1);
    let told = |(at, what): Wrong| format!("{path}: line {}: {what}. Nothing was opened.", line(at));
    let raw: RawFile = toml::from_str(text)
        .map_err(|e| told((e.span().map_or(0, |s| s.start), e.message().trim().to_owned())))?;
    let mut panes = 0;
    let windows = raw.window.into_iter().map(|w| window(w, &mut panes));
    let windows = windows.collect::<Result<Vec<_>, Wrong>>().map_err(told)?;
    if windows.is_empty() {
        return Err(told((0, "there is no [[window]]".into())));
    }
    Ok(LayoutFile { cwd: raw.cwd, windows })
}

fn window(raw: Spanned<RawWindow>, panes: &mut usize) -> Result<LayoutWindow, Wrong> {
    let at = raw.span().start;
    let raw = raw.into_inner();
    let (name, focus) = (raw.name, raw.focus);
    let part = RawPart {
        size: None,
        cwd: raw.cwd,
        command: raw.command,
        focus: false,
        split: raw.split,
        panes: raw.panes,
    };
    Ok(LayoutWindow { name, focus, root: convert(part, at, 0, panes)? })
}

fn convert(raw: RawPart, at: usize, depth: usize, panes: &mut usize) -> Result<Part, Wrong> {
    let size = raw.size.map(size).transpose()?;
    let mut part = Part { size, cwd: raw.cwd, command: raw.command, focus: raw.focus, split: None };
    let Some(inner) = raw.panes else {
        *panes += 1;
        return match raw.split {
            Some(s) => Err((s.span().start, "a split has panes: panes = [ … ]".into())),
            None if *panes > MAX_PANES => Err((at, format!("there are more than {MAX_PANES} panes"))),
            None => Ok(part),
        };
    };
    let here = inner.span().start;
    if part.command.is_some() {
        return Err((here, "what has panes has no command of its own; give it to one of them".into()));
    }
    if depth >= MAX_DEPTH {
        return Err((here, format!("splits are nested deeper than {MAX_DEPTH}")));
    }
    let axis = match raw.split.as_ref().map(|s| (s.get_ref().as_str(), s.span().start)) {
        Some(("h" | "horizontal", _)) => Axis::LeftRight,
        Some(("v" | "vertical", _)) => Axis::TopBottom,
        Some((word, at)) => {
            return Err((
                at,
                format!("split is \"h\" (side by side) or \"v\" (one above the other), not {word:?}"),
            ));
        }
        None => return Err((here, "panes need a split: split = \"h\" or \"v\"".into())),
    };
    let mut parts = Vec::new();
    for raw in inner.into_inner() {
        let at = raw.span().start;
        let mut child = convert(raw.into_inner(), at, depth + 1, panes)?;
        inherit(&mut child, part.cwd.as_ref());
        parts.push(child);
    }
    if parts.is_empty() {
        return Err((here, "there is no pane in it".into()));
    }
    let percent: u32 =
        parts.iter().map(|p| if let Some(PartSize::Percent(n)) = p.size { n.into() } else { 0 }).sum();
    if percent > 100 {
        return Err((here, format!("the sizes add up to {percent}%")));
    }
    part.cwd = None;
    part.split = Some((axis, parts));
    Ok(part)
}

fn inherit(part: &mut Part, cwd: Option<&String>) {
    match &mut part.split {
        Some((_, parts)) => parts.iter_mut().for_each(|p| inherit(p, cwd)),
        None if part.cwd.is_none() => part.cwd = cwd.cloned(),
        None => {}
    }
}

fn size(raw: Spanned<RawSize>) -> Result<PartSize, Wrong> {
    let at = raw.span().start;
    let text = match raw.into_inner() {
        RawSize::Number(n) => n.to_string(),
        RawSize::Text(text) => text,
    };
    let number = |text: &str, most: u16| text.parse::<u16>().ok().filter(|n| (1..=most).contains(n));
    let found = match text.strip_suffix('%') {
        Some(percent) => number(percent, 100).map(PartSize::Percent),
        None => number(&text, u16::MAX).map(PartSize::Cells),
    };
    found.ok_or_else(|| (at, format!("size is a number of cells or \"1%\" to \"100%\", not {text:?}")))
}

/// How many cells each part of a split gets of so many; `None` when there is not a cell for each.
pub(crate) fn share(parts: &[Part], extent: u16) -> Option<Vec<u16>> {
    let n = u16::try_from(parts.len()).ok()?;
    let room = extent.checked_sub(n.checked_sub(1)?)?;
    if room < n {
        return None;
    }
    let wish = |part: &Part| match part.size? {
        PartSize::Cells(n) => Some(n),
        PartSize::Percent(p) => Some(((u32::from(room) * u32::from(p) + 50) / 100) as u16),
    };
    let unsized_parts = parts.iter().filter(|p| p.size.is_none()).count() as u16;
    let mut left = room;
    let mut sizes = Vec::with_capacity(parts.len());
    for (at, part) in (1..).zip(parts) {
        // Each of those that follow keeps a cell at least.
        let most = left - (n - at);
        let asked = wish(part).unwrap_or(0).max(1).min(most);
        let given = if part.size.is_some() { asked } else { 1 };
        left -= given;
        sizes.push(given);
    }
    // What is over goes to those that named no size, else to the last.
    let mut open = unsized_parts;
    for (part, size) in parts.iter().zip(&mut sizes) {
        if part.size.is_none() {
            let more = left.div_ceil(open);
            *size += more;
            left -= more;
            open -= 1;
        }
    }
    if let Some(last) = sizes.last_mut() {
        *last += left;
    }
    Some(sizes)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The file's text.
pub(crate) fn print(file: &LayoutFile) -> String {
    let mut out = String::new();
    if let Some(cwd) = &file.cwd {
        let _ = writeln!(out, "cwd = {}", quoted(cwd));
    }
    for window in &file.windows {
        let _ = writeln!(out, "\n[[window]]");
        if let Some(name) = &window.name {
            let _ = writeln!(out, "name = {}", quoted(name));
        }
        if window.focus {
            let _ = writeln!(out, "focus = true");
        }
        match &window.root.split {
            Some((axis, parts)) => {
                let _ = writeln!(out, "split = {}\npanes = [", axis_word(*axis));
                parts.iter().for_each(|p| print_part(&mut out, p, 1));
                let _ = writeln!(out, "]");
            }
            None => {
                for field in fields(&window.root) {
                    let _ = writeln!(out, "{field}");
                }
            }
        }
    }
    out
}

fn axis_word(axis: Axis) -> &'static str {
    if axis == Axis::LeftRight { "\"h\"" } else { "\"v\"" }
}

fn fields(part: &Part) -> Vec<String> {
    let mut fields = Vec::new();
    match part.size {
        Some(PartSize::Cells(n)) => fields.push(format!("size = {n}")),
        Some(PartSize::Percent(n)) => fields.push(format!("size = \"{n}%\"")),
        None => {}
    }
    fields.extend(part.cwd.as_ref().map(|c| format!("cwd = {}", quoted(c))));
    fields.extend(part.command.as_ref().map(|c| format!("command = {}", quoted(c))));
    if part.focus {
        fields.push("focus = true".into());
    }
    fields
}

fn print_part(out: &mut String, part: &Part, depth: usize) {
    let indent = "  ".repeat(depth);
    let mut all = fields(part);
    let Some((axis, parts)) = &part.split else {
        let _ = writeln!(out, "{indent}{{ {} }},", all.join(", "));
        return;
    };
    all.push(format!("split = {}", axis_word(*axis)));
    let _ = writeln!(out, "{indent}{{ {}, panes = [", all.join(", "));
    parts.iter().for_each(|p| print_part(out, p, depth + 1));
    let _ = writeln!(out, "{indent}] }},");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "cwd = \"~/src\"\n[[window]]\nname = \"edit\"\nsplit = \"h\"\npanes = [\n  { command = \"vim\", size = \"60%\", focus = true },\n  { split = \"v\", cwd = \"out\", panes = [ { command = \"make\" }, { size = 5, cwd = \"/\" } ] },\n]\n[[window]]\ncommand = \"top\"\n";

    #[test]
    fn a_file_is_read_and_comes_out_the_same() {
        let file = parse("x.toml", GOOD).unwrap();
        assert_eq!((file.windows.len(), file.windows[0].root.panes()), (2, 3));
        let Some((Axis::LeftRight, parts)) = &file.windows[0].root.split else { panic!("{file:?}") };
        assert_eq!(parts[0].size, Some(PartSize::Percent(60)));
        assert_eq!(parts[1].first().cwd.as_deref(), Some("out"));
        assert_eq!(parse("x.toml", &print(&file)).unwrap(), file, "{}", print(&file));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, what) in [
            ("", 1, "there is no [[window]]"),
            ("[[window]]\nsplit = \"x\"\npanes = [{}]", 2, "not \"x\""),
            ("[[window]]\nsplit = \"h\"", 2, "a split has panes"),
            ("[[window]]\npanes = [{}]", 2, "panes need a split"),
            ("[[window]]\nsplit = \"h\"\npanes = []", 3, "no pane in it"),
            ("[[window]]\nsplit = \"h\"\npanes = [{},\n{ size = \"0%\" }]", 4, "not \"0%\""),
            ("[[window]]\nsplit = \"h\"\npanes = [{ size = \"70%\" }, { size = \"40%\" }]", 3, "110%"),
            ("[[window]]\nsplit = \"h\"\ncommand = \"x\"\npanes = [{}]", 4, "no command of its own"),
            ("[[window]]\n\ncomand = \"vim\"", 3, "unknown field `comand`"),
            ("[[window]]\nname = 3", 2, "expected a string"),
        ] {
            let error = parse("/l/x.toml", text).unwrap_err();
            assert!(
                error.starts_with(&format!("/l/x.toml: line {line}: ")) && error.contains(what),
                "{text}: {error}"
            );
            assert!(error.ends_with("Nothing was opened."), "{error}");
        }
    }

    #[test]
    fn sizes_are_shared_out() {
        let part = |size| Part { size, ..Part::default() };
        let parts = [part(Some(PartSize::Percent(50))), part(None), part(Some(PartSize::Cells(9)))];
        assert_eq!(share(&parts, 102).unwrap(), [50, 41, 9]);
        assert_eq!(share(&[part(None), part(None)], 80).unwrap(), [40, 39]);
        assert_eq!(share(&parts, 4), None);
    }

    proptest! {
        #[test]
        fn every_cell_is_given_away(sizes in prop::collection::vec(prop::option::of(1_u16..200), 1..8), extent in 1_u16..300) {
            let parts: Vec<Part> =
                sizes.iter().map(|s| Part { size: s.map(PartSize::Cells), ..Part::default() }).collect();
            if let Some(shared) = share(&parts, extent) {
                prop_assert_eq!(shared.iter().sum::<u16>() + parts.len() as u16 - 1, extent);
                prop_assert!(shared.iter().all(|n| *n > 0));
            }
        }
    }
}
