//! Modifiers, what stands before the colon: `#{=/9/…;b:path}`.

use super::{Loop, MAX_WIDTH, Order, skip, style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Most modifiers in one expression.
const MAX_MODIFIERS: usize = 64;

/// A comparison of two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
}

impl Op {
    pub(super) fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Op::Equal => left == right,
            Op::NotEqual => left != right,
            Op::Less => left < right,
            Op::Greater => left > right,
            Op::LessEqual => left <= right,
            Op::GreaterEqual => left >= right,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Modifier {
    Literal,
    Basename,
    Dirname,
    Expand,
    ExpandTime,
    Length,
    Width,
    Loop(Loop, Order),
    /// Two texts are compared, and there is only one.
    Bad,
    /// Its arguments ask for nothing: the value as it is.
    Same,
    Not,
    Truth,
    All,
    Any,
    Compare(Op),
    Matches(String),
    Search(String),
    Substitute {
        from: String,
        to: String,
        flags: String,
    },
    Limit(i64, String),
    Pad(i64),
    Quote(String),
    Time {
        pretty: bool,
        format: Option<String>,
    },
    Arithmetic {
        op: String,
        float: bool,
        digits: u32,
    },
    NameExists {
        session: bool,
    },
    Character,
    ColourHex,
    Repeat,
}

/// Reads the modifiers of a key. Without any the whole key is the body.
pub(super) fn parse<'a>(key: &'a str, grow: &mut dyn FnMut(&str) -> String) -> (Vec<Modifier>, &'a str) {
    let mut out = Vec::new();
    let mut rest = key;
    loop {
        if let Some(body) = rest.strip_prefix(':') {
            return if out.is_empty() { (out, key) } else { (out, body) };
        }
        if !out.is_empty() {
            match rest.strip_prefix(';') {
                Some(r) => rest = r,
                None => return (Vec::new(), key),
            }
        }
        let Some((m, after)) = one(rest, grow) else { return (Vec::new(), key) };
        out.extend(m);
        rest = after;
        if out.len() > MAX_MODIFIERS || !rest.starts_with([':', ';']) {
            return (Vec::new(), key);
        }
    }
}

fn ends(text: &str) -> bool {
    text.starts_with([':', ';'])
}

/// One modifier and what follows it. A modifier that is known but has wrong arguments is none, yet is skipped.
fn one<'a>(text: &'a str, grow: &mut dyn FnMut(&str) -> String) -> Option<(Option<Modifier>, &'a str)> {
    const PAIRS: [(&str, Modifier); 8] = [
        ("||", Modifier::Any),
        ("&&", Modifier::All),
        ("!!", Modifier::Truth),
        ("==", Modifier::Compare(Op::Equal)),
        ("!=", Modifier::Compare(Op::NotEqual)),
        ("<=", Modifier::Compare(Op::LessEqual)),
        (">=", Modifier::Compare(Op::GreaterEqual)),
        ("<", Modifier::Compare(Op::Less)),
    ];
    for (sign, m) in PAIRS {
        if let Some(rest) = text.strip_prefix(sign)
            && ends(rest)
        {
            return Some((Some(m), rest));
        }
    }
    let letter = text.chars().next()?;
    let rest = &text[letter.len_utf8()..];
    let plain = match letter {
        'l' => Some(Modifier::Literal),
        'b' => Some(Modifier::Basename),
        'd' => Some(Modifier::Dirname),
        'n' => Some(Modifier::Length),
        'w' => Some(Modifier::Width),
        'E' => Some(Modifier::Expand),
        'T' => Some(Modifier::ExpandTime),
        'S' => Some(Modifier::Loop(Loop::Sessions, Order::default())),
        'W' => Some(Modifier::Loop(Loop::Windows, Order::default())),
        'P' => Some(Modifier::Loop(Loop::Panes, Order::default())),
        'L' => Some(Modifier::Loop(Loop::Clients, Order::default())),
        '!' => Some(Modifier::Not),
        '>' => Some(Modifier::Compare(Op::Greater)),
        'a' => Some(Modifier::Character),
        'c' => Some(Modifier::ColourHex),
        'R' => Some(Modifier::Repeat),
        _ => None,
    };
    if let Some(m) = plain {
        if ends(rest) {
            return Some((Some(m), rest));
        }
        // Loops take a sort order after a slash.
        if let Modifier::Loop(over, _) = m
            && rest.starts_with('/')
        {
            let (args, after) = arguments(rest, grow)?;
            let letters = args.first().map_or("", String::as_str);
            let by = letters.chars().find(|c| *c != 'r');
            let order = Order { by, reversed: letters.contains('r') };
            return Some((Some(Modifier::Loop(over, order)), after));
        }
        return None;
    }
    if !"mCst=pqeN".contains(letter) {
        return None;
    }
    let (args, after) = if ends(rest) { (Vec::new(), rest) } else { arguments(rest, grow)? };
    let arg = |i: usize| args.get(i).map_or("", String::as_str);
    let m = match letter {
        'm' => Some(Modifier::Matches(arg(0).to_owned())),
        'C' => Some(Modifier::Search(arg(0).to_owned())),
        's' if args.len() < 2 => Some(Modifier::Same),
        's' => Some(Modifier::Substitute {
            from: arg(0).to_owned(),
            to: arg(1).to_owned(),
            flags: arg(2).to_owned(),
        }),
        '=' => Some(
            arg(0)
                .parse()
                .ok()
                .filter(|n| *n != 0)
                .map_or(Modifier::Same, |n| Modifier::Limit(n, arg(1).to_owned())),
        ),
        'p' => Some(arg(0).parse().map_or(Modifier::Same, Modifier::Pad)),
        'q' => Some(Modifier::Quote(arg(0).to_owned())),
        't' => {
            // `#:` and `#,` stand for what would end the argument.
            let format = (arg(0) == "f").then(|| arg(1).replace("#:", ":").replace("#,", ","));
            Some(Modifier::Time { pretty: arg(0) == "p", format })
        }
        'e' => {
            let float = arg(1).contains('f');
            let digits = match args.get(2) {
                Some(digits) => digits.parse().ok(),
                None => Some(if float { 2 } else { 0 }),
            };
            match digits {
                Some(digits) if args.len() <= 3 => {
                    Some(Modifier::Arithmetic { op: arg(0).to_owned(), float, digits })
                }
                _ => Some(Modifier::Bad),
            }
        }
        'N' => Some(Modifier::NameExists { session: arg(0).contains('s') }),
        _ => None,
    };
    Some((m, after))
}

/// `12`, or `/a/b` with any punctuation as the separator; the last may lack its closing one.
fn arguments<'a>(text: &'a str, grow: &mut dyn FnMut(&str) -> String) -> Option<(Vec<String>, &'a str)> {
    let first = text.chars().next()?;
    if !first.is_ascii_punctuation() || first == '-' {
        let end = skip(text, &[':', ';'])?;
        return Some((vec![grow(&text[..end])], &text[end..]));
    }
    let mut args = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.strip_prefix(first)?;
        if ends(rest) {
            return Some((args, rest));
        }
        let end = skip(rest, &[first, ';', ':'])?;
        args.push(grow(&rest[..end]));
        rest = &rest[end..];
        if ends(rest) && first != ':' && first != ';' {
            return Some((args, rest));
        }
        if args.len() > 8 {
            return None;
        }
    }
}

/// Columns of a text.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Cuts to `n` columns from the left (from the right for a negative one); styles take no columns.
pub(super) fn limit(text: &str, n: i64, suffix: &str) -> String {
    let most = n.unsigned_abs() as usize;
    if n == 0 || width(&style::plain(text)) <= most {
        return if n == 0 { String::new() } else { text.to_owned() };
    }
    let mut units = units(text);
    if n < 0 {
        units.reverse();
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut used = 0;
    for (unit, w) in units {
        if w == 0 || used + w <= most {
            used += w;
            kept.push(unit);
        } else {
            // Nothing behind the first that does not fit, but styles still count.
            used = most;
        }
    }
    if n > 0 {
        kept.concat() + suffix
    } else {
        kept.reverse();
        suffix.to_owned() + &kept.concat()
    }
}

/// Graphemes with their columns; a whole `#[…]` is one unit of no width.
fn units(text: &str) -> Vec<(&str, usize)> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with("#[")
            && let Some(end) = rest.find(']')
        {
            out.push((&rest[..=end], 0));
            rest = &rest[end + 1..];
            continue;
        }
        if rest.starts_with("##") {
            out.push((&rest[..2], 1));
            rest = &rest[2..];
            continue;
        }
        let Some(g) = rest.graphemes(true).next() else { break };
        out.push((g, width(g)));
        rest = &rest[g.len()..];
    }
    out
}

/// Fills with blanks to `n` columns, at the right (at the left for a negative one).
pub(super) fn pad(text: &str, n: i64) -> String {
    let want = (n.unsigned_abs() as usize).min(MAX_WIDTH);
    let blanks = " ".repeat(want.saturating_sub(width(&style::plain(text))));
    if n >= 0 { text.to_owned() + &blanks } else { blanks + text }
}

/// `q:` for the shell, `q/e` for styles, `q/h` too, `q/a` for command arguments.
pub(super) fn quote(text: &str, how: &str) -> String {
    match how {
        "e" | "h" => text.replace('#', "##"),
        "a" => crate::format::quote_argument(text),
        _ => {
            let mut out = String::with_capacity(text.len());
            for c in text.chars() {
                if "|&;<>()$`\\\"'*?[# =%".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            out
        }
    }
}

/// `e|op|flags|digits:a,b`. What is no number gives nothing, and so does a division by zero.
pub(super) fn arithmetic(op: &str, float: bool, digits: u32, left: &str, right: &str) -> String {
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let (Some(mut a), Some(mut b)) = (number(left), number(right)) else { return String::new() };
    if !float {
        (a, b) = (a.trunc(), b.trunc());
    }
    let truth = |v: bool| if v { 1.0 } else { 0.0 };
    let mut result = match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        "m" | "%" | "%%" if b != 0.0 => a % b,
        "==" => truth((a - b).abs() < 1e-9),
        "!=" => truth((a - b).abs() >= 1e-9),
        "<" => truth(a < b),
        ">" => truth(a > b),
        "<=" => truth(a <= b),
        ">=" => truth(a >= b),
        _ => return String::new(),
    };
    if !float {
        result = result.trunc();
    }
    format!("{result:.*}", digits.min(15) as usize)
}

/// xterm's colours as hexadecimal digits.
pub(super) fn palette_hex(n: u8) -> String {
    const BASE: [(u8, u8, u8); 16] = [
        (0, 0, 0),
        (128, 0, 0),
        (0, 128, 0),
        (128, 128, 0),
        (0, 0, 128),
        (128, 0, 128),
        (0, 128, 128),
        (192, 192, 192),
        (128, 128, 128),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (0, 0, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    let level = |l: u8| if l == 0 { 0 } else { 55 + 40 * l };
    let (r, g, b) = match n {
        0..=15 => BASE[usize::from(n)],
        16..=231 => {
            let m = n - 16;
            (level(m / 36), level(m / 6 % 6), level(m % 6))
        }
        _ => {
            let l = 8 + 10 * (n - 232);
            (l, l, l)
        }
    };
    format!("{r:02x}{g:02x}{b:02x}")
}
