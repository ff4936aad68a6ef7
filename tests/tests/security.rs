use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use everloop_protocol::{ParentHeader, Session};
use serde_json::{Value, json};

use crate::harness::{Channel, Client, Kernel, RawPeer, Start, given_ports, poll};

const CHANNELS: [Channel; 3] = [Channel::Shell, Channel::Control, Channel::Stdin];
/// Found nowhere by chance.
const KEY: &str = "0f5c7d1e-the-key-of-this-test-a83b";

fn kernel() -> Kernel {
    Start::new().with("key", KEY).kernel()
}

fn encoded(session: &Session, msg_type: &str, content: &Value) -> Vec<Bytes> {
    let none = ParentHeader::none();
    let frames = session.encode(&[], msg_type, &none, &json!({}), content, &[]);
    frames.expect("JSON")
}

/// A message as somebody would send it who does not know the key.
fn forgeries(client: &Client, msg_type: &str, content: &Value) -> Vec<Vec<Bytes>> {
    let frames = encoded(&client.session, msg_type, content);
    let signed_by = |key: &[u8]| {
        let stranger = Session::new(key, "hmac-sha256").expect("a known scheme");
        encoded(&stranger, msg_type, content)
    };
    let signature_of_other = encoded(&client.session, msg_type, &json!({"other": 1}))[1].clone();
    let own = &frames[1];
    let signatures = [
        Bytes::new(),
        Bytes::from_static(&[b'0'; 64]),
        own.slice(..62),
        [own, &b"00"[..]].concat().into(),
        Bytes::from_static(b"\xff\x00not hexadecimal"),
        signature_of_other,
    ];
    let mut forgeries: Vec<_> = signatures
        .into_iter()
        .map(|signature| {
            let mut forged = frames.clone();
            forged[1] = signature;
            forged
        })
        .collect();
    forgeries.extend([&b"another key"[..], b"", &KEY.as_bytes()[1..]].map(signed_by));
    // The signature is good, but not for what stands there now.
    forgeries.extend((2..6).map(|frame| {
        let mut changed = frames.clone();
        changed[frame] = [&changed[frame], &b" "[..]].concat().into();
        changed
    }));
    forgeries
}

fn touch(kernel: &Kernel) -> (PathBuf, Value) {
    let path = kernel.directory.path().join("touched");
    let code = format!("open({:?}, 'w')", path.display().to_string());
    (path, json!({"code": code}))
}

/// That nothing was said about them is seen when the client goes.
#[test]
fn what_the_key_did_not_sign_has_no_effect_on_shell_and_control() {
    let kernel = kernel();
    let client = kernel.client();
    let (touched, cell) = touch(&kernel);
    let messages = [
        ("execute_request", cell),
        ("kernel_info_request", json!({})),
        (
            "comm_open",
            json!({"comm_id": "c", "target_name": "t", "data": {}}),
        ),
        ("shutdown_request", json!({"restart": false})),
        ("unknown_request", json!({})),
    ];
    let mut forged = 0;
    for channel in [Channel::Shell, Channel::Control] {
        for (msg_type, content) in &messages {
            for frames in forgeries(&client, msg_type, content) {
                client.send_garbage(channel, frames);
                forged += 1;
            }
        }
    }
    client.barrier();
    assert!(!touched.exists());
    assert_eq!(client.execute("1").count(), 1);
    let refused = || kernel.log.text().matches("bad signature").count() == forged;
    poll(|| refused().then_some(())).expect("a line in the log for each");
    assert!(!kernel.log.text().contains(KEY));
}

#[test]
fn what_the_key_did_not_sign_neither_interrupts_nor_answers() {
    let kernel = kernel();
    let client = kernel.client();
    let cell = client.start("input('? ')");
    let question = client.question();
    for frames in forgeries(&client, "interrupt_request", &json!({})) {
        client.send_garbage(Channel::Control, frames);
    }
    for frames in forgeries(&client, "input_reply", &json!({"value": "forged"})) {
        client.send_garbage(Channel::Stdin, frames);
    }
    client.barrier();
    client.answer(&question, "honest");
    assert_eq!(client.finish(&cell).result(), Some("'honest'"));
}

#[test]
fn a_message_has_its_effect_once_on_whatever_channel_it_comes_again() {
    let kernel = kernel();
    let client = kernel.client();
    client.execute("runs = 0");
    let frames = encoded(
        &client.session,
        "execute_request",
        &json!({"code": "runs += 1"}),
    );
    client.finish(&client.request_frames(Channel::Shell, frames.clone()));
    let eavesdropper = kernel.client();
    eavesdropper.leave();
    for channel in CHANNELS {
        client.send_garbage(channel, frames.clone());
        eavesdropper.send_garbage(channel, frames.clone());
    }
    client.barrier();
    let refused = || kernel.log.text().matches("used before").count() == 6;
    poll(|| refused().then_some(())).expect("a line in the log for each");
    assert_eq!(client.execute("runs").result(), Some("1"));
}

#[test]
fn an_answer_answers_one_question() {
    let kernel = kernel();
    let client = kernel.client();
    let cell = client.start("[input('? '), input('? ')]");
    client.question();
    // As jupyter_client sends it: nothing in it says which question it is for.
    let answer = encoded(&client.session, "input_reply", &json!({"value": "first"}));
    client.send_garbage(Channel::Stdin, answer.clone());
    let second = client.question();
    client.send_garbage(Channel::Stdin, answer);
    client.answer(&second, "second");
    let outcome = client.finish(&cell);
    assert_eq!(outcome.result(), Some("['first', 'second']"));
}

#[test]
fn iopub_takes_no_requests_not_even_signed_ones() {
    let kernel = kernel();
    let client = kernel.client();
    let (touched, cell) = touch(&kernel);
    let port = kernel.connection.iopub_port;
    let mut subscriber = RawPeer::connect(port, "XSUB");
    subscriber.send(&[b"\x01"]);
    for (msg_type, content) in [
        ("execute_request", &cell),
        ("shutdown_request", &json!({"restart": false})),
    ] {
        let frames = encoded(&client.session, msg_type, content);
        subscriber.send(&frames);
    }
    // Behind them on the same connection: they have been read when this one has its effect.
    subscriber.send(&[b"\x01", b"x"]);
    client.barrier();
    assert_eq!(client.execute("1").count(), 1);
    assert!(!touched.exists());
}

/// Whatever the kernel does and however much it tells.
#[test]
fn the_key_is_in_no_log_no_message_and_no_process() {
    let kernel = Start::new()
        .with("key", KEY)
        .env("EVERLOOP_LOG", "trace")
        .kernel();
    let client = kernel.client();
    for forged in forgeries(&client, "execute_request", &json!({"code": "1"})) {
        client.send_garbage(Channel::Shell, forged);
    }
    let outcome = client.execute(
        "import os, subprocess, traceback\n\
         print(open('/proc/self/environ').read(), open('/proc/self/cmdline').read(), dict(os.environ))\n\
         print(subprocess.run(['env'], capture_output=True, text=True).stdout)\n\
         print(subprocess.run(['ps', '-ef'], capture_output=True, text=True).stdout)\n\
         1 / 0",
    );
    assert_eq!(outcome.status(), "error");
    assert!(outcome.stdout().contains("PATH"));
    client.ask(Channel::Shell, "connect_request", &json!({}));
    client.ask(Channel::Shell, "unknown_request", &json!({}));
    client.ask(Channel::Shell, "execute_request", &json!({"code": 1}));
    client.ask(Channel::Control, "interrupt_request", &json!({}));
    for message in client.messages() {
        assert!(!format!("{message:?}").contains(KEY), "{message:?}");
    }
    client.ask(
        Channel::Control,
        "shutdown_request",
        &json!({"restart": false}),
    );
    kernel.exit();
    let log = kernel.log.text();
    assert!(log.contains("bad signature"), "{log}");
    assert!(!log.contains(KEY), "{log}");
}

#[test]
fn what_holds_secrets_is_for_its_owner_alone_whatever_the_umask_is() {
    let start = Start::new();
    let socket = start.directory().join("socket").display().to_string();
    let kernel = start
        .with("transport", "ipc")
        .with("ip", socket.as_str())
        .without_umask()
        .kernel();
    let client = kernel.client();
    client.execute("'a secret'");
    client.ask(
        Channel::Shell,
        "history_request",
        &json!({"hist_access_type": "tail", "n": 1}),
    );
    let mode = |name: &str| {
        let path = kernel.directory.path().join(name);
        std::fs::metadata(&path)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .permissions()
            .mode()
            & 0o777
    };
    for number in 1..=5 {
        assert_eq!(mode(&format!("socket-{number}")), 0o600, "{number}");
    }
    assert_eq!(mode("connection.json"), 0o600);
    assert_eq!(mode("profile_default/history.sqlite"), 0o600);
    assert_eq!(mode("profile_default"), 0o700);
    // Cells have what the kernel was started with.
    let outcome =
        client.execute("import os; open('new', 'w').close(); oct(os.stat('new').st_mode)");
    assert_eq!(outcome.result(), Some("'0o100666'"));
}

#[test]
fn a_connection_file_that_others_can_read_is_warned_of() {
    let start = given_ports(Start::new().with("key", KEY));
    let kernel = start.mode(0o644).kernel();
    kernel.log.until("other users can read the connection file");
    assert!(!kernel.log.text().contains(KEY));
    assert_eq!(kernel.client().execute("1").status(), "ok");
}

#[test]
fn no_key_is_warned_of_where_others_can_connect() {
    let kernel = Start::new().with("key", "").with("ip", "0.0.0.0").kernel();
    kernel.log.until("no key");
    let kernel = Start::new().with("key", "").kernel();
    assert_eq!(kernel.client().execute("1 + 1").result(), Some("2"));
    assert!(!kernel.log.text().contains("no key"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_five_sockets_of_the_connection_file_are_all_that_is_open() {
    let kernel = kernel();
    let client = kernel.client();
    client.execute("import asyncio\nawait asyncio.sleep(0)\nawait asyncio.to_thread(print, 1)");
    let connection = &kernel.connection;
    let mut expected = vec![
        connection.shell_port,
        connection.iopub_port,
        connection.stdin_port,
        connection.control_port,
        connection.hb_port,
    ];
    expected.sort_unstable();
    let mut ports = Vec::new();
    for (address, port) in listening(kernel.process.id()) {
        assert_eq!(address, "0100007F", "127.0.0.1 in the kernel's words");
        ports.push(port);
    }
    ports.sort_unstable();
    assert_eq!(ports, expected);
}

/// Address and port of each TCP and UDP socket of a process that waits for others to come.
#[cfg(target_os = "linux")]
fn listening(process: u32) -> Vec<(String, u16)> {
    let process = Path::new("/proc").join(process.to_string());
    let own: Vec<String> = std::fs::read_dir(process.join("fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            Some(
                link.to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')?
                    .to_owned(),
            )
        })
        .collect();
    let mut found = Vec::new();
    // A TCP socket that listens is in state 0A, an open UDP socket in 07.
    for (table, state) in [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")] {
        let text = std::fs::read_to_string(process.join("net").join(table)).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[3] == state && own.iter().any(|inode| inode == fields[9]) {
                let (address, port) = fields[1].split_once(':').unwrap();
                found.push((address.to_owned(), u16::from_str_radix(port, 16).unwrap()));
            }
        }
    }
    found
}
