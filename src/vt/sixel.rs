//! Sixel pictures: from a program's bytes to pixels, and a part of one back to bytes for a terminal.
//!
//! A picture is kept as the bytes that made it, which are few; pixels exist only while somebody draws them. Knows no
//! screen: where a picture stands is the affair of its cells (`pictures`).

use std::io::Write as _;

/// Most pixels of a picture; what lies beyond is left out.
const MAX_PIXELS: usize = 2 << 20;
/// Widest and highest, in pixels.
const MAX_SIDE: usize = 8192;
/// Colours there are.
const COLORS: usize = 256;
/// No colour.
const NONE: u16 = u16::MAX;

/// A picture as numbers of colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sixel {
    /// Columns of pixels.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// The row of pixels at the top of the band it ended in.
    pub(super) end: usize,
    colors: Vec<[u8; 3]>,
    /// Row by row; [`NONE`] is transparent.
    pixels: Vec<u16>,
}

/// VT340's first sixteen colours, in percent.
const VT340: [[u8; 3]; 16] = [
    [0, 0, 0],
    [20, 20, 80],
    [80, 13, 13],
    [20, 80, 20],
    [80, 20, 80],
    [20, 80, 80],
    [80, 80, 20],
    [53, 53, 53],
    [26, 26, 26],
    [33, 33, 60],
    [60, 26, 26],
    [33, 60, 33],
    [60, 33, 60],
    [33, 60, 60],
    [60, 60, 33],
    [80, 80, 80],
];

fn percent(n: usize) -> u8 {
    ((n.min(100) * 255 + 50) / 100) as u8
}

/// DEC's hue (0 is blue), lightness and saturation in percent.
fn from_hls(hue: usize, light: usize, saturation: usize) -> [u8; 3] {
    let (l, s) = (light.min(100) as f64 / 100.0, saturation.min(100) as f64 / 100.0);
    let h = ((hue + 240) % 360) as f64 / 60.0;
    let chroma = (1.0 - (2.0 * l - 1.0).abs()) * s;
    let second = chroma * (1.0 - (h % 2.0 - 1.0).abs());
    let (r, g, b) = match h as u32 {
        0 => (chroma, second, 0.0),
        1 => (second, chroma, 0.0),
        2 => (0.0, chroma, second),
        3 => (0.0, second, chroma),
        4 => (second, 0.0, chroma),
        _ => (chroma, 0.0, second),
    };
    let low = l - chroma / 2.0;
    [r, g, b].map(|part| ((part + low) * 255.0).round().clamp(0.0, 255.0) as u8)
}

/// What is read: numbers after a command, and runs of sixels.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn numbers(&mut self) -> Vec<usize> {
        let mut all = vec![0_usize];
        while let Some((b, rest)) = self.0.split_first() {
            match b {
                b'0'..=b'9' => {
                    if let Some(last) = all.last_mut() {
                        *last = last.saturating_mul(10).saturating_add(usize::from(b - b'0')).min(1 << 24);
                    }
                }
                b';' if all.len() < 16 => all.push(0),
                _ => break,
            }
            self.0 = rest;
        }
        all
    }
}

impl Sixel {
    /// Whether what follows DCS is a sixel picture.
    pub(super) fn begins(data: &[u8]) -> bool {
        let begin = data.iter().position(|b| !(b.is_ascii_digit() || *b == b';'));
        begin.is_some_and(|at| data[at] == b'q')
    }

    /// Reads a picture from what stands between DCS and ST; `None` if that is none, or one without a pixel.
    pub fn decode(data: &[u8]) -> Option<Sixel> {
        let begin = data.iter().position(|b| *b == b'q').filter(|_| Sixel::begins(data))?;
        let mut reader = Reader(&data[begin + 1..]);
        let mut colors = vec![[0_u8; 3]; COLORS];
        for (color, told) in colors.iter_mut().zip(VT340) {
            *color = told.map(|n| percent(usize::from(n)));
        }
        // Bands of rows as they are written: each as wide as was needed.
        let mut rows: Vec<Vec<u16>> = Vec::new();
        let (mut x, mut top, mut color, mut wide, mut told) = (0_usize, 0_usize, 0_u16, 0_usize, (0, 0));
        let mut cost = 0_usize;
        while let Some((b, rest)) = reader.0.split_first() {
            reader.0 = rest;
            let (bits, count) = match b {
                b'?'..=b'~' => (b - b'?', 1),
                b'!' => {
                    let count = reader.numbers()[0].max(1);
                    let Some((b @ b'?'..=b'~', rest)) = reader.0.split_first() else { continue };
                    reader.0 = rest;
                    (b - b'?', count)
                }
                b'$' => {
                    x = 0;
                    continue;
                }
                b'-' => {
                    (x, top) = (0, top + 6);
                    continue;
                }
                b'#' => {
                    let n = reader.numbers();
                    color = (n[0] % COLORS) as u16;
                    match n[..] {
                        [_, 2, r, g, b] => colors[usize::from(color)] = [percent(r), percent(g), percent(b)],
                        [_, 1, h, l, s] => colors[usize::from(color)] = from_hls(h, l, s),
                        _ => {}
                    }
                    continue;
                }
                b'"' => {
                    let n = reader.numbers();
                    if let [_, _, w, h] = n[..] {
                        told = (w.min(MAX_SIDE), h.min(MAX_SIDE));
                    }
                    continue;
                }
                _ => continue,
            };
            let to = x.saturating_add(count).min(MAX_SIDE);
            if bits != 0 {
                wide = wide.max(to);
                for row in (0..6).filter(|bit| bits >> bit & 1 == 1).map(|bit| top + bit) {
                    cost += to.saturating_sub(x);
                    if row >= MAX_SIDE || wide.max(1) * (row + 1) > MAX_PIXELS || cost > 4 * MAX_PIXELS {
                        continue;
                    }
                    if rows.len() <= row {
                        rows.resize(row + 1, Vec::new());
                    }
                    let line = &mut rows[row];
                    if line.len() < to {
                        line.resize(to, NONE);
                    }
                    line[x.min(to)..to].fill(color);
                }
            }
            x = to;
        }
        let (width, height) = (wide.max(told.0), rows.len().max(told.1));
        if width == 0 || height == 0 || width * height > MAX_PIXELS {
            return None;
        }
        let mut pixels = vec![NONE; width * height];
        for (line, row) in pixels.chunks_exact_mut(width).zip(&rows) {
            line[..row.len()].copy_from_slice(row);
        }
        Some(Sixel { width, height, end: top.min(MAX_SIDE), colors, pixels })
    }

    /// The colour of a pixel; none beyond the edges.
    fn at(&self, x: usize, y: usize) -> u16 {
        if x < self.width && y < self.height { self.pixels[y * self.width + x] } else { NONE }
    }

    /// Red, green, blue and opacity of every pixel of an area of this size; nothing beyond its own edges.
    pub fn rgba(&self, width: usize, height: usize) -> Vec<u8> {
        let pixel = |n: u16| match self.colors.get(usize::from(n)) {
            Some([r, g, b]) => [*r, *g, *b, 255],
            None => [0; 4],
        };
        let height = height.min(MAX_PIXELS / width.max(1));
        (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(self.at(x, y)))).collect()
    }

    /// A part of it, for a terminal: `width` by `height` pixels of its own, from `x`, `y` in them; `scale` is pixels
    /// of the picture by pixels of the terminal, across and down, as fractions.
    pub fn encode(
        &self,
        (x, y): (usize, usize),
        (width, height): (usize, usize),
        scale: [(usize, usize); 2],
    ) -> Vec<u8> {
        let source = |n: usize, (own, other): (usize, usize)| n * own.max(1) / other.max(1);
        let pixel = |tx: usize, ty: usize| self.at(source(x + tx, scale[0]), source(y + ty, scale[1]));
        let mut out = b"\x1bP0;1q".to_vec();
        // Writing to a vector cannot fail.
        let _ = write!(out, "\"1;1;{width};{height}");
        let mut told = vec![false; COLORS];
        for top in (0..height).step_by(6) {
            let mut bands: std::collections::BTreeMap<u16, Vec<u8>> = std::collections::BTreeMap::new();
            for bit in 0..6.min(height - top) {
                for tx in 0..width {
                    let n = pixel(tx, top + bit);
                    if n != NONE {
                        bands.entry(n).or_insert_with(|| vec![0; width])[tx] |= 1 << bit;
                    }
                }
            }
            for (n, band) in &bands {
                let at = usize::from(*n);
                let _ = write!(out, "#{n}");
                if !std::mem::replace(&mut told[at], true) {
                    let [r, g, b] = self.colors[at].map(|part| (usize::from(part) * 100 + 127) / 255);
                    let _ = write!(out, ";2;{r};{g};{b}#{n}");
                }
                runs(band, &mut out);
                out.push(b'$');
            }
            out.push(b'-');
        }
        out.extend_from_slice(b"\x1b\\");
        out
    }
}

/// Sixels, runs of equal ones as a number.
fn runs(band: &[u8], out: &mut Vec<u8>) {
    let used = band.iter().rposition(|bits| *bits != 0).map_or(0, |at| at + 1);
    let mut rest = &band[..used];
    while let Some(bits) = rest.first() {
        let count = rest.iter().take_while(|b| *b == bits).count();
        let sixel = bits + b'?';
        if count > 3 {
            let _ = write!(out, "!{count}");
            out.push(sixel);
        } else {
            out.extend(std::iter::repeat_n(sixel, count));
        }
        rest = &rest[count..];
    }
}
