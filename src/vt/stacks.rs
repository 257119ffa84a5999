//! xterm's stacks: pens (XTPUSHSGR, XTPOPSGR) and colours (XTPUSHCOLORS, XTPOPCOLORS), with their reports.

use super::csi::Csi;
use super::dcs::style_text;
use super::event::ScreenEvent;
use super::screen::Screen;
use super::style::{Attrs, Color, Style};

/// Most entries of either stack (ctlseqs).
const MAX_STACK: usize = 10;

/// What the parameters of XTPUSHSGR other than 30 and 31 keep.
const KEPT: [(u16, Attrs); 9] = [
    (1, Attrs::BOLD),
    (2, Attrs::DIM),
    (3, Attrs::ITALIC),
    (4, Attrs::ANY_UNDERLINE),
    (5, Attrs::BLINK),
    (7, Attrs::REVERSE),
    (8, Attrs::HIDDEN),
    (9, Attrs::STRIKE),
    (21, Attrs::ANY_UNDERLINE),
];
const FOREGROUND: u16 = 30;
const BACKGROUND: u16 = 31;

impl Screen {
    /// XTPUSHSGR. Without parameters the whole pen is kept.
    pub(super) fn push_sgr(&mut self, csi: &Csi) {
        if self.st.sgr_stack.len() == MAX_STACK {
            return;
        }
        let named = csi.params().iter().filter(|n| (1..=32).contains(*n));
        let mask = named.fold(0, |mask, n| mask | 1 << (n - 1));
        let mut pen = self.st.pen.clone();
        pen.link = None;
        self.st.sgr_stack.push((if mask == 0 { u32::MAX } else { mask }, pen));
    }

    /// XTPOPSGR: what was kept comes back, the rest stays.
    pub(super) fn pop_sgr(&mut self) {
        let Some((mask, kept)) = self.st.sgr_stack.pop() else { return };
        let has = |n: u16| mask >> (n - 1) & 1 != 0;
        let pen = &mut self.st.pen;
        let all = if mask == u32::MAX { Attrs::OVERLINE } else { Attrs::empty() };
        let attrs = KEPT.iter().filter(|(n, _)| has(*n)).fold(all, |all, (_, attrs)| all | *attrs);
        pen.attrs = pen.attrs.without(attrs) | Attrs(kept.attrs.0 & attrs.0);
        if has(FOREGROUND) {
            pen.fg = kept.fg;
        }
        if has(BACKGROUND) {
            pen.bg = kept.bg;
        }
        if mask == u32::MAX {
            pen.underline = kept.underline;
        }
        self.refresh_pen();
    }

    /// XTREPORTSGR: the SGR that all cells of a rectangle have in common.
    pub(super) fn report_sgr(&mut self, csi: &Csi) {
        let Some(cells) = self.cells_within(csi) else { return };
        let mut styles = cells.into_iter().map(|cell| self.tables.style(cell));
        let Some(first) = styles.next() else { return };
        let common = styles.fold(first, |a, b| {
            let color = |a: Color, b: Color| if a == b { a } else { Color::Default };
            Style {
                fg: color(a.fg, b.fg),
                bg: color(a.bg, b.bg),
                underline: color(a.underline, b.underline),
                attrs: Attrs(a.attrs.0 & b.attrs.0),
            }
        });
        self.reply_csi(format_args!("{}m", style_text(common)));
    }

    /// XTPUSHCOLORS: with a number the colours are stored there and nothing is pushed.
    pub(super) fn push_colors(&mut self, at: u16) {
        let colors = (self.st.palette.clone(), self.st.dynamic);
        let index = if at == 0 { self.st.color_depth } else { usize::from(at) - 1 };
        if index >= MAX_STACK {
            return;
        }
        if self.st.color_stack.len() <= index {
            self.st.color_stack.resize(index + 1, colors.clone());
        }
        self.st.color_stack[index] = colors;
        if at == 0 {
            self.st.color_depth += 1;
        }
    }

    /// XTPOPCOLORS: with a number the colours stored there are taken and nothing is popped.
    pub(super) fn pop_colors(&mut self, at: u16) {
        let depth = if at == 0 { self.st.color_depth } else { usize::from(at) };
        let Some((palette, dynamic)) = depth.checked_sub(1).and_then(|i| self.st.color_stack.get(i).cloned())
        else {
            return;
        };
        (self.st.palette, self.st.dynamic) = (palette, dynamic);
        if at == 0 {
            self.st.color_depth -= 1;
        }
        self.event(ScreenEvent::Colors);
    }

    /// XTREPORTCOLORS: where on the stack we are and how many are stored.
    pub(super) fn report_colors(&mut self) {
        let (depth, stored) = (self.st.color_depth, self.st.color_stack.len());
        self.reply_csi(format_args!("{depth};{stored}#Q"));
    }
}
