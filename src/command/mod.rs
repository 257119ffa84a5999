//! The language: every verb, its arguments and help; the parser of words and config files; targets.
