use super::queue::{HOLD, State};
use super::*;
use serde_json::json;

fn outbox() -> (Outbox, Feed, Session) {
    let session = Session::new(b"key", "hmac-sha256").unwrap();
    let (outbox, feed) = Outbox::new(session.clone());
    (outbox, feed, session)
}

fn parent(msg_id: &str) -> ParentHeader {
    ParentHeader::from_json(&json!({"msg_id": msg_id}).to_string()).unwrap()
}

/// Everything that may go now: message types, and the text of streams.
fn taken(feed: &Feed, session: &Session) -> Vec<String> {
    let items = std::iter::from_fn(|| feed.take());
    let names = items.map(|item| match item {
        Outgoing::Message(_, frames) => {
            let message = session.decode(frames).unwrap();
            let text = message.content["text"].as_str().map(str::to_owned);
            text.unwrap_or(message.header.msg_type)
        }
        Outgoing::Barrier(done) => {
            done();
            "barrier".to_owned()
        }
    });
    names.collect()
}

#[test]
fn adjacent_text_of_one_parent_and_stream_is_joined_and_nothing_overtakes() {
    let (outbox, feed, session) = outbox();
    let (one, two) = (parent("1"), parent("2"));
    for (parent, name, text) in [
        (&one, StreamName::Stdout, "a"),
        (&one, StreamName::Stdout, "b\n"),
        (&one, StreamName::Stderr, "c"),
        (&two, StreamName::Stderr, "d"),
        (&two, StreamName::Stderr, ""),
    ] {
        outbox.stream(parent, name, text);
    }
    outbox.publish(&two, "display_data", json!({}));
    outbox.stream(&two, StreamName::Stderr, "e");
    outbox.publish(&two, "status", json!({}));
    let expected = ["ab\n", "c", "d", "display_data", "e", "status"];
    assert_eq!(taken(&feed, &session), expected);
}

#[test]
fn one_large_text_is_many_messages_and_loses_nothing() {
    let (outbox, feed, session) = outbox();
    // Signs of three bytes, so that the limit is in the middle of one.
    let text = "€".repeat(JOIN_LIMIT);
    let parent = parent("1");
    outbox.stream(&parent, StreamName::Stdout, &text);
    outbox.publish(&parent, "status", json!({}));
    let mut taken = taken(&feed, &session);
    assert_eq!(taken.pop().as_deref(), Some("status"));
    assert!(taken.iter().all(|piece| piece.len() < 2 * JOIN_LIMIT));
    assert!(taken.concat() == text);
}

#[test]
fn text_waits_for_more_text_but_not_behind_something_else() {
    let (outbox, feed, session) = outbox();
    let parent = parent("1");
    outbox.stream(&parent, StreamName::Stdout, "line");
    assert!(feed.take().is_none());
    outbox.stream(&parent, StreamName::Stdout, "\n");
    assert!(feed.take().is_none());
    outbox.publish(&parent, "status", json!({}));
    assert_eq!(taken(&feed, &session), ["line\n", "status"]);
}

#[tokio::test]
async fn beginning_waits_for_what_follows_and_not_for_ever() {
    let (outbox, mut feed, session) = outbox();
    let parent = parent("1");
    let begun = Instant::now();
    outbox.status(&parent, ExecutionState::Busy, Wait::Company);
    outbox.publish_with(Publication {
        wait: Wait::Company,
        ..simple(&parent, "execute_input", json!({})).unwrap()
    });
    assert!(matches!(feed.shared.lock().state(), State::Held(_)));
    outbox.publish(&parent, "display_data", json!({}));
    feed.ready().await;
    let all = ["status", "execute_input", "display_data"];
    assert_eq!(taken(&feed, &session), all);
    outbox.status(&parent, ExecutionState::Busy, Wait::Company);
    feed.ready().await;
    assert_eq!(taken(&feed, &session), ["status"]);
    assert!(begun.elapsed() >= HOLD);
}

#[tokio::test]
async fn idle_waits_for_its_reply_but_not_behind_something_else() {
    let (outbox, mut feed, session) = outbox();
    let parent = parent("1");
    let is_held = || {
        let begun = Instant::now();
        outbox.status(&parent, ExecutionState::Idle, Wait::Reply);
        let is_held = feed.take().is_none();
        assert!(is_held || begun.elapsed() >= HOLD);
        is_held
    };
    // On a machine that has other work it may be time already.
    while !is_held() {}
    outbox.replied();
    assert!(matches!(feed.shared.lock().state(), State::Ready));
    assert_eq!(taken(&feed, &session), ["status"]);
    outbox.status(&parent, ExecutionState::Idle, Wait::Reply);
    outbox.publish(&parent, "display_data", json!({}));
    assert_eq!(taken(&feed, &session), ["status", "display_data"]);
    // A reply that never comes holds nothing up for long.
    outbox.status(&parent, ExecutionState::Idle, Wait::Reply);
    feed.ready().await;
    assert_eq!(taken(&feed, &session), ["status"]);
}

#[tokio::test]
async fn text_goes_by_itself_after_a_while() {
    let (outbox, mut feed, session) = outbox();
    outbox.stream(&parent("1"), StreamName::Stdout, ".");
    feed.ready().await;
    assert_eq!(taken(&feed, &session), ["."]);
}

#[tokio::test]
async fn flush_returns_when_what_was_published_before_is_taken() {
    let (outbox, mut feed, session) = outbox();
    outbox.stream(&parent("1"), StreamName::Stdout, "text");
    let flushing = tokio::spawn(async move { outbox.flush().await });
    feed.ready().await;
    while !flushing.is_finished() {
        assert!(
            ["text", "barrier"].starts_with(
                &taken(&feed, &session)
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
            )
        );
        tokio::task::yield_now().await;
    }
}

#[test]
fn producer_waits_for_room_and_goes_on_when_there_is_some() {
    let (outbox, feed, _) = outbox();
    let flood = std::thread::spawn(move || {
        for number in 0..20 {
            outbox.publish(&parent("1"), "display_data", "x".repeat(1 << 20));
            outbox.stream(&parent("1"), StreamName::Stdout, &number.to_string());
        }
    });
    let mut most = 0;
    while !flood.is_finished() || feed.take().is_some() {
        most = most.max(feed.shared.lock().bytes);
        feed.take();
    }
    flood.join().unwrap();
    assert!(most <= HIGH_WATER + (2 << 20), "{most}");
}

#[test]
fn thread_of_the_io_runtime_never_waits() {
    let (outbox, _feed, _) = outbox();
    let publishes = std::thread::spawn(move || {
        never_wait_on_this_thread();
        let begin = Instant::now();
        for _ in 0..20 {
            outbox.publish(&ParentHeader::none(), "display_data", "x".repeat(1 << 20));
        }
        begin.elapsed()
    });
    assert!(publishes.join().unwrap() < LONGEST_WAIT);
}

#[test]
fn status_never_waits() {
    let (outbox, feed, session) = outbox();
    outbox.publish(&parent("1"), "display_data", "x".repeat(HIGH_WATER));
    outbox.status(&parent("1"), ExecutionState::Idle, Wait::No);
    assert_eq!(taken(&feed, &session), ["display_data", "status"]);
}

#[test]
fn without_a_writer_nobody_waits() {
    let (outbox, feed, _) = outbox();
    let (called_tx, called) = std::sync::mpsc::channel();
    let tell = move |name: &'static str| {
        let called_tx = called_tx.clone();
        move || called_tx.send(name).unwrap()
    };
    outbox.after(tell("before"));
    drop(feed);
    outbox.after(tell("behind"));
    assert_eq!(called.try_iter().collect::<Vec<_>>(), ["before", "behind"]);
    for _ in 0..20 {
        outbox.publish(&ParentHeader::none(), "display_data", "x".repeat(1 << 20));
    }
    outbox.flush_blocking(LONGEST_WAIT);
}
