//! What the terminfo database says of `$TERM`: the few capabilities that decide how it is drawn to.
//!
//! Reads compiled entries (term(5)), both number widths, with the extended names of ncurses. Knows no drawing.

use std::path::{Path, PathBuf};

/// Largest entry read, in bytes (term(5)'s own limit is 32 KiB).
const MAX_ENTRY: u64 = 64 * 1024;
/// Magic of an entry with numbers of 16 bits.
const NUMBERS_16: u16 = 0o432;
/// Magic of an entry with numbers of 32 bits.
const NUMBERS_32: u16 = 0o1036;

/// Places of the capabilities of interest among the flags, numbers and strings (ncurses' term.h).
const BACK_COLOR_ERASE: usize = 28;
const MAX_COLORS: usize = 13;
const TO_STATUS_LINE: usize = 135;

/// Extended names of interest, as tmux(1) explains them under TERMINFO EXTENSIONS.
const EXTENDED: [&str; 12] =
    ["Tc", "RGB", "Smulx", "Setulc", "Setulc1", "Smol", "smxx", "Sync", "Hls", "Ss", "XT", "setrgbf"];

/// The names of the capabilities that `term` has, `colors=N` with its number; `None` without an entry.
pub fn capabilities(term: &str) -> Option<Vec<String>> {
    // A name is a file's name.
    if term.is_empty() || term.contains('/') || term.starts_with('.') {
        return None;
    }
    directories().iter().find_map(|directory| {
        let first = term.as_bytes()[0];
        let by_letter = directory.join(char::from(first).to_string()).join(term);
        let by_number = directory.join(format!("{first:x}")).join(term);
        parse(&read(&by_letter).or_else(|| read(&by_number))?)
    })
}

/// Where entries may be, in ncurses' order.
fn directories() -> Vec<PathBuf> {
    let mut places = Vec::new();
    places.extend(std::env::var_os("TERMINFO").map(PathBuf::from));
    places.extend(std::env::var_os("HOME").map(|home| Path::new(&home).join(".terminfo")));
    if let Some(list) = std::env::var_os("TERMINFO_DIRS") {
        places.extend(std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()));
    }
    places.extend(
        ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"].map(PathBuf::from),
    );
    places
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let meta = std::fs::metadata(path).ok()?;
    if !meta.is_file() || meta.len() > MAX_ENTRY {
        return None;
    }
    std::fs::read(path).ok()
}

/// Bytes taken from the front; every read past the end is `None`.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let part = self.bytes.get(self.at..self.at.checked_add(n)?)?;
        self.at += n;
        Some(part)
    }
    fn short(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
    }
    /// A count; negative ones are none.
    fn count(&mut self) -> Option<usize> {
        self.short().map(|n| usize::try_from(n as i16).unwrap_or(0))
    }
    /// Numbers begin at even places.
    fn align(&mut self) {
        self.at += self.at % 2;
    }
    /// `n` offsets into a table of strings; those absent (negative) are `None`.
    fn offsets(&mut self, n: usize) -> Option<Vec<Option<usize>>> {
        (0..n).map(|_| self.short().map(|o| usize::try_from(o as i16).ok())).collect()
    }
}

fn parse(entry: &[u8]) -> Option<Vec<String>> {
    let mut r = Reader { bytes: entry, at: 0 };
    let width = match r.short()? {
        NUMBERS_16 => 2,
        NUMBERS_32 => 4,
        _ => return None,
    };
    let (names, flags, numbers, strings, table) =
        (r.count()?, r.count()?, r.count()?, r.count()?, r.count()?);
    r.take(names)?;
    let flags = r.take(flags)?;
    r.align();
    let numbers = r.take(numbers * width)?;
    let strings = r.offsets(strings)?;
    r.take(table)?;
    let mut found = Vec::new();
    if flags.get(BACK_COLOR_ERASE) == Some(&1) {
        found.push("bce".to_owned());
    }
    if let Some(colors) = number(numbers, MAX_COLORS, width) {
        found.push(format!("colors={colors}"));
    }
    if strings.get(TO_STATUS_LINE).copied().flatten().is_some() {
        found.push("tsl".to_owned());
    }
    // What follows is ncurses' extension; entries without it are whole.
    found.extend(extended(&mut r, width).unwrap_or_default());
    Some(found)
}

/// Number `i`; absent ones are negative.
fn number(numbers: &[u8], i: usize, width: usize) -> Option<i32> {
    let bytes = numbers.get(i * width..(i + 1) * width)?;
    let value = match *bytes {
        [a, b] => i32::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]),
        _ => return None,
    };
    (value >= 0).then_some(value)
}

/// The extended capabilities of interest that are there.
fn extended(r: &mut Reader<'_>, width: usize) -> Option<Vec<String>> {
    r.align();
    let (flags, numbers, strings) = (r.count()?, r.count()?, r.count()?);
    let (_items, table) = (r.count()?, r.count()?);
    let set = r.take(flags)?;
    r.align();
    let values = r.take(numbers * width)?;
    let texts = r.offsets(strings)?;
    let names = r.offsets(flags + numbers + strings)?;
    let table = r.take(table)?;
    // The names stand after the values of the strings, and count from there.
    let ends = |at: usize| table.get(at..).and_then(|t| t.iter().position(|b| *b == 0)).map(|n| at + n + 1);
    let base = texts.iter().flatten().filter_map(|at| ends(*at)).max().unwrap_or(0);
    let there = (0..flags)
        .map(|i| set[i] == 1)
        .chain((0..numbers).map(|i| number(values, i, width).is_some()))
        .chain(texts.iter().map(Option::is_some));
    let found = names.iter().zip(there).filter(|(_, there)| *there).filter_map(|(at, _)| {
        let start = base + (*at)?;
        let name = table.get(start..ends(start)? - 1)?;
        let name = std::str::from_utf8(name).ok()?;
        EXTENDED.contains(&name).then(|| name.to_owned())
    });
    Some(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry as tic(1) makes it from `source`, whose name is `name`.
    fn compiled(name: &str, source: &str) -> Vec<u8> {
        let directory = std::env::temp_dir().join(format!("qmux-terminfo-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let file = directory.join("source");
        std::fs::write(&file, format!("{name}|a test,\n\t{source},\n")).expect("the source is written");
        let tic = std::process::Command::new("tic").args(["-x", "-o"]).arg(&directory).arg(&file).output();
        let output = tic.expect("tic of ncurses-bin");
        assert!(output.status.success(), "{output:?}");
        let entry = read(&directory.join(&name[..1]).join(name)).expect("the compiled entry");
        std::fs::remove_dir_all(&directory).expect("the directory is removed");
        entry
    }

    #[test]
    fn entries_of_ncurses_are_read() {
        let all = compiled(
            "qmuxa",
            "bce, colors#256, tsl=\\E]0;, Tc, RGB#8, Smulx=\\E[4:%p1%dm, Smol=\\E[53m, Xyz=q, AX",
        );
        let mut found = parse(&all).expect("an entry");
        found.sort();
        assert_eq!(found, ["RGB", "Smol", "Smulx", "Tc", "bce", "colors=256", "tsl"]);
        // Numbers of 32 bits come with so many colours.
        let direct = compiled("qmuxb", "colors#0x1000000, RGB, smxx=\\E[9m, rmxx=\\E[29m");
        assert_eq!(direct[..2], NUMBERS_32.to_le_bytes());
        let mut found = parse(&direct).expect("an entry");
        found.sort();
        assert_eq!(found, ["RGB", "colors=16777216", "smxx"]);
        // Without anything of interest, and without extensions.
        assert_eq!(parse(&compiled("qmuxc", "am, cols#80, cub1=^H")), Some(vec![]));
    }

    #[test]
    fn broken_entries_are_none_or_less() {
        let whole = compiled("qmuxd", "bce, colors#256, Tc, Smulx=\\E[4:%p1%dm");
        for n in 0..whole.len() {
            let _ = parse(&whole[..n]);
            let mut other = whole.clone();
            for byte in [0, 0x7f, 0xff] {
                other[n] = byte;
                let _ = parse(&other);
            }
        }
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"not an entry"), None);
        assert_eq!(capabilities("../../etc/passwd"), None);
        assert_eq!(capabilities(""), None);
    }
}
