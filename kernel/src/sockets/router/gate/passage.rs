//! The way from the gate to the crate: a Unix socket that nobody else can reach.
//!
//! The crate takes its connections from a listener, and a Unix socket has to have a name. It gets one in a directory
//! that is ours alone. Where `/proc` shows a socket that is open, it is reached through its descriptor, and file and
//! directory go at once: then a kernel that is killed leaves nothing behind.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use tokio::net::UnixStream;

/// How to reach the listener. The way is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Passage {
    path: PathBuf,
    _door: Door,
}

#[derive(Debug)]
enum Door {
    Descriptor { _file: File },
    Directory { _directory: Directory },
}

impl Passage {
    /// A listener for the crate, and the way to it.
    pub(super) fn open() -> io::Result<(UnixListener, Self)> {
        let mut refused = None;
        for folder in folders() {
            match Self::open_in(&folder) {
                Ok(opened) => return Ok(opened),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn open_in(folder: &Path) -> io::Result<(UnixListener, Self)> {
        let directory = Directory::create(folder)?;
        let listener = UnixListener::bind(directory.socket())?;
        let passage = match reopen(&directory.socket()) {
            Some((file, path)) => Self {
                path,
                _door: Door::Descriptor { _file: file },
            },
            None => Self {
                path: directory.socket(),
                _door: Door::Directory {
                    _directory: directory,
                },
            },
        };
        Ok((listener, passage))
    }

    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(&self.path).await
    }
}

/// Where a directory may be made, the likeliest first: the disk may be full, or not ours to write.
fn folders() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let others = [std::env::temp_dir(), "/dev/shm".into(), ".".into()];
    runtime.into_iter().chain(others).collect()
}

/// The socket as a descriptor that is no connection, with a path that leads to it also when the file is gone.
#[cfg(target_os = "linux")]
fn reopen(socket: &Path) -> Option<(File, PathBuf)> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    let file = options.read(true).custom_flags(libc::O_PATH).open(socket);
    let file = file.ok()?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let leads_to_it = fs::metadata(&path).is_ok_and(|found| found.file_type().is_socket());
    leads_to_it.then_some((file, path))
}

#[cfg(not(target_os = "linux"))]
fn reopen(_socket: &Path) -> Option<(File, PathBuf)> {
    None
}

/// A directory that only we may enter, removed with its socket.
#[derive(Debug)]
struct Directory(PathBuf);

impl Directory {
    fn create(folder: &Path) -> io::Result<Self> {
        // Short: the path of a socket has at most a hundred bytes.
        let name = uuid::Uuid::new_v4().simple().to_string();
        let path = folder.join(format!(".everloop-{}", &name[..12]));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn socket(&self) -> PathBuf {
        self.0.join("s")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.socket());
        let _ = fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn directory_is_ours_alone_and_goes_with_its_socket() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::create(folder.path()).unwrap();
        let _listener = UnixListener::bind(directory.socket()).unwrap();
        let mode = fs::metadata(&directory.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(directory);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn nothing_of_an_open_passage_is_in_the_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let (listener, passage) = Passage::open_in(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let far = passage.connect().await.unwrap();
        let (mut near, _) = listener.accept().unwrap();
        near.write_all(b"!").unwrap();
        far.readable().await.unwrap();
        let mut byte = [0];
        assert_eq!(far.try_read(&mut byte).unwrap(), 1);
    }
}
