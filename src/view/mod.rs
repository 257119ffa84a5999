//! What a client sees: `Mux` and client to cells, damage to bytes.

pub mod caps;
pub mod cells;
mod colours;
mod line;
mod style;
pub mod theme;
mod writer;
