use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Kernel, Start, given_ports};

/// The binary must refuse this connection file in one line that has these words in it, with exit code 1.
fn refused(start: Start, file: &Path, words: &[&str]) {
    let (code, text) = start.failure(file);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    assert!(
        words.iter().all(|word| text.contains(word)),
        "{words:?} in {text}"
    );
}

/// The same for a file with this text.
fn refused_text(text: &str, words: &[&str]) {
    let start = Start::new();
    let file = start.directory().join("broken.json");
    std::fs::write(&file, text).unwrap();
    refused(start, &file, &[&["broken.json"], words].concat());
}

fn connection(key: &str, value: impl Into<Value>) -> String {
    let mut file = json!({
        "transport": "tcp", "ip": "127.0.0.1", "shell_port": 0, "iopub_port": 0, "stdin_port": 0, "control_port": 0,
        "hb_port": 0, "key": "key", "signature_scheme": "hmac-sha256",
    });
    file[key] = value.into();
    file.to_string()
}

#[test]
fn a_missing_connection_file_is_one_line_and_exit_code_1() {
    let start = Start::new();
    let file = start.directory().join("missing.json");
    refused(start, &file, &["missing.json"]);
}

#[test]
fn a_broken_connection_file_is_one_line_and_exit_code_1() {
    refused_text("", &[]);
    refused_text("{ not json", &[]);
    refused_text("{}", &["missing field"]);
    refused_text(&connection("shell_port", "many"), &["invalid type"]);
    refused_text(
        &connection("transport", "carrier pigeon"),
        &["carrier pigeon"],
    );
}

#[test]
fn an_unknown_signature_scheme_is_refused() {
    let start = Start::new();
    let file = start.directory().join("broken.json");
    std::fs::write(&file, connection("signature_scheme", "hmac-md5")).unwrap();
    refused(start, &file, &["hmac-md5"]);
}

#[test]
fn a_request_for_encryption_is_refused_and_not_ignored() {
    refused_text(
        &connection("curve_secretkey", "x".repeat(40)),
        &["encryption"],
    );
}

#[test]
fn a_port_that_is_taken_is_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let start = Start::new();
    let file = start.directory().join("connection.json");
    std::fs::write(&file, connection("shell_port", port)).unwrap();
    refused(start, &file, &[&port.to_string()]);
}

#[test]
fn port_0_is_replaced_in_the_file_and_every_other_key_is_kept() {
    let kernel = Start::new()
        .with("unknown_key", json!([1, {"a": null}]))
        .kernel();
    let connection = &kernel.connection;
    let mut ports = vec![
        connection.shell_port,
        connection.iopub_port,
        connection.stdin_port,
        connection.control_port,
        connection.hb_port,
    ];
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 5, "{connection:?}");
    assert_eq!(connection.extra["unknown_key"], json!([1, {"a": null}]));
    assert_eq!(connection.key, "the key of the tests");
    assert_eq!(kernel.client().execute("1").status(), "ok");
}

#[cfg(unix)]
#[test]
fn the_file_with_the_key_stays_private() {
    use std::os::unix::fs::PermissionsExt;
    let kernel = Kernel::start();
    let file = kernel.directory.path().join("connection.json");
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    // A file that the kernel did not have to write keeps the mode that the client gave it; this one it wrote.
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn given_ports_are_used() {
    let start = given_ports(Start::new());
    let given = start.connection()["hb_port"].clone();
    let kernel = start.kernel();
    assert_eq!(json!(kernel.connection.hb_port), given);
    assert_eq!(kernel.client().execute("1").status(), "ok");
}

#[cfg(unix)]
#[test]
fn ipc_works_as_tcp_does() {
    let start = Start::new();
    let path = start.directory().join("socket").display().to_string();
    let start = ["shell", "iopub", "stdin", "control", "hb"]
        .into_iter()
        .zip(1..)
        .fold(start, |start, (socket, port)| {
            start.with(&format!("{socket}_port"), port)
        });
    let kernel = start
        .with("transport", "ipc")
        .with("ip", path.as_str())
        .kernel();
    crate::harness::poll(|| Path::new(&format!("{path}-2")).exists().then_some(())).unwrap();
    let client = kernel.client();
    let outcome = client.execute("print('over a file')\n40 + 2");
    assert_eq!(
        (outcome.stdout().as_str(), outcome.result()),
        ("over a file\n", Some("42"))
    );
}

#[cfg(unix)]
#[test]
fn ipc_chooses_its_ports_too() {
    let start = Start::new();
    let path = start.directory().join("socket").display().to_string();
    let kernel = start
        .with("transport", "ipc")
        .with("ip", path.as_str())
        .kernel();
    assert_eq!(kernel.client().execute("1 + 1").result(), Some("2"));
}

#[test]
fn without_a_key_nothing_is_signed() {
    let kernel = Start::new().with("key", "").kernel();
    assert_eq!(kernel.client().execute("1 + 1").result(), Some("2"));
}

#[test]
fn requests_that_come_before_python_is_up_are_answered_in_their_order() {
    let (_kernel, client) = Kernel::with_client();
    let requests: Vec<_> = (1..=5)
        .map(|number| client.start(&format!("print({number})")))
        .collect();
    for (request, number) in requests.iter().zip(1..) {
        let outcome = client.finish(request);
        assert_eq!(
            (outcome.stdout(), outcome.count()),
            (format!("{number}\n"), number)
        );
    }
}
