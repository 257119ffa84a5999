//! Which host, and why.
