//! `#{…}`: parse and evaluate against a context trait.
