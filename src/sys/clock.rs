//! Local time: the zone's offset, which no safe wrapper in our dependencies tells.

/// Seconds to add to UTC for the local time at `unix_s` (localtime_r(3)).
pub fn utc_offset_s(unix_s: i64) -> i32 {
    let mut tm = std::mem::MaybeUninit::<libc::tm>::zeroed();
    let time: libc::time_t = unix_s;
    // SAFETY: both pointers are to live locals of the right types; localtime_r writes `tm` or returns
    // null, and an all-zero `tm` (offset 0) is a valid value in that case.
    let tm = unsafe {
        libc::localtime_r(&time, tm.as_mut_ptr());
        tm.assume_init()
    };
    tm.tm_gmtoff as i32
}
