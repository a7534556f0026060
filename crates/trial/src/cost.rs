//! What work costs the process that does it.

use crate::Failure;

/// The CPU time of this process so far, in microseconds (`/proc`, Linux).
///
/// # Errors
///
/// When the system does not tell.
pub fn cpu() -> Result<f64, Failure> {
    // Nanoseconds that each thread was on a processor.
    let mut nanos = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let first = text.split_whitespace().next().ok_or("the system does not tell CPU times")?;
        nanos += first.parse::<f64>()?;
    }
    Ok(nanos / 1000.0)
}
