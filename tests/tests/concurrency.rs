use serde_json::json;

use crate::harness::{Channel, Kernel};

const BUSY: &str = "print('on', flush=True)\nwhile True: pass";
const AWAITING: &str = "import asyncio\nprint('on', flush=True)\nawait asyncio.Event().wait()";

#[test]
fn control_is_answered_while_a_cell_is_busy() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start(BUSY);
    client.until_printed(&cell, "on\n");
    for _ in 0..20 {
        assert_eq!(
            client
                .ask(Channel::Control, "kernel_info_request", &json!({}))
                .status(),
            "ok"
        );
        assert_eq!(
            client
                .ask(Channel::Control, "usage_request", &json!({}))
                .status(),
            "ok"
        );
    }
    client.ask(Channel::Control, "interrupt_request", &json!({}));
    assert_eq!(client.finish(&cell).ename(), "KeyboardInterrupt");
}

#[test]
fn lookups_are_answered_while_a_cell_awaits_and_while_it_is_busy() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("some_long_name = 1");
    for cell in [AWAITING, BUSY] {
        let cell = client.start(cell);
        client.until_printed(&cell, "on\n");
        let completed = client.ask(
            Channel::Shell,
            "complete_request",
            &json!({"code": "some_lo", "cursor_pos": 7}),
        );
        assert_eq!(*completed.field("matches"), json!(["some_long_name"]));
        let inspected = client.ask(
            Channel::Shell,
            "inspect_request",
            &json!({"code": "print", "cursor_pos": 3}),
        );
        assert_eq!(*inspected.field("found"), true);
        let complete = client.ask(Channel::Shell, "is_complete_request", &json!({"code": "1"}));
        assert_eq!(complete.status(), "complete");
        let history = json!({"hist_access_type": "tail", "n": 1, "raw": true, "output": false});
        assert_eq!(
            client
                .ask(Channel::Shell, "history_request", &history)
                .status(),
            "ok"
        );
        client.ask(Channel::Control, "interrupt_request", &json!({}));
        assert_eq!(client.finish(&cell).ename(), "KeyboardInterrupt");
    }
}

#[test]
fn the_next_cell_waits_for_the_one_that_awaits() {
    let (_kernel, client) = Kernel::with_client();
    let first =
        client.start("import asyncio\norder = []\nawait asyncio.sleep(0.05)\norder.append(1)");
    let second = client.start("order.append(2)\norder");
    client.finish(&first);
    assert_eq!(client.finish(&second).result(), Some("[1, 2]"));
}

#[test]
fn a_background_task_prints_under_the_cell_that_started_it() {
    let (_kernel, client) = Kernel::with_client();
    let starting = client.start(
        "import asyncio\ngo = asyncio.Event()\nasync def work():\n    await go.wait()\n    print('from the task')\n\
         task = asyncio.create_task(work())\nNone",
    );
    assert_eq!(client.finish(&starting).outputs.len(), 1, "execute_input");
    let releasing = client.execute("go.set()\nawait task\nprint('from the cell')");
    assert_eq!(releasing.stdout(), "from the cell\n");
    client.until_printed(&starting, "from the task\n");
}

#[test]
fn a_background_task_goes_on_while_nothing_runs() {
    let (_kernel, client) = Kernel::with_client();
    let request = client.start(
        "import asyncio\nasync def work():\n    for i in range(3):\n        await asyncio.sleep(0.05)\n\
         \n        print('tick', i)\ntask = asyncio.create_task(work())\nNone",
    );
    client.finish(&request);
    // Nobody asks for anything, and it prints all the same.
    let printed = client.until_printed(&request, "tick 2\n");
    assert_eq!(printed, "tick 0\ntick 1\ntick 2\n");
}

#[test]
fn a_thread_prints_under_the_cell_that_started_it() {
    let (_kernel, client) = Kernel::with_client();
    let starting = client.start(
        "import threading\ngo = threading.Event()\ndef work():\n    go.wait()\n    print('from the thread')\n\
         thread = threading.Thread(target=work)\nthread.start()",
    );
    client.finish(&starting);
    assert_eq!(
        client
            .execute("go.set()\nthread.join()\nprint('from the cell')")
            .stdout(),
        "from the cell\n"
    );
    client.until_printed(&starting, "from the thread\n");
}

#[test]
fn an_exception_in_a_background_task_shows_under_its_cell_at_once() {
    let (_kernel, client) = Kernel::with_client();
    let starting = client.start(
        "import asyncio\nasync def work():\n    await asyncio.sleep(0.01)\n    raise ValueError('lost')\n\
         task = asyncio.create_task(work())\nNone",
    );
    client.finish(&starting);
    // The task is still referenced: asyncio alone would say nothing until it is collected.
    client.until_printed(&starting, "ValueError: lost");
    client.leave();
}

#[test]
fn two_clients_share_the_kernel_and_get_their_own_replies() {
    let kernel = Kernel::start();
    let (first, second) = (kernel.client(), kernel.client());
    let requests: Vec<_> = (0..20)
        .map(|number| {
            (
                first.start(&format!("print('first', {number})")),
                second.start(&format!("print('second', {number})")),
            )
        })
        .collect();
    for (number, (of_first, of_second)) in requests.iter().enumerate() {
        assert_eq!(first.finish(of_first).stdout(), format!("first {number}\n"));
        assert_eq!(
            second.finish(of_second).stdout(),
            format!("second {number}\n")
        );
        // Each sees on iopub what the other does, and never the other's replies.
        first.outputs(of_second);
        second.outputs(of_first);
    }
    let counts: Vec<_> = first
        .messages()
        .iter()
        .filter_map(|message| message.content["execution_count"].as_u64())
        .collect();
    assert_eq!(counts.iter().max(), Some(&40));
}

#[test]
fn a_client_that_comes_back_with_its_identity_is_answered() {
    let kernel = Kernel::start();
    for number in 1..=3 {
        assert_eq!(kernel.client().execute("1").count(), number);
    }
}

#[test]
fn asyncio_run_works_in_a_cell() {
    let (_kernel, client) = Kernel::with_client();
    let code = "import asyncio\nasync def answer():\n    await asyncio.sleep(0.01)\n    return 42\nasyncio.run(answer())";
    assert_eq!(client.execute(code).result(), Some("42"), "{client}");
    assert_eq!(client.execute("await answer()").result(), Some("42"));
}
