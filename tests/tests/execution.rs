use serde_json::{Value, json};

use crate::harness::{Channel, Kernel};

#[test]
fn the_first_cell_is_number_1() {
    let (_kernel, client) = Kernel::with_client();
    let outcome = client.execute("6 * 7");
    assert_eq!(outcome.count(), 1);
    assert_eq!(outcome.types(), ["execute_input", "execute_result"]);
    for output in &outcome.outputs {
        assert_eq!(
            output.content["execution_count"], 1,
            "{}",
            output.header.msg_type
        );
    }
    assert_eq!(outcome.outputs[0].content["code"], "6 * 7");
    assert_eq!(
        (outcome.field("user_expressions"), outcome.field("payload")),
        (&json!({}), &json!([]))
    );
    assert!(
        outcome.reply.metadata["started"].is_string(),
        "cell timing needs it"
    );
    assert_eq!(client.execute("1").count(), 2);
}

#[test]
fn streams_come_before_idle_and_in_their_order() {
    let (_kernel, client) = Kernel::with_client();
    let code = "import sys\nfor i in range(1000):\n    print(i)\nprint('error', file=sys.stderr)\nprint('end')\n'result'";
    for _ in 0..10 {
        let outcome = client.execute(code);
        let numbers: String = (0..1000).map(|number| number.to_string() + "\n").collect();
        assert_eq!(outcome.stdout(), numbers + "end\n");
        assert_eq!(outcome.printed("stderr"), "error\n");
        assert_eq!(outcome.types().last(), Some(&"execute_result"));
    }
}

#[test]
fn text_without_a_line_end_is_printed_too() {
    let (_kernel, client) = Kernel::with_client();
    assert_eq!(
        client
            .execute("import sys\nsys.stdout.write('no end')\nNone")
            .stdout(),
        "no end"
    );
}

#[test]
fn a_hundred_cells_at_once_keep_their_order_and_their_numbers() {
    let (_kernel, client) = Kernel::with_client();
    let requests: Vec<_> = (1..=100)
        .map(|number| client.start(&format!("print({number})\n{number}")))
        .collect();
    for (request, number) in requests.iter().zip(1..) {
        let outcome = client.finish(request);
        assert_eq!(outcome.count(), number);
        assert_eq!(outcome.stdout(), format!("{number}\n"));
        assert_eq!(outcome.result(), Some(number.to_string().as_str()));
    }
    // Replies came in the order of the requests, and no cell began before the one ahead of it was done.
    let ids: Vec<_> = requests
        .iter()
        .map(|request| request.msg_id.as_str())
        .collect();
    let messages = client.messages();
    let of_cells = |wanted: &[&str]| -> Vec<String> {
        let matching = messages
            .iter()
            .filter(|message| wanted.contains(&message.header.msg_type.as_str()));
        matching
            .map(|message| message.parent_header.msg_id().to_owned())
            .filter(|id| ids.contains(&id.as_str()))
            .collect()
    };
    assert_eq!(of_cells(&["execute_reply"]), ids);
    let of_iopub = ["execute_input", "stream", "execute_result", "status"];
    let mut outputs = of_cells(&of_iopub);
    outputs.dedup();
    assert_eq!(outputs, ids);
}

#[test]
fn what_is_no_cell_is_answered_in_its_turn() {
    let (_kernel, client) = Kernel::with_client();
    let mut requests = Vec::new();
    for _ in 0..50 {
        requests.push(client.start("print('text')"));
        requests.push(client.request(Channel::Shell, "execute_request", &json!({"code": 7})));
    }
    for pair in requests.chunks(2) {
        assert_eq!(client.finish(&pair[0]).stdout(), "text\n");
        assert_eq!(*client.finish(&pair[1]).field("ename"), "InvalidContent");
    }
    let messages = client.messages();
    let replies = messages
        .iter()
        .filter(|message| message.header.msg_type == "execute_reply");
    let replies: Vec<_> = replies.map(|reply| reply.parent_header.msg_id()).collect();
    let sent: Vec<_> = requests
        .iter()
        .map(|request| request.msg_id.as_str())
        .collect();
    assert_eq!(replies, sent);
}

#[test]
fn silent_execution_does_not_count_or_show() {
    let (_kernel, client) = Kernel::with_client();
    let silent = client.ask(
        Channel::Shell,
        "execute_request",
        &json!({"code": "x = 1\n6 * 7", "silent": true}),
    );
    assert_eq!((silent.status(), silent.outputs.len()), ("ok", 0));
    assert_eq!(client.execute("x").count(), 1);
}

#[test]
fn a_cell_that_is_not_stored_does_not_count() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("1");
    let outcome = client.ask(
        Channel::Shell,
        "execute_request",
        &json!({"code": "2", "store_history": false}),
    );
    assert_eq!(outcome.result(), Some("2"));
    assert_eq!(client.execute("3").count(), 2);
}

#[test]
fn an_empty_cell_does_not_count() {
    let (_kernel, client) = Kernel::with_client();
    for code in ["", " \n\t\n"] {
        assert_eq!(client.execute(code).status(), "ok");
    }
    assert_eq!(client.execute("1").count(), 1);
}

#[test]
fn an_error_is_published_and_replied_and_leaves_the_state_as_it_was() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("kept = 1");
    let outcome = client.execute("kept += 1\n1 / 0\nkept += 10");
    assert_eq!((outcome.ename(), outcome.count()), ("ZeroDivisionError", 2));
    assert_eq!(*outcome.field("user_expressions"), json!({}));
    let traceback = outcome.field("traceback").as_array().unwrap();
    assert!(!traceback.is_empty() && traceback.iter().all(Value::is_string));
    let after = client.execute("kept");
    assert_eq!((after.result(), after.count()), (Some("2"), 3));
}

#[test]
fn a_syntax_error_is_an_error_and_counts() {
    let (_kernel, client) = Kernel::with_client();
    let outcome = client.execute("a b");
    assert_eq!((outcome.ename(), outcome.count()), ("SyntaxError", 1));
}

/// As in ipykernel: there is one queue, and who sent a cell does not matter.
#[test]
fn an_error_aborts_the_queued_cells_of_all_clients() {
    let kernel = Kernel::start();
    let (one, other) = (kernel.client(), kernel.client());
    let failing = one.start(
        "try:\n    print('on', flush=True)\n    while True: pass\nexcept KeyboardInterrupt:\n    1 / 0",
    );
    one.until_printed(&failing, "on\n");
    let (mine, theirs) = (one.start("print('never')"), other.start("print('never')"));
    one.barrier();
    other.barrier();
    one.ask(Channel::Control, "interrupt_request", &json!({}));
    assert_eq!(one.finish(&failing).ename(), "ZeroDivisionError");
    for (client, cell) in [(&one, &mine), (&other, &theirs)] {
        let aborted = client.finish(cell);
        assert_eq!(aborted.reply.content, json!({"status": "aborted"}));
        assert!(aborted.outputs.is_empty(), "{aborted:?}");
    }
    for client in [&one, &other] {
        assert_eq!(client.execute("1").result(), Some("1"));
        client.leave();
    }
}

#[test]
fn an_error_that_stops_nothing_leaves_the_cells_of_all_clients() {
    let kernel = Kernel::start();
    let (one, other) = (kernel.client(), kernel.client());
    let code = "try:\n    print('on', flush=True)\n    while True: pass\nexcept KeyboardInterrupt:\n    1 / 0";
    let failing = one.request(
        Channel::Shell,
        "execute_request",
        &json!({"code": code, "stop_on_error": false}),
    );
    one.until_printed(&failing, "on\n");
    let (mine, theirs) = (one.start("1"), other.start("2"));
    one.barrier();
    other.barrier();
    one.ask(Channel::Control, "interrupt_request", &json!({}));
    assert_eq!(one.finish(&failing).ename(), "ZeroDivisionError");
    assert_eq!(one.finish(&mine).result(), Some("1"));
    assert_eq!(other.finish(&theirs).result(), Some("2"));
    one.leave();
    other.leave();
}

#[test]
fn an_error_aborts_the_cells_that_are_queued_and_nothing_else() {
    let (_kernel, client) = Kernel::with_client();
    // The cell waits until everything is queued: the file is made when all requests are sent.
    let failing = client.start(
        "try:\n    print('on', flush=True)\n    while True: pass\nexcept KeyboardInterrupt:\n    1 / 0",
    );
    client.until_printed(&failing, "on\n");
    let queued = client.start("print('never')");
    let other = client.request(Channel::Shell, "is_complete_request", &json!({"code": "1"}));
    let queued_too = client.start("print('never')");
    // Both went through the same socket, so when shell has answered the one the kernel has read the other.
    assert_eq!(
        client
            .ask(Channel::Control, "interrupt_request", &json!({}))
            .status(),
        "ok"
    );
    assert_eq!(client.finish(&failing).ename(), "ZeroDivisionError");
    for request in [&queued, &queued_too] {
        let aborted = client.finish(request);
        assert_eq!(aborted.reply.content, json!({"status": "aborted"}));
        assert!(aborted.outputs.is_empty(), "{aborted:?}");
    }
    assert_eq!(client.finish(&other).status(), "complete");
    // What comes afterwards runs, and the aborted cells had no number.
    let after = client.execute("1");
    assert_eq!((after.status(), after.count()), ("ok", 2));
}

#[test]
fn without_stop_on_error_the_queue_goes_on() {
    let (_kernel, client) = Kernel::with_client();
    let failing = json!({"code": "1 / 0", "stop_on_error": false});
    let failing = client.request(Channel::Shell, "execute_request", &failing);
    let queued = client.start("'still here'");
    assert_eq!(client.finish(&failing).ename(), "ZeroDivisionError");
    assert_eq!(client.finish(&queued).result(), Some("'still here'"));
}

#[test]
fn user_expressions_are_evaluated_after_a_cell_that_worked() {
    let (_kernel, client) = Kernel::with_client();
    let expressions = json!({"good": "x + 1", "bad": "1 / 0", "worse": "a b"});
    let cell = json!({"code": "x = 41", "user_expressions": expressions});
    let outcome = client.ask(Channel::Shell, "execute_request", &cell);
    let values = outcome.field("user_expressions");
    assert_eq!(
        (
            &values["good"]["status"],
            &values["good"]["data"]["text/plain"]
        ),
        (&json!("ok"), &json!("42"))
    );
    assert_eq!(
        (&values["bad"]["status"], &values["bad"]["ename"]),
        (&json!("error"), &json!("ZeroDivisionError"))
    );
    assert_eq!(
        (&values["worse"]["status"], &values["worse"]["ename"]),
        (&json!("error"), &json!("SyntaxError"))
    );

    let failing = json!({"code": "1 / 0", "user_expressions": expressions});
    let outcome = client.ask(Channel::Shell, "execute_request", &failing);
    assert_eq!(
        (outcome.ename(), outcome.field("user_expressions")),
        ("ZeroDivisionError", &json!({}))
    );
}

#[test]
fn top_level_await_works() {
    let (_kernel, client) = Kernel::with_client();
    let outcome =
        client.execute("import asyncio\nprint('before')\nawait asyncio.sleep(0.01, 'slept')");
    assert_eq!(
        (outcome.stdout().as_str(), outcome.result()),
        ("before\n", Some("'slept'"))
    );
}

#[test]
fn the_loop_is_the_same_in_every_cell() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("import asyncio\nloop = asyncio.get_running_loop()\nawait asyncio.sleep(0)");
    assert_eq!(
        client
            .execute("loop is asyncio.get_running_loop() and loop.is_running()")
            .result(),
        Some("True")
    );
}

#[test]
fn system_exit_does_not_end_the_kernel() {
    let (_kernel, client) = Kernel::with_client();
    assert_eq!(
        client.execute("raise SystemExit('bye')").ename(),
        "SystemExit"
    );
    assert_eq!(client.execute("1").status(), "ok");
}
