use std::process::{Command, Stdio};

use serde_json::json;

use crate::harness::{Channel, Client, Kernel, Request, Start, poll};

/// Reads the reply and the news for the other clients.
fn shut_down(client: &Client, channel: Channel, restart: bool) {
    let request: Request =
        client.request(channel, "shutdown_request", &json!({"restart": restart}));
    let outcome = client.finish(&request);
    let expected = json!({"status": "ok", "restart": restart});
    assert_eq!(outcome.reply.content, expected);
    let published: Vec<_> = outcome
        .of_type("shutdown_reply")
        .map(|output| &output.content)
        .collect();
    assert_eq!(published, [&expected]);
}

#[test]
fn the_reply_comes_before_the_end() {
    for (channel, restart) in [
        (Channel::Control, false),
        (Channel::Control, true),
        (Channel::Shell, false),
    ] {
        let (kernel, client) = Kernel::with_client();
        client.execute("1");
        shut_down(&client, channel, restart);
        assert!(kernel.exit().success(), "{}", kernel.log.text());
    }
}

#[test]
fn a_kernel_that_was_only_started_can_be_shut_down() {
    let (kernel, client) = Kernel::with_client();
    shut_down(&client, Channel::Control, false);
    assert!(kernel.exit().success(), "{}", kernel.log.text());
}

#[test]
fn a_cell_that_runs_does_not_hold_the_kernel() {
    for code in [
        "while True: pass",
        "import time; time.sleep(1000)",
        "import asyncio; await asyncio.sleep(1000)",
    ] {
        let (kernel, client) = Kernel::with_client();
        let cell = client.start(&format!("print('on', flush=True)\n{code}"));
        client.until_printed(&cell, "on\n");
        client.ask(
            Channel::Control,
            "shutdown_request",
            &json!({"restart": false}),
        );
        kernel.exit();
        client.leave();
    }
}

#[test]
fn what_was_registered_for_the_end_runs() {
    let (kernel, client) = Kernel::with_client();
    let file = kernel.directory.path().join("atexit");
    client.execute(&format!(
        "import atexit\natexit.register(lambda: open({file:?}, 'w').write('done'))\nNone"
    ));
    shut_down(&client, Channel::Control, true);
    kernel.exit();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "done");
}

#[cfg(unix)]
#[test]
fn child_processes_do_not_survive() {
    let (kernel, client) = Kernel::with_client();
    let outcome = client.execute("import subprocess\nsubprocess.Popen(['sleep', '1000']).pid");
    let pid = outcome.result().unwrap().to_owned();
    shut_down(&client, Channel::Control, false);
    kernel.exit();
    assert_gone(&pid);
}

#[cfg(unix)]
#[test]
fn a_kernel_whose_parent_dies_ends() {
    let kernel = Start::new().under_shell().kernel();
    let client = kernel.client();
    let outcome = client.execute("import os\nos.getpid()");
    let pid = outcome.result().unwrap().to_owned();
    client.assert_all_read();
    client.leave();
    kernel.signal("KILL");
    assert_gone(&pid);
}

/// Waits until there is no such process; kills it when it stays.
#[cfg(unix)]
fn assert_gone(pid: &str) {
    let kill = |signal: &str| {
        let status = Command::new("kill")
            .args([signal, pid])
            .stderr(Stdio::null())
            .status();
        status.unwrap().success()
    };
    let gone = poll(|| (!kill("-0") || is_zombie(pid)).then_some(())).is_some();
    if !gone {
        kill("-KILL");
    }
    assert!(gone, "process {pid} was still there");
}

/// Nobody may be there to collect it, which is not the kernel's business.
#[cfg(unix)]
fn is_zombie(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .any(|line| line.starts_with("State:") && line.contains('Z'))
}

#[cfg(unix)]
#[test]
fn a_kernel_whose_parent_lives_stays() {
    let kernel = Start::new()
        .env("JPY_PARENT_PID", std::process::id().to_string())
        .kernel();
    let client = kernel.client();
    // Longer than it takes to look twice.
    assert_eq!(
        client
            .execute("import asyncio\nawait asyncio.sleep(2.5)\n'alive'")
            .result(),
        Some("'alive'")
    );
}

#[cfg(unix)]
#[test]
fn a_terminate_signal_ends_the_kernel() {
    let (kernel, client) = Kernel::with_client();
    client.execute("1");
    kernel.signal("TERM");
    kernel.exit();
    client.leave();
}

#[test]
fn exit_ends_the_kernel_after_its_reply() {
    for code in ["exit()", "quit()", "exit"] {
        let (kernel, client) = Kernel::with_client();
        let outcome = client.execute(code);
        assert_eq!(outcome.status(), "ok", "{code}");
        assert_eq!(outcome.field("payload")[0]["source"], "ask_exit", "{code}");
        kernel.exit();
    }
}
