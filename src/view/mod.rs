//! What a client sees: `Mux` and client to cells, damage to bytes.
