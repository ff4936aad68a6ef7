//! What a message costs on its way from frames to a request and from a reply to frames: signatures, JSON, headers.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use everloop_protocol::content::execute::ExecuteRequest;
use everloop_protocol::content::stream::{Stream, StreamName};
use everloop_protocol::{ParentHeader, Session};
use serde_json::{Map, Value, json};

const KEY: &[u8] = b"a0436f6c-1916-498b-8eb9-e81ab9368e84";

fn session() -> Session {
    Session::new(KEY, "hmac-sha256").expect("the scheme is known")
}

/// An `execute_request` as a front end sends it, with the identity of its socket in front.
fn request(session: &Session, code: &str) -> Vec<Bytes> {
    let content = json!({
        "code": code, "silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": true,
        "stop_on_error": true,
    });
    let metadata = json!({"cellId": "6dfcd2b6-6b0c-4a3c-a8a2-0d4a3a7fa4ee", "deletedCells": [], "recordTiming": false});
    session
        .encode(
            &[Bytes::from_static(b"front end")],
            "execute_request",
            &ParentHeader::none(),
            metadata.as_object().expect("it is an object"),
            &content,
            &[],
        )
        .expect("the request is JSON")
}

fn decode(criterion: &mut Criterion) {
    let session = session();
    let mut group = criterion.benchmark_group("decode");
    for (name, code) in [
        ("short_cell", "1 + 1".to_owned()),
        ("long_cell", "print('a line of a cell')\n".repeat(10_000)),
    ] {
        let frames = request(&session, &code);
        group.throughput(Throughput::Bytes(code.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let message = session
                    .decode(black_box(frames.clone()))
                    .expect("it is valid");
                message
                    .content::<ExecuteRequest>()
                    .expect("it is a request")
            });
        });
    }
    group.finish();
}

/// The header of a request, as the parent of what answers it.
fn parent(session: &Session) -> ParentHeader {
    let request = request(session, "1 + 1");
    session.decode(request).expect("it is valid").as_parent()
}

fn encode(criterion: &mut Criterion) {
    let session = session();
    let parent = parent(&session);
    let status = json!({"execution_state": "busy"});
    let result = json!({"execution_count": 1, "data": {"text/plain": "2"}, "metadata": {}});
    let text = "a line that a cell prints\n".repeat(10_000);
    let size = text.len() as u64;
    let printed = Stream {
        name: StreamName::Stdout,
        text,
    };

    let metadata = Map::<String, Value>::new();
    let mut group = criterion.benchmark_group("encode");
    for (msg_type, content) in [("status", &status), ("execute_result", &result)] {
        group.bench_function(msg_type, |bencher| {
            bencher.iter(|| {
                session.encode(&[], msg_type, &parent, &metadata, black_box(content), &[])
            });
        });
    }
    group.throughput(Throughput::Bytes(size));
    group.bench_function("long_stream", |bencher| {
        bencher
            .iter(|| session.encode(&[], "stream", &parent, &metadata, black_box(&printed), &[]));
    });
    group.finish();
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);
