//! The process of a kernel.

use std::ffi::OsString;
use std::fs::Permissions;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use everloop_protocol::ConnectionFile;
use serde_json::{Value, json};
use tempfile::TempDir;
use zeromq::{ReqSocket, Socket, SubSocket};

use super::client::{Client, subscriber};
use super::log::Log;
use super::{LIMIT, wait};

/// A kernel that runs. It is killed when this goes.
pub(crate) struct Kernel {
    pub(crate) process: Arc<Process>,
    pub(crate) connection: ConnectionFile,
    /// What it writes to standard error.
    pub(crate) log: Arc<Log>,
    /// The connection file, and every directory that the kernel could write to.
    pub(crate) directory: TempDir,
}

/// How a kernel is to be started.
pub(crate) struct Start {
    connection: Value,
    environment: Vec<(OsString, OsString)>,
    directory: TempDir,
    /// What a shell does that starts it as `"$@"`.
    shell: Option<&'static str>,
    /// Of the connection file.
    mode: Option<Permissions>,
}

/// The process itself.
pub(crate) struct Process(Mutex<Child>);

impl Kernel {
    /// A kernel on tcp ports of its own choice.
    pub(crate) fn start() -> Self {
        Start::new().kernel()
    }

    /// A front end for it.
    pub(crate) fn client(&self) -> Client {
        Client::connect(Arc::clone(&self.process), &self.connection)
    }

    /// A kernel and its only front end.
    pub(crate) fn with_client() -> (Self, Client) {
        let kernel = Self::start();
        let client = kernel.client();
        (kernel, client)
    }

    /// A socket for its heartbeat.
    pub(crate) fn heartbeat(&self) -> ReqSocket {
        let mut socket = ReqSocket::new();
        let endpoint = self.connection.endpoint(self.connection.hb_port);
        wait("a connection", socket.connect(&endpoint)).expect("the heartbeat answers");
        socket
    }

    /// A bare subscriber, which reads when it is told to.
    pub(crate) fn subscriber(&self, topic: &str) -> SubSocket {
        wait(
            "a connection",
            subscriber(&self.connection.endpoint(self.connection.iopub_port), topic),
        )
    }

    /// Waits for the end of the process.
    pub(crate) fn exit(&self) -> ExitStatus {
        self.process
            .exit()
            .unwrap_or_else(|| panic!("the kernel still runs after {LIMIT:?}\n{}", self.log.text()))
    }

    /// Sends a signal to the process, as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.process.id().to_string())
            .status();
        assert!(status.expect("kill is everywhere").success());
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.process.kill();
        if std::thread::panicking() {
            eprintln!("what the kernel logged:\n{}", self.log.text());
        }
    }
}

impl Start {
    pub(crate) fn new() -> Self {
        let connection = json!({
            "transport": "tcp", "ip": "127.0.0.1", "shell_port": 0, "iopub_port": 0, "stdin_port": 0,
            "control_port": 0, "hb_port": 0, "key": "the key of the tests", "signature_scheme": "hmac-sha256",
            "kernel_name": "everloop",
        });
        let directory = tempfile::Builder::new()
            .prefix("el")
            .tempdir()
            .expect("a directory for temporary files");
        Self {
            connection,
            environment: Vec::new(),
            directory,
            shell: None,
            mode: None,
        }
    }

    /// With this in the connection file.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.connection[key] = value.into();
        self
    }

    /// With this in the environment.
    pub(crate) fn env(mut self, key: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((key.into(), value.into()));
        self
    }

    /// As the child of a shell, which it is told to watch. The process that is killed at the end is the shell.
    #[cfg(unix)]
    pub(crate) fn under_shell(mut self) -> Self {
        self.shell = Some(r#"JPY_PARENT_PID=$$ "$@" & wait"#);
        self
    }

    /// With a connection file that has this mode.
    #[cfg(unix)]
    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(std::os::unix::fs::PermissionsExt::from_mode(mode));
        self
    }

    /// With new files for everybody, unless the kernel says otherwise.
    #[cfg(unix)]
    pub(crate) fn without_umask(mut self) -> Self {
        self.shell = Some(r#"umask 000; exec "$@""#);
        self
    }

    /// What the connection file will say.
    pub(crate) fn connection(&self) -> &Value {
        &self.connection
    }

    /// Where the connection file and the kernel's own directories are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the kernel, and waits until the connection file tells its ports.
    pub(crate) fn kernel(self) -> Kernel {
        let file = self.directory.path().join("connection.json");
        std::fs::write(&file, self.connection.to_string()).expect("a new file");
        if let Some(mode) = self.mode.clone() {
            std::fs::set_permissions(&file, mode).expect("our own file");
        }
        let mut child = self
            .command(&file)
            .spawn()
            .expect("the kernel can be started");
        let log = Log::of(child.stderr.take().expect("stderr is a pipe"));
        // Descriptor 1 belongs to the cells; should anything get there, it must not block.
        let _ = Log::of(child.stdout.take().expect("stdout is a pipe"));
        let process = Arc::new(Process(Mutex::new(child)));
        let connection = process.ports(&file, &log);
        Kernel {
            process,
            connection,
            log,
            directory: self.directory,
        }
    }

    /// Runs the binary with this as its connection file, to its end; returns its exit code and its standard error.
    pub(crate) fn failure(self, connection_file: &Path) -> (Option<i32>, String) {
        let mut child = self
            .command(connection_file)
            .spawn()
            .expect("the kernel can be started");
        let mut pipe = child.stderr.take().expect("stderr is a pipe");
        let process = Process(Mutex::new(child));
        let status = process.exit();
        process.kill();
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        let status =
            status.unwrap_or_else(|| panic!("the kernel still runs after {LIMIT:?}\n{text}"));
        (status.code(), text)
    }

    fn command(&self, file: &Path) -> Command {
        let mut command = match self.shell {
            Some(script) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", script, "sh"]).arg(binary());
                shell
            }
            None => Command::new(binary()),
        };
        command
            .arg("run")
            .arg("-f")
            .arg(file)
            .current_dir(&self.directory);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for directory in [
            "HOME",
            "IPYTHONDIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_CONFIG_DIR",
            "XDG_DATA_HOME",
        ] {
            command.env(directory, self.directory.path());
        }
        command
            .env_remove("JPY_PARENT_PID")
            .envs(self.environment.iter().cloned());
        command
    }
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.0.lock().expect("no panic").id()
    }

    /// How the process ended, when it has.
    pub(crate) fn ended(&self) -> Option<String> {
        let status = self
            .0
            .lock()
            .expect("no panic")
            .try_wait()
            .expect("it is our child");
        status.map(|status| format!("the kernel ended with {status}"))
    }

    fn exit(&self) -> Option<ExitStatus> {
        poll(|| {
            self.0
                .lock()
                .expect("no panic")
                .try_wait()
                .expect("it is our child")
        })
    }

    fn kill(&self) {
        let mut child = self.0.lock().expect("no panic");
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Reads the connection file until all ports are chosen.
    fn ports(&self, file: &Path, log: &Log) -> ConnectionFile {
        let chosen = poll(|| {
            if let Some(end) = self.ended() {
                panic!("{end}\n{}", log.text());
            }
            ConnectionFile::read(file).ok().filter(|file| {
                let ports = [
                    file.shell_port,
                    file.iopub_port,
                    file.stdin_port,
                    file.control_port,
                    file.hb_port,
                ];
                !ports.contains(&0)
            })
        });
        chosen.unwrap_or_else(|| {
            panic!(
                "no ports in the connection file after {LIMIT:?}\n{}",
                log.text()
            )
        })
    }
}

/// With ports of the test's choice, so that the kernel does not write the connection file.
pub(crate) fn given_ports(start: Start) -> Start {
    // Below the range from which clients get theirs, so that nobody takes one in between.
    let base = 15_000 + u16::try_from(std::process::id() % 2_000).expect("less than 2000") * 5;
    ["shell", "iopub", "stdin", "control", "hb"]
        .into_iter()
        .zip(base..)
        .fold(start, |start, (socket, port)| {
            start.with(&format!("{socket}_port"), port)
        })
}

/// Looks until there is something, within [`LIMIT`]. Neither a file nor a child can be waited for portably.
pub(crate) fn poll<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    let end = Instant::now() + LIMIT;
    loop {
        let found = look();
        if found.is_some() || Instant::now() > end {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The binary under test: `EVERLOOP_BIN`, or the release build beside this test.
pub(crate) fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("EVERLOOP_BIN") {
        return binary.into();
    }
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3).expect("target/profile/deps/test");
    let binary = target
        .join("release")
        .join("everloop")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        binary.exists(),
        "{} is not there: build it with `make build`",
        binary.display()
    );
    binary
}
