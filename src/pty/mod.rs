//! One pseudo-terminal: portable-pty and termios behind one type.
