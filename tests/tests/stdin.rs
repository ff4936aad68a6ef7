use everloop_protocol::ParentHeader;
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

#[test]
fn an_answer_may_name_nothing() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("input('one? '), await ainput('two? ')");
    for value in ["1", "2"] {
        client.question();
        client.answer_under(&ParentHeader::none(), value);
    }
    assert_eq!(client.finish(&cell).result(), Some("('1', '2')"));
}

#[test]
fn an_answer_may_name_the_request_that_caused_the_question() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("await ainput('? ')");
    let question = client.question();
    client.answer_under(&question.parent_header, "yes");
    assert_eq!(client.finish(&cell).result(), Some("'yes'"));
}

#[test]
fn an_answer_that_names_nothing_and_came_before_the_question_is_forgotten() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start("input('first? ')");
    client.question();
    client.ask(Channel::Control, "interrupt_request", &json!({}));
    assert_eq!(client.finish(&cell).ename(), "KeyboardInterrupt");
    client.answer_under(&ParentHeader::none(), "stale");
    // It has arrived when the machine has had the time for a round trip on the same kind of connection.
    client.barrier();
    let cell = client.start("import time\ntime.sleep(0.1)\nawait ainput('second? ')");
    let question = client.question();
    client.answer(&question, "fresh");
    assert_eq!(client.finish(&cell).result(), Some("'fresh'"));
}

#[test]
fn questions_of_one_client_do_not_keep_those_of_another_waiting() {
    let kernel = Kernel::start();
    let (one, other) = (kernel.client(), kernel.client());
    let starting = one.execute("import asyncio\ntask = asyncio.create_task(ainput('one? '))\nNone");
    assert_eq!(starting.status(), "ok");
    let open = one.question();
    let cell = other.start("input('other? ')");
    assert_eq!(other.question().content["prompt"], "other? ");
    // Of two answers that name nothing, each is that of who sent it.
    other.answer_under(&ParentHeader::none(), "2");
    let outcome = other.finish(&cell);
    assert_eq!(outcome.result(), Some("'2'"));
    one.answer(&open, "1");
    assert_eq!(one.execute("await task").result(), Some("'1'"));
    one.leave();
    other.leave();
}

#[test]
fn nobody_answers_for_another() {
    let kernel = Kernel::start();
    let (client, stranger) = (kernel.client(), kernel.client());
    let cell = client.start("await ainput('? ')");
    let question = client.question();
    for parent in [
        &ParentHeader::none(),
        &question.as_parent(),
        &question.parent_header,
    ] {
        stranger.answer_under(parent, "forged");
    }
    stranger.barrier();
    client.answer(&question, "mine");
    assert_eq!(client.finish(&cell).result(), Some("'mine'"));
    client.leave();
    stranger.leave();
}

#[test]
fn twenty_questions_are_asked_in_turn() {
    let (_kernel, client) = Kernel::with_client();
    let cell = client.start(
        "import asyncio\nprint(*await asyncio.gather(*(ainput(str(i)) for i in range(20))))",
    );
    for i in 0..20 {
        let question = client.question();
        assert_eq!(question.content["prompt"], i.to_string());
        // Had the next one been sent already, its answer would be this one.
        client.answer_under(&ParentHeader::none(), &format!("a{i}"));
    }
    let answers: Vec<_> = (0..20).map(|i| format!("a{i}")).collect();
    assert_eq!(client.finish(&cell).stdout(), answers.join(" ") + "\n");
}
