use serde_json::json;

use crate::harness::{Channel, Kernel};

#[test]
fn input_asks_the_client_that_runs_the_cell() {
    let kernel = Kernel::start();
    let (client, other) = (kernel.client(), kernel.client());
    let cell = client.start("print('before')\nname = input('name? ')\nprint('Hello', name)");
    let question = client.question();
    assert_eq!(
        question.content,
        json!({"prompt": "name? ", "password": false})
    );
    assert_eq!(question.parent_header.msg_id(), cell.msg_id);
    client.answer(&question, "Ada ü");
    assert_eq!(client.finish(&cell).stdout(), "before\nHello Ada ü\n");
    // The other one saw the outputs and no question.
    other.outputs(&cell);
}

#[test]
fn getpass_asks_for_a_password() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("import getpass\nlen(getpass.getpass('secret: '))");
    let question = client.question();
    assert_eq!(
        question.content,
        json!({"prompt": "secret: ", "password": true})
    );
    client.answer(&question, "12345");
    assert_eq!(client.finish(&cell).result(), Some("5"));
}

#[test]
fn a_client_that_cannot_be_asked_gets_an_error() {
    let (_kernel, client) = Kernel::with_client();
    let cell = json!({"code": "input('? ')", "allow_stdin": false});
    let outcome = client.ask(Channel::Shell, "execute_request", &cell);
    assert_eq!(outcome.ename(), "StdinNotImplementedError");
}

#[test]
fn a_client_that_does_not_say_whether_it_can_be_asked_is_asked() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.request(
        Channel::Shell,
        "execute_request",
        &json!({"code": "input()"}),
    );
    let question = client.question();
    client.answer(&question, "yes");
    assert_eq!(client.finish(&cell).result(), Some("'yes'"));
}

#[test]
fn the_end_of_input_is_an_eof_error() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("input()");
    let question = client.question();
    client.answer(&question, "\x04");
    assert_eq!(client.finish(&cell).ename(), "EOFError");
}

#[test]
fn an_interrupt_ends_the_question() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("input('? ')");
    let stale = client.question();
    client.ask(Channel::Control, "interrupt_request", &json!({}));
    assert_eq!(client.finish(&cell).ename(), "KeyboardInterrupt");
    // The late answer to the old question is not taken for the answer to the next one.
    client.answer(&stale, "stale");
    client.barrier();
    let cell = client.start("input('again? ')");
    let question = client.question();
    client.answer(&question, "fresh");
    assert_eq!(client.finish(&cell).result(), Some("'fresh'"));
}

#[test]
fn the_loop_goes_on_while_a_question_is_open() {
    let (_kernel, client) = Kernel::with_client();
    let starting = client.start(
        "import asyncio\nasync def tick():\n    while True:\n        print('tick')\n        await asyncio.sleep(0.01)\n\
         task = asyncio.create_task(tick())\nNone",
    );
    client.finish(&starting);
    let cell = client.start("input('? ')");
    let question = client.question();
    // Two more ticks after the question.
    let before = client.messages().len();
    while client.messages()[before..]
        .iter()
        .filter(|message| message.header.msg_type == "stream")
        .count()
        < 2
    {
        client.output(&starting);
    }
    client.answer(&question, "done");
    assert_eq!(client.finish(&cell).result(), Some("'done'"));
    client.leave();
}
