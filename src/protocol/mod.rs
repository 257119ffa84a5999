//! Messages and framing: client–server, server–keeper, keeper–keeper.

pub mod client;
