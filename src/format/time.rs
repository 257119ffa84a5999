//! strftime over a time that is given: seconds since 1970 and a zone's offset. No clock is read.

/// A moment in civil time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: i64,
    /// Month, from 1.
    pub month: u32,
    /// Day of the month, from 1.
    pub day: u32,
    /// Hour, from 0.
    pub hour: u32,
    /// Minute.
    pub minute: u32,
    /// Second.
    pub second: u32,
    /// Day of the week, 0 is Sunday.
    pub weekday: u32,
    /// Day of the year, from 0.
    pub yearday: u32,
    /// The zone's offset, in seconds east.
    pub offset_s: i32,
    /// Seconds since 1970 (UTC).
    pub unix_s: i64,
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Civil {
    /// From seconds since 1970 and an offset. The days-to-date rule is that of the proleptic Gregorian
    /// calendar, counted in eras of 400 years that begin in March.
    pub fn new(unix_s: i64, offset_s: i32) -> Civil {
        let local = unix_s.saturating_add(i64::from(offset_s));
        let (days, second_of_day) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let yearday = if month <= 2 { doy - 306 } else { doy + 59 + i64::from(leap) };
        Civil {
            year,
            month: month as u32,
            day: (doy - (153 * mp + 2) / 5 + 1) as u32,
            hour: (second_of_day / 3600) as u32,
            minute: (second_of_day / 60 % 60) as u32,
            second: (second_of_day % 60) as u32,
            weekday: (days + 4).rem_euclid(7) as u32,
            yearday: yearday as u32,
            offset_s,
            unix_s,
        }
    }

    /// `strftime` with the C locale's names. Unknown conversions stay as they are.
    pub fn strftime(&self, format: &str) -> String {
        let mut out = String::with_capacity(format.len());
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some(flag @ ('-' | '_')) => match chars.next() {
                    Some(k) => {
                        let text = self.conversion(k);
                        let bare = text.trim_start_matches(['0', ' ']);
                        let bare = if bare.is_empty() { "0" } else { bare };
                        if flag == '-' {
                            out.push_str(bare);
                        } else {
                            let width = text.chars().count();
                            out.push_str(&format!("{bare:>width$}"));
                        }
                    }
                    None => out.push_str("%-"),
                },
                Some('E' | 'O') => {
                    if let Some(k) = chars.next() {
                        out.push_str(&self.conversion(k));
                    }
                }
                Some(k) => out.push_str(&self.conversion(k)),
                None => out.push('%'),
            }
        }
        out
    }

    fn conversion(&self, k: char) -> String {
        let hour12 = match self.hour % 12 {
            0 => 12,
            h => h,
        };
        let monday = (self.weekday + 6) % 7;
        match k {
            'H' => format!("{:02}", self.hour),
            'I' => format!("{hour12:02}"),
            'k' => format!("{:2}", self.hour),
            'l' => format!("{hour12:2}"),
            'M' => format!("{:02}", self.minute),
            'S' => format!("{:02}", self.second),
            'p' => (if self.hour < 12 { "AM" } else { "PM" }).to_owned(),
            'P' => (if self.hour < 12 { "am" } else { "pm" }).to_owned(),
            'd' => format!("{:02}", self.day),
            'e' => format!("{:2}", self.day),
            'm' => format!("{:02}", self.month),
            'y' => format!("{:02}", self.year.rem_euclid(100)),
            'Y' => self.year.to_string(),
            'C' => format!("{:02}", self.year.div_euclid(100)),
            'G' | 'g' | 'V' => self.iso(k),
            'b' | 'h' => MONTHS[self.month as usize - 1][..3].to_owned(),
            'B' => MONTHS[self.month as usize - 1].to_owned(),
            'a' => DAYS[self.weekday as usize][..3].to_owned(),
            'A' => DAYS[self.weekday as usize].to_owned(),
            'j' => format!("{:03}", self.yearday + 1),
            'u' => (monday + 1).to_string(),
            'w' => self.weekday.to_string(),
            'U' => format!("{:02}", (self.yearday + 7 - self.weekday) / 7),
            'W' => format!("{:02}", (self.yearday + 7 - monday) / 7),
            'D' | 'x' => self.strftime("%m/%d/%y"),
            'F' => self.strftime("%Y-%m-%d"),
            'T' | 'X' => self.strftime("%H:%M:%S"),
            'R' => self.strftime("%H:%M"),
            'r' => self.strftime("%I:%M:%S %p"),
            'c' => self.strftime("%a %b %e %H:%M:%S %Y"),
            's' => self.unix_s.to_string(),
            'z' => {
                let minutes = self.offset_s.unsigned_abs() / 60;
                let sign = if self.offset_s < 0 { '-' } else { '+' };
                format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
            'Z' if self.offset_s == 0 => "UTC".to_owned(),
            'Z' => self.conversion('z'),
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            '%' => "%".to_owned(),
            other => format!("%{other}"),
        }
    }

    /// ISO 8601 week and its year: the week that holds the year's first Thursday is week 1.
    fn iso(&self, k: char) -> String {
        let monday = i64::from((self.weekday + 6) % 7);
        let thursday = Civil::new(self.unix_s + (3 - monday) * 86_400, self.offset_s);
        match k {
            'V' => format!("{:02}", thursday.yearday / 7 + 1),
            'g' => format!("{:02}", thursday.year.rem_euclid(100)),
            _ => thursday.year.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Civil;

    #[test]
    fn known_moments() {
        // date -u -d @1700000000 '+%F %T %a %j %U %W %V %G'
        let t = Civil::new(1_700_000_000, 0);
        assert_eq!(t.strftime("%F %T %a %j %U %W %V %G"), "2023-11-14 22:13:20 Tue 318 46 46 46 2023");
        // date -u -d @951782400: a leap day; and the day before 1970.
        assert_eq!(Civil::new(951_782_400, 0).strftime("%F %j"), "2000-02-29 060");
        assert_eq!(Civil::new(-1, 0).strftime("%c"), "Wed Dec 31 23:59:59 1969");
        // date -u -d 2021-01-01 '+%G-%V'
        assert_eq!(Civil::new(1_609_459_200, 0).strftime("%G-%V"), "2020-53");
        assert_eq!(Civil::new(0, 5400).strftime("%H:%M %z"), "01:30 +0130");
        assert_eq!(t.strftime("%-d %_H %Q %"), "14 22 %Q %");
    }
}
