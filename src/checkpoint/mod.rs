//! Image container and engines: freeze, dump and restore process trees. Knows no panes, hosts or transports.
pub mod model;
