//! DECSTR and RIS.

use super::host::Host;

#[test]
fn soft_reset() {
    let mut h = Host::with("kept");
    h.columns(3, 70)
        .csis(&["3;9r", "4h", "2h", "?6h", "?1h", "?25l", "1;4m", "1\"q", "?45h", "2;2H"])
        .send("\x1b=\x1b7\x1b(0");
    h.csi("!p");
    assert_eq!((h.ansi_mode(4), h.ansi_mode(2)), (2, 2));
    assert_eq!([6, 1, 66, 45].map(|n| h.mode(n)), [2; 4]);
    assert_eq!((h.mode(25), h.mode(7)), (1, 1));
    assert_eq!((h.setting("r"), h.setting("s")), ("1;25".into(), "1;80".into()));
    assert_eq!((h.setting("m"), h.setting("\"q")), ("0".into(), "0".into()));
    // The cursor stays, the saved one goes home, the text stays, the charset is ASCII.
    h.is_at(4, 4).send("q").shows(4, 4, &["q"]).shows(1, 1, &["kept"]).send("\x1b8").is_at(1, 1);
    // The mode of the columns' margins goes with them: `CSI s` saves the cursor again.
    assert_eq!(h.mode(69), 2);
    h.csi("2;4s").go(4, 5).send("ab").is_at(6, 5);
}

#[test]
fn full_reset() {
    let mut h = Host::with("gone");
    h.columns(3, 70).csis(&[
        "3;9r",
        "4h",
        "?6h",
        "3g",
        "?5h",
        "1m",
        ">2t",
        "?1002;1006h",
        "?2004h",
        "?1049h",
    ]);
    h.send("\x1b]4;1;#123456\x1b\\\x1b]11;#123456\x1b\\\x1b G\x1bc");
    h.is_at(1, 1).shows(1, 1, &["    "]);
    for n in [6, 69, 5, 47, 1002, 1006, 2004] {
        assert_eq!(h.mode(n), 2, "mode {n}");
    }
    assert_eq!(
        (h.setting("r"), h.setting("m"), h.setting("\"p")),
        ("1;25".into(), "0".into(), "65;1".into())
    );
    h.send("\t").is_at(9, 1);
    assert_eq!(h.ask("\x1b]4;1;?\x1b\\"), "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\");
    assert_eq!(h.ask("\x1b]11;?\x1b\\"), "\x1b]11;rgb:0000/0000/0000\x1b\\");
    // Titles are written in UTF-8 again.
    h.csi(">0t").send("\x1bc\x1b]2;6162\x1b\\");
    assert_eq!(h.ask("\x1b[21t"), "\x1b]l6162\x1b\\");
    // The saved cursor is home.
    Host::with("\x1b[5;5H\x1b7\x1bc\x1b[3;3H\x1b8").is_at(1, 1);
}
