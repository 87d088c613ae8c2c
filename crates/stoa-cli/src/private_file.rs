//! Files that hold a key: nobody but their owner reads them, not even while they are written.

use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a file that only its owner can read, in the place of an earlier one, which stays as it is unless all was
/// written. The earlier one is replaced and not written over: it may be open to others, by its mode or by a handle that
/// they hold.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Nobody but its owner can read it from the start.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_private_file_is_private_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.zip");
        write(&path, b"one").unwrap();
        assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (0o600, b"one".to_vec()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let mut held = File::open(&path).unwrap();
        write(&path, b"two").unwrap();
        assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (0o600, b"two".to_vec()));
        let mut seen = String::new();
        held.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "one", "who had the earlier file open sees that one");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_leads_a_private_file_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("shared"), folder.path().join("app.zip"));
        std::fs::write(&target, b"theirs").unwrap();
        symlink(&target, &link).unwrap();
        assert_eq!(write(&link, b"key").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&target).unwrap(), b"theirs");
    }
}
