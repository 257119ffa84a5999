//! Which bytes ask the user's terminal something, and which end its answers.
//!
//! Whoever gives the terminal back, the server or the client, has to know whether answers are on their way: the
//! shell would take them as typed. Knows no terminal.

/// The questions end with DA1, which every terminal answers.
pub const LAST_QUESTION: &[u8] = b"\x1b[c";

/// Whether these bytes, written to a terminal, make it answer.
pub fn asks(bytes: &[u8]) -> bool {
    bytes.ends_with(LAST_QUESTION)
}

/// Whether the answer to DA1, `CSI ? numbers c`, is in these bytes read from a terminal.
pub fn has_last_answer(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"\x1b[?").any(|at| {
        let numbers = &bytes[at + 3..];
        let end = numbers.iter().position(|b| !(b.is_ascii_digit() || *b == b';'));
        end.is_some_and(|end| numbers[end] == b'c')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_from_the_question_to_the_last_of_them() {
        assert!(!asks(b"\x1b]52;c;aGk=\x07"));
        assert!(asks(b"\x1b[>q\x1b[c"));
        assert!(!has_last_answer(b"keys\x1b[A\x1b[?2026;2$y\x1b[?1u\x1b[?62;2"));
        assert!(has_last_answer(b"\x1b[?2026;2$y\x1b[?62;22c"));
    }
}
