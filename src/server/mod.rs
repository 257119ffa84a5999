//! The loop around `Mux`: links to clients, keepers and hosts; the runtime directory.
