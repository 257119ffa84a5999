//! SGR: colours and attributes (ECMA-48 8.3.117, ITU T.416, xterm's and kitty's extensions).

use super::csi::Csi;
use super::screen::Screen;
use super::style::{Attrs, Color};

impl Screen {
    /// Applies every parameter of an SGR.
    pub(super) fn sgr(&mut self, csi: &Csi) {
        let underline = self.st.pen.underline;
        let mut i = 0;
        while i < csi.params().len() {
            i += self.sgr_at(csi, i);
        }
        if underline != self.st.pen.underline {
            self.refresh_pen();
        }
    }

    /// Applies the parameter at `i`; says how many were used.
    fn sgr_at(&mut self, csi: &Csi, i: usize) -> usize {
        let subs = (i + 1..csi.params().len()).take_while(|n| csi.is_sub(*n)).count();
        let n = csi.raw(i);
        let pen = &mut self.st.pen;
        match n {
            0 => {
                let protected = Attrs(pen.attrs.0 & Attrs::PROTECTED.0);
                (pen.fg, pen.bg, pen.underline, pen.attrs) = (0, 0, 0, protected);
            }
            1 => pen.attrs |= Attrs::BOLD,
            2 => pen.attrs |= Attrs::DIM,
            3 => pen.attrs |= Attrs::ITALIC,
            4 => {
                pen.attrs.remove(Attrs::ANY_UNDERLINE);
                pen.attrs |= match if subs > 0 { csi.raw(i + 1) } else { 1 } {
                    0 => Attrs::empty(),
                    2 => Attrs::DOUBLE_UNDERLINE,
                    3 => Attrs::CURLY_UNDERLINE,
                    4 => Attrs::DOTTED_UNDERLINE,
                    5 => Attrs::DASHED_UNDERLINE,
                    _ => Attrs::UNDERLINE,
                };
            }
            5 | 6 => pen.attrs |= Attrs::BLINK,
            7 => pen.attrs |= Attrs::REVERSE,
            8 => pen.attrs |= Attrs::HIDDEN,
            9 => pen.attrs |= Attrs::STRIKE,
            21 => {
                pen.attrs.remove(Attrs::ANY_UNDERLINE);
                pen.attrs |= Attrs::DOUBLE_UNDERLINE;
            }
            22 => pen.attrs.remove(Attrs::BOLD | Attrs::DIM),
            23 => pen.attrs.remove(Attrs::ITALIC),
            24 => pen.attrs.remove(Attrs::ANY_UNDERLINE),
            25 => pen.attrs.remove(Attrs::BLINK),
            27 => pen.attrs.remove(Attrs::REVERSE),
            28 => pen.attrs.remove(Attrs::HIDDEN),
            29 => pen.attrs.remove(Attrs::STRIKE),
            30..=37 => pen.fg = Color::Indexed((n - 30) as u8).pack(),
            39 => pen.fg = 0,
            40..=47 => pen.bg = Color::Indexed((n - 40) as u8).pack(),
            49 => pen.bg = 0,
            53 => pen.attrs |= Attrs::OVERLINE,
            55 => pen.attrs.remove(Attrs::OVERLINE),
            59 => pen.underline = 0,
            90..=97 => pen.fg = Color::Indexed((n - 90 + 8) as u8).pack(),
            100..=107 => pen.bg = Color::Indexed((n - 100 + 8) as u8).pack(),
            38 | 48 | 58 => {
                let (color, used) = extended_color(csi, i, subs);
                if let Some(color) = color {
                    match n {
                        38 => pen.fg = color.pack(),
                        48 => pen.bg = color.pack(),
                        _ => pen.underline = color.pack(),
                    }
                }
                return used;
            }
            _ => {}
        }
        1 + subs
    }
}

/// The colour after 38, 48 or 58 in either form, and how many parameters it took.
fn extended_color(csi: &Csi, i: usize, subs: usize) -> (Option<Color>, usize) {
    let byte = |n: usize| u8::try_from(csi.raw(n)).ok();
    let rgb = |n: usize| Some(Color::Rgb(byte(n)?, byte(n + 1)?, byte(n + 2)?));
    if subs > 0 {
        let color = match (csi.raw(i + 1), subs) {
            (5, 2..) => byte(i + 2).map(Color::Indexed),
            // With five or more the first is the colour space (T.416), else it was left out.
            (2, 5..) => rgb(i + 3),
            (2, 4) => rgb(i + 2),
            _ => None,
        };
        return (color, 1 + subs);
    }
    let left = csi.params().len() - i;
    match csi.raw(i + 1) {
        5 if left >= 3 => (byte(i + 2).map(Color::Indexed), 3),
        2 if left >= 5 => (rgb(i + 2), 5),
        _ => (None, left),
    }
}
