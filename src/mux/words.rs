//! Small things about words: how far two are apart, patterns.

/// Edits (insert, delete, change, swap neighbours) between two words, for "did you mean".
pub fn distance(a: &str, b: &str) -> usize {
    // Words from outside may be long; the answer only matters when it is small.
    const MAX: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(MAX).collect(), b.chars().take(MAX).collect());
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    #[test]
    fn neighbours_swapped_are_one_edit() {
        assert_eq!(super::distance("stauts-left", "status-left"), 1);
        assert_eq!(super::distance("hsotB", "hostB"), 1);
        assert_eq!(super::distance("", "abc"), 3);
        assert_eq!(super::distance("same", "same"), 0);
    }
}
