//! Files that nobody else on the machine may read.

use std::fs::OpenOptions;

/// Lets a file that is made by these options be its owner's alone. Where rights are no bits, the
/// folder's hold.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
