//! A picker as a box: its search line, the entries with the letters that were hit, and the picture of the chosen one.

use super::build::{BoxChrome, PaneChrome, Reader, borders, pane_chrome};
use super::cells::{clusters, width};
use super::scene::{Borders, Frame, FrameLines, TextLine};
use super::style;
use crate::ids::{PaneId, WindowId};
use crate::mux::layout::Rect;
use crate::mux::picker::{Entry, Kind, Picker, Places, Preview};
use crate::mux::{Client, Scope};
use crate::vt::Style;

/// The picture of a window.
#[derive(Debug)]
pub(super) struct PreviewChrome {
    pub(super) area: Rect,
    pub(super) panes: Vec<PaneChrome>,
    pub(super) borders: Borders,
}

/// The styles of a picker: the theme's own words for it, else those of menus.
struct Looks {
    base: Style,
    border: Style,
    chosen: Style,
    /// As words, for texts.
    muted: String,
    hit: String,
    lines: Option<FrameLines>,
}

impl Looks {
    fn of(reader: &Reader<'_>) -> Looks {
        let window = Scope::Window(reader.window.id);
        let words = |own: &str, other: &str| {
            let text = reader.mux.option_text(window, own);
            let text = if text.is_empty() && !other.is_empty() {
                reader.mux.option_text(window, other)
            } else {
                text
            };
            reader.mux.expand_for_client(&text, reader.client)
        };
        let parsed = |text: &str, base: Style| {
            if text == "default" { base } else { style::parse(text, base) }
        };
        let base = parsed(&words("@picker-style", "menu-style"), Style::default());
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        Looks {
            base,
            border: parsed(&words("@picker-border-style", "menu-border-style"), base),
            chosen: parsed(&words("@picker-selected-style", "menu-selected-style"), base),
            muted: or(words("@picker-muted-style", ""), "dim"),
            hit: or(words("@picker-match-style", ""), "bold,underscore"),
            lines: super::build::frame_lines(&reader.mux.option_text(window, "menu-border-lines")),
        }
    }
}

/// The box, and the cursor in its search line.
pub(super) fn chrome(reader: &Reader<'_>, state: &Client, picker: &Picker) -> BoxChrome {
    let looks = Looks::of(reader);
    let places = picker.places(state.size);
    let (fits, all) = picker.count();
    let mut frame = Frame {
        lines: places.border.then_some(looks.lines.unwrap_or(FrameLines::Single)),
        border: looks.border,
        style: looks.base,
        title: format!(" {} ", title(picker.kind)),
        footer: format!(" {fits}/{all} · {} ", keys(picker.kind)),
        filled: true,
        rules: places.rule.into_iter().collect(),
        ..Frame::default()
    };
    let cursor = query(&mut frame, &places, picker, &looks);
    rows(&mut frame, &places, picker, &looks);
    let mut preview = None;
    if let Some(area) = places.preview {
        divide(&mut frame, &places, area);
        match picker.chosen_entry().map(|e| &e.preview) {
            Some(Preview::Window(session, window)) => {
                preview = picture(reader, *session, *window, area);
            }
            Some(Preview::Text(lines)) => {
                for (y, text) in (area.y..area.bottom()).zip(lines) {
                    let text = format!(" {}", text.replace('#', "##"));
                    frame.texts.push(TextLine { x: area.x, y, room: area.w, text, style: looks.base });
                }
            }
            Some(Preview::Nothing) | None => {}
        }
    }
    BoxChrome { rect: places.outer, frame, pane: None, has_keys: true, preview, cursor }
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Commands => "commands",
        Kind::Sessions => "sessions",
        Kind::Themes => "themes",
    }
}

fn keys(kind: Kind) -> &'static str {
    match kind {
        Kind::Commands => "Enter run · Tab edit · Esc leave",
        Kind::Sessions => "Enter go · C-r rename · C-x kill · C-o new · Esc leave",
        Kind::Themes => "Enter keep · Esc put back",
    }
}

fn query(frame: &mut Frame, places: &Places, picker: &Picker, looks: &Looks) -> Option<(u16, u16)> {
    let area = places.query;
    if area.w < 4 || area.h == 0 {
        return None;
    }
    // A long search shows its end.
    let room = area.w - 4;
    let mut shown = picker.query.as_str();
    while width(shown) > room {
        let first = clusters(shown).next().map_or(shown.len(), |(c, _)| c.len());
        shown = &shown[first..];
    }
    let text = format!(" #[{}]›#[default] {}", looks.hit, shown.replace('#', "##"));
    frame.texts.push(TextLine { x: area.x, y: area.y, room: area.w, text, style: looks.base });
    Some((area.x + 3 + width(shown), area.y))
}

fn rows(frame: &mut Frame, places: &Places, picker: &Picker, looks: &Looks) {
    let area = places.list;
    let widest = picker.rows(area.h).map(|(e, ..)| width(&e.name)).max().unwrap_or(0);
    let column = widest.min(area.w / 2);
    for (y, (entry, hits, chosen)) in (area.y..area.bottom()).zip(picker.rows(area.h)) {
        let style = if chosen { looks.chosen } else { looks.base };
        let text = row(entry, hits, (area.w, column), chosen, looks);
        frame.texts.push(TextLine { x: area.x, y, room: area.w, text, style });
    }
    if picker.count().0 == 0 && area.h > 0 {
        let text = format!(" #[{}]nothing fits", looks.muted);
        frame.texts.push(TextLine { x: area.x, y: area.y, room: area.w, text, style: looks.base });
    }
    let (first, all) = (picker.top(area.h), picker.count().0);
    if all > usize::from(area.h) && area.h > 1 && frame.lines.is_some() {
        // On the line beside it, where it takes no room.
        frame.scroll = Some((area.right(), area.y, area.h, first, all));
    }
}

/// As much of a text as fits into so many columns, with a sign when something was cut.
fn fitted(text: &str, room: u16) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for (cluster, columns) in clusters(text) {
        if used + columns > room {
            break;
        }
        used += columns;
        out.push_str(cluster);
    }
    if room > 0 {
        out.push('…');
    }
    out
}

/// An entry's line: name with the hits in it, what it is, and at the right end its key or kind.
fn row(entry: &Entry, hits: &[usize], (room, column): (u16, u16), chosen: bool, looks: &Looks) -> String {
    let hit = if chosen { "bold,underscore" } else { &looks.hit };
    let muted = if chosen { "default" } else { &looks.muted };
    let mut right: String = entry.swatch.iter().map(|c| format!("#[bg={c}]  ")).collect();
    let swatches = entry.swatch.len() as u16 * 2;
    if !right.is_empty() {
        right.push_str("#[default] ");
    }
    let right_room = room.saturating_sub(column.min(entry_width(entry)) + 3).min(room / 2);
    let label = fitted(&entry.right, right_room);
    let right_width = swatches + u16::from(swatches > 0) + width(&label) + 1;
    let left = room.saturating_sub(right_width).saturating_sub(2);
    let name = fitted(&entry.name, left.min(room.saturating_sub(2)));
    let mut text = String::from(" ");
    let mut in_hit = false;
    for (at, c) in name.chars().enumerate() {
        let is_hit = hits.binary_search(&at).is_ok();
        if is_hit != in_hit {
            text.push_str(&if is_hit { format!("#[{hit}]") } else { "#[default]".into() });
            in_hit = is_hit;
        }
        match c {
            '#' => text.push_str("##"),
            c => text.push(c),
        }
    }
    text.push_str("#[default]");
    let used = width(&name).max(column);
    text.push_str(&" ".repeat(usize::from(used - width(&name))));
    let about = fitted(&entry.about, left.saturating_sub(used + 2));
    if !about.is_empty() {
        text.push_str(&format!("  #[{muted}]{}#[default]", about.replace('#', "##")));
    }
    text.push_str(&format!("#[align=right]{right}#[{muted}]{}#[default] ", label.replace('#', "##")));
    text
}

fn entry_width(entry: &Entry) -> u16 {
    width(&entry.name)
}

/// The line between the list and the picture.
fn divide(frame: &mut Frame, places: &Places, area: Rect) {
    if area.x > places.list.x {
        frame.divider = Some((area.x - 1, area.y, area.h));
    } else {
        frame.rules.push(area.y - 1);
    }
}

/// A window drawn into an area: its layout made smaller, and of each pane the part around its cursor.
fn picture(
    reader: &Reader<'_>,
    session: crate::ids::SessionId,
    id: WindowId,
    area: Rect,
) -> Option<PreviewChrome> {
    let window = reader.mux.window(id)?;
    let reader = Reader { mux: reader.mux, client: reader.client, session, window };
    let smaller = |rect: Rect| {
        let (x, w) = scaled((rect.x, rect.w), window.size.cols, area.w);
        let (y, h) = scaled((rect.y, rect.h), window.size.rows, area.h);
        Rect { x, y, w, h }
    };
    let chrome = |(id, rect): (PaneId, Rect)| pane_chrome(&reader, id, smaller(rect));
    let mut panes: Vec<PaneChrome> = window.rects().into_iter().filter_map(chrome).collect();
    let mut borders = borders(&reader, &panes, (0, 0), area);
    // Names of hosts were placed for panes of the true size.
    borders.labels.clear();
    panes.extend(window.floating().iter().filter_map(|(id, rect)| chrome((*id, *rect))));
    Some(PreviewChrome { area, panes, borders })
}

/// A stretch of `all` cells in `room` of them, with a cell between it and the next one; as it is when all fit.
fn scaled((from, len): (u16, u16), all: u16, room: u16) -> (u16, u16) {
    if all <= room || all == 0 {
        return (from, len);
    }
    let to = |at: u16| (u32::from(at) * u32::from(room) / u32::from(all)).min(u32::from(u16::MAX)) as u16;
    let end = from.saturating_add(len);
    let (start, next) = (to(from), to(end.saturating_add(1)));
    let end = if end >= all { room } else { to(end).min(next.saturating_sub(1)) };
    (start, end.saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ClientId, Size};
    use crate::mux::{ClientHello, Config, Effect, Event, Job, Mux};
    use crate::view::{Caps, ClientView};
    use crate::vt::Screen;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn neighbours_stay_apart_and_inside(all in 1_u16..300, room in 1_u16..300, cut in 0_u16..300) {
            let cut = cut.min(all.saturating_sub(2)).max(1);
            prop_assume!(cut + 1 < all);
            let (a, a_len) = scaled((0, cut), all, room);
            let (b, b_len) = scaled((cut + 1, all - cut - 1), all, room);
            prop_assert_eq!(a, 0);
            prop_assert!(a_len == 0 || a + a_len < b || b_len == 0, "{} {} {} {}", a, a_len, b, b_len);
            prop_assert!(b + b_len <= room.max(all));
            prop_assert!(all <= room || b + b_len <= room);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_with_a_sign() {
        assert_eq!(fitted("abcdef", 6), "abcdef");
        assert_eq!(fitted("abcdef", 4), "abc…");
        assert_eq!(fitted("日本語", 4), "日…");
        assert_eq!(fitted("abc", 0), "");
    }

    /// Every picker on every size of terminal, with something typed.
    fn drawn(size: Size, open: &[u8], typed: &[u8]) -> String {
        let mut mux = Mux::new(Config { shell: "/bin/sh".into(), ..Config::default() });
        mux.set_theme(crate::view::theme::load("midnight", None).unwrap().options());
        let (client, now) = (ClientId(1), std::time::Instant::now());
        let hello = ClientHello {
            argv: vec!["new-session".into(), "-s".into(), "日本語 session #1".into()],
            term: "xterm-256color".into(),
            tty: Some("/dev/pts/9".into()),
            size: Some(size),
            utf8: true,
            ..ClientHello::default()
        };
        mux.handle(now, Event::ClientConnected { client, hello });
        for bytes in [&b"\x02%"[..], open, typed] {
            mux.handle(now, Event::ClientInput { client, bytes });
            while let Some(effect) = mux.next_effect() {
                if let Effect::Job { request, job: Job::Themes } = effect {
                    let all = r##"[{"name":"a","light":true,"current":true,"swatch":["#ff0000","red"],"options":[]},
                        {"name":"b","light":false,"current":false,"swatch":[],"options":[]}]"##;
                    mux.handle(now, Event::Done { request, result: Ok(all.into()) });
                }
            }
        }
        assert!(mux.client(client).is_some_and(|c| c.overlay.is_some()), "{size:?}");
        let (mut view, mut bytes) = (ClientView::new(size, Caps::default()), Vec::new());
        view.render(&mux, client, &mut bytes);
        let mut screen = Screen::new(size, 0);
        screen.advance(&bytes);
        (0..size.rows).map(|y| screen.line_text(usize::from(y)) + "\n").collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_size_is_too_small(cols in 1_u16..130, rows in 1_u16..50, which in 0_usize..3, typed in "[a-z#日 ]{0,12}") {
            let open = [&b"\x02P"[..], b"\x02S", b"\x02T"][which];
            drawn(Size::new(cols, rows), open, typed.as_bytes());
        }
    }

    #[test]
    fn rows_have_the_key_at_the_end_and_the_count_below() {
        let screen = drawn(Size::new(80, 24), b"\x02P", b"new-win");
        let row = screen.lines().find(|l| l.contains("new-window  ")).unwrap();
        assert!(row.trim_end().ends_with("C-b c │") || row.contains("C-b c"), "{screen}");
        assert!(screen.contains("› new-win") && screen.contains("Esc leave"), "{screen}");
        let small = drawn(Size::new(20, 5), b"\x02P", b"new-win");
        assert!(small.contains("new-window"), "{small}");
        let themes = drawn(Size::new(80, 24), b"\x02T", b"");
        assert!(themes.contains("light") && themes.contains("dark"), "{themes}");
        let sessions = drawn(Size::new(100, 24), b"\x02S", b"");
        assert!(sessions.contains("日本語 session #1") && sessions.contains("C-x kill"), "{sessions}");
    }
}
