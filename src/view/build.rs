//! `Mux` and a client made into a scene.
//!
//! In two steps, because the second is on the path of every echoed key: the chrome (status line, borders,
//! messages) is made from formats and options and kept while `Mux` says that it stays; the panes
//! are looked up for every frame.

use super::borders::host_label;
use super::cells::width;
use super::picker::{self, PreviewChrome};
use super::scene::{
    Bar, Borders, BoxView, Content, CopyView, Cursor, Frame, FrameLines, Label, Lines, ListView, Mouse,
    Number, Outer, PaneView, Scene,
};
use super::style;
use crate::ids::{ClientId, PaneId, SessionId, Size};
use crate::mux::copy::CopyMode;
use crate::mux::layout::Rect;
use crate::mux::{BORDER_TEXT_INDENT, BorderStatus, Client, Mode, Mux, Overlay, Pane, Place, Scope, Window};
use crate::vt::keys::outer_flags;
use crate::vt::{CursorShape, MouseMode, Style};

/// The chrome of one client: all that formats and options make.
#[derive(Debug, Default)]
pub struct Chrome {
    borders: Borders,
    bars: Vec<Bar>,
    numbers: Vec<Number>,
    panes: Vec<PaneChrome>,
    boxes: Vec<BoxChrome>,
    /// Top left cell of the window that the client shows, and where on its terminal it shows it.
    offset: (u16, u16),
    area: Rect,
    title: Option<String>,
    mouse: bool,
    /// Whether every movement of it is wanted (`focus-follows-mouse`).
    motion: bool,
    focus: bool,
    extended_keys: bool,
    /// The cursor in a prompt.
    prompt_cursor: Option<Cursor>,
}

/// What formats and options say of one pane.
#[derive(Debug)]
pub(super) struct PaneChrome {
    id: PaneId,
    pub(super) rect: Rect,
    style: Style,
    banner: Option<(String, Style)>,
    cursor: CursorShape,
    cursor_blinks: bool,
    mode: Option<ModeChrome>,
}

/// A box over the panes: its frame, and what formats say of the pane in it.
#[derive(Debug)]
pub(super) struct BoxChrome {
    pub(super) rect: Rect,
    pub(super) frame: Frame,
    pub(super) pane: Option<PaneChrome>,
    /// It takes the keys, so the cursor is in it.
    pub(super) has_keys: bool,
    /// The picture of a window in it.
    pub(super) preview: Option<PreviewChrome>,
    /// The cursor, when it is in no pane.
    pub(super) cursor: Option<(u16, u16)>,
}

/// Styles and texts of a mode that covers a pane.
#[derive(Debug)]
struct ModeChrome {
    selection: Style,
    found: Style,
    found_here: Style,
    mark: Style,
    position: Option<(String, Style)>,
    clock: String,
}

/// Looks options up for one client.
pub(super) struct Reader<'a> {
    pub(super) mux: &'a Mux,
    pub(super) client: ClientId,
    pub(super) session: SessionId,
    pub(super) window: &'a Window,
}

impl Reader<'_> {
    fn session_text(&self, name: &str) -> String {
        self.mux.option_text(Scope::Session(self.session), name)
    }

    fn window_text(&self, name: &str) -> String {
        self.mux.option_text(Scope::Window(self.window.id), name)
    }

    fn session_style(&self, name: &str, base: Style) -> Style {
        style::parse(&self.mux.expand_for_client(&self.session_text(name), self.client), base)
    }

    /// A style of a window's or a pane's option, expanded for a pane.
    fn pane_style(&self, name: &str, pane: PaneId, base: Style) -> Style {
        let text = self.mux.option_text(Scope::Pane(pane), name);
        if text == "default" { base } else { style::parse(&self.for_pane(&text, pane), base) }
    }

    fn for_pane(&self, text: &str, pane: PaneId) -> String {
        if text.contains(['#', '%']) {
            self.mux.expand_for_pane_on(text, pane, self.client)
        } else {
            text.to_owned()
        }
    }

    fn colour(&self, name: &str) -> Style {
        let text = self.session_text(name);
        style::parse(&format!("fg={text}"), Style::default())
    }
}

/// The chrome of a client; `None` when it shows no session.
pub fn chrome(mux: &Mux, client: ClientId, size: Size) -> Option<Chrome> {
    let state = mux.client(client)?;
    let session = state.session?;
    let window = mux.client_window(client)?;
    let reader = Reader { mux, client, session, window };
    let lines = mux.status_lines(session).min(size.rows.saturating_sub(1));
    let at_top = mux.status_at_top(session);
    let area = Rect { x: 0, y: if at_top { lines } else { 0 }, w: size.cols, h: size.rows - lines };
    let offset = mux.view_offset(client, Size::new(area.w, area.h));
    let place = |rect: Rect| shown_part(rect, offset, area);

    let mut bars = status(&reader, size, lines, at_top);
    let prompt_cursor = message(&reader, state, size, at_top, &mut bars);
    let panes: Vec<PaneChrome> =
        window.rects().into_iter().filter_map(|(id, rect)| pane_chrome(&reader, id, rect)).collect();
    let mut boxes: Vec<BoxChrome> = window
        .floating()
        .iter()
        .filter_map(|(id, rect)| floating(&reader, *id, *rect, offset, area))
        .collect();
    boxes.extend(overlay(&reader, state));
    let numbers = match &state.overlay {
        Some(Overlay::PaneNumbers { .. }) => pane_numbers(&reader, &panes, &place),
        Some(Overlay::Menu(_) | Overlay::Popup(_) | Overlay::Picker(_)) | None => Vec::new(),
    };
    let session_on = |name: &str| mux.option_on(Scope::Session(session), name);
    let title = session_on("set-titles")
        .then(|| mux.expand_for_client(&reader.session_text("set-titles-string"), client));
    Some(Chrome {
        borders: borders(&reader, &panes, offset, area),
        bars,
        numbers,
        panes,
        boxes,
        offset,
        area,
        title,
        mouse: session_on("mouse"),
        motion: session_on("focus-follows-mouse"),
        focus: mux.option_on(Scope::Server, "focus-events"),
        extended_keys: mux.option_text(Scope::Server, "extended-keys") == "always",
        prompt_cursor,
    })
}

/// The part of a rectangle of the window that is in the client's area, there, and which of the rectangle's
/// cells is at its corner.
fn shown_part(rect: Rect, offset: (u16, u16), area: Rect) -> Option<(Rect, (u16, u16))> {
    let from = (offset.0.saturating_sub(rect.x), offset.1.saturating_sub(rect.y));
    let x = rect.x.saturating_sub(offset.0);
    let y = rect.y.saturating_sub(offset.1);
    let w = rect.w.checked_sub(from.0)?.min(area.w.checked_sub(x)?);
    let h = rect.h.checked_sub(from.1)?.min(area.h.checked_sub(y)?);
    (w > 0 && h > 0).then_some((Rect { x: area.x + x, y: area.y + y, w, h }, from))
}

fn status(reader: &Reader<'_>, size: Size, lines: u16, at_top: bool) -> Vec<Bar> {
    let mut base = reader.session_style("status-style", Style::default());
    // The two options of old that stand above the style.
    for (name, word) in [("status-fg", "fg"), ("status-bg", "bg")] {
        let colour = reader.session_text(name);
        if !colour.is_empty() && colour != "default" {
            base = style::parse(&format!("{word}={colour}"), base);
        }
    }
    let first = if at_top { 0 } else { size.rows - lines };
    (0..lines)
        .map(|line| {
            let format = reader
                .mux
                .option_element(Scope::Session(reader.session), "status-format", u32::from(line))
                .unwrap_or_default();
            let text = reader.mux.expand_for_client(&format, reader.client);
            Bar { y: first + line, text, style: base, status: true }
        })
        .collect()
}

/// Most lines of a message.
const MESSAGE_ROWS: usize = 4;

/// A message, prompt or hint instead of a status line, or over the last row. Gives the prompt's cursor.
fn message(
    reader: &Reader<'_>,
    state: &Client,
    size: Size,
    at_top: bool,
    bars: &mut Vec<Bar>,
) -> Option<Cursor> {
    let y = reader.mux.message_row(reader.client, reader.session).min(size.rows.saturating_sub(1));
    let (text, option, cursor) = if let Some(prompt) = &state.prompt {
        let option = if prompt.vi_command { "message-command-style" } else { "message-style" };
        let question = width(&crate::format::style::plain(&prompt.text));
        // Control characters (C-v) are shown as their keys.
        let shown = |c: &char| match u32::from(*c) {
            n @ 0..=31 => vec!['^', char::from((n as u8) + 64)],
            127 => vec!['^', '?'],
            _ => vec![*c],
        };
        let before: String = prompt.input.iter().take(prompt.cursor).flat_map(shown).collect();
        // What is typed is no format; a long answer shows its end.
        let room = size.cols.saturating_sub(question).saturating_sub(1);
        let cut = width(&before).saturating_sub(room);
        let input: String = prompt.input.iter().flat_map(shown).collect();
        let (skipped, shown) = skip_columns(&input, cut);
        let x = question.saturating_add(width(&before)).saturating_sub(skipped);
        let look = if prompt.vi_command { "prompt-command-cursor-style" } else { "prompt-cursor-style" };
        let (shape, blinking) = cursor_option(&reader.session_text(look));
        let cursor = Cursor { x: x.min(size.cols - 1), y, shape, blinking };
        (prompt.text.clone() + &shown.replace('#', "##"), option, Some(cursor))
    } else if let Some(message) = &state.message {
        let option = if message.error { "@error-style" } else { "message-style" };
        (message.text.clone(), option, None)
    } else if let Some(hints) = reader.mux.hint_line(reader.client) {
        (hints, "@hint-style", None)
    } else {
        return None;
    };
    let mut words = reader.mux.expand_for_client(&reader.session_text(option), reader.client);
    if words.is_empty() {
        words = reader.mux.expand_for_client(&reader.session_text("message-style"), reader.client);
    }
    let rows = if cursor.is_none() { broken(&text, size.cols) } else { vec![text] };
    let more = (rows.len() as u16).saturating_sub(1).min(size.rows.saturating_sub(1));
    let first = if at_top { y } else { y.saturating_sub(more) };
    for (at, text) in (first..size.rows).zip(rows) {
        bars.retain(|other| other.y != at);
        bars.push(Bar {
            y: at,
            // The style's words once more in the text, for the one that fills the line.
            text: format!("#[{words}]{text}"),
            style: style::parse(&words, Style::default()),
            status: false,
        });
    }
    cursor
}

/// A message that is longer than a line, in several: what to do about an error is at its end.
fn broken(text: &str, columns: u16) -> Vec<String> {
    // One with styles in it is made for one line.
    if text.contains("#[") || width(text) <= columns {
        return vec![text.to_owned()];
    }
    let mut rows = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let last = rows.last().map_or(0, |row| width(row));
        if last > 0 && last + width(word.trim_end()) > columns && rows.len() < MESSAGE_ROWS {
            rows.push(String::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push_str(word);
        }
    }
    rows
}

/// The rest of a text after at least so many columns, and how many it were.
fn skip_columns(text: &str, columns: u16) -> (u16, &str) {
    let mut skipped = 0;
    let mut bytes = 0;
    for (cluster, columns_of_it) in super::cells::clusters(text) {
        if skipped >= columns {
            break;
        }
        skipped += columns_of_it;
        bytes += cluster.len();
    }
    (skipped, text.get(bytes..).unwrap_or(""))
}

pub(super) fn pane_chrome(reader: &Reader<'_>, id: PaneId, rect: Rect) -> Option<PaneChrome> {
    let pane = reader.mux.pane(id)?;
    let mut base = reader.pane_style("window-style", id, Style::default());
    if reader.window.active == id {
        base = reader.pane_style("window-active-style", id, base);
    }
    // A background has to be told apart from none, attributes of a default mean nothing.
    let style = Style { fg: base.fg, bg: base.bg, ..Style::default() };
    let (cursor, cursor_blinks) = cursor_option(&reader.mux.option_text(Scope::Pane(id), "cursor-style"));
    let mode = pane.mode.as_ref().map(|mode| mode_chrome(reader, id, mode));
    Some(PaneChrome { id, rect, style, banner: banner(reader, pane), cursor, cursor_blinks, mode })
}

/// A floating pane with its border, in coordinates of the client's terminal.
fn floating(
    reader: &Reader<'_>,
    id: PaneId,
    rect: Rect,
    offset: (u16, u16),
    area: Rect,
) -> Option<BoxChrome> {
    let (shown, _) = shown_part(rect.outside(), offset, area)?;
    let (inner, _) = shown_part(rect, offset, area)?;
    let active = reader.window.active == id;
    let name = if active { "pane-active-border-style" } else { "pane-border-style" };
    let lines = frame_lines(&reader.window_text("pane-border-lines"));
    let mut pane = pane_chrome(reader, id, rect)?;
    pane.rect = inner;
    let mut border = reader.pane_style(name, id, Style::default());
    if reader.mux.marked_pane() == Some(id) {
        border.attrs.insert(crate::vt::Attrs::REVERSE);
    }
    let frame = Frame { lines, border, style: pane.style, ..Frame::default() };
    Some(BoxChrome { rect: shown, frame, pane: Some(pane), has_keys: active, preview: None, cursor: None })
}

/// What `pane-border-lines`, `menu-border-lines` and `popup-border-lines` call the characters of a border.
pub(super) fn frame_lines(name: &str) -> Option<FrameLines> {
    Some(match name {
        "none" => return None,
        "rounded" => FrameLines::Rounded,
        "double" => FrameLines::Double,
        "heavy" => FrameLines::Heavy,
        "simple" => FrameLines::Simple,
        "padded" | "spaces" => FrameLines::Padded,
        _ => FrameLines::Single,
    })
}

/// A client's menu or popup.
fn overlay(reader: &Reader<'_>, state: &Client) -> Option<BoxChrome> {
    let looks = |looks: &crate::mux::overlay::Looks| {
        let style = |text: &str| {
            let found = reader.mux.expand_for_client(text, reader.client);
            if found == "default" { Style::default() } else { style::parse(&found, Style::default()) }
        };
        Frame {
            lines: frame_lines(&looks.lines),
            border: style(&looks.border_style),
            style: style(&looks.style),
            title: looks.title.clone(),
            ..Frame::default()
        }
    };
    match state.overlay.as_ref()? {
        Overlay::PaneNumbers { .. } => None,
        Overlay::Picker(found) => Some(picker::chrome(reader, state, found)),
        Overlay::Popup(popup) => {
            let frame = looks(&popup.looks);
            let colours = Style { fg: frame.style.fg, bg: frame.style.bg, ..Style::default() };
            let mode = reader.mux.pane(popup.pane)?.mode.as_ref();
            let pane = PaneChrome {
                id: popup.pane,
                rect: crate::mux::overlay::inside(popup.rect, &popup.looks),
                style: colours,
                banner: None,
                cursor: CursorShape::Default,
                cursor_blinks: false,
                mode: mode.map(|mode| mode_chrome(reader, popup.pane, mode)),
            };
            let (preview, cursor) = (None, None);
            Some(BoxChrome { rect: popup.rect, frame, pane: Some(pane), has_keys: true, preview, cursor })
        }
        Overlay::Menu(menu) => {
            let mut frame = looks(&menu.looks);
            let chosen = reader.mux.expand_for_client(&menu.selected_style, reader.client);
            let chosen = style::parse(&chosen, frame.style);
            let dim = style::parse("dim", frame.style);
            frame.rows = menu
                .items
                .iter()
                .enumerate()
                .map(|(at, item)| {
                    let name = item.name.clone()?;
                    let key = item.key.map(crate::vt::keys::name).unwrap_or_default();
                    let style = match (item.disabled, menu.chosen == Some(at)) {
                        (true, _) => dim,
                        (false, true) => chosen,
                        (false, false) => frame.style,
                    };
                    Some((name, key, style))
                })
                .collect();
            let (preview, cursor) = (None, None);
            Some(BoxChrome { rect: menu.rect, frame, pane: None, has_keys: true, preview, cursor })
        }
    }
}

fn cursor_option(name: &str) -> (CursorShape, bool) {
    let shape = match name.strip_prefix("blinking-").unwrap_or(name) {
        "block" => CursorShape::Block,
        "underline" => CursorShape::Underline,
        "bar" => CursorShape::Bar,
        _ => CursorShape::Default,
    };
    (shape, name.starts_with("blinking-"))
}

fn mode_chrome(reader: &Reader<'_>, id: PaneId, mode: &Mode) -> ModeChrome {
    let mode_style = reader.pane_style("mode-style", id, Style::default());
    let style = |name: &str| reader.pane_style(name, id, Style::default());
    let or_mode = |name: &str| {
        let text = reader.window_text(name);
        if text.is_empty() { mode_style } else { style::parse(&reader.for_pane(&text, id), mode_style) }
    };
    let position = match mode {
        Mode::Copy(copy) if !copy.hide_position => {
            let text = reader.for_pane(&reader.window_text("copy-mode-position-format"), id);
            Some((text, or_mode("copy-mode-position-style")))
        }
        Mode::Copy(_) | Mode::List(_) | Mode::Clock => None,
    };
    let clock = match mode {
        Mode::Clock => {
            let format = match reader.window_text("clock-mode-style").as_str() {
                "12" => "%-I:%M%p",
                "12-with-seconds" => "%-I:%M:%S%p",
                "24-with-seconds" => "%H:%M:%S",
                _ => "%H:%M",
            };
            reader.mux.expand_for_client(format, reader.client)
        }
        Mode::Copy(_) | Mode::List(_) => String::new(),
    };
    let selection = match mode {
        Mode::Clock => {
            let colour = reader.window_text("clock-mode-colour");
            style::parse(&format!("fg={colour}"), Style::default())
        }
        Mode::Copy(_) => or_mode("copy-mode-selection-style"),
        Mode::List(_) => mode_style,
    };
    ModeChrome {
        selection,
        found: style("copy-mode-match-style"),
        found_here: style("copy-mode-current-match-style"),
        mark: style("copy-mode-mark-style"),
        position,
        clock,
    }
}

/// Words for where a pane is, when that is not here.
fn place_words(pane: &Pane) -> Option<(String, bool)> {
    let (text, lost) = match &pane.place {
        Place::Starting | Place::Here | Place::Gone(_) => return None,
        // Held for a moment, to be written to a file: nothing to tell.
        Place::Leaving(_, None) => return None,
        Place::There(host) => (host.to_string(), false),
        Place::Leaving(_, Some(host)) => (format!("→ {host}"), false),
        Place::Reconnecting(host) => (format!("{host}: reconnecting"), true),
        Place::Undecided(host) => (format!("{host}: undecided"), true),
    };
    Some((format!(" {} ", text.replace('#', "##")), lost))
}

fn host_style(reader: &Reader<'_>, id: PaneId, lost: bool) -> Style {
    let name = if lost { "@host-lost-style" } else { "@host-style" };
    let fallback = style::parse("reverse", Style::default());
    reader.pane_style(name, id, fallback)
}

/// A line over a pane that is on its way or whose link is broken: what is shown is not what is.
fn banner(reader: &Reader<'_>, pane: &Pane) -> Option<(String, Style)> {
    let (place, lost) = place_words(pane)?;
    let text = match (&pane.place, &pane.progress) {
        (Place::There(_), _) => return None,
        (_, Some(progress)) => format!("{place}{}", progress.replace('#', "##")),
        (Place::Leaving(..), None) => format!("{place}moving …"),
        (_, None) => place,
    };
    Some((text, host_style(reader, pane.id, lost)))
}

fn pane_numbers(
    reader: &Reader<'_>,
    panes: &[PaneChrome],
    place: &dyn Fn(Rect) -> Option<(Rect, (u16, u16))>,
) -> Vec<Number> {
    let (other, active) =
        (reader.colour("display-panes-colour"), reader.colour("display-panes-active-colour"));
    panes
        .iter()
        .filter_map(|pane| {
            let (rect, _) = place(pane.rect)?;
            Some(Number {
                rect,
                text: reader.for_pane("#{pane_index}", pane.id),
                corner: format!("{}x{}", pane.rect.w, pane.rect.h),
                style: if pane.id == reader.window.active { active } else { other },
                marked: false,
            })
        })
        .collect()
}

pub(super) fn borders(reader: &Reader<'_>, panes: &[PaneChrome], offset: (u16, u16), area: Rect) -> Borders {
    let window = reader.window;
    let full = Rect { x: 0, y: 0, w: window.size.cols, h: window.size.rows };
    let window_area = shown_part(full, offset, area).map_or_else(Rect::default, |(rect, _)| rect);
    let rect_of = |id: PaneId| panes.iter().find(|pane| pane.id == id).map(|pane| pane.rect);
    let indicators = reader.window_text("pane-border-indicators");
    let style = reader.pane_style("pane-border-style", window.active, Style::default());
    let shown =
        |id: PaneId| rect_of(id).and_then(|rect| shown_part(rect, offset, area)).map(|(rect, _)| rect);
    Borders {
        area: window_area,
        lines: match reader.window_text("pane-border-lines").as_str() {
            "double" => Lines::Double,
            "heavy" => Lines::Heavy,
            "simple" => Lines::Simple,
            "spaces" => Lines::Spaces,
            "number" => Lines::Number,
            _ => Lines::Single,
        },
        style,
        active_style: reader.pane_style("pane-active-border-style", window.active, style),
        active: shown(window.active),
        halves: matches!(indicators.as_str(), "colour" | "both"),
        marked: reader.mux.marked_pane().and_then(shown),
        order: window.panes.clone(),
        first_index: reader.mux.option_number(Scope::Window(window.id), "pane-base-index").max(0) as usize,
        arrows: matches!(indicators.as_str(), "arrows" | "both"),
        labels: labels(reader, panes, offset, area, window_area),
        outside: style,
        fill: reader
            .window_text("fill-character")
            .chars()
            .next()
            .filter(|c| unicode_width::UnicodeWidthChar::width(*c) == Some(1)),
    }
}

/// The texts of `pane-border-status`, and the names of other hosts.
fn labels(
    reader: &Reader<'_>,
    panes: &[PaneChrome],
    offset: (u16, u16),
    area: Rect,
    window_area: Rect,
) -> Vec<Label> {
    let status = reader.window.border_status();
    let mut labels = Vec::new();
    for pane in panes {
        let Some((rect, _)) = shown_part(pane.rect, offset, area) else { continue };
        let active = pane.id == reader.window.active;
        let border = if active { "pane-active-border-style" } else { "pane-border-style" };
        let y = match status {
            BorderStatus::Off => None,
            BorderStatus::Top => rect.y.checked_sub(1),
            BorderStatus::Bottom => Some(rect.bottom()),
        };
        if let Some(y) = y {
            let format = reader.mux.option_text(Scope::Pane(pane.id), "pane-border-format");
            labels.push(Label {
                x: rect.x.saturating_add(BORDER_TEXT_INDENT),
                y,
                room: rect.w.saturating_sub(2 * BORDER_TEXT_INDENT),
                vertical: false,
                text: reader.for_pane(&format, pane.id),
                style: reader.pane_style(border, pane.id, Style::default()),
            });
        }
        let words = reader.mux.pane(pane.id).and_then(place_words);
        if let Some((text, lost)) = words {
            labels.extend(host_label(rect, window_area, &text, host_style(reader, pane.id, lost)));
        }
    }
    labels
}

impl Chrome {
    /// The scene with these chrome: the panes as they are now.
    pub fn scene<'a>(&'a self, mux: &'a Mux, client: ClientId, size: Size) -> Option<Scene<'a>> {
        let window = mux.client_window(client)?;
        let mut panes = Vec::with_capacity(self.panes.len());
        let mut cursor = None;
        let mut outer = Outer {
            mouse: match (self.mouse, self.motion) {
                (true, true) => Mouse::Any,
                (true, false) => Mouse::Button,
                (false, _) => Mouse::Off,
            },
            paste: true,
            focus: self.focus,
            key_flags: u8::from(self.extended_keys),
        };
        for chrome in &self.panes {
            let Some(pane) = mux.pane(chrome.id) else { continue };
            let active = chrome.id == window.active;
            self.modes(pane, active, &mut outer);
            let Some((rect, from)) = shown_part(chrome.rect, self.offset, self.area) else { continue };
            if active {
                cursor = pane_cursor(pane, chrome, rect, from);
            }
            panes.push(PaneView {
                id: chrome.id,
                rect,
                from,
                content: content(pane, chrome),
                style: chrome.style,
                banner: chrome.banner.clone(),
            });
        }
        if !self.numbers.is_empty() {
            cursor = None;
        }
        let mut boxes = Vec::with_capacity(self.boxes.len());
        for chrome in &self.boxes {
            let view = chrome.pane.as_ref().and_then(|looks| {
                let pane = mux.pane(looks.id)?;
                self.modes(pane, chrome.has_keys, &mut outer);
                if chrome.has_keys {
                    cursor = pane_cursor(pane, looks, looks.rect, (0, 0));
                }
                Some(PaneView {
                    id: looks.id,
                    rect: looks.rect,
                    from: (0, 0),
                    content: content(pane, looks),
                    style: looks.style,
                    banner: looks.banner.clone(),
                })
            });
            if view.is_none() && chrome.has_keys {
                let at = |(x, y)| Cursor { x, y, shape: CursorShape::Default, blinking: false };
                cursor = chrome.cursor.map(at);
            }
            let preview = chrome.preview.as_ref().map(|preview| (preview.panes(mux), &preview.borders));
            boxes.push(BoxView { rect: chrome.rect, frame: &chrome.frame, pane: view, preview });
        }
        cursor = self.prompt_cursor.or(cursor);
        Some(Scene {
            size,
            panes,
            borders: &self.borders,
            bars: &self.bars,
            numbers: &self.numbers,
            boxes,
            cursor,
            outer,
            title: self.title.as_deref(),
        })
    }

    /// Whether the panes shown are still those this was made for. A pane whose cursor leaves what is
    /// shown of a larger window needs another part of it.
    pub fn fits(&self, mux: &Mux, client: ClientId) -> bool {
        let room = Size::new(self.area.w, self.area.h);
        mux.client_window(client).is_some() && mux.view_offset(client, room) == self.offset
    }

    fn modes(&self, pane: &Pane, active: bool, outer: &mut Outer) {
        let modes = pane.screen.modes();
        let wants = match modes.mouse {
            MouseMode::Off => Mouse::Off,
            MouseMode::X10 | MouseMode::Normal => Mouse::Normal,
            MouseMode::Button => Mouse::Button,
            MouseMode::Any => Mouse::Any,
        };
        // With the mouse ours, motion over any pane that wants it has to be told; without, only what the
        // active pane asks for itself.
        if (self.mouse && wants == Mouse::Any) || (!self.mouse && active && pane.mode.is_none()) {
            outer.mouse = outer.mouse.max(wants);
        }
        if active {
            outer.focus |= modes.focus_events;
            outer.key_flags |= outer_flags(modes.kitty_flags) | u8::from(modes.modify_other_keys != 0);
        }
    }
}

impl PreviewChrome {
    fn panes<'a>(&'a self, mux: &'a Mux) -> Vec<PaneView<'a>> {
        let view = |chrome: &'a PaneChrome| {
            let (rect, _) = shown_part(chrome.rect, (0, 0), self.area)?;
            let pane = mux.pane(chrome.id)?;
            let cursor = pane.screen.cursor();
            // As little is left out before the cursor as shows it: what stands at the left tells most.
            let skip =
                |at: u16, room: u16, all: u16| (at + 1).saturating_sub(room).min(all.saturating_sub(room));
            let (skip_x, skip_y) =
                (skip(cursor.x, rect.w, pane.size.cols), skip(cursor.y, rect.h, pane.size.rows));
            let from = if pane.mode.is_some() { (0, 0) } else { (skip_x, skip_y) };
            let (style, banner) = (chrome.style, chrome.banner.clone());
            Some(PaneView { id: chrome.id, rect, from, content: content(pane, chrome), style, banner })
        };
        self.panes.iter().filter_map(view).collect()
    }
}

fn content<'a>(pane: &'a Pane, chrome: &'a PaneChrome) -> Content<'a> {
    let (Some(mode), Some(looks)) = (&pane.mode, &chrome.mode) else { return Content::Screen(&pane.screen) };
    match mode {
        Mode::Copy(copy) => Content::Copy(CopyView {
            screen: &copy.screen,
            top: copy.top_line(),
            marks: Box::new(move |line, x| mark(copy, looks, line, x)),
            position: looks.position.clone(),
        }),
        Mode::List(list) => Content::List(ListView {
            rows: list
                .shown()
                .map(|(at, item)| {
                    let indent = "  ".repeat(usize::from(item.depth));
                    let tag = if list.tagged.contains(&item.target) { "*" } else { "" };
                    format!(" ({at:>2}) {indent}{}{tag}: {}", item.label, item.text)
                })
                .collect(),
            chosen: list.current.checked_sub(list.top),
            chosen_style: looks.selection,
            position: (list.top, list.items.len()),
            note: list.no_matches.then(|| " (filter: no matches)".into()),
        }),
        Mode::Clock => Content::Clock { text: looks.clock.clone(), style: looks.selection },
    }
}

fn mark(copy: &CopyMode, looks: &ModeChrome, line: usize, x: u16) -> Option<Style> {
    if copy.is_selected(line, x) {
        return Some(looks.selection);
    }
    match copy.match_at(line, x) {
        Some(true) => return Some(looks.found_here),
        Some(false) => return Some(looks.found),
        None => {}
    }
    copy.mark.filter(|mark| mark.line == line).map(|_| looks.mark)
}

fn pane_cursor(pane: &Pane, chrome: &PaneChrome, rect: Rect, from: (u16, u16)) -> Option<Cursor> {
    let (x, y, shape, blinking) = match &pane.mode {
        None => {
            let cursor = pane.screen.cursor();
            if !cursor.visible {
                return None;
            }
            if cursor.shape == CursorShape::Default {
                (cursor.x, cursor.y, chrome.cursor, chrome.cursor_blinks)
            } else {
                (cursor.x, cursor.y, cursor.shape, cursor.blinking)
            }
        }
        Some(Mode::Copy(copy)) => {
            let (x, y) = copy.cursor_on_screen();
            (x, y, CursorShape::Default, false)
        }
        Some(Mode::List(_) | Mode::Clock) => return None,
    };
    let x = x.checked_sub(from.0).filter(|x| *x < rect.w)?;
    let y = y.checked_sub(from.1).filter(|y| *y < rect.h)?;
    Some(Cursor { x: rect.x + x, y: rect.y + y, shape, blinking })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_larger_window_the_part_in_the_area_is_shown() {
        let rect = |x, y, w, h| Rect { x, y, w, h };
        let area = rect(0, 1, 10, 5);
        assert_eq!(shown_part(rect(0, 0, 10, 5), (0, 0), area), Some((rect(0, 1, 10, 5), (0, 0))));
        assert_eq!(shown_part(rect(0, 0, 20, 9), (4, 2), area), Some((rect(0, 1, 10, 5), (4, 2))));
        assert_eq!(shown_part(rect(6, 3, 20, 9), (4, 2), area), Some((rect(2, 2, 8, 4), (0, 0))));
        assert_eq!(shown_part(rect(0, 0, 4, 9), (4, 0), area), None);
        assert_eq!(shown_part(rect(30, 0, 4, 9), (4, 0), area), None);
    }

    #[test]
    fn a_long_answer_shows_its_end() {
        assert_eq!(skip_columns("abcdef", 2), (2, "cdef"));
        assert_eq!(skip_columns("日本語", 3), (4, "語"));
        assert_eq!(skip_columns("ab", 9), (2, ""));
    }
}
