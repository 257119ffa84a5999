//! What programs print, in the kinds that the aims of `docs/performance.md` name.

// Each benchmark uses its own part.
#![allow(dead_code)]

/// A kind of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lines of ASCII.
    Plain,
    /// A colour or attribute for every few letters.
    Sgr,
    /// Wide, combining and clustered characters of many scripts.
    Unicode,
    /// Text put at places all over the screen.
    Cursor,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Plain, Kind::Sgr, Kind::Unicode, Kind::Cursor];

    /// What the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Plain => "plain lines",
            Kind::Sgr => "dense SGR",
            Kind::Unicode => "unicode",
            Kind::Cursor => "cursor addressing",
        }
    }

    /// At least so many bytes of it. Lines end as a program writes them: in `\n`.
    pub fn bytes(self, size: usize) -> Vec<u8> {
        let piece = match self {
            Kind::Plain => plain,
            Kind::Sgr => sgr,
            Kind::Unicode => unicode,
            Kind::Cursor => cursor,
        };
        let mut text = String::with_capacity(size + 4096);
        let mut n = 0;
        while text.len() < size {
            piece(n, &mut text);
            n += 1;
        }
        text.into_bytes()
    }
}

fn plain(i: usize, out: &mut String) {
    let words = "the quick brown fox jumps over the lazy dog and runs away from the angry bear ";
    out.push_str(&format!("{i:08} {}{}\n", words, &words[..i % 70]));
}

fn sgr(i: usize, out: &mut String) {
    for word in 0..12 {
        let (a, b) = ((i * 7 + word * 13) % 256, (i + word) % 8);
        match word % 3 {
            0 => out.push_str(&format!("\x1b[1;38;5;{a}mword{word}\x1b[0m ")),
            1 => out.push_str(&format!("\x1b[3{b};4{}mab\x1b[m", 7 - b)),
            _ => out.push_str(&format!("\x1b[38;2;{a};{b};99mx{word}\x1b[39m")),
        }
    }
    out.push('\n');
}

fn unicode(i: usize, out: &mut String) {
    out.push_str("漢字かな交じり文 — größer, naïve; ąęśćź Ελληνικά кириллица ");
    if i.is_multiple_of(4) {
        out.push_str("👍🏽 👨\u{200d}👩\u{200d}👧 🇩🇪 e\u{301} ❤\u{fe0f}");
    }
    out.push_str("한국어 텍스트\n");
}

fn cursor(i: usize, out: &mut String) {
    let (y, x) = (i * 31 % 50 + 1, i * 17 % 180 + 1);
    out.push_str(&format!("\x1b[{y};{x}Hitem {}\x1b[K\x1b[{}Ax\x1b[3C*", i % 100, i % 5 + 1));
}

/// Full lines of 200 columns, plain or coloured word by word.
pub fn full_lines(count: usize, coloured: bool) -> Vec<u8> {
    let mut text = String::new();
    for n in 0..count {
        text.push_str(&format!("{n:08}"));
        for word in 0..12 {
            if coloured {
                text.push_str(&format!("\x1b[38;5;{}m", (n * 7 + word * 13) % 256));
            }
            let letter = char::from(b'a' + ((n + word) % 26) as u8);
            text.push_str(&letter.to_string().repeat(16));
        }
        text.push_str(if coloured { "\x1b[m\n" } else { "\n" });
    }
    text.into_bytes()
}
