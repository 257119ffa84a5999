use super::*;
use crate::checkpoint::model::{Cpu, KernelTermios, Tty, Uts};

fn manifest() -> Manifest {
    Manifest {
        image_id: "0".repeat(32),
        qmux: "0.1.0".into(),
        host: "a".into(),
        kernel: "6.18".into(),
        arch: "x86_64".into(),
        cpu: Cpu { xfeatures: 7, xsave_size: 832, flags: vec!["avx2".into()] },
        uid: 1000,
        gid: 1000,
        user: "ana".into(),
        created_ms: 1,
        monotonic_ns: -5,
        uts: Some(Uts { node: b"desk".to_vec(), domain: Vec::new() }),
        boottime_ns: 7,
        root: 42,
        title: "vi".into(),
    }
}

fn tree() -> TreeImage {
    TreeImage {
        processes: Vec::new(),
        files: Vec::new(),
        mapped: Vec::new(),
        tty: Tty {
            index: 3,
            termios: KernelTermios {
                iflag: 0,
                oflag: 0,
                cflag: 0,
                lflag: 0,
                line: 0,
                cc: [0; 19],
                ispeed: 0,
                ospeed: 0,
            },
            winsize: [24, 80, 0, 0],
            foreground: Some(42),
            session: Some(42),
            pending_input: b"typed".to_vec(),
        },
        shm: vec![4096],
        shm_file: vec![None],
        vdso: vec![0x7f; 8192],
    }
}

fn image(compress: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = ImageWriter::new(&mut out);
    writer.manifest(&manifest()).unwrap();
    writer.tree(&tree()).unwrap();
    writer.file_chunk([9; 32], 4, 10, b"middle").unwrap();
    writer.pages(Space::Process(42), &[(4096, 4096), (16384, 4096)], &[5; 8192], compress).unwrap();
    writer.screen(b"screen").unwrap();
    writer.end().unwrap();
    drop(writer);
    out
}

fn read_all(bytes: &[u8]) -> Result<Vec<Section>, ImageError> {
    let mut reader = ImageReader::new(bytes);
    let mut sections = Vec::new();
    while let Some(section) = reader.next_section()? {
        sections.push(section);
    }
    Ok(sections)
}

#[test]
fn an_image_reads_back_as_it_was_written() {
    for compress in [false, true] {
        let sections = read_all(&image(compress)).unwrap();
        assert_eq!(sections.len(), 6);
        assert!(matches!(&sections[0], Section::Manifest(m) if m.root == 42 && m.monotonic_ns == -5));
        assert!(matches!(&sections[1], Section::Tree(t) if t.tty.pending_input == b"typed"));
        assert!(matches!(&sections[2], Section::FileContent(f) if f.bytes == b"middle" && f.offset == 4));
        let Section::Pages(pages) = &sections[3] else { panic!("{:?}", sections[3]) };
        assert_eq!(pages.runs, [(4096, 4096), (16384, 4096)]);
        assert_eq!(pages.bytes, [5; 8192]);
        assert!(matches!(&sections[4], Section::Screen(s) if s == b"screen"));
        assert!(matches!(&sections[5], Section::End(t) if t.memory_bytes == 8192 && t.sections == 5));
    }
}

#[test]
fn compression_makes_it_smaller() {
    assert!(image(true).len() + 4096 < image(false).len());
}

#[test]
fn every_truncation_is_refused() {
    let whole = image(true);
    for length in 0..whole.len() {
        assert!(matches!(read_all(&whole[..length]), Err(ImageError::Truncated)), "cut at {length}");
    }
}

#[test]
fn every_altered_byte_is_refused() {
    let whole = image(true);
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 0x10;
        assert!(read_all(&bad).is_err(), "byte {at} altered and not noticed");
    }
}

fn sections_of(mut rest: &[u8]) -> Vec<&[u8]> {
    rest = &rest[MAGIC.len()..];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[8..16].try_into().unwrap()) as usize;
        let (one, more) = rest.split_at(HEADER + length + CHECKSUM);
        all.push(one);
        rest = more;
    }
    all
}

#[test]
fn a_section_left_out_or_swapped_is_refused() {
    let whole = image(false);
    let sections = sections_of(&whole);
    let without: Vec<u8> = MAGIC
        .iter()
        .copied()
        .chain(sections.iter().enumerate().filter(|(i, _)| *i != 2).flat_map(|(_, s)| s.iter().copied()))
        .collect();
    assert!(matches!(read_all(&without), Err(ImageError::Altered { .. })));
    let mut order = sections.clone();
    order.swap(2, 3);
    let swapped: Vec<u8> = MAGIC.iter().copied().chain(order.concat()).collect();
    assert!(matches!(read_all(&swapped), Err(ImageError::Altered { .. })));
}

/// An image whose second section has this kind, version and flags.
fn with_section(kind: u32, version: u16, flags: u16) -> Vec<u8> {
    let whole = image(false);
    let first = sections_of(&whole)[0];
    let mut out = [&MAGIC[..], first].concat();
    let chain: [u8; CHECKSUM] = first[first.len() - CHECKSUM..].try_into().unwrap();
    let mut header = [0; HEADER];
    header[0..4].copy_from_slice(&kind.to_le_bytes());
    header[4..6].copy_from_slice(&version.to_le_bytes());
    header[6..8].copy_from_slice(&flags.to_le_bytes());
    header[8..16].copy_from_slice(&3u64.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(b"new");
    out.extend_from_slice(&checksum(&chain, &[&header, b"new"]));
    out
}

#[test]
fn an_unknown_section_is_skipped_unless_required() {
    // Nothing follows, so a reader that skipped it finds the end of the stream.
    assert!(matches!(read_all(&with_section(99, 1, 0)), Err(ImageError::Truncated)));
    let refused = read_all(&with_section(99, 4, REQUIRED));
    assert!(matches!(refused, Err(ImageError::TooNew { section, version: 4 }) if section == "99"));
    let newer = read_all(&with_section(Kind::Pages as u32, 2, REQUIRED));
    assert!(matches!(newer, Err(ImageError::TooNew { section, version: 2 }) if section == "pages"));
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_it_is_read() {
    let mut bad = image(false);
    let at = MAGIC.len() + 8;
    bad[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(read_all(&bad), Err(ImageError::TooLarge { .. })));
}
