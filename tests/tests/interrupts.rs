use serde_json::json;

use crate::harness::{Channel, Client, Kernel, Request};

/// What a cell can be doing when it is interrupted; each prints first, so that the test knows that it runs.
const CELLS: [(&str, &str); 6] = [
    ("a busy loop", "print('on', flush=True)\nwhile True: pass"),
    (
        "time.sleep",
        "import time\nprint('on', flush=True)\ntime.sleep(1000)",
    ),
    (
        "an await",
        "import asyncio\nprint('on', flush=True)\nawait asyncio.sleep(1000)",
    ),
    (
        "an await of an event",
        "import asyncio\nprint('on', flush=True)\nawait asyncio.Event().wait()",
    ),
    (
        "a busy stretch of an async cell",
        "import asyncio\nawait asyncio.sleep(0)\nprint('on', flush=True)\nwhile True: pass",
    ),
    (
        "await in a loop",
        "import asyncio\nprint('on', flush=True)\nwhile True: await asyncio.sleep(0)",
    ),
];

/// Starts the cell, interrupts it, and sees that it ended by that and that the kernel is well.
fn interrupted(client: &Client, name: &str, code: &str, interrupt: impl Fn()) {
    let cell = client.start(code);
    client.until_printed(&cell, "on\n");
    interrupt();
    assert_eq!(client.finish(&cell).ename(), "KeyboardInterrupt", "{name}");
    assert_eq!(client.execute("6 * 7").result(), Some("42"), "{name}");
}

fn ask(client: &Client) {
    let outcome = client.ask(Channel::Control, "interrupt_request", &json!({}));
    assert_eq!(
        (outcome.reply.content, outcome.outputs.len()),
        (json!({"status": "ok"}), 0)
    );
}

#[test]
fn a_message_interrupts_whatever_a_cell_does() {
    let (_kernel, client) = Kernel::with_client();
    for (name, code) in CELLS {
        interrupted(&client, name, code, || ask(&client));
    }
}

#[cfg(unix)]
#[test]
fn a_signal_interrupts_whatever_a_cell_does() {
    let (kernel, client) = Kernel::with_client();
    for (name, code) in CELLS {
        interrupted(&client, name, code, || kernel.signal("INT"));
    }
}

#[test]
fn an_interrupt_of_an_idle_kernel_does_nothing() {
    let (kernel, client) = Kernel::with_client();
    client.execute("import asyncio");
    ask(&client);
    assert_eq!(
        client.execute("await asyncio.sleep(0.05)\n'calm'").result(),
        Some("'calm'")
    );
    #[cfg(unix)]
    {
        kernel.signal("INT");
        // When control answers, the process has survived the signal.
        client.ask(Channel::Control, "kernel_info_request", &json!({}));
    }
    let _ = &kernel;
    assert_eq!(
        client.execute("await asyncio.sleep(0.05)\n'calm'").result(),
        Some("'calm'")
    );
}

#[test]
fn an_interrupt_never_hits_the_next_cell() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("import asyncio");
    for _ in 0..30 {
        // The interrupt races with the end of the first cell.
        let first: Request = client.start("await asyncio.sleep(0)");
        let interrupt = client.request(Channel::Control, "interrupt_request", &json!({}));
        let status = client.finish(&first).status().to_owned();
        assert!(["ok", "error"].contains(&status.as_str()));
        client.finish(&interrupt);
        // The reply to the interrupt is there, so this cell came after it.
        assert_eq!(
            client.execute("await asyncio.sleep(0.001)\n1").status(),
            "ok"
        );
    }
}

#[test]
fn an_interrupt_can_be_caught() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("try:\n    print('on', flush=True)\n    while True: pass\nexcept KeyboardInterrupt:\n    print('caught')\n'well'");
    client.until_printed(&cell, "on\n");
    ask(&client);
    let outcome = client.finish(&cell);
    assert_eq!(
        (outcome.stdout().as_str(), outcome.result()),
        ("caught\n", Some("'well'"))
    );
}

#[test]
fn an_interrupt_aborts_what_is_queued_as_any_error_does() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("print('on', flush=True)\nwhile True: pass");
    client.until_printed(&cell, "on\n");
    let queued = client.start("print('never')");
    // Another request on shell that is answered beside the cell shows that the kernel has read the queue.
    client.ask(Channel::Shell, "kernel_info_request", &json!({}));
    ask(&client);
    assert_eq!(client.finish(&cell).ename(), "KeyboardInterrupt");
    assert_eq!(client.finish(&queued).status(), "aborted");
    assert_eq!(client.execute("1").status(), "ok");
}

#[test]
fn background_tasks_outlive_an_interrupt() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("import asyncio\nticks = 0\nasync def tick():\n    global ticks\n    while True:\n        ticks += 1\n        await asyncio.sleep(0.001)\ntask = asyncio.create_task(tick())");
    let cell = client.start("print('on', flush=True)\nawait asyncio.sleep(1000)");
    client.until_printed(&cell, "on\n");
    ask(&client);
    assert_eq!(client.finish(&cell).ename(), "KeyboardInterrupt");
    let outcome = client
        .execute("before = ticks\nwhile ticks == before: await asyncio.sleep(0)\ntask.cancel()");
    assert_eq!(outcome.status(), "ok");
}
