//! The attached terminal: raw mode in and out, whatever happens between.
mod args;
mod terminal;
