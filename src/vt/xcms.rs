//! Device-independent colours as the X library shows them on a screen nobody has measured: a Tektronix
//! monitor of 1990 (XcmsCCCOfColormap(3), XParseColor(3)). Its primaries and its measured intensities are
//! libX11's defaults, and so what a colour in one of these forms means in xterm.

use super::state::Rgb;

type Three = [f64; 3];

/// Linear intensities from CIE XYZ, and back.
const FROM_XYZ: [Three; 3] = [
    [3.483_404_812_535_39, -1.521_763_749_272_852, -0.559_231_333_540_497_8],
    [-1.071_527_513_061_936, 1.965_937_952_043_724, 0.036_736_913_395_534_62],
    [0.063_511_797_904_977_88, -0.200_205_010_004_964_8, 0.810_709_420_316_482_2],
];
const TO_XYZ: [Three; 3] = [
    [0.381_061_491_087_147_9, 0.320_257_123_653_521_1, 0.248_345_785_259_331],
    [0.207_297_451_151_408_5, 0.680_546_387_763_732_4, 0.112_156_161_084_859_2],
    [0.021_339_443_500_880_28, 0.142_971_930_202_464_8, 1.241_728_926_296_655],
];

/// How light a component is, in millionths: at `black` and below it is not at all, then at `first`, then
/// at every fifth level from the next multiple of five to 255.
struct Gun {
    black: u8,
    first: u8,
    light: &'static [u32],
}

const GUNS: [Gun; 3] = [
    Gun {
        black: 9,
        first: 10,
        light: &[
            936, 1481, 2329, 3529, 5127, 7169, 9699, 12759, 16392, 20637, 25533, 31119, 37431, 44504, 52373,
            61069, 70624, 81070, 92433, 104744, 118026, 132307, 147610, 163958, 181371, 199871, 219475,
            240202, 262069, 285089, 309278, 334647, 361208, 388971, 417945, 448138, 479555, 512202, 546082,
            581199, 617552, 655144, 693971, 734031, 775322, 817837, 861571, 906515, 952662, 1_000_000,
        ],
    },
    Gun {
        black: 19,
        first: 20,
        light: &[
            832, 1998, 3612, 5736, 8428, 11745, 15740, 20463, 25960, 32275, 39449, 47519, 56520, 66484,
            77439, 89409, 102418, 116485, 131625, 147853, 165176, 183604, 203140, 223783, 245533, 268384,
            292327, 317351, 343441, 370580, 398747, 427919, 458068, 489165, 521176, 554067, 587797, 622324,
            657604, 693588, 730225, 767459, 805235, 843491, 882164, 921187, 960490, 1_000_000,
        ],
    },
    Gun {
        black: 14,
        first: 15,
        light: &[
            1341, 2080, 3188, 4729, 6766, 9357, 12559, 16424, 21004, 26344, 32489, 39481, 47357, 56154,
            65903, 76634, 88373, 101145, 114968, 129862, 145841, 162915, 181095, 200386, 220791, 242309,
            264937, 288670, 313499, 339410, 366390, 394421, 423481, 453547, 484592, 516587, 549498, 583291,
            617925, 653361, 689553, 726454, 764013, 802178, 840891, 880093, 919723, 959715, 1_000_000,
        ],
    },
];

/// Intensities this far outside 0 to 1 are still taken for 0 or 1.
const SLOP: f64 = 0.001;
/// Scale of TekHVC's chroma.
const CHROMA: f64 = 7.50725;
/// u' and v' of TekHVC's best red, where its hues begin.
const BEST_RED: [f64; 2] = [0.7127, 0.4931];

impl Gun {
    /// The level that is nearest to an intensity from 0 to 1.
    fn level(&self, intensity: f64) -> u8 {
        let mut below = (f64::from(self.black), 0.0);
        for (i, light) in self.light.iter().enumerate() {
            let level = if i == 0 { self.first } else { (self.first / 5 + i as u8) * 5 };
            let here = (f64::from(level), f64::from(*light) / 1e6);
            if intensity <= here.1 {
                let part = (intensity - below.1) / (here.1 - below.1);
                return (below.0 + part.max(0.0) * (here.0 - below.0)).round() as u8;
            }
            below = here;
        }
        u8::MAX
    }
}

/// The colour that has these linear intensities.
pub(super) fn displayed(intensities: Three) -> Rgb {
    if intensities == [0.0; 3] {
        // The monitor's black is the same at several levels; the lowest is black on every other.
        return (0, 0, 0);
    }
    let [r, g, b] = [0, 1, 2].map(|i| GUNS[i].level(intensities[i].clamp(0.0, 1.0)));
    (r, g, b)
}

/// A colour in one of the forms `CIEXYZ`, `CIEuvY`, `CIExyY`, `CIELab`, `CIELuv`, `TekHVC`, named in lower
/// case. `None` for another name and for what is no colour.
pub(super) fn color(space: &str, [a, b, c]: Three) -> Option<Rgb> {
    let xyz = match space {
        "ciexyz" => Some([a, b, c]),
        "ciexyy" => from_xy(a, b, c),
        "cieuvy" => from_uv([a, b], c),
        "cielab" => lightness(a).map(|l| from_lab(l, b, c)),
        "cieluv" => lightness(a).and_then(|l| {
            let scale = 13.0 * l / 100.0;
            let white = white_uv();
            let part = |i: usize, v: f64| if l > 0.0 { v / scale + white[i] } else { white[i] };
            from_uv([part(0, b), part(1, c)], luminance(l))
        }),
        "tekhvc" => lightness(b).filter(|_| c >= 0.0).and_then(|value| from_hvc(a, value, c)),
        _ => None,
    }?;
    if !(0.0..=1.0).contains(&xyz[1]) {
        return None;
    }
    if xyz == [0.0; 3] {
        return Some((0, 0, 0));
    }
    let mut rgb = product(FROM_XYZ, xyz);
    if !shown(rgb) {
        rgb = product(FROM_XYZ, less_chroma(xyz)?);
    }
    Some(displayed(rgb))
}

fn product(matrix: [Three; 3], v: Three) -> Three {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// Whether the screen can show these intensities.
fn shown(rgb: Three) -> bool {
    rgb.iter().all(|v| (-SLOP..=1.0 + SLOP).contains(v))
}

fn lightness(l: f64) -> Option<f64> {
    (0.0..=100.0).contains(&l).then_some(l)
}

/// CIE 15: luminance of a lightness from 0 to 100, and back.
fn luminance(l: f64) -> f64 {
    if l < 7.999_536_24 { l / 903.29 } else { ((l + 16.0) / 116.0).powi(3) }
}

fn lightness_of(luminance: f64) -> f64 {
    if luminance < 0.008_856 { luminance * 903.29 } else { 116.0 * luminance.cbrt() - 16.0 }
}

fn from_xy(x: f64, y: f64, lum: f64) -> Option<Three> {
    (y != 0.0).then(|| [x * lum / y, lum, (1.0 - x - y) * lum / y])
}

fn from_uv([u, v]: [f64; 2], lum: f64) -> Option<Three> {
    let d = 6.0 * u - 16.0 * v + 12.0;
    if d == 0.0 { None } else { from_xy(9.0 * u / d, 4.0 * v / d, lum) }
}

fn uv([x, y, z]: Three) -> [f64; 2] {
    let d = x + 15.0 * y + 3.0 * z;
    if d == 0.0 { white_uv() } else { [4.0 * x / d, 9.0 * y / d] }
}

/// The screen's white.
fn white() -> Three {
    let mut white = product(TO_XYZ, [1.0; 3]);
    white[1] = 1.0;
    white
}

fn white_uv() -> [f64; 2] {
    uv(white())
}

/// libX11 scales a* and b* by a hundredth of what CIE says, and the dark end by a hundred: programs see
/// what it does, not what CIE says.
fn from_lab(l: f64, a: f64, b: f64) -> Three {
    let white = white();
    let y = (l + 16.0) / 116.0;
    if y.powi(3) < 0.008_856 {
        let y = l / 9.032_92;
        return [white[0] * (a / 3893.5 + y), y, white[2] * (y - b / 1557.4)];
    }
    [white[0] * (y + a / 5.0).powi(3), y.powi(3), white[2] * (y - b / 2.0).powi(3)]
}

/// The angle of the best red around white.
fn red_angle() -> f64 {
    let white = white_uv();
    ((BEST_RED[1] - white[1]) / (BEST_RED[0] - white[0])).atan()
}

/// TekHVC: hue in degrees from the best red, value, chroma.
fn from_hvc(hue: f64, value: f64, chroma: f64) -> Option<Three> {
    let white = white_uv();
    if value <= 0.0 || value >= 100.0 {
        return from_uv(white, if value <= 0.0 { 0.0 } else { 1.0 });
    }
    let (sin, cos) = (hue.to_radians() + red_angle()).sin_cos();
    let far = chroma / (value * CHROMA);
    from_uv([white[0] + cos * far, white[1] + sin * far], luminance(value))
}

fn to_hvc(xyz: Three) -> Three {
    let (at, white) = (uv(xyz), white_uv());
    let (u, v) = (at[0] - white[0], at[1] - white[1]);
    let value = lightness_of(xyz[1]);
    [(v.atan2(u) - red_angle()).to_degrees(), value, value * CHROMA * u.hypot(v)]
}

/// The colour of the same hue and value with the most chroma the screen can show.
fn less_chroma(xyz: Three) -> Option<Three> {
    let [hue, value, _] = to_hvc(xyz);
    // The most colourful one of the hue: a colour far outside, moved until its least component is none
    // and its most is all.
    let far = product(FROM_XYZ, from_hvc(hue, 40.0, 120.0)?);
    let least = far.iter().copied().fold(f64::INFINITY, f64::min);
    let most = far.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let full = far.map(|v| (v - least) / (most - least));
    let [_, full_value, full_chroma] = to_hvc(product(TO_XYZ, full));
    if value <= full_value {
        return from_hvc(hue, value, value * full_chroma / full_value);
    }
    // Lighter ones lie on the way from there to white.
    let (mut low, mut high) = (0.0, 1.0);
    let mut found = [hue, value, 0.0];
    for _ in 0..40 {
        let part = (low + high) / 2.0;
        found = to_hvc(product(TO_XYZ, full.map(|v| v * (1.0 - part) + part)));
        if found[1] < value { low = part } else { high = part }
    }
    from_hvc(hue, found[1], found[2])
}
