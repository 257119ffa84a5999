//! Bytes to screen, keys to bytes. A screen is one serde value; nothing here knows ptys, panes or clients.
//!
//! `Screen::advance` takes what a program writes. Plain text in the parser's ground state goes
//! straight to the rows (`parse`); complete escape sequences are parsed by the `vte` crate or, when
//! simple, by a shortcut with the same meaning, and acted on in `csi`, `esc`, `osc` and `dcs`.
//! Lines that leave the top are packed (`pack`, `history`).

mod attach;
mod capture;
mod cell;
mod charset;
mod colors;
mod csi;
mod damage;
mod dcs;
mod edit;
mod esc;
mod event;
mod history;
pub mod keys;
mod mode_set;
mod modes;
mod osc;
mod pack;
mod parse;
mod pictures;
mod print;
mod rect;
mod report;
mod resize;
mod row;
mod screen;
mod sgr;
mod sixel;
mod snapshot;
mod stacks;
mod state;
mod style;
#[cfg(test)]
mod tests;
mod window;
mod xcms;

pub use capture::CaptureOptions;
pub use cell::{CellView, Link};
pub use colors::{color_name, palette_color};
pub use damage::{Damage, Scroll};
pub use event::{Prompt, ScreenEvent};
pub use modes::{Modes, MouseEncoding, MouseMode};
pub use osc::encode_base64;
pub use pictures::{
    Draws, MAX_PICTURE, MAX_PICTURES, MAX_PICTURES_BYTES, PLACEHOLDER, Part, Picture, is_sixel_part, part_of,
};
pub use screen::{Cell, CursorView, Line, Screen};
pub use sixel::Sixel;
pub use snapshot::SnapshotError;
pub use state::CursorShape;
pub use style::{Attrs, Color, Style};
