//! Characters to tokens: quotes, escapes, `$NAME`, `~`, comments, continuation lines, braces.

use super::parser::{Host, ParseError};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word; `bare` when nothing in it was quoted, escaped or expanded.
    Word { text: String, bare: bool },
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
    /// End of a line.
    Newline,
    /// End of the text.
    End,
}

/// Reads tokens one by one.
pub(super) struct Lexer<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    pub(super) line: u32,
    /// At the start of a statement, where `#{` after `%if` is no comment.
    pub(super) in_condition: bool,
}

#[derive(PartialEq, Clone, Copy)]
enum Quotes {
    None,
    Single,
    Double,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { chars: text.chars().peekable(), line: 1, in_condition: false }
    }

    /// The next character; a backslash before a line's end joins the lines.
    fn next(&mut self) -> Option<char> {
        loop {
            let c = self.chars.next()?;
            if c == '\\' && self.chars.peek() == Some(&'\n') {
                self.chars.next();
                self.line += 1;
                continue;
            }
            return Some(c);
        }
    }

    fn peek(&mut self) -> Option<char> {
        loop {
            let c = *self.chars.peek()?;
            if c == '\\' {
                let mut ahead = self.chars.clone();
                ahead.next();
                if ahead.peek() == Some(&'\n') {
                    self.chars.next();
                    self.chars.next();
                    self.line += 1;
                    continue;
                }
            }
            return Some(c);
        }
    }

    /// Whether nothing but blanks and a comment stands before the end of the line.
    pub(super) fn at_line_end(&mut self) -> bool {
        let mut ahead = self.chars.clone().skip_while(|c| matches!(c, ' ' | '\t' | '\r'));
        matches!(ahead.next(), Some('\n' | '#'))
    }

    pub(super) fn token(&mut self, host: &dyn Host) -> Result<Token, ParseError> {
        loop {
            let Some(c) = self.peek() else { return Ok(Token::End) };
            match c {
                ' ' | '\t' | '\r' => {
                    self.next();
                }
                '\n' => {
                    self.next();
                    self.line += 1;
                    return Ok(Token::Newline);
                }
                ';' => {
                    self.next();
                    return Ok(Token::Semicolon);
                }
                '{' => {
                    self.next();
                    return Ok(Token::Open);
                }
                '}' => {
                    self.next();
                    return Ok(Token::Close);
                }
                '#' => {
                    if self.in_condition {
                        let mut ahead = self.chars.clone();
                        ahead.next();
                        if ahead.next() == Some('{') {
                            return Ok(Token::Word { text: self.format(), bare: false });
                        }
                    }
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.next();
                    }
                }
                _ => return self.word(host),
            }
        }
    }

    /// A whole `#{…}`, blanks and all, as the condition of `%if`.
    fn format(&mut self) -> String {
        let mut out = String::new();
        let mut depth = 0usize;
        while let Some(c) = self.peek() {
            if c == '\n' || (depth == 0 && out.ends_with('}')) {
                break;
            }
            self.next();
            out.push(c);
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        out
    }

    fn word(&mut self, host: &dyn Host) -> Result<Token, ParseError> {
        let mut out = String::new();
        let mut bare = true;
        let mut quotes = Quotes::None;
        // `~` is a home directory only at the beginning of a word or right after a quote begins.
        let mut home_here = true;
        while let Some(c) = self.peek() {
            if quotes == Quotes::None && matches!(c, ' ' | '\t' | '\n' | ';' | '}') {
                break;
            }
            if quotes == Quotes::None && c == '\r' {
                let mut ahead = self.chars.clone();
                ahead.next();
                if ahead.peek() == Some(&'\n') {
                    break;
                }
            }
            self.next();
            if c == '\n' {
                self.line += 1;
                out.push('\n');
                self.skip_quoted_comment();
                continue;
            }
            match (c, quotes) {
                ('\'', Quotes::None) => {
                    (quotes, bare, home_here) = (Quotes::Single, false, true);
                    continue;
                }
                ('\'', Quotes::Single) | ('"', Quotes::Double) => {
                    quotes = Quotes::None;
                    continue;
                }
                ('"', Quotes::None) => {
                    (quotes, bare, home_here) = (Quotes::Double, false, true);
                    continue;
                }
                ('\\', Quotes::None | Quotes::Double) => {
                    bare = false;
                    self.escape(&mut out)?;
                }
                ('~', Quotes::None | Quotes::Double) if home_here => {
                    bare = false;
                    let user = self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
                    match host.home(&user) {
                        Some(home) => out.push_str(&home),
                        None => return Err(self.error("invalid home directory".into())),
                    }
                }
                ('$', Quotes::None | Quotes::Double) => {
                    bare = false;
                    self.variable(&mut out, host)?;
                }
                _ => out.push(c),
            }
            home_here = false;
            if out.len() > super::MAX_SOURCE {
                return Err(self.error("word too long".into()));
            }
        }
        if quotes != Quotes::None {
            return Err(self.error("unterminated quotes".into()).or_syntax());
        }
        Ok(Token::Word { text: out, bare })
    }

    /// Inside quotes after a newline: leading blanks and comment lines are left out, as in tmux.
    fn skip_quoted_comment(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.next();
        }
        if self.peek() == Some('#') {
            let mut ahead = self.chars.clone();
            ahead.next();
            if !matches!(ahead.next(), Some(',' | '#' | '{' | '}' | ':' | '[')) {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.next();
                }
            }
        }
    }

    fn take_while(&mut self, mut test: impl FnMut(char) -> bool) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek() {
            if !test(c) || out.len() > 1024 {
                break;
            }
            self.next();
            out.push(c);
        }
        out
    }

    fn escape(&mut self, out: &mut String) -> Result<(), ParseError> {
        let Some(c) = self.next() else { return Ok(()) };
        match c {
            '0'..='7' => {
                let mut code = c as u32 - '0' as u32;
                for _ in 0..2 {
                    match self.peek().and_then(|d| d.to_digit(8)) {
                        Some(d) => {
                            code = code * 8 + d;
                            self.next();
                        }
                        None => return Err(self.error("invalid octal escape".into())),
                    }
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'e' => out.push('\u{1b}'),
            'f' => out.push('\u{c}'),
            's' => out.push(' '),
            'v' => out.push('\u{b}'),
            'r' => out.push('\r'),
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'u' | 'U' => {
                let digits = if c == 'u' { 4 } else { 8 };
                let mut left = digits;
                let hex = self.take_while(|c| {
                    left -= 1;
                    left >= 0 && c.is_ascii_hexdigit()
                });
                let code =
                    (hex.len() == digits as usize).then(|| u32::from_str_radix(&hex, 16).ok()).flatten();
                match code.and_then(char::from_u32) {
                    Some(ch) => out.push(ch),
                    None => return Err(self.error(format!("invalid \\{c} argument"))),
                }
            }
            '\n' => self.line += 1,
            other => out.push(other),
        }
        Ok(())
    }

    fn variable(&mut self, out: &mut String, host: &dyn Host) -> Result<(), ParseError> {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let braces = match self.peek() {
            Some('{') => {
                self.next();
                true
            }
            Some(c) if first(c) => false,
            _ => {
                out.push('$');
                return Ok(());
            }
        };
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if braces && self.next() != Some('}') {
            return Err(self.error("invalid environment variable".into()));
        }
        out.push_str(&host.env(&name).unwrap_or_default());
        Ok(())
    }

    pub(super) fn error(&self, text: String) -> ParseError {
        ParseError { line: self.line, text }
    }
}

impl ParseError {
    /// tmux has one word for a text that ends inside quotes.
    fn or_syntax(self) -> ParseError {
        ParseError { text: "syntax error".into(), ..self }
    }
}
