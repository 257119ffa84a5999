//! Medians and a table of two columns to compare.

// Each benchmark uses its own part.
#![allow(dead_code)]

/// How many runs a median is made of: `QMUX_BENCH_RUNS`, or `usual`.
pub fn runs(usual: usize) -> usize {
    std::env::var("QMUX_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// The value in the middle.
pub fn median(values: &mut [f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value that `share` of all do not exceed.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Rows that compare two things, with the mark each is held to.
pub struct Table {
    rows: Vec<[String; 6]>,
}

impl Table {
    /// A table with these two columns.
    pub fn new(ours: &str, theirs: &str) -> Table {
        Table { rows: vec![["".into(), ours.into(), theirs.into(), "".into(), "ratio".into(), "aim".into()]] }
    }

    /// One line, printed at once for whoever waits; NaN is nothing.
    pub fn row(&mut self, name: &str, unit: &str, aim: &str, ours: f64, theirs: f64) {
        let number = |n: f64, digits: usize| if n.is_nan() { "-".into() } else { format!("{n:.digits$}") };
        let row = [
            name.to_string(),
            number(ours, 3),
            number(theirs, 3),
            unit.to_string(),
            number(ours / theirs, 2),
            aim.to_string(),
        ];
        eprintln!("{}", row.join("  "));
        self.rows.push(row);
    }

    /// The whole table.
    pub fn print(&self) {
        println!();
        for [name, ours, theirs, unit, ratio, aim] in &self.rows {
            println!("{name:40} {ours:>10} {theirs:>10} {unit:4} {ratio:>6}   {aim}");
        }
    }
}
