//! Shell patterns (`*`, `?`, `[a-z]`) as fnmatch(3) without flags.

/// Whether the whole text matches the pattern.
pub fn matches(pattern: &str, text: &str) -> bool {
    let p: Vec<char> = pattern.chars().collect();
    let t: Vec<char> = text.chars().collect();
    let (mut i, mut j) = (0, 0);
    // Only the last star ever needs to be tried again, which keeps this linear times quadratic at worst.
    let mut star: Option<(usize, usize)> = None;
    while j < t.len() {
        if p.get(i) == Some(&'*') {
            star = Some((i + 1, j));
            i += 1;
        } else if let Some(next) = one(&p, i, t[j]) {
            i = next;
            j += 1;
        } else if let Some((after, at)) = star {
            star = Some((after, at + 1));
            (i, j) = (after, at + 1);
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

/// Matches one character with the pattern element at `i`; gives the place after the element.
fn one(p: &[char], i: usize, c: char) -> Option<usize> {
    match p.get(i)? {
        '?' => Some(i + 1),
        '\\' if i + 1 < p.len() => (p[i + 1] == c).then_some(i + 2),
        '[' => {
            let (negated, mut k) = match p.get(i + 1) {
                Some('!' | '^') => (true, i + 2),
                _ => (false, i + 1),
            };
            let first = k;
            let mut hit = false;
            loop {
                match p.get(k) {
                    None => return (c == '[').then_some(i + 1),
                    Some(']') if k > first => break,
                    Some(&low) => {
                        if p.get(k + 1) == Some(&'-') && p.get(k + 2).is_some_and(|e| *e != ']') {
                            hit |= low <= c && c <= p[k + 2];
                            k += 3;
                        } else {
                            hit |= low == c;
                            k += 1;
                        }
                    }
                }
            }
            (hit != negated).then_some(k + 1)
        }
        other => (*other == c).then_some(i + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        assert!(matches("*", ""));
        assert!(matches("a*b?d", "aXXbcd"));
        assert!(!matches("a*b?d", "aXXbc"));
        assert!(matches("[a-c]x[!0-9]", "bxz"));
        assert!(!matches("[a-c]x[!0-9]", "bx5"));
        assert!(matches("[", "["));
        assert!(matches("[]]", "]"));
        assert!(matches("\\*", "*"));
        assert!(!matches("\\*", "x"));
        assert!(matches("a*a*a*a*a*b", &("a".repeat(200) + "b")));
    }
}
