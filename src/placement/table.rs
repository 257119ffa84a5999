//! What `qmux hosts` prints.

use super::choose::{Candidate, State, duration, score};
use serde_json::{Value, json};

/// One line of the table: a candidate, and how long it took to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The host and what is known of it.
    pub candidate: Candidate,
    /// From the question to the answer, ms.
    pub answer_ms: Option<u64>,
}

const HEAD: [&str; 9] = ["HOST", "STATE", "LOAD", "CORES", "PRESSURE", "MEMORY", "PANES", "SPEED", "AGE"];

/// The table, a line each, columns aligned, without blanks at line ends.
///
/// PRESSURE is cpu/memory/io, percent of the last 10 s in which something waited; MEMORY is what is
/// available of what there is; SPEED is the time of one question and answer.
pub fn text(rows: &[Row]) -> String {
    let mut lines: Vec<[String; 9]> = vec![HEAD.map(str::to_string)];
    lines.extend(rows.iter().map(cells));
    let widths: Vec<usize> =
        (0..9).map(|i| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for line in lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect();
        out.push_str(padded.join("  ").trim_end());
        out.push('\n');
    }
    out
}

fn cells(row: &Row) -> [String; 9] {
    let name = row.candidate.host.name.to_string();
    let none = || "-".to_string();
    let speed = row.answer_ms.map_or(none(), duration);
    let (sample, age_ms) = match &row.candidate.state {
        State::Answered { sample, age_ms } => (sample, *age_ms),
        State::Silent(ms) => {
            let state = format!("unreachable {}", duration(*ms));
            return [name, state, none(), none(), none(), none(), none(), speed, none()];
        }
        State::Failed(why) => {
            return [name, why.clone(), none(), none(), none(), none(), none(), speed, none()];
        }
    };
    let percent = |value: Option<f64>| value.map_or(none(), |v| format!("{v:.0}"));
    let pressure = [sample.pressure_cpu, sample.pressure_memory, sample.pressure_io].map(percent).join("/");
    [
        name,
        "up".to_string(),
        format!("{:.2}", sample.load1),
        format!("{}/{}", sample.free_cores(), sample.cores),
        pressure,
        format!("{}/{}", bytes(sample.memory_available), bytes(sample.memory_total)),
        sample.panes.to_string(),
        speed,
        duration(age_ms),
    ]
}

/// `512M`, `3.9G`.
fn bytes(n: u64) -> String {
    match n {
        0..0x4000_0000 => format!("{}M", n >> 20),
        _ => format!("{:.1}G", n as f64 / f64::from(1 << 30)),
    }
}

/// The same for `--json`: a list of objects, all numbers in the units of their names.
pub fn to_json(rows: &[Row]) -> Value {
    let row = |row: &Row| {
        let host = &row.candidate.host;
        let (state, sample, age_ms, why) = match &row.candidate.state {
            State::Answered { sample, age_ms } => ("up", Some(sample), Some(*age_ms), None),
            State::Silent(ms) => {
                ("unreachable", None, None, Some(format!("no answer for {}", duration(*ms))))
            }
            State::Failed(why) => ("failed", None, None, Some(why.clone())),
        };
        json!({
            "host": host.name,
            "state": state,
            "why": why,
            "weight": host.weight,
            "groups": host.groups,
            "auto": host.auto,
            "sample": sample,
            "score": sample.map(|s| score(host, s, row.candidate.recent)),
            "answer_ms": row.answer_ms,
            "age_ms": age_ms,
        })
    };
    Value::Array(rows.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::HostName;
    use crate::placement::{Host, Sample};

    fn rows() -> Vec<Row> {
        let candidate = |name: &str, state| Candidate {
            host: Host::new(HostName(name.into())),
            state,
            recent: 0,
            need_arch: None,
        };
        let sample = Sample {
            load1: 0.2,
            running: 2,
            cores: 24,
            pressure_cpu: Some(1.6),
            memory_total: 16 << 30,
            memory_available: 600 << 20,
            panes: 3,
            ..Sample::default()
        };
        vec![
            Row {
                candidate: candidate("hostC", State::Answered { sample, age_ms: 1500 }),
                answer_ms: Some(12),
            },
            Row { candidate: candidate("b", State::Silent(3000)), answer_ms: None },
        ]
    }

    #[test]
    fn the_table_is_aligned() {
        let expected = "\
HOST   STATE            LOAD  CORES  PRESSURE  MEMORY      PANES  SPEED  AGE
hostC  up               0.20  22/24  2/-/-     600M/16.0G  3      12 ms  1 s
b      unreachable 3 s  -     -      -         -           -      -      -
";
        assert_eq!(text(&rows()), expected);
    }

    #[test]
    fn json_has_the_numbers() {
        let json = to_json(&rows());
        assert_eq!(json[0]["sample"]["panes"], 3);
        assert_eq!((&json[0]["state"], &json[1]["state"]), (&"up".into(), &"unreachable".into()));
        assert!(json[0]["score"].as_f64().unwrap() > 0.0 && json[1]["score"].is_null());
    }
}
