//! The program's side: it writes to the terminal and reads its reports.

use qmux::ids::Size;
use qmux::vt::Screen;

pub const ESC: &str = "\x1b";
pub const ST: &str = "\x1b\\";

/// A program and its terminal of 80 columns and 25 rows.
pub struct Host(pub Screen);

impl Host {
    pub fn new() -> Host {
        Host(Screen::new(Size { cols: 80, rows: 25 }, 100))
    }

    /// A terminal that was sent `text`.
    pub fn with(text: &str) -> Host {
        let mut host = Host::new();
        host.send(text);
        host
    }

    /// Writes `text`, byte by byte as a slow line would bring it.
    pub fn send(&mut self, text: &str) -> &mut Host {
        self.send_bytes(text.as_bytes())
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) -> &mut Host {
        for b in bytes {
            self.0.advance(&[*b]);
        }
        self
    }

    /// `CSI body`.
    pub fn csi(&mut self, body: &str) -> &mut Host {
        self.send(&format!("{ESC}[{body}"))
    }

    /// `CSI` of each of `bodies`.
    pub fn csis(&mut self, bodies: &[&str]) -> &mut Host {
        for body in bodies {
            self.csi(body);
        }
        self
    }

    /// CUP: column and row from 1.
    pub fn go(&mut self, x: u16, y: u16) -> &mut Host {
        self.csi(&format!("{y};{x}H"))
    }

    /// Writes each of `lines` from (`x`, `y`) downwards.
    pub fn put(&mut self, x: u16, y: u16, lines: &[&str]) -> &mut Host {
        for (row, line) in (y..).zip(lines) {
            self.go(x, row).send(line);
        }
        self
    }

    /// Turns DECLRMM on and sets the columns' margins.
    pub fn columns(&mut self, left: u16, right: u16) -> &mut Host {
        self.csi("?69h").csi(&format!("{left};{right}s"))
    }

    /// What the terminal answered since the last question, as text.
    pub fn answers(&mut self) -> String {
        String::from_utf8_lossy(&self.0.take_replies()).into_owned()
    }

    /// What it answers to `question`.
    pub fn ask(&mut self, question: &str) -> String {
        assert_eq!(self.answers(), "", "an answer to nothing was left");
        self.send(question);
        self.answers()
    }

    /// The parameters of the answer to `question`, which must be `CSI intro parameters last`.
    pub fn numbers(&mut self, question: &str, intro: &str, last: &str) -> Vec<i64> {
        let answer = self.ask(question);
        let body = answer.strip_prefix(&format!("{ESC}[{intro}")).and_then(|a| a.strip_suffix(last));
        let body = body.unwrap_or_else(|| panic!("{answer:?} is no {intro} … {last}"));
        body.split(';').map(|n| n.parse().unwrap_or_else(|_| panic!("a number in {answer:?}"))).collect()
    }

    /// The body of the DCS that answers `question`.
    pub fn dcs(&mut self, question: &str) -> String {
        let answer = self.ask(question);
        let body = answer.strip_prefix("\x1bP").and_then(|a| a.strip_suffix(ST));
        body.unwrap_or_else(|| panic!("{answer:?} is no DCS")).to_owned()
    }

    /// Column and row of the cursor from 1, by CPR.
    pub fn at(&mut self) -> (i64, i64) {
        let place = self.numbers("\x1b[6n", "", "R");
        (place[1], place[0])
    }

    /// The checksum of a rectangle (DECRQCRA).
    pub fn checksum(&mut self, top: u16, left: u16, bottom: u16, right: u16) -> u16 {
        let body = self.dcs(&format!("{ESC}[77;1;{top};{left};{bottom};{right}*y"));
        let sum = body.strip_prefix("77!~").unwrap_or_else(|| panic!("{body:?} answers another request"));
        assert_eq!(sum.len(), 4, "{body:?}");
        u16::from_str_radix(sum, 16).unwrap_or_else(|_| panic!("{body:?}"))
    }

    /// The character in a cell: the checksum of it alone, negated.
    pub fn cell(&mut self, x: u16, y: u16) -> char {
        char::from_u32(u32::from(self.checksum(y, x, y, x).wrapping_neg())).unwrap_or('\u{fffd}')
    }

    /// `lines` stand with their first cell at (`x`, `y`).
    #[track_caller]
    pub fn shows(&mut self, x: u16, y: u16, lines: &[&str]) -> &mut Host {
        // Origin mode moves what is asked for.
        let origin = self.numbers("\x1b[?6$p", "?", "$y")[1] == 1;
        assert!(!origin, "turn origin mode off before reading the screen");
        let seen: Vec<String> = (y..)
            .zip(lines)
            .map(|(row, line)| (x..).zip(line.chars()).map(|(column, _)| self.cell(column, row)).collect())
            .collect();
        assert_eq!(seen, lines);
        self
    }

    /// The cursor stands at column `x` of row `y`.
    #[track_caller]
    pub fn is_at(&mut self, x: i64, y: i64) -> &mut Host {
        assert_eq!(self.at(), (x, y), "column and row of the cursor");
        self
    }

    /// State of a private mode by DECRQM.
    pub fn mode(&mut self, number: u16) -> i64 {
        let answer = self.numbers(&format!("{ESC}[?{number}$p"), "?", "$y");
        assert_eq!(answer[0], i64::from(number));
        answer[1]
    }

    /// State of an ANSI mode by DECRQM.
    pub fn ansi_mode(&mut self, number: u16) -> i64 {
        let answer = self.numbers(&format!("{ESC}[{number}$p"), "", "$y");
        assert_eq!(answer[0], i64::from(number));
        answer[1]
    }

    /// The setting named `what` by DECRQSS, without its name.
    #[track_caller]
    pub fn setting(&mut self, what: &str) -> String {
        let body = self.dcs(&format!("{ESC}P$q{what}{ST}"));
        let value = body.strip_prefix("1$r").and_then(|b| b.strip_suffix(what));
        value.unwrap_or_else(|| panic!("{body:?} is no setting {what:?}")).to_owned()
    }
}
