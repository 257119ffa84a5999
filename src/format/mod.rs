//! `#{…}`: parse and evaluate against a context.
//!
//! Owns the language; where values come from is the context's business. Unknown variables are empty. Hostile
//! input costs bounded time: depth, loops and output have limits.

pub mod glob;
pub mod style;
pub mod time;

mod modifier;

use modifier::Modifier;
use regex_lite::RegexBuilder;
use time::Civil;

/// Deepest nesting; beyond it the result is empty (as tmux's loop limit).
pub const MAX_DEPTH: usize = 100;

/// Longest result, in bytes; what is longer is cut.
pub const MAX_OUTPUT: usize = 1024 * 1024;

/// Longest width of a pad or count of a repeat.
pub const MAX_WIDTH: usize = 10_000;

/// Steps (variables, conditions, loops) one expansion may take.
pub const MAX_STEPS: usize = 200_000;

/// What a loop goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// `S:` sessions.
    Sessions,
    /// `W:` windows of the context's session.
    Windows,
    /// `P:` panes of the context's window.
    Panes,
    /// `L:` clients.
    Clients,
}

/// What a loop's elements are sorted by, and which way round: the letters after its slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// `i` index, `n` name, `t` activity, `z` from the top; none: as it is natural.
    pub by: Option<char>,
    /// `r`
    pub reversed: bool,
}

/// Where values come from.
pub trait Context {
    /// The value of a variable, option or environment name. `None`: there is none of this name.
    fn lookup(&self, name: &str) -> Option<String>;

    /// Contexts of a loop's elements, each with "is the current one".
    fn each(&self, over: Loop, order: Order) -> Vec<(bool, Box<dyn Context + '_>)>;

    /// The last known line of `#(command)`.
    fn shell(&self, _command: &str) -> String {
        String::new()
    }

    /// Wall time in seconds since 1970, and the zone's offset in seconds.
    fn now(&self) -> (i64, i32);

    /// `C:`: the first line (from 1) in the pane that holds the pattern; 0 when none does.
    fn search(&self, _pattern: &str, _regex: bool, _ignore_case: bool) -> usize {
        0
    }

    /// `N/w:` and `N/s:`: whether a window or session has this name.
    fn name_exists(&self, _name: &str, _session: bool) -> bool {
        false
    }
}

/// Expands a format.
pub fn expand(format: &str, context: &dyn Context) -> String {
    Expander { steps: 0 }.expand(format, context, false, 0)
}

/// Expands a format whose `%H` and the like are a time (the status line).
pub fn expand_time(format: &str, context: &dyn Context) -> String {
    Expander { steps: 0 }.expand(format, context, true, 0)
}

/// A word as the command language reads it back: as it is when nothing in it is special, else in quotes.
pub fn quote_argument(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let plain = |c: char| c.is_alphanumeric() || "!%&()*+,-./:<=>?@^_|[]".contains(c);
    let special_start = text.starts_with(['%', '~', '=']) && text.len() == 1;
    if text.chars().all(plain) && !special_start {
        return text.to_owned();
    }
    if text.chars().count() == 1 && !text.starts_with([' ', '\n', '\t']) {
        return format!("\\{text}");
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '"' | '\\' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\{:03o}", c as u32)),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a result counts as true: not empty and not `0`.
pub fn is_true(value: &str) -> bool {
    !value.is_empty() && value != "0"
}

/// One-character names, `#S`.
fn short_name(c: char) -> Option<&'static str> {
    Some(match c {
        'D' => "pane_id",
        'F' => "window_flags",
        'H' => "host",
        'I' => "window_index",
        'P' => "pane_index",
        'S' => "session_name",
        'T' => "pane_title",
        'W' => "window_name",
        'h' => "host_short",
        _ => return None,
    })
}

struct Expander {
    steps: usize,
}

/// The end of the text before the first of `ends` outside of `#{…}`; `#,` and the like are skipped.
pub(crate) fn skip(text: &str, ends: &[char]) -> Option<usize> {
    let mut depth = 0usize;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let next = chars.peek().map(|(_, n)| *n);
        match (c, next) {
            ('#', Some('{')) => {
                chars.next();
                depth += 1;
            }
            ('#', Some(',' | '#' | '}' | ':')) => {
                chars.next();
            }
            ('}', _) if depth > 0 => depth -= 1,
            (c, _) if depth == 0 && ends.contains(&c) => return Some(i),
            _ => {}
        }
    }
    None
}

/// Splits at commas outside of `#{…}`.
fn split_args(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = skip(rest, &[',']) {
        out.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    out.push(rest);
    out
}

/// What `#,` `#}` `##` stand for outside of an expansion.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('#', Some('{')) => depth += 1,
            ('#', Some(&n @ (',' | '#' | '}' | ':'))) if depth == 0 => {
                chars.next();
                out.push(n);
                continue;
            }
            ('}', _) => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(c);
    }
    out
}

impl Expander {
    fn expand(&mut self, format: &str, cx: &dyn Context, with_time: bool, depth: usize) -> String {
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return String::new();
        }
        let timed;
        let format = if with_time && format.contains('%') {
            let (unix_s, offset_s) = cx.now();
            timed = Civil::new(unix_s, offset_s).strftime(format);
            timed.as_str()
        } else {
            format
        };
        let mut out = String::with_capacity(format.len());
        let mut rest = format;
        while let Some(at) = rest.find('#') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let Some(c) = rest.chars().next() else {
                out.push('#');
                break;
            };
            match c {
                '{' => {
                    let Some(end) = skip(&rest[1..], &['}']) else { return out };
                    let inner = &rest[1..1 + end];
                    rest = &rest[end + 2..];
                    let value = self.replace(inner, cx, with_time, depth + 1);
                    out.push_str(&value);
                }
                '(' => {
                    let Some(end) = job_end(&rest[1..]) else { return out };
                    let command = self.expand(&rest[1..1 + end], cx, false, depth + 1);
                    rest = &rest[end + 2..];
                    out.push_str(&cx.shell(&command));
                }
                '#' => {
                    // `##[` is for the style reader, which knows what an escaped `#[` is.
                    let more = rest.bytes().take_while(|b| *b == b'#').count();
                    if rest[more..].starts_with('[') {
                        out.extend(std::iter::repeat_n('#', more + 1));
                        rest = &rest[more..];
                    } else {
                        out.push('#');
                        rest = &rest[1..];
                    }
                }
                ',' | '}' => {
                    out.push(c);
                    rest = &rest[1..];
                }
                _ => match short_name(c) {
                    Some(name) => {
                        rest = &rest[1..];
                        out.push_str(&cx.lookup(name).unwrap_or_default());
                    }
                    None => out.push('#'),
                },
            }
            if out.len() > MAX_OUTPUT {
                cut(&mut out, MAX_OUTPUT);
                return out;
            }
        }
        out.push_str(rest);
        out
    }

    /// The value of what stands between the braces.
    fn replace(&mut self, key: &str, cx: &dyn Context, with_time: bool, depth: usize) -> String {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return String::new();
        }
        let mut grow = |text: &str| self.expand(text, cx, false, depth + 1);
        let (modifiers, body) = modifier::parse(key, &mut grow);
        let mut value = self.value(&modifiers, body, cx, with_time, depth);
        for m in &modifiers {
            value = match m {
                Modifier::Basename | Modifier::Dirname if value.is_empty() => value,
                Modifier::Basename => basename(&value).to_owned(),
                Modifier::Dirname => dirname(&value).to_owned(),
                Modifier::Quote(how) => modifier::quote(&value, how),
                Modifier::Time { pretty, format } => match value.parse::<i64>() {
                    Ok(t) if t > 0 => show_time(t, cx.now(), *pretty, format.as_deref()),
                    _ => String::new(),
                },
                _ => value,
            };
        }
        for m in &modifiers {
            match m {
                Modifier::Expand => value = self.expand(&value, cx, false, depth + 1),
                Modifier::ExpandTime => value = self.expand(&value, cx, true, depth + 1),
                _ => {}
            }
        }
        for m in &modifiers {
            if let Modifier::Substitute { from, to, flags } = m {
                value = substitute(&value, from, to, flags.contains('i'));
            }
        }
        for m in &modifiers {
            value = match m {
                Modifier::Limit(n, suffix) => modifier::limit(&value, *n, suffix),
                Modifier::Pad(n) => modifier::pad(&value, *n),
                Modifier::Length => value.len().to_string(),
                Modifier::Width => modifier::width(&style::plain(&value)).to_string(),
                _ => value,
            };
        }
        value
    }

    fn value(
        &mut self,
        modifiers: &[Modifier],
        body: &str,
        cx: &dyn Context,
        with_time: bool,
        depth: usize,
    ) -> String {
        let truth = |b: bool| (if b { "1" } else { "0" }).to_owned();
        for m in modifiers {
            match m {
                Modifier::Literal => return unescape(body),
                Modifier::Loop(over, order) => {
                    return self.each((*over, *order), body, cx, with_time, depth);
                }
                Modifier::Bad => return String::new(),
                Modifier::NameExists { session } => {
                    let name = self.expand(body, cx, false, depth + 1);
                    return truth(cx.name_exists(&name, *session));
                }
                Modifier::Search(flags) => {
                    let pattern = self.expand(body, cx, false, depth + 1);
                    return cx.search(&pattern, flags.contains('r'), flags.contains('i')).to_string();
                }
                Modifier::Compare(op) => {
                    let args = split_args(body);
                    if args.len() < 2 {
                        return String::new();
                    }
                    let mut args = args.into_iter();
                    let left = args.next().unwrap_or("");
                    let left = self.expand(left, cx, false, depth + 1);
                    let right = args.collect::<Vec<_>>().join(",");
                    let right = self.expand(&right, cx, false, depth + 1);
                    return truth(op.holds(&left, &right));
                }
                Modifier::All | Modifier::Any => {
                    let all = matches!(m, Modifier::All);
                    // Every part is looked at only until the answer is known.
                    for part in split_args(body) {
                        let yes = is_true(&self.expand(part, cx, false, depth + 1));
                        if yes != all {
                            return truth(yes);
                        }
                    }
                    return truth(all);
                }
                Modifier::Not | Modifier::Truth => {
                    let value = if body.contains("#") {
                        self.expand(body, cx, false, depth + 1)
                    } else {
                        cx.lookup(body).unwrap_or_else(|| body.to_owned())
                    };
                    return truth(is_true(&value) == matches!(m, Modifier::Truth));
                }
                Modifier::Matches(flags) => {
                    let mut args = split_args(body).into_iter();
                    let pattern = args.next().unwrap_or("");
                    let pattern = self.expand(pattern, cx, false, depth + 1);
                    let text = args.collect::<Vec<_>>().join(",");
                    let text = self.expand(&text, cx, false, depth + 1);
                    return truth(text_matches(&pattern, &text, flags));
                }
                Modifier::Arithmetic { op, float, digits } => {
                    let mut args = split_args(body).into_iter();
                    let mut next = || self.expand(args.next().unwrap_or(""), cx, false, depth + 1);
                    let (left, right) = (next(), next());
                    return modifier::arithmetic(op, *float, *digits, &left, &right);
                }
                Modifier::Character => {
                    let code = self.expand(body, cx, false, depth + 1);
                    return match code.parse::<u8>() {
                        Ok(n @ 32..=126) => char::from(n).to_string(),
                        _ => String::new(),
                    };
                }
                Modifier::ColourHex => {
                    let name = self.expand(body, cx, false, depth + 1);
                    return match style::parse_colour(&name) {
                        Some(style::Colour::Rgb(r, g, b)) => format!("{r:02x}{g:02x}{b:02x}"),
                        Some(style::Colour::Indexed(n)) => modifier::palette_hex(n),
                        _ => String::new(),
                    };
                }
                Modifier::Repeat => {
                    let mut args = split_args(body).into_iter();
                    let mut next = || self.expand(args.next().unwrap_or(""), cx, false, depth + 1);
                    let (text, n) = (next(), next());
                    let n = n.parse::<usize>().ok().filter(|n| *n <= MAX_WIDTH).unwrap_or(0);
                    return text.repeat(n.min(MAX_OUTPUT / text.len().max(1)));
                }
                Modifier::Basename
                | Modifier::Dirname
                | Modifier::Quote(_)
                | Modifier::Time { .. }
                | Modifier::Expand
                | Modifier::ExpandTime
                | Modifier::Substitute { .. }
                | Modifier::Limit(..)
                | Modifier::Pad(_)
                | Modifier::Length
                | Modifier::Same
                | Modifier::Width => {}
            }
        }
        if let Some(condition) = body.strip_prefix('?') {
            return self.condition(condition, cx, with_time, depth);
        }
        if body.contains("#{") || body.contains("#(") {
            return self.expand(body, cx, with_time, depth + 1);
        }
        cx.lookup(body).unwrap_or_default()
    }

    /// `?cond,yes,cond,yes,…,no`; a missing last part is empty.
    fn condition(&mut self, text: &str, cx: &dyn Context, with_time: bool, depth: usize) -> String {
        let parts = split_args(text);
        let mut i = 0;
        while i + 1 < parts.len() {
            let condition = parts[i];
            let value = match cx.lookup(condition) {
                Some(v) => v,
                None => {
                    let v = self.expand(condition, cx, false, depth + 1);
                    // A name that nothing is known of stands for itself, and that is false.
                    if v == condition { String::new() } else { v }
                }
            };
            if is_true(&value) {
                return self.expand(parts[i + 1], cx, with_time, depth + 1);
            }
            i += 2;
        }
        match parts.get(i) {
            // A condition alone is what there is when none holds.
            Some(last) => self.expand(last, cx, with_time, depth + 1),
            None => String::new(),
        }
    }

    fn each(
        &mut self,
        (over, order): (Loop, Order),
        body: &str,
        cx: &dyn Context,
        with_time: bool,
        depth: usize,
    ) -> String {
        let parts = split_args(body);
        let all = parts[0];
        let current = parts.get(1).copied().unwrap_or(all);
        let mut out = String::new();
        for (is_current, element) in cx.each(over, order) {
            self.steps += 1;
            let format = if is_current { current } else { all };
            out.push_str(&self.expand(format, element.as_ref(), with_time, depth + 1));
            if out.len() > MAX_OUTPUT || self.steps > MAX_STEPS {
                break;
            }
        }
        cut(&mut out, MAX_OUTPUT);
        out
    }
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}

/// The closing bracket of `#(…`.
fn job_end(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(i),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return if path.is_empty() { "." } else { "/" };
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

fn dirname(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rfind('/') {
        Some(0) => "/",
        Some(at) => trimmed[..at].trim_end_matches('/'),
        None if trimmed.is_empty() && !path.is_empty() => "/",
        None => ".",
    }
}

fn text_matches(pattern: &str, text: &str, flags: &str) -> bool {
    let ignore_case = flags.contains('i');
    if flags.contains('r') {
        return RegexBuilder::new(pattern)
            .case_insensitive(ignore_case)
            .build()
            .is_ok_and(|r| r.is_match(text));
    }
    if ignore_case {
        glob::matches(&pattern.to_lowercase(), &text.to_lowercase())
    } else {
        glob::matches(pattern, text)
    }
}

/// `s/from/to/`, every place, `\1` for groups.
fn substitute(text: &str, from: &str, to: &str, ignore_case: bool) -> String {
    let Ok(regex) = RegexBuilder::new(from).case_insensitive(ignore_case).build() else {
        return text.to_owned();
    };
    let result = regex.replace_all(text, |found: &regex_lite::Captures<'_>| {
        let mut out = String::new();
        let nothing = found.get(0).is_some_and(|all| all.is_empty() && all.start() == 0);
        if nothing && !text.is_empty() && !from.starts_with('^') {
            // As tmux: a match of nothing counts behind a character only.
            return out;
        }
        let mut chars = to.chars();
        while let Some(c) = chars.next() {
            match (c, chars.as_str().chars().next()) {
                ('\\', Some(d)) if d.is_ascii_digit() => {
                    chars.next();
                    let group = found.get(d as usize - '0' as usize);
                    out.push_str(group.map_or("", |g| g.as_str()));
                }
                _ => out.push(c),
            }
        }
        out
    });
    result.into_owned()
}

fn show_time(at: i64, (now, offset_s): (i64, i32), pretty: bool, format: Option<&str>) -> String {
    let civil = Civil::new(at, offset_s);
    if let Some(f) = format {
        return civil.strftime(f);
    }
    if !pretty {
        return civil.strftime("%a %b %e %H:%M:%S %Y");
    }
    let (age, today) = (now.saturating_sub(at), Civil::new(now, offset_s));
    if age < 24 * 3600 {
        civil.strftime("%H:%M")
    } else if (civil.year, civil.month) == (today.year, today.month) || age < 28 * 24 * 3600 {
        civil.strftime("%a%d")
    } else if civil.year == today.year || age < 365 * 24 * 3600 {
        civil.strftime("%d%b")
    } else {
        civil.strftime("%h%y")
    }
}

#[cfg(test)]
mod tests;
