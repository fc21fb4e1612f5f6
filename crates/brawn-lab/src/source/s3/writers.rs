//! Which files are open for writing, as far as this user may know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The files below `root` that a process has open for writing. Empty where there is no `/proc`; processes of other users are
/// only seen by root.
pub(super) fn open_for_writing(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let Ok(processes) = std::fs::read_dir("/proc") else { return found };
    for process in processes.flatten() {
        if !process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        let Ok(files) = std::fs::read_dir(process.path().join("fd")) else { continue };
        for file in files.flatten() {
            let Ok(target) = std::fs::read_link(file.path()) else { continue };
            if target.starts_with(root) && writes(&process.path(), &file.file_name()) {
                found.insert(target);
            }
        }
    }
    found
}

/// Whether the file was opened for more than reading: `O_ACCMODE`, the last two bits of its octal flags.
fn writes(process: &Path, number: &std::ffi::OsStr) -> bool {
    let info = std::fs::read_to_string(process.join("fdinfo").join(number)).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    flags
        .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & 0o3 != 0)
}
