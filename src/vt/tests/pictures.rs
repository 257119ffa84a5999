//! kitty's graphics protocol: what is kept, where its cells stand, what is answered.

use super::*;
use crate::vt::{Draws, MAX_PICTURE, MAX_PICTURES, MAX_PICTURES_BYTES, PLACEHOLDER};
use proptest::prelude::*;

/// 16x32 pixels: two columns and two rows of 8x16.
const TINY: &str = "f=24,s=16,v=32";

fn screen() -> Screen {
    let mut s = Screen::new(Size { cols: 20, rows: 6 }, 100);
    s.set_pictures(Draws { kitty: true, sixel: true }, 7);
    s
}

fn send(s: &mut Screen, command: &str) -> String {
    s.advance(format!("\x1b_G{command}\x1b\\").as_bytes());
    String::from_utf8(s.take_replies()).expect("text")
}

/// Where cells of pictures stand: row, column, and which part of it.
fn cells(s: &Screen) -> Vec<(u16, u16, String)> {
    let size = s.size();
    let mut found = Vec::new();
    for y in 0..size.rows {
        s.for_each_cell(y, |x, cell| {
            if let Some(marks) = cell.text.strip_prefix(PLACEHOLDER) {
                found.push((y, x, marks.chars().take(2).map(|c| format!("{:x} ", u32::from(c))).collect()));
            }
        });
    }
    found
}

fn places(s: &Screen) -> Vec<(u16, u16)> {
    cells(s).into_iter().map(|(y, x, _)| (y, x)).collect()
}

#[test]
fn a_picture_stands_where_the_cursor_is_and_is_kept() {
    let mut s = screen();
    s.advance(b"ab");
    assert_eq!(send(&mut s, &format!("a=T,i=5,{TINY};AAAA")), "\x1b_Gi=5;OK\x1b\\");
    // The marks of kitty's table: 305 is 0, 30d is 1.
    let all: Vec<_> = cells(&s);
    let part = |y, x, marks: &str| (y, x, marks.to_owned());
    assert_eq!(
        all,
        [part(0, 2, "305 305 "), part(0, 3, "305 30d "), part(1, 2, "30d 305 "), part(1, 3, "30d 30d ")]
    );
    assert_eq!((s.cursor().x, s.cursor().y), (4, 1));
    let picture = &s.pictures()[0];
    assert_eq!((picture.cells, picture.keys.as_str(), &*picture.data), ((2, 2), TINY, &b"AAAA"[..]));
    // The colour and the third mark say which picture it is.
    let cell = s.cell(2, 0);
    let [high, r, g, b] = picture.outer.to_be_bytes();
    assert_eq!(cell.style.fg, Color::Rgb(r, g, b));
    assert_eq!((high, cell.text.chars().count()), (0x51, 4));
    let again = Screen::from_snapshot(&s.snapshot()).expect("a snapshot");
    assert_eq!((again.pictures(), cells(&again)), (s.pictures(), all));
}

#[test]
fn pictures_are_text() {
    let mut s = screen();
    send(&mut s, &format!("a=T,i=5,{TINY},q=2;AAAA"));
    // Overwritten in part, scrolled with the rest, cleared.
    s.advance(b"\x1b[1;1Hx");
    assert_eq!(places(&s), [(0, 1), (1, 0), (1, 1)]);
    s.advance(b"\x1b[6;1H\n");
    assert_eq!(places(&s), [(0, 0), (0, 1)]);
    assert_eq!(s.history_len(), 1);
    assert!(s.line_text(0).starts_with("x\u{10eeee}"));
    s.advance(b"\x1b[2K\x1b[1;1H\x1b[K");
    assert_eq!(places(&s), []);
    // At the bottom it scrolls, at the edge it is cut, with C=1 the cursor and the screen stay.
    s.advance(b"\x1b[6;20H");
    send(&mut s, "a=p,i=5,q=2");
    assert_eq!(places(&s), [(4, 19), (5, 19)]);
    s.advance(b"\x1b[2J\x1b[6;1H");
    send(&mut s, "a=p,i=5,q=2,C=1,c=4,r=3");
    assert_eq!(places(&s), [(5, 0), (5, 1), (5, 2), (5, 3)]);
    assert_eq!((s.cursor().x, s.cursor().y), (0, 5));
}

#[test]
fn the_size_is_told_or_follows_from_the_pixels() {
    let mut s = screen();
    let mut size = |keys: &str| {
        send(&mut s, &format!("a=T,i=1,q=2,{keys}"));
        s.pictures().last().map(|p| p.cells)
    };
    assert_eq!(size("f=24,s=17,v=16;AAAA"), Some((3, 1)));
    assert_eq!(size("f=32,s=16,v=16,c=4;AAAA"), Some((4, 2)));
    assert_eq!(size("f=32,s=16,v=16,r=4;AAAA"), Some((8, 4)));
    assert_eq!(size("f=32,s=16,v=16,r=4,c=1;AAAA"), Some((1, 4)));
    assert_eq!(size("f=32,s=4000000000,v=4000000000,c=4000000000;AAAA"), Some((256, 256)));
    // A PNG of 32x16, as far as its header.
    assert_eq!(size("f=100;iVBORw0KGgoAAAANSUhEUgAAACAAAAAQCAYAAAB3AH1Z"), Some((4, 1)));
}

#[test]
fn what_is_answered() {
    let mut s = screen();
    let query = "i=31,s=1,v=1,a=q,t=d,f=24;AAAA";
    assert_eq!(send(&mut s, query), "\x1b_Gi=31;OK\x1b\\");
    assert!(s.pictures().is_empty(), "a question leaves nothing");
    assert!(send(&mut s, "i=31,s=1,v=1,a=q,t=f,f=24;AAAA").starts_with("\x1b_Gi=31;EINVAL:"));
    assert!(send(&mut s, "i=31,a=q,f=100;AAAA").starts_with("\x1b_Gi=31;EBADPNG:"));
    assert!(send(&mut s, "i=3,a=p").starts_with("\x1b_Gi=3;ENOENT:"));
    assert!(send(&mut s, "i=3,a=f,s=1,v=1;AAAA").contains("EINVAL:not supported"));
    assert!(send(&mut s, "i=3,f=24,s=1,v=1;AA$A").contains("EINVAL"));
    assert_eq!(send(&mut s, "a=t,f=24,s=1,v=1;AAAA"), "", "it has no name");
    assert_eq!(send(&mut s, "a=t,f=24,s=1,v=1,i=9,q=1;AAAA"), "");
    assert!(send(&mut s, "i=4,a=p,q=1").contains("ENOENT"));
    assert_eq!(send(&mut s, "i=4,a=p,q=2"), "");
    // Asked by number, it is named.
    let said = send(&mut s, "a=t,f=24,s=1,v=1,I=13;AAAA");
    let id = s.pictures().last().map(|p| p.outer).expect("kept");
    assert_eq!(said, format!("\x1b_Gi={id},I=13;OK\x1b\\"));
    assert_eq!(send(&mut s, &format!("a=p,p=2,i={id}")), format!("\x1b_Gi={id},p=2;OK\x1b\\"));
    // A terminal without pictures says nothing; the picture is kept for one that has.
    s.set_pictures(Draws::default(), 7);
    assert_eq!(send(&mut s, query), "");
    assert_eq!(send(&mut s, "a=T,f=24,s=8,v=16,i=99;AAAA"), "");
    assert_eq!(s.pictures().last().map(|p| p.cells), Some((1, 1)));
}

#[test]
fn pictures_come_in_parts_and_go() {
    let mut s = screen();
    assert_eq!(send(&mut s, &format!("a=T,i=5,{TINY},m=1;AAAA")), "");
    assert_eq!(send(&mut s, "m=1;BBBB"), "");
    s.advance(b"text between");
    assert!(s.pictures().is_empty());
    assert_eq!(send(&mut s, "m=0;CC=="), "\x1b_Gi=5;OK\x1b\\");
    assert_eq!(&*s.pictures()[0].data, b"AAAABBBBCC==");
    // Placeholders the program writes itself keep their name.
    send(&mut s, "a=p,U=1,i=5,c=3,r=1");
    assert_eq!((s.pictures()[0].outer, s.pictures()[0].cells), (5, (3, 1)));
    send(&mut s, &format!("a=T,i=6,{TINY};AAAA"));
    assert!(!places(&s).is_empty());
    send(&mut s, "a=d,d=i,i=6");
    assert_eq!(s.pictures().len(), 2, "its contents stay");
    let six: Vec<_> = s.pictures().iter().filter(|p| p.outer != 5).map(|p| p.cells).collect();
    assert_eq!(six, [(0, 0)]);
    let version = s.pictures_version();
    send(&mut s, "a=d,d=I,i=6");
    assert_eq!(s.pictures().len(), 1);
    assert_ne!(s.pictures_version(), version);
    send(&mut s, "a=d,d=A");
    assert!(s.pictures().is_empty());
    send(&mut s, &format!("a=T,i=6,{TINY};AAAA"));
    let version = s.pictures_version();
    s.advance(b"\x1bc");
    assert!(s.pictures().is_empty() && s.pictures_version() > version);
}

#[test]
fn pictures_wrapped_for_tmux_are_kept() {
    let mut s = screen();
    let wrapped = format!("\x1bPtmux;\x1b\x1b_Ga=T,U=1,i=42,c=2,r=1,q=2,{TINY};AAAA\x1b\x1b\\\x1b\\");
    let passed = |s: &mut Screen, bytes: &str| {
        s.advance(bytes.as_bytes());
        s.take_events().iter().any(|e| matches!(e, ScreenEvent::Passthrough(_)))
    };
    assert!(!passed(&mut s, &wrapped));
    assert_eq!((s.pictures()[0].outer, s.pictures()[0].cells), (42, (2, 1)));
    assert!(!passed(&mut s, "\x1bPtmux;\x1b\x1bPq~~\x1b\x1b\\\x1b\\"));
    assert!(s.pictures()[1].sixel);
    assert!(passed(&mut s, "\x1bPtmux;\x1b\x1b]52;c;AAAA\x07\x1b\\"));
    // Nobody is known to draw it: as tmux does.
    s.set_pictures(Draws::default(), 7);
    assert!(passed(&mut s, &wrapped));
    assert_eq!(s.pictures().len(), 2);
}

#[test]
fn the_store_has_limits() {
    let mut s = screen();
    for n in 1..=2 * MAX_PICTURES {
        send(&mut s, &format!("a=t,i={n},q=2,{TINY};AAAA"));
    }
    assert_eq!(s.pictures().len(), MAX_PICTURES);
    let half = "A".repeat(MAX_PICTURES_BYTES / 2);
    for n in 1..=4 {
        send(&mut s, &format!("a=t,i={n},q=2,{TINY};{half}"));
    }
    let bytes: usize = s.pictures().iter().map(|p| p.data.len()).sum();
    assert!(bytes <= MAX_PICTURES_BYTES && s.pictures().len() == 2, "{bytes}");
    let part = "A".repeat(MAX_PICTURE / 4);
    for _ in 0..8 {
        assert_eq!(send(&mut s, &format!("i=77,a=t,m=1,{TINY};{part}")), "");
        for _ in 0..5 {
            send(&mut s, &format!("m=1;{part}"));
        }
    }
    assert!(send(&mut s, "m=0;").contains("EFBIG"));
    assert!(s.snapshot().len() < 2 * MAX_PICTURES_BYTES);
}

proptest! {
    /// Whatever comes, in whatever pieces: the same screen, and its snapshot is the same screen.
    #[test]
    fn any_commands_in_any_pieces(
        keys in prop::collection::vec("(a=[tTpqdf],)?(i=[0-3],)?(f=(24|32|100),)?(s=[0-9]{1,3},v=[0-9]{1,3},)?(c=[0-9],)?(r=[0-9],)?(m=[01],)?(U=1,)?(C=1,)?(d=[aAiI])?", 1..6),
        text in "[a-c\n\u{10eeee}]{0,8}",
        cut in 1usize..40,
    ) {
        let mut bytes = Vec::new();
        for k in &keys {
            bytes.extend(format!("\x1b_G{k};AAAA\x1b\\{text}").bytes());
        }
        let (mut whole, mut pieces) = (screen(), screen());
        whole.advance(&bytes);
        bytes.chunks(cut).for_each(|piece| pieces.advance(piece));
        prop_assert_eq!(whole.snapshot(), pieces.snapshot());
        let again = Screen::from_snapshot(&whole.snapshot()).expect("a snapshot");
        prop_assert_eq!(again.snapshot(), whole.snapshot());
        prop_assert!(whole.pictures().len() <= MAX_PICTURES);
    }
}
