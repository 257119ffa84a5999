//! What a client sees: `Mux` and client to cells, damage to bytes.
//!
//! `build` reads `Mux` into a scene, `compose` draws a scene into cells, `writer` turns the difference of
//! cells into bytes. Knows no sockets: whose terminal it is, is the server's business.

mod big;
mod borders;
mod build;
pub mod caps;
pub mod cells;
mod client_view;
mod colours;
mod compose;
mod frame;
mod line;
mod picker;
mod pictures;
mod render;
pub mod scene;
mod style;
pub mod theme;
mod writer;

pub use caps::Caps;
pub use client_view::ClientView;
pub use line::Range;
