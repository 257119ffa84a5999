//! Colours on terminals with fewer of them: 24 bits to the 256-colour palette, that to sixteen.

use super::caps::Colours;
use crate::vt::{Color, palette_color as rgb};

/// The nearest colour the terminal has.
pub fn reduce(colour: Color, colours: Colours) -> Color {
    match (colour, colours) {
        (_, Colours::Mono) => Color::Default,
        (Color::Rgb(r, g, b), Colours::Indexed) => Color::Indexed(nearest_256((r, g, b))),
        (Color::Rgb(r, g, b), Colours::Sixteen) => Color::Indexed(nearest_16((r, g, b))),
        (Color::Indexed(n @ 16..), Colours::Sixteen) => Color::Indexed(nearest_16(rgb(n))),
        (colour, _) => colour,
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    // Green counts most for the eye, red next.
    3 * square(a.0, b.0) + 6 * square(a.1, b.1) + square(a.2, b.2)
}

fn nearest_256(wanted: (u8, u8, u8)) -> u8 {
    // The steps of the cube are even but for the first.
    let step = |v: u8| {
        if v < 48 {
            0
        } else if v < 115 {
            1
        } else {
            (v - 35) / 40
        }
    };
    let cube = 16 + 36 * step(wanted.0) + 6 * step(wanted.1) + step(wanted.2);
    let mean = (u16::from(wanted.0) + u16::from(wanted.1) + u16::from(wanted.2)) / 3;
    let grey = 232 + u8::try_from(mean.saturating_sub(3) / 10).unwrap_or(23).min(23);
    if distance(rgb(grey), wanted) < distance(rgb(cube), wanted) { grey } else { cube }
}

fn nearest_16(wanted: (u8, u8, u8)) -> u8 {
    (0..16).min_by_key(|index| distance(rgb(*index), wanted)).unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_palette_colour_is_its_own_nearest_one() {
        for index in 16..=255 {
            let (r, g, b) = rgb(index);
            let Color::Indexed(found) = reduce(Color::Rgb(r, g, b), Colours::Indexed) else { panic!() };
            assert_eq!(rgb(found), (r, g, b), "{index}");
        }
    }

    #[test]
    fn fewer_colours_keep_the_hue() {
        assert_eq!(reduce(Color::Rgb(250, 10, 10), Colours::Sixteen), Color::Indexed(9));
        assert_eq!(reduce(Color::Indexed(16), Colours::Sixteen), Color::Indexed(0));
        assert_eq!(reduce(Color::Rgb(1, 2, 3), Colours::Mono), Color::Default);
        assert_eq!(reduce(Color::Rgb(1, 2, 3), Colours::True), Color::Rgb(1, 2, 3));
    }
}
