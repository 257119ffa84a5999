//! Escape sequences that are no control sequences and no strings.

use super::charset::Charset;
use super::screen::Screen;
use super::style::Attrs;

impl Screen {
    /// Performs `ESC intermediates byte`.
    pub(super) fn esc(&mut self, intermediates: &[u8], byte: u8) {
        match (intermediates, byte) {
            ([], b'7') => self.save_cursor(),
            ([], b'8') => self.restore_cursor(),
            ([], b'6') if self.at_level(4) => self.back_index(),
            ([], b'9') if self.at_level(4) => self.forward_index(),
            ([], b'D') => self.linefeed(),
            ([], b'E') => {
                self.linefeed();
                self.carriage_return();
            }
            ([], b'H') => self.set_tab(),
            ([], b'M') => self.reverse_linefeed(),
            ([], b'N') => self.st.charsets.single = Some(2),
            ([], b'O') => self.st.charsets.single = Some(3),
            ([], b'V') => self.start_guarded_area(),
            ([], b'W') => self.st.pen.attrs.remove(Attrs::PROTECTED),
            ([], b'Z') => self.primary_attributes(),
            ([], b'c') => self.full_reset(),
            ([], b'n') => self.st.charsets.gl = 2,
            ([], b'o') => self.st.charsets.gl = 3,
            ([], b'|') => self.st.charsets.gr = 3,
            ([], b'}') => self.st.charsets.gr = 2,
            ([], b'~') => self.st.charsets.gr = 1,
            ([], b'=') => self.st.modes.app_keypad = true,
            ([], b'>') => self.st.modes.app_keypad = false,
            ([b' '], b'F') if self.at_level(2) => self.st.eight_bit = false,
            ([b' '], b'G') if self.at_level(2) => self.st.eight_bit = true,
            ([b'#'], b'8') => self.alignment_test(),
            ([g @ (b'(' | b')' | b'*' | b'+')], name) => {
                self.st.charsets.g[usize::from(g - b'(')] = Charset::named(name);
            }
            _ => {}
        }
        self.st.last_printed.clear();
    }
}
