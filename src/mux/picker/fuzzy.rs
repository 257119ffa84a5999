//! Fuzzy search: whether typed letters fit a name, how well, and which of its letters they hit.
//!
//! Knows texts only. Better is what the user could have meant more plainly: the whole name, its beginning, the
//! beginning of a word in it, the first letters of its words, a part of it, and only then letters strewn over it.

/// How well a name fits, and the positions (in characters) of the letters that were hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// More is better.
    pub score: i32,
    /// In rising order.
    pub hits: Vec<usize>,
}

/// Longest name looked at, in characters.
const MAX_NAME: usize = 512;

const WHOLE: i32 = 1000;
const BEGINNING: i32 = 900;
const WORD: i32 = 800;
const INITIALS: i32 = 700;
const PART: i32 = 600;
const STREWN: i32 = 500;
/// Letters strewn wider than this do not make it worse.
const WIDEST: usize = 150;
const ABOUT_WORD: i32 = 250;
const ABOUT_PART: i32 = 200;

fn folded(text: &str) -> Vec<char> {
    // One for one, so that positions stay: what folds to several letters stays as it is.
    let fold = |c: char| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.chars().take(MAX_NAME).map(fold).collect()
}

fn begins_word(name: &[char], at: usize) -> bool {
    at == 0 || (name[at].is_alphanumeric() && !name[at - 1].is_alphanumeric())
}

/// All of `query`'s words against a name, its other names, and a description; `None` when one fits none of them.
pub fn fit(query: &str, name: &str, others: &[&str], about: &str) -> Option<Fit> {
    let (name, about) = (folded(name), folded(about));
    let others: Vec<Vec<char>> = others.iter().map(|o| folded(o)).collect();
    let mut all = Fit { score: 0, hits: Vec::new() };
    for word in query.split_whitespace() {
        let word = folded(word);
        let own = in_name(&word, &name);
        let other = others.iter().filter_map(|o| of_other(&word, o)).max();
        let best = match (own, other) {
            (Some(own), Some(other)) if other > own.score => Fit { score: other, ..own },
            (Some(own), _) => own,
            (None, Some(score)) => Fit { score, hits: Vec::new() },
            (None, None) => Fit { score: in_about(&word, &about)?, hits: Vec::new() },
        };
        all.score += best.score;
        all.hits.extend(best.hits);
    }
    all.hits.sort_unstable();
    all.hits.dedup();
    // Of two that fit alike the shorter one: less of it was left out.
    all.score = all.score * 8 - (name.len().min(64) as i32) / 8;
    Some(all)
}

fn in_name(word: &[char], name: &[char]) -> Option<Fit> {
    let run = |at: usize| (at..at + word.len()).collect();
    let places = || name.windows(word.len().max(1)).enumerate().filter(|(_, w)| *w == word).map(|(at, _)| at);
    if word == name {
        return Some(Fit { score: WHOLE, hits: run(0) });
    }
    if name.starts_with(word) {
        return Some(Fit { score: BEGINNING, hits: run(0) });
    }
    if let Some(at) = places().find(|at| begins_word(name, *at)) {
        return Some(Fit { score: WORD - (at.min(50) as i32), hits: run(at) });
    }
    let initials: Vec<usize> = (0..name.len()).filter(|at| begins_word(name, *at)).collect();
    if word.len() > 1
        && let Some(hits) = strewn(word, name, &initials)
    {
        return Some(Fit { score: INITIALS, hits });
    }
    if let Some(at) = places().next() {
        return Some(Fit { score: PART - (at.min(50) as i32), hits: run(at) });
    }
    // From the end backwards each letter as late as it can be would do as well; forwards is what is read.
    let hits = strewn(word, name, &(0..name.len()).collect::<Vec<_>>())?;
    let span = hits.last().zip(hits.first()).map_or(0, |(last, first)| last - first + 1 - hits.len());
    let starts = hits.iter().filter(|at| begins_word(name, **at)).count() as i32;
    Some(Fit { score: STREWN - span.min(WIDEST) as i32 * 2 + starts * 5, hits })
}

/// The letters of `word` in this order among the allowed places of a name.
fn strewn(word: &[char], name: &[char], allowed: &[usize]) -> Option<Vec<usize>> {
    let mut places = allowed.iter().copied();
    word.iter().map(|c| places.by_ref().find(|at| name[*at] == *c)).collect()
}

/// An alias is meant whole or by its beginning.
fn of_other(word: &[char], other: &[char]) -> Option<i32> {
    match other.starts_with(word) {
        true if other.len() == word.len() => Some(WHOLE - 10),
        true => Some(BEGINNING - 120),
        false => None,
    }
}

/// A description is searched for what stands in it, not for letters strewn over it.
fn in_about(word: &[char], about: &[char]) -> Option<i32> {
    let mut places =
        about.windows(word.len().max(1)).enumerate().filter(|(_, w)| *w == word).map(|(at, _)| at);
    let first = places.next()?;
    let at_word = begins_word(about, first) || places.any(|at| begins_word(about, at));
    Some(if at_word { ABOUT_WORD } else { ABOUT_PART })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranked<'a>(query: &str, names: &[&'a str]) -> Vec<&'a str> {
        let mut fits: Vec<(i32, &str)> =
            names.iter().filter_map(|n| Some((fit(query, n, &[], "")?.score, *n))).collect();
        fits.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        fits.into_iter().map(|(_, n)| n).collect()
    }

    #[test]
    fn beginnings_go_before_words_before_initials_before_parts_before_strewn_letters() {
        assert_eq!(
            ranked("win", &["rewind", "wxixn", "kill-window", "window"]),
            ["window", "kill-window", "rewind", "wxixn"]
        );
        assert_eq!(
            ranked("sw", &["show-window", "sxw", "answer", "swap-pane"]),
            ["swap-pane", "show-window", "answer", "sxw"]
        );
        assert_eq!(ranked("kill-pane", &["kill-pane-now", "kill-pane"]), ["kill-pane", "kill-pane-now"]);
        assert_eq!(ranked("zq", &["kill-pane"]), [""; 0]);
    }

    #[test]
    fn every_word_has_to_fit_and_an_alias_counts_as_a_name() {
        assert!(fit("win kill", "kill-window", &[], "").is_some());
        assert!(fit("win zzz", "kill-window", &[], "").is_none());
        let alias = fit("splitw", "split-window", &["splitw"], "").unwrap();
        let other = fit("splitw", "split-windows", &[], "").unwrap();
        assert!(alias.score > other.score);
        let about = fit("pane", "split-window", &[], "Split a pane in two").unwrap();
        assert!(about.hits.is_empty() && about.score < other.score);
        assert_eq!(fit("SPL", "split", &[], "").unwrap().hits, [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn hits_spell_the_query(query in "[a-c]{1,4}", name in "[a-cA-C -]{0,12}") {
            if let Some(fit) = fit(&query, &name, &[], "") {
                let letters: Vec<char> = name.to_lowercase().chars().collect();
                let hit: String = fit.hits.iter().map(|at| letters[*at]).collect();
                prop_assert_eq!(hit, query);
            }
        }

        #[test]
        fn nothing_typed_breaks_it(query in ".{0,8}", name in ".{0,12}", about in ".{0,12}") {
            let _ = fit(&query, &name, &[&about], &about);
        }
    }
}
