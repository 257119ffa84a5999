//! Styles: `fg=red,bold`, and the `#[…]` inside formatted text.
//!
//! Owns the words; colours and attributes become those of a terminal elsewhere.

/// A colour by name or number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Whatever the surroundings have.
    Default,
    /// The outer terminal's own default.
    Terminal,
    /// No colour (`none`, for the cursor).
    None,
    /// One of the 256.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// An attribute that a style switches on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attr {
    /// `bold`, `bright`.
    Bold,
    /// `dim`.
    Dim,
    /// `underscore`.
    Underscore,
    /// `double-underscore`.
    DoubleUnderscore,
    /// `curly-underscore`.
    CurlyUnderscore,
    /// `dotted-underscore`.
    DottedUnderscore,
    /// `dashed-underscore`.
    DashedUnderscore,
    /// `blink`.
    Blink,
    /// `reverse`.
    Reverse,
    /// `hidden`.
    Hidden,
    /// `italics`.
    Italics,
    /// `strikethrough`.
    Strikethrough,
    /// `overline`.
    Overline,
}

/// Where text goes on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Align {
    /// At the left.
    #[default]
    Left,
    /// In the middle of what left and right leave.
    Centre,
    /// At the right.
    Right,
    /// In the middle of the line.
    AbsoluteCentre,
}

/// Part of a list that is shown as far as there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// The list itself.
    On,
    /// Its part that stays in sight.
    Focus,
    /// What shows that there is more to the left.
    LeftMarker,
    /// What shows that there is more to the right.
    RightMarker,
}

/// What a click on the text is a click on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Range {
    /// `status-left`.
    Left,
    /// `status-right`.
    Right,
    /// A pane by number (`pane|%3`).
    Pane(u32),
    /// A window by index.
    Window(u32),
    /// A session by number.
    Session(u32),
    /// The user's own.
    User(String),
    /// A part with keys of its own, `MouseDown1Control3`.
    Control(u8),
}

/// One word of a style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StyleItem {
    /// Back to the base.
    Default,
    /// Foreground.
    Fg(Colour),
    /// Background.
    Bg(Colour),
    /// Colour of the underline.
    Us(Colour),
    /// Colour that fills the line.
    Fill(Colour),
    /// An attribute on or off.
    Attr(Attr, bool),
    /// All attributes off (`none`).
    NoAttr,
    /// Attributes of the base are not inherited (`noattr`).
    IgnoreBaseAttr,
    /// Alignment of what follows.
    Align(Align),
    /// Begin of a part of a list; `None` ends it.
    List(Option<List>),
    /// Begin of a clickable part; `None` ends it.
    Range(Option<Range>),
    /// What `default` means from here on is the current style.
    PushDefault,
    /// What it meant before.
    PopDefault,
    /// Do not apply this style (`ignore`) or apply it (`noignore`).
    Ignore(bool),
    /// Width of a scroll bar.
    Width(u16),
    /// Padding of a scroll bar.
    Pad(u16),
}

/// Longest style text looked at, in bytes.
pub const MAX_STYLE: usize = 4096;

const BASIC: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/// A colour's name, number or `#rrggbb`.
pub fn parse_colour(text: &str) -> Option<Colour> {
    let lower = text.to_ascii_lowercase();
    if let Some(hex) = lower.strip_prefix('#') {
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |i: usize| u8::from_str_radix(&hex[i..i + 2], 16).ok();
        return Some(Colour::Rgb(part(0)?, part(2)?, part(4)?));
    }
    if let Some(n) = lower.strip_prefix("colour").or_else(|| lower.strip_prefix("color")) {
        return n.parse().ok().map(Colour::Indexed);
    }
    let basic = |name: &str| BASIC.iter().position(|b| *b == name).map(|i| i as u8);
    match lower.as_str() {
        "default" => return Some(Colour::Default),
        "terminal" => return Some(Colour::Terminal),
        "none" => return Some(Colour::None),
        _ => {}
    }
    if let Some(i) = basic(&lower) {
        return Some(Colour::Indexed(i));
    }
    if let Some(i) = lower.strip_prefix("bright").and_then(basic) {
        return Some(Colour::Indexed(8 + i));
    }
    if let Ok(n) = lower.parse::<u8>() {
        return match n {
            0..=7 => Some(Colour::Indexed(n)),
            90..=97 => Some(Colour::Indexed(n - 90 + 8)),
            _ => None,
        };
    }
    named(&lower)
}

/// Names of X11's colour table that people use in configurations.
fn named(name: &str) -> Option<Colour> {
    let grey = name.strip_prefix("grey").or_else(|| name.strip_prefix("gray"));
    if let Some(n) = grey.and_then(|n| n.parse::<u32>().ok()).filter(|n| *n <= 100) {
        let level = ((n * 255 + 50) / 100) as u8;
        return Some(Colour::Rgb(level, level, level));
    }
    let (r, g, b) = match name {
        "grey" | "gray" => (190, 190, 190),
        "orange" => (255, 165, 0),
        "darkorange" => (255, 140, 0),
        "gold" => (255, 215, 0),
        "pink" => (255, 192, 203),
        "hotpink" => (255, 105, 180),
        "deeppink" => (255, 20, 147),
        "purple" => (160, 32, 240),
        "violet" => (238, 130, 238),
        "brown" => (165, 42, 42),
        "maroon" => (176, 48, 96),
        "navy" | "navyblue" => (0, 0, 128),
        "skyblue" => (135, 206, 235),
        "deepskyblue" => (0, 191, 255),
        "steelblue" => (70, 130, 180),
        "royalblue" => (65, 105, 225),
        "dodgerblue" => (30, 144, 255),
        "turquoise" => (64, 224, 208),
        "aquamarine" => (127, 255, 212),
        "darkgreen" => (0, 100, 0),
        "forestgreen" => (34, 139, 34),
        "seagreen" => (46, 139, 87),
        "springgreen" => (0, 255, 127),
        "limegreen" => (50, 205, 50),
        "olivedrab" => (107, 142, 35),
        "khaki" => (240, 230, 140),
        "beige" => (245, 245, 220),
        "ivory" => (255, 255, 240),
        "coral" => (255, 127, 80),
        "salmon" => (250, 128, 114),
        "tomato" => (255, 99, 71),
        "firebrick" => (178, 34, 34),
        "crimson" => (220, 20, 60),
        "indigo" => (75, 0, 130),
        "orchid" => (218, 112, 214),
        "plum" => (221, 160, 221),
        "lavender" => (230, 230, 250),
        "slategray" | "slategrey" => (112, 128, 144),
        "darkgray" | "darkgrey" => (169, 169, 169),
        "lightgray" | "lightgrey" => (211, 211, 211),
        "darkblue" => (0, 0, 139),
        "darkred" => (139, 0, 0),
        "darkcyan" => (0, 139, 139),
        "darkmagenta" => (139, 0, 139),
        "lightblue" => (173, 216, 230),
        "lightgreen" => (144, 238, 144),
        "lightyellow" => (255, 255, 224),
        "lightcyan" => (224, 255, 255),
        _ => return None,
    };
    Some(Colour::Rgb(r, g, b))
}

fn attribute(word: &str) -> Option<Attr> {
    Some(match word {
        "bold" | "bright" => Attr::Bold,
        "dim" => Attr::Dim,
        "underscore" | "underline" => Attr::Underscore,
        "double-underscore" => Attr::DoubleUnderscore,
        "curly-underscore" => Attr::CurlyUnderscore,
        "dotted-underscore" => Attr::DottedUnderscore,
        "dashed-underscore" => Attr::DashedUnderscore,
        "blink" => Attr::Blink,
        "reverse" => Attr::Reverse,
        "hidden" => Attr::Hidden,
        "italics" | "italic" => Attr::Italics,
        "strikethrough" => Attr::Strikethrough,
        "overline" => Attr::Overline,
        // Part of tmux's words without a meaning of its own.
        _ => return None,
    })
}

fn range(text: &str) -> Option<Range> {
    let (kind, argument) = text.split_once('|').unwrap_or((text, ""));
    Some(match (kind, argument) {
        ("left", "") => Range::Left,
        ("right", "") => Range::Right,
        ("pane", n) => Range::Pane(n.strip_prefix('%')?.parse().ok()?),
        ("window", n) => Range::Window(n.parse().ok()?),
        ("session", n) => Range::Session(n.strip_prefix('$')?.parse().ok()?),
        ("user", name) if !name.is_empty() => Range::User(name.to_owned()),
        ("control", n) => Range::Control(n.parse().ok().filter(|n| *n <= 9)?),
        _ => return None,
    })
}

fn word(w: &str) -> Option<Vec<StyleItem>> {
    let lower = w.to_ascii_lowercase();
    let one = |i: StyleItem| Some(vec![i]);
    match lower.as_str() {
        "default" => return one(StyleItem::Default),
        "ignore" => return one(StyleItem::Ignore(true)),
        "noignore" => return one(StyleItem::Ignore(false)),
        "push-default" => return one(StyleItem::PushDefault),
        "pop-default" => return one(StyleItem::PopDefault),
        "nolist" => return one(StyleItem::List(None)),
        "norange" => return one(StyleItem::Range(None)),
        "noalign" => return one(StyleItem::Align(Align::Left)),
        "noattr" => return one(StyleItem::IgnoreBaseAttr),
        "none" => return one(StyleItem::NoAttr),
        _ => {}
    }
    if let Some((name, value)) = lower.split_once('=') {
        let raw = &w[name.len() + 1..];
        return one(match name {
            "fg" => StyleItem::Fg(parse_colour(value)?),
            "bg" => StyleItem::Bg(parse_colour(value)?),
            "us" => StyleItem::Us(parse_colour(value)?),
            "fill" => StyleItem::Fill(parse_colour(value)?),
            "align" => StyleItem::Align(match value {
                "left" => Align::Left,
                "centre" => Align::Centre,
                "right" => Align::Right,
                "absolute-centre" => Align::AbsoluteCentre,
                _ => return None,
            }),
            "list" => StyleItem::List(Some(match value {
                "on" => List::On,
                "focus" => List::Focus,
                "left-marker" => List::LeftMarker,
                "right-marker" => List::RightMarker,
                _ => return None,
            })),
            "range" => StyleItem::Range(Some(range(raw)?)),
            "width" => StyleItem::Width(value.trim_end_matches('%').parse().ok()?),
            "pad" => StyleItem::Pad(value.parse().ok()?),
            _ => return None,
        });
    }
    let (on, names) = match lower.strip_prefix("no") {
        Some(rest) if attribute(rest.split('|').next().unwrap_or("")).is_some() => (false, rest.to_owned()),
        _ => (true, lower),
    };
    names.split('|').map(|n| attribute(n).map(|a| StyleItem::Attr(a, on))).collect()
}

/// Reads a style. `None`: some word of it is not one.
pub fn parse(text: &str) -> Option<Vec<StyleItem>> {
    if text.len() > MAX_STYLE {
        return None;
    }
    let mut items = Vec::new();
    for w in text.split([' ', ',', '\n']).filter(|w| !w.is_empty()) {
        items.extend(word(w)?);
    }
    Some(items)
}

/// A piece of formatted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text to show.
    Text(String),
    /// A change of style.
    Style(Vec<StyleItem>),
}

/// Splits expanded text at its `#[…]`; `##` is one `#`. A style that cannot be read is left out, as in tmux.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('#') {
        plain.push_str(&rest[..at]);
        let hashes = rest[at..].bytes().take_while(|b| *b == b'#').count();
        let after = &rest[at + hashes..];
        plain.extend(std::iter::repeat_n('#', hashes / 2));
        rest = after;
        if hashes % 2 == 1 {
            match after.strip_prefix('[').and_then(|s| s.split_once(']')) {
                Some((style, tail)) => {
                    if !plain.is_empty() {
                        out.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    if let Some(items) = parse(style) {
                        out.push(Piece::Style(items));
                    }
                    rest = tail;
                }
                None => plain.push('#'),
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        out.push(Piece::Text(plain));
    }
    out
}

/// The text without its styles.
pub fn plain(text: &str) -> String {
    pieces(text)
        .into_iter()
        .filter_map(|p| match p {
            Piece::Text(t) => Some(t),
            Piece::Style(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_style() {
        assert_eq!(
            parse("fg=red,bg=colour12 bold|italics,nodim,us=#010203"),
            Some(vec![
                StyleItem::Fg(Colour::Indexed(1)),
                StyleItem::Bg(Colour::Indexed(12)),
                StyleItem::Attr(Attr::Bold, true),
                StyleItem::Attr(Attr::Italics, true),
                StyleItem::Attr(Attr::Dim, false),
                StyleItem::Us(Colour::Rgb(1, 2, 3)),
            ])
        );
        assert_eq!(parse("fg=nonsense"), None);
        assert_eq!(parse("colour999"), None);
        assert_eq!(parse(""), Some(vec![]));
    }

    #[test]
    fn pieces_keep_text_and_styles_apart() {
        let got = pieces("a#[bold]b##c##[x#");
        assert_eq!(
            got,
            vec![
                Piece::Text("a".into()),
                Piece::Style(vec![StyleItem::Attr(Attr::Bold, true)]),
                Piece::Text("b#c#[x#".into()),
            ]
        );
        assert_eq!(plain("#[range=window|3 list=focus]x"), "x");
    }
}
