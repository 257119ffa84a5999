use super::*;

#[test]
fn identity() {
    assert_eq!(answer("\x1b[c"), "\x1b[?65;6;18;21;22;28;52c");
    assert_eq!(answer("\x1b[>c"), "\x1b[>84;100;0c");
    assert_eq!(answer("\x1b[=c"), "\x1bP!|716D7578\x1b\\");
    assert_eq!(answer("\x1b[>0q"), format!("\x1bP>|qmux {}\x1b\\", env!("CARGO_PKG_VERSION")));
}

#[test]
fn status_and_position() {
    assert_eq!(answer("\x1b[5n\x1b[3;7H\x1b[6n\x1b[?6n"), "\x1b[0n\x1b[3;7R\x1b[?3;7;1R");
    assert_eq!(answer("\x1b[3;9r\x1b[?6h\x1b[2;2H\x1b[6n"), "\x1b[2;2R");
    assert_eq!(answer("\x1b[?15n\x1b[?25n\x1b[?26n\x1b[?53n"), "\x1b[?13n\x1b[?20n\x1b[?27;1;0;0n\x1b[?50n");
}

#[test]
fn modes_are_reported() {
    assert_eq!(
        answer("\x1b[?7$p\x1b[?2004$p\x1b[4$p\x1b[?4711$p"),
        "\x1b[?7;1$y\x1b[?2004;2$y\x1b[4;2$y\x1b[?4711;0$y"
    );
    // Every mode that can be set tells that it is.
    for n in [
        1, 4, 5, 6, 8, 9, 12, 25, 40, 45, 66, 67, 69, 95, 47, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015,
        1016, 1034, 1036, 1039, 1045, 1049, 2004, 2026, 2027, 2031,
    ] {
        assert_eq!(answer(&format!("\x1b[?{n}h\x1b[?{n}$p")), format!("\x1b[?{n};1$y"));
        assert_eq!(answer(&format!("\x1b[?{n}h\x1b[?{n}l\x1b[?{n}$p")), format!("\x1b[?{n};2$y"));
    }
    for n in [2, 4, 12, 20] {
        assert_eq!(answer(&format!("\x1b[{n}h\x1b[{n}$p")), format!("\x1b[{n};1$y"));
    }
}

#[test]
fn settings_are_reported() {
    let qss = |setup: &str, what: &str| answer(&format!("{setup}\x1bP$q{what}\x1b\\"));
    assert_eq!(
        qss("\x1b[1;31;48;5;200;4:3;58:2::1:2:3m", "m"),
        "\x1bP1$r0;1;4:3;31;48:5:200;58:2::1:2:3m\x1b\\"
    );
    assert_eq!(qss("\x1b[97m", "m"), "\x1bP1$r0;97m\x1b\\");
    assert_eq!(qss("\x1b[2;5r", "r"), "\x1bP1$r2;5r\x1b\\");
    assert_eq!(qss("\x1b[?69h\x1b[3;9s", "s"), "\x1bP1$r3;9s\x1b\\");
    assert_eq!(qss("\x1b[4 q", " q"), "\x1bP1$r4 q\x1b\\");
    assert_eq!(qss("\x1b[1\"q", "\"q"), "\x1bP1$r1\"q\x1b\\");
    assert_eq!(qss("", "\"p"), "\x1bP1$r65;1\"p\x1b\\");
    assert_eq!(qss("", "x"), "\x1bP0$r\x1b\\");
}

#[test]
fn colours_are_reported_and_reset() {
    // The answer ends as the question did.
    assert_eq!(answer("\x1b]4;1;?\x07"), "\x1b]4;1;rgb:cdcd/0000/0000\x07");
    assert_eq!(answer("\x1b]4;1;?\x1b\\"), "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\");
    assert_eq!(answer("\x1b]4;1;rgb:12/34/56\x07\x1b]4;1;?\x07"), "\x1b]4;1;rgb:1212/3434/5656\x07");
    assert_eq!(answer("\x1b]4;1;#123456\x07\x1b]104;1\x07\x1b]4;1;?\x07"), "\x1b]4;1;rgb:cdcd/0000/0000\x07");
    let special = "\x1b]5;0;#010203\x07\x1b]104\x07\x1b]5;0;?\x07\x1b]105\x07\x1b]5;0;?\x07";
    assert_eq!(answer(special), "\x1b]5;0;rgb:0101/0202/0303\x07\x1b]5;0;rgb:ffff/ffff/ffff\x07");
    let mut s = screen(9, 2, "");
    s.set_colors((1, 2, 3), (250, 250, 250));
    s.advance(b"\x1b]10;?;?\x07\x1b[?996n");
    assert_eq!(replies(&mut s), "\x1b]10;rgb:0101/0202/0303\x07\x1b]11;rgb:fafa/fafa/fafa\x07\x1b[?997;2n");
    s.advance(b"\x1b]11;black\x07\x1b]11;?\x07\x1b]111\x07\x1b]11;?\x07");
    assert_eq!(replies(&mut s), "\x1b]11;rgb:0000/0000/0000\x07\x1b]11;rgb:fafa/fafa/fafa\x07");
    // A program that asked is told of a change.
    s.advance(b"\x1b[?2031h");
    s.set_colors((255, 255, 255), (0, 0, 0));
    assert_eq!(replies(&mut s), "\x1b[?997;1n");
}

#[test]
fn checksums() {
    // The negated sum: 'A' is 0x41, bold adds 0x80.
    assert_eq!(answer("A\x1b[7;1;1;1;1;1*y"), "\x1bP7!~FFBF\x1b\\");
    assert_eq!(answer("\x1b[1mA\x1b[7;1;1;1;1;1*y"), "\x1bP7!~FF3F\x1b\\");
    assert_eq!(answer("\x1b[3#y\x1b[1mAB\x1b[7;1;1;1;1;2*y"), "\x1bP7!~0083\x1b\\");
}

#[test]
fn capabilities() {
    // Co in hexadecimal, and one that does not exist.
    assert_eq!(answer("\x1bP+q436F\x1b\\"), "\x1bP1+r436F=323536\x1b\\");
    assert_eq!(answer("\x1bP+q7878\x1b\\"), "\x1bP0+r7878\x1b\\");
}

#[test]
fn window_reports() {
    let mut s = screen(10, 4, "");
    s.set_cell_pixels(9, 18);
    s.advance(b"\x1b[14t\x1b[16t\x1b[18t\x1b[?2048h");
    assert_eq!(replies(&mut s), "\x1b[4;72;90t\x1b[6;18;9t\x1b[8;4;10t\x1b[48;4;10;72;90t");
    s.resize(Size { cols: 20, rows: 5 });
    assert_eq!(replies(&mut s), "\x1b[48;5;20;90;180t");
}

#[test]
fn eight_bit_answers() {
    let mut s = screen(10, 4, "\x1b G\x1b[5n\x1b[=c\x1b F\x1b[5n");
    assert_eq!(s.take_replies(), b"\x9b0n\x90!|716D7578\x9c\x1b[0n");
    // And then such bytes are understood.
    s.advance(b"\x1b G\x9b2;2HX");
    assert_eq!(s.cell(1, 1).text, "X");
}

#[test]
fn presentation_reports() {
    assert_eq!(answer("\x1b[3g\x1b[5G\x1bH\x1b[9G\x1bH\x1b[2$w"), "\x1bP2$u5/9\x1b\\");
    assert!(answer("\x1b[2;3H\x1b[1m\x1b[1$w").starts_with("\x1bP1$u2;3;1;A;@;@;0;0;"));
}
