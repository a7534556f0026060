//! Progress bars, which show only where somebody watches.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts things.
pub(crate) fn counting(what: &'static str, count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64);
    match ProgressStyle::with_template("  {prefix:>10} {bar:40} {pos}/{len}") {
        Ok(style) => bar.with_style(style).with_prefix(what),
        Err(_) => bar,
    }
}
