use std::{fs, io, path::Path};

/// What lies below a directory, in order, with sizes.
pub fn lines(directory: &Path) -> io::Result<Vec<String>> {
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(|e| e.file_name());
    let mut lines = Vec::new();
    for entry in entries {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type()?.is_dir() {
            lines.push(format!("{}/", name));
            lines.extend(self::lines(&entry.path())?.into_iter().map(|l| format!("  {}", l)));
        } else {
            lines.push(format!("{} {}", name, entry.metadata()?.len()));
        }
    }
    Ok(lines)
}
