//! The connection file: where the kernel listens, and with which key messages are signed.
//!
//! See "Connection files" in <https://jupyter-client.readthedocs.io/en/stable/kernels.html>.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::json::null_as_default;
use crate::sign::HMAC_SHA256;

/// What a connection file says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionFile {
    /// How the sockets are reached.
    #[serde(default)]
    pub transport: Transport,
    /// The address to bind for tcp, the beginning of the path for ipc.
    pub ip: String,
    /// Port of the shell socket. As with every port, 0 asks the kernel to choose; for ipc it is the end of the path.
    pub shell_port: u16,
    /// Port of the iopub socket.
    pub iopub_port: u16,
    /// Port of the stdin socket.
    pub stdin_port: u16,
    /// Port of the control socket.
    pub control_port: u16,
    /// Port of the heartbeat socket.
    pub hb_port: u16,
    /// The key that signs messages; when it is empty, they are not signed.
    pub key: String,
    /// How they are signed.
    #[serde(default = "default_scheme")]
    pub signature_scheme: String,
    /// The name of the kernelspec.
    #[serde(default, deserialize_with = "null_as_default")]
    pub kernel_name: String,
    /// What else stands in the file; it is written back.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How the sockets are reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP ports at `ip`.
    #[default]
    Tcp,
    /// Unix sockets in the file system, at `ip`-`port`.
    Ipc,
}

/// A connection file that the kernel cannot use. Each message names the file.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The file cannot be read.
    #[error("cannot read connection file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not JSON, or a field is missing or wrong.
    #[error("connection file {} is not valid: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The file asks for CURVE. Going on without would send in the clear what the user wants encrypted.
    #[error("connection file {} asks for encryption ({key}), which is not supported", path.display())]
    Encryption {
        /// The file.
        path: PathBuf,
        /// The field that asks for it.
        key: &'static str,
    },
    /// The file cannot be written.
    #[error("cannot write connection file {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

const CURVE_KEYS: [&str; 2] = ["curve_publickey", "curve_secretkey"];

impl ConnectionFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It cannot be read, is not a valid connection file, or asks for encryption.
    pub fn read(path: &Path) -> Result<Self, ConnectionError> {
        let text = fs::read(path).map_err(|source| ConnectionError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Reads what stands in the file at `path`, which only the errors name.
    ///
    /// # Errors
    ///
    /// It is not a valid connection file, or asks for encryption.
    pub fn parse(text: &[u8], path: &Path) -> Result<Self, ConnectionError> {
        let file: Self =
            serde_json::from_slice(text).map_err(|source| ConnectionError::Invalid {
                path: path.to_owned(),
                source,
            })?;
        match CURVE_KEYS.into_iter().find(|key| file.asks_for(key)) {
            Some(key) => Err(ConnectionError::Encryption {
                path: path.to_owned(),
                key,
            }),
            None => Ok(file),
        }
    }

    /// Writes the file, readable by its owner only because the key is in it. A reader sees the old file or the new
    /// one, never a part of it.
    ///
    /// # Errors
    ///
    /// The file or its directory cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ConnectionError> {
        self.replace(path).map_err(|source| ConnectionError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// The `ZeroMQ` endpoint of a port: `tcp://ip:port` or `ipc://ip-port`.
    #[must_use]
    pub fn endpoint(&self, port: u16) -> String {
        match (self.transport, self.ip.as_str()) {
            (Transport::Ipc, path) => format!("ipc://{path}-{port}"),
            (Transport::Tcp, "*") => format!("tcp://0.0.0.0:{port}"),
            (Transport::Tcp, ip) if ip.contains(':') && !ip.starts_with('[') => {
                format!("tcp://[{ip}]:{port}")
            }
            (Transport::Tcp, ip) => format!("tcp://{ip}:{port}"),
        }
    }

    /// Whether only processes of this machine can connect: Unix sockets, and TCP on the loopback interface.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.transport {
            Transport::Ipc => true,
            Transport::Tcp => {
                let address = self.ip.trim_start_matches('[').trim_end_matches(']');
                address
                    .parse::<IpAddr>()
                    .map_or(address == "localhost", |address| address.is_loopback())
            }
        }
    }

    fn asks_for(&self, key: &str) -> bool {
        self.extra
            .get(key)
            .is_some_and(|value| !value.is_null() && value != "")
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        let name = path
            .file_name()
            .ok_or(io::ErrorKind::InvalidInput)?
            .to_string_lossy();
        let part = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let written = self.create(&part).and_then(|()| fs::rename(&part, path));
        if written.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&part);
        }
        written
    }

    fn create(&self, path: &Path) -> io::Result<()> {
        // Nothing that somebody else has put there, whose file it would stay, is written to.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")
    }
}

impl fmt::Debug for ConnectionFile {
    /// Keeps the key to itself, and what it does not know.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionFile")
            .field("transport", &self.transport)
            .field("ip", &self.ip)
            .field("shell_port", &self.shell_port)
            .field("iopub_port", &self.iopub_port)
            .field("stdin_port", &self.stdin_port)
            .field("control_port", &self.control_port)
            .field("hb_port", &self.hb_port)
            .field("signature_scheme", &self.signature_scheme)
            .field("kernel_name", &self.kernel_name)
            .finish_non_exhaustive()
    }
}

fn default_scheme() -> String {
    HMAC_SHA256.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example() -> Value {
        json!({
            "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5,
            "ip": "127.0.0.1", "key": "k", "transport": "tcp", "signature_scheme": "hmac-sha256",
            "kernel_name": "everloop", "jupyter_session": "/home/a.ipynb",
        })
    }

    fn parsed(file: Value) -> ConnectionFile {
        serde_json::from_value(file).unwrap()
    }

    /// A path of this test's own, removed when it ends.
    struct Scratch(PathBuf);

    impl Scratch {
        fn with(text: &str) -> Self {
            let scratch = Self(
                std::env::temp_dir().join(format!("connection-{}.json", uuid::Uuid::new_v4())),
            );
            fs::write(&scratch.0, text).unwrap();
            scratch
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn error(text: &str) -> String {
        let file = Scratch::with(text);
        let message = ConnectionFile::read(&file.0).unwrap_err().to_string();
        assert!(message.contains(&file.0.display().to_string()), "{message}");
        message
    }

    #[test]
    fn a_file_is_read_and_written_with_every_key() {
        let scratch = Scratch::with(&example().to_string());
        let mut file = ConnectionFile::read(&scratch.0).unwrap();
        file.shell_port = 7;
        file.write(&scratch.0).unwrap();
        let mut expected = example();
        expected["shell_port"] = json!(7);
        assert_eq!(
            serde_json::from_slice::<Value>(&fs::read(&scratch.0).unwrap()).unwrap(),
            expected
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_what_was_written() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::with("");
        parsed(example()).write(&scratch.0).unwrap();
        assert_eq!(
            fs::metadata(&scratch.0).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_to_what_lies_in_the_way() {
        let (scratch, other) = (Scratch::with(""), Scratch::with("untouched"));
        let name = scratch.0.file_name().unwrap().to_str().unwrap();
        let part = scratch
            .0
            .with_file_name(format!(".{name}.{}", std::process::id()));
        std::os::unix::fs::symlink(&other.0, part).unwrap();
        parsed(example()).write(&scratch.0).unwrap();
        assert_eq!(fs::read_to_string(&other.0).unwrap(), "untouched");
        assert!(!fs::symlink_metadata(&scratch.0).unwrap().is_symlink());
    }

    #[test]
    fn endpoints_follow_the_transport() {
        let mut file = parsed(example());
        assert_eq!(file.endpoint(9), "tcp://127.0.0.1:9");
        file.ip = "::1".to_owned();
        assert_eq!(file.endpoint(9), "tcp://[::1]:9");
        file.ip = "*".to_owned();
        assert_eq!(file.endpoint(9), "tcp://0.0.0.0:9");
        file.transport = Transport::Ipc;
        file.ip = "/run/kernel".to_owned();
        assert_eq!(file.endpoint(9), "ipc:///run/kernel-9");
    }

    #[test]
    fn the_key_is_not_shown() {
        let mut file = parsed(example());
        file.key = "hush".to_owned();
        assert!(!format!("{file:?}").contains("hush"));
    }

    #[test]
    fn an_address_is_of_this_machine_or_not() {
        let mut file = parsed(example());
        for (ip, is_local) in [
            ("127.0.0.1", true),
            ("127.8.0.1", true),
            ("::1", true),
            ("[::1]", true),
            ("localhost", true),
            ("*", false),
            ("0.0.0.0", false),
            ("::", false),
            ("192.168.0.1", false),
            ("example.org", false),
        ] {
            ip.clone_into(&mut file.ip);
            assert_eq!(file.is_local(), is_local, "{ip}");
        }
        file.transport = Transport::Ipc;
        assert!(file.is_local());
    }

    #[test]
    fn what_is_optional_has_the_defaults_of_jupyter() {
        let mut file = example();
        for key in ["transport", "signature_scheme", "kernel_name"] {
            file.as_object_mut().unwrap().remove(key);
        }
        let file = parsed(file);
        assert_eq!(
            (file.transport, file.signature_scheme.as_str()),
            (Transport::Tcp, "hmac-sha256")
        );
    }

    #[test]
    fn every_fault_is_an_error_that_names_the_file() {
        for (text, part) in [
            ("", "is not valid: EOF"),
            ("no json", "is not valid: expected"),
            ("[]", "is not valid"),
            ("{}", "missing field"),
            (r#"{"ip": 1}"#, "invalid type"),
        ] {
            let message = error(text);
            assert!(message.contains(part), "{message}");
        }
        for (key, value, part) in [
            ("shell_port", json!(70000), "70000"),
            ("shell_port", json!(-1), "-1"),
            ("transport", json!("udp"), "udp"),
            ("key", Value::Null, "null"),
        ] {
            let mut file = example();
            file[key] = value;
            let message = error(&file.to_string());
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_that_names_it() {
        let message = ConnectionFile::read(Path::new("/no/such/file.json"))
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("cannot read connection file /no/such/file.json: "),
            "{message}"
        );
        let message = parsed(example())
            .write(Path::new("/no/such/file.json"))
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("cannot write connection file /no/such/file.json: "),
            "{message}"
        );
    }

    #[test]
    fn encryption_is_refused_and_not_ignored() {
        let mut file = example();
        file["curve_publickey"] = json!("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
        let message = error(&file.to_string());
        assert!(
            message.ends_with("asks for encryption (curve_publickey), which is not supported"),
            "{message}"
        );
        file["curve_publickey"] = Value::Null;
        let scratch = Scratch::with(&file.to_string());
        ConnectionFile::read(&scratch.0).unwrap();
    }
}
