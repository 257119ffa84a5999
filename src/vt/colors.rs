//! Colours as programs write them in OSC commands: every form XParseColor knows, and X11's names.

use super::state::Rgb;
use super::xcms;

/// X11's rgb.txt: a name and its colour, then those of the name with 1 to 4 appended.
const NAMES: &str = include_str!("x11_colors.txt");

/// A colour as the answer to a query has it: each component as sixteen bits.
pub(super) fn rgb_text((r, g, b): Rgb) -> String {
    format!("rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}")
}

/// Reads `rgb:h/h/h` (one to four digits each), `#` with 3, 6, 9 or 12 digits, `rgbi:r/g/b`, a CIE or
/// TekHVC colour, or a name (XParseColor(3)). What has an alpha (`rgba:`) is read without it.
pub(super) fn parse_color(spec: &[u8]) -> Option<Rgb> {
    let spec = std::str::from_utf8(spec).ok()?.trim();
    if let Some(hex) = spec.strip_prefix('#') {
        return hash(hex);
    }
    let Some((space, values)) = spec.split_once(':') else {
        return decimal(spec).or_else(|| color_name(spec));
    };
    let space = space.to_ascii_lowercase();
    if matches!(&space[..], "rgb" | "rgba") {
        let mut parts = values.split('/').map(scaled);
        return Some((parts.next()??, parts.next()??, parts.next()??));
    }
    let mut parts = values.split('/').map(|v| v.trim().parse::<f64>().ok().filter(|v| v.is_finite()));
    if matches!(&space[..], "cmy" | "cmyk") {
        let inks = parts.collect::<Option<Vec<f64>>>()?;
        return printed(&inks, if space == "cmy" { 3 } else { 4 });
    }
    let three = [parts.next()??, parts.next()??, parts.next()??];
    if parts.next().is_some() {
        return None;
    }
    if space == "rgbi" { Some(xcms::displayed(three)) } else { xcms::color(&space, three) }
}

/// `red,green,blue` as numbers to 255.
fn decimal(spec: &str) -> Option<Rgb> {
    let mut parts = spec.split(',').map(|n| n.parse::<u8>().ok());
    let rgb = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(rgb)
}

/// Fractions of cyan, magenta, yellow and perhaps black, as tmux reads them.
fn printed(inks: &[f64], how_many: usize) -> Option<Rgb> {
    if inks.len() != how_many || inks.iter().any(|v| !(0.0..=1.0).contains(v)) {
        return None;
    }
    let black = inks.get(3).copied().unwrap_or(0.0);
    let part = |i: usize| ((1.0 - inks[i]) * (1.0 - black) * 255.0) as u8;
    Some((part(0), part(1), part(2)))
}

/// One to four hexadecimal digits as a fraction of the largest number they can be.
fn scaled(digits: &str) -> Option<u8> {
    if !(1..=4).contains(&digits.len()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    if digits.len() == 4 {
        // As tmux has it: the high byte.
        return Some((value >> 8) as u8);
    }
    let max = (1u32 << (4 * digits.len())) - 1;
    Some((value * 255 / max) as u8)
}

/// `#` form: fewer digits are the high bits, not a fraction.
fn hash(hex: &str) -> Option<Rgb> {
    let n = hex.len() / 3;
    if !hex.is_ascii() || !hex.len().is_multiple_of(3) || !(1..=4).contains(&n) {
        return None;
    }
    let part = |i: usize| {
        let value = u32::from_str_radix(&hex[i * n..(i + 1) * n], 16).ok()?;
        Some((value << (16 - 4 * n) >> 8) as u8)
    };
    Some((part(0)?, part(1)?, part(2)?))
}

/// The colour an X11 name means; case and blanks do not matter.
pub fn color_name(name: &str) -> Option<(u8, u8, u8)> {
    let name: String = name.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_lowercase()).collect();
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[base.len()..];
    if matches!(base, "gray" | "grey") && !number.is_empty() {
        return grey(number);
    }
    let line = NAMES.lines().find_map(|line| line.strip_prefix(base)?.strip_prefix(' '))?;
    let n = if number.is_empty() { 0 } else { number.parse().ok().filter(|n| *n > 0)? };
    hash(line.split(' ').nth(n)?)
}

/// `gray0` to `gray100`: per cent of white.
fn grey(per_cent: &str) -> Option<Rgb> {
    let n: u32 = per_cent.parse().ok().filter(|n| *n <= 100)?;
    // Two halves are rounded down in rgb.txt, the others up.
    let level = ((n * 255 + if matches!(n, 50 | 90) { 49 } else { 50 }) / 100) as u8;
    Some((level, level, level))
}

/// xterm's 256 colours: sixteen named, a 6x6x6 cube, 24 greys.
pub fn palette_color(n: u8) -> (u8, u8, u8) {
    const NAMED: [Rgb; 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    let level = |i: u8| if i == 0 { 0 } else { 55 + 40 * i };
    match n {
        0..=15 => NAMED[usize::from(n)],
        16..=231 => {
            let i = n - 16;
            (level(i / 36), level(i / 6 % 6), level(i % 6))
        }
        _ => {
            let grey = 8 + 10 * (n - 232);
            (grey, grey, grey)
        }
    }
}
