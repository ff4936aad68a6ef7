//! What a message costs from whoever publishes it to the frames that the writer sends: alone, by the thousand, and text
//! that is joined on the way.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use everloop::outbox::{Feed, Outbox, Outgoing};
use everloop_protocol::content::stream::StreamName;
use everloop_protocol::{ParentHeader, Session};
use serde_json::json;

const MANY: u64 = 1_000;

fn outbox() -> (Outbox, Feed) {
    Outbox::new(Session::new(b"key", "hmac-sha256").expect("the scheme is known"))
}

fn parent() -> ParentHeader {
    let header = json!({
        "msg_id": "5d4e8c3e-1c06-4d5c-8a53-6e4e3c5a3c0b_1_1", "session": "5d4e8c3e-1c06-4d5c-8a53-6e4e3c5a3c0b",
        "username": "user", "date": "2030-01-01T00:00:00.000000Z", "msg_type": "execute_request", "version": "5.5",
    });
    ParentHeader::from_json(&header.to_string()).expect("it is a header")
}

/// Everything that is in the outbox, encoded.
fn drain(feed: &Feed) -> usize {
    std::iter::from_fn(|| feed.take())
        .map(|outgoing| match outgoing {
            Outgoing::Message(_, frames) => frames.len(),
            Outgoing::Barrier(_) => 0,
        })
        .sum()
}

fn publish(criterion: &mut Criterion) {
    let parent = parent();
    let content = json!({"execution_state": "busy"});
    let mut group = criterion.benchmark_group("outbox");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one_message", |bencher| {
        let (outbox, feed) = outbox();
        bencher.iter(|| {
            outbox.publish(&parent, "status", black_box(&content));
            drain(&feed)
        });
    });
    group.throughput(Throughput::Elements(MANY));
    group.bench_function("thousand_messages", |bencher| {
        let (outbox, feed) = outbox();
        bencher.iter(|| {
            for _ in 0..MANY {
                outbox.publish(&parent, "status", black_box(&content));
            }
            drain(&feed)
        });
    });
    // A print: the line and its end, of which all become one message.
    group.bench_function("thousand_prints", |bencher| {
        bencher.iter_batched(
            outbox,
            |(outbox, feed)| {
                for _ in 0..MANY {
                    outbox.stream(
                        &parent,
                        StreamName::Stdout,
                        black_box("a line that a cell prints"),
                    );
                    outbox.stream(&parent, StreamName::Stdout, "\n");
                }
                outbox.publish(&parent, "status", &content);
                drain(&feed)
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, publish);
criterion_main!(benches);
