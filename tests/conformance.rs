//! The terminal as a program in a pane meets it: controls go in, and what they did is read back the way
//! a conformance suite does it, by reports alone: DECRQCRA cell by cell, CPR, DECRQM, DECRQSS and the rest.
//!
//! What is expected comes from ECMA-48, DEC STD 070, the VT510 manual and xterm's ctlseqs; where they
//! leave a choice, from what xterm does. `docs/terminal.md` lists what of ctlseqs is left out, and why.

mod conformance {
    mod colors;
    mod cursor;
    mod edit;
    mod erase;
    pub mod host;
    mod modes;
    mod rectangles;
    mod reports;
    mod resets;
    mod sgr;
    mod strings;
    mod tabs;
    mod titles;
}
