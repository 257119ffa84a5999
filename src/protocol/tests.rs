use super::keeper::{FromKeeper, ToKeeper};
use super::*;
use crate::ids::{MoveId, Size};
use proptest::prelude::*;

messages! {
    /// A set an older version spoke.
    pub enum Old {
        1 => Text { a: u32 },
        2 => Nothing,
    }
}

messages! {
    /// The same set later.
    pub enum New {
        1 => Text { a: u32, #[serde(default)] b: String },
        2 => Nothing,
        3 => Added(Bytes),
    }
}

#[test]
fn newer_fields_and_messages_are_skipped_by_older_readers() {
    let mut wire = frame(&New::Text { a: 7, b: "later".into() });
    encode(&New::Added(Bytes::from(vec![1, 2])), &mut wire);
    encode(&New::Nothing, &mut wire);
    let mut r = FrameReader::new();
    r.feed(&wire);
    assert_eq!(r.next_message::<Old>(), Ok(Some(Received::Known(Old::Text { a: 7 }))));
    assert_eq!(r.next_message::<Old>(), Ok(Some(Received::Unknown(3))));
    assert_eq!(r.next_message::<Old>(), Ok(Some(Received::Known(Old::Nothing))));
    assert_eq!(r.next_message::<Old>(), Ok(None));
    assert_eq!(r.pending(), 0);
}

#[test]
fn older_messages_are_read_by_newer_readers() {
    let mut r = FrameReader::new();
    r.feed(&frame(&Old::Text { a: 7 }));
    assert_eq!(r.next_message::<New>(), Ok(Some(Received::Known(New::Text { a: 7, b: String::new() }))));
}

#[test]
fn bytes_are_carried_without_growth() {
    let body = vec![200u8; 60_000];
    assert!(frame(&FromKeeper::Output(Bytes::from(body.clone()))).len() < body.len() + 16);
    let m = ToKeeper::Migration { move_id: MoveId(1, 2), bytes: Bytes::from(body.clone()) };
    assert!(frame(&m).len() < body.len() + 80);
}

#[test]
fn hostile_lengths_are_refused_before_their_bytes_come() {
    let mut r = FrameReader::new();
    r.feed(&u32::MAX.to_le_bytes());
    assert_eq!(r.next_frame(), Err(FrameError::TooLong { length: u32::MAX as usize, limit: MAX_FRAME }));
    let mut r = FrameReader::with_limit(100);
    r.feed(&101u32.to_le_bytes());
    assert!(matches!(r.next_frame(), Err(FrameError::TooLong { length: 101, limit: 100 })));
    for length in [0u32, 1] {
        let mut r = FrameReader::new();
        r.feed(&length.to_le_bytes());
        assert!(matches!(r.next_frame(), Err(FrameError::TooShort { .. })));
    }
}

#[test]
fn a_damaged_body_is_an_error_of_that_message() {
    let mut wire = Vec::new();
    wire.extend_from_slice(&5u32.to_le_bytes());
    wire.extend_from_slice(&3u16.to_le_bytes());
    wire.extend_from_slice(&[0xc1, 0xff, 0xff]);
    let mut r = FrameReader::new();
    r.feed(&wire);
    assert!(matches!(r.next_message::<ToKeeper>(), Err(FrameError::Body { number: 3, .. })));
}

proptest! {
    #[test]
    fn any_split_yields_the_same_frames(
        bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..12),
        cuts in proptest::collection::vec(1usize..50, 1..20),
    ) {
        let sent: Vec<ToKeeper> = bodies
            .into_iter()
            .enumerate()
            .map(|(i, b)| match i % 4 {
                0 => ToKeeper::Input(Bytes::from(b)),
                1 => ToKeeper::Resize(Size::new(b.len() as u16, 3)),
                2 => ToKeeper::Migration { move_id: MoveId(i as u64, 9), bytes: Bytes::from(b) },
                _ => ToKeeper::AskInfo,
            })
            .collect();
        let mut wire = Vec::new();
        for m in &sent {
            encode(m, &mut wire);
        }
        let mut r = FrameReader::new();
        let mut got = Vec::new();
        let mut rest = &wire[..];
        let mut cut = cuts.iter().cycle();
        while !rest.is_empty() {
            let n = (*cut.next().unwrap()).min(rest.len());
            r.feed(&rest[..n]);
            rest = &rest[n..];
            while let Some(m) = r.next_message::<ToKeeper>().unwrap() {
                match m {
                    Received::Known(m) => got.push(m),
                    Received::Unknown(n) => panic!("unknown {n}"),
                }
            }
        }
        prop_assert_eq!(got, sent);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut r = FrameReader::new();
        r.feed(&bytes);
        while let Ok(Some(_)) = r.next_message::<FromKeeper>() {}
    }
}
