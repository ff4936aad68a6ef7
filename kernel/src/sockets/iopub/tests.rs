//! The publishing side against the SUB socket of the crate `zeromq`, and against peers that behave badly.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use everloop_protocol::content::stream::StreamName;
use everloop_protocol::{Message, ParentHeader, Session};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeromq::{Socket, SocketRecv, SubSocket};

use super::serve;
use crate::outbox::Outbox;
use crate::sockets::zmtp::listener::Listener;

const PATIENCE: Duration = Duration::from_secs(20);
/// Of 10,000 bytes: more than the socket buffers of a stopped reader take.
const MESSAGES: usize = 4_000;

struct Published {
    outbox: Outbox,
    session: Session,
    port: u16,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Published {
    async fn start() -> Self {
        let session = Session::new(b"key", "hmac-sha256").unwrap();
        let (outbox, feed) = Outbox::new(session.clone());
        let (listener, port) = Listener::bind_tcp("127.0.0.1", 0).await.unwrap();
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        serve(listener, feed, &tasks, &shutdown);
        Self {
            outbox,
            session,
            port,
            tasks,
            shutdown,
        }
    }

    fn publish(&self, number: usize) {
        self.outbox.publish(
            &ParentHeader::none(),
            "display_data",
            json!({"number": number}),
        );
    }

    async fn subscriber(&self, topic: &str) -> Subscriber<'_> {
        let mut socket = SubSocket::new();
        socket
            .connect(&format!("tcp://127.0.0.1:{}", self.port))
            .await
            .unwrap();
        socket.subscribe(topic).await.unwrap();
        let mut subscriber = Subscriber {
            socket,
            session: &self.session,
        };
        let welcome = subscriber.recv().await;
        assert_eq!(welcome.header.msg_type, "iopub_welcome");
        assert_eq!(welcome.content, json!({"subscription": topic}));
        subscriber
    }

    /// A subscriber to everything that never reads.
    fn stopped_subscriber(&self) -> std::net::TcpStream {
        let mut peer = std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut greeting = [0; 64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        greeting[10] = 3;
        greeting[12..16].copy_from_slice(b"NULL");
        peer.write_all(&greeting).unwrap();
        peer.read_exact(&mut greeting).unwrap();
        peer.write_all(b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB")
            .unwrap();
        peer.write_all(b"\x00\x01\x01").unwrap();
        // The first bytes of the welcome come after the subscription is in effect; our READY is 28 bytes.
        peer.read_exact(&mut [0; 60]).unwrap();
        peer
    }
}

struct Subscriber<'a> {
    socket: SubSocket,
    session: &'a Session,
}

impl Subscriber<'_> {
    async fn recv(&mut self) -> Message {
        let frames = tokio::time::timeout(PATIENCE, self.socket.recv())
            .await
            .expect("nothing came")
            .unwrap();
        self.session.decode(frames.into_vec()).unwrap()
    }

    async fn recv_number(&mut self) -> u64 {
        self.recv().await.content["number"].as_u64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_subscriber_gets_what_was_published_before_it() {
    let published = Published::start().await;
    published.publish(0);
    published.outbox.flush().await;
    let mut first = published.subscriber("").await;
    let mut second = published.subscriber("").await;
    published.publish(1);
    assert_eq!(first.recv_number().await, 0);
    assert_eq!(first.recv_number().await, 1);
    assert_eq!(second.recv_number().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriber_gets_the_topics_that_it_wants_while_it_wants_them() {
    let published = Published::start().await;
    let mut streams = published.subscriber("stream.stdout").await;
    let mut all = published.subscriber("").await;
    let none = ParentHeader::none();
    published.outbox.stream(&none, StreamName::Stderr, "no\n");
    published.outbox.stream(&none, StreamName::Stdout, "yes\n");
    published.publish(0);
    assert_eq!(streams.recv().await.content["text"], "yes\n");
    streams.socket.unsubscribe("stream.stdout").await.unwrap();
    streams.socket.subscribe("kernel").await.unwrap();
    assert_eq!(streams.recv().await.header.msg_type, "iopub_welcome");
    published
        .outbox
        .stream(&none, StreamName::Stdout, "not any more\n");
    published.publish(1);
    assert_eq!(streams.recv_number().await, 1);
    for expected in ["stream", "stream", "display_data", "stream", "display_data"] {
        assert_eq!(all.recv().await.header.msg_type, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_reader_holds_nobody_up_and_nothing_is_lost() {
    let published = Published::start().await;
    let stopped = published.stopped_subscriber();
    let mut healthy = published.subscriber("").await;
    let (outbox, text) = (published.outbox.clone(), "x".repeat(10_000));
    let flood = std::thread::spawn(move || {
        let begin = Instant::now();
        for number in 0..MESSAGES {
            let content = json!({"number": number, "text": text});
            outbox.publish(&ParentHeader::none(), "display_data", content);
        }
        outbox.flush_blocking(PATIENCE);
        begin.elapsed()
    });
    for number in 0..MESSAGES {
        assert_eq!(healthy.recv_number().await, number as u64);
    }
    assert!(flood.join().unwrap() < PATIENCE);
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_has_stopped_for_too_long_is_told_what_it_missed() {
    let published = Published::start().await;
    let mut stopped = published.stopped_subscriber();
    let mut healthy = published.subscriber("").await;
    let (outbox, text) = (published.outbox.clone(), "x".repeat(1_000_000));
    let messages = super::BACKLOG_LIMIT / text.len() + 100;
    std::thread::spawn(move || {
        for number in 0..messages {
            let content = json!({"number": number, "text": text});
            outbox.publish(&ParentHeader::none(), "display_data", content);
        }
    });
    for number in 0..messages {
        assert_eq!(healthy.recv_number().await, number as u64);
    }
    // It reads on: what was on its way, the notice, and the end of the connection.
    stopped.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut rest = Vec::new();
    stopped.read_to_end(&mut rest).unwrap();
    assert!(rest.len() < super::BACKLOG_LIMIT / 2, "{}", rest.len());
    let end = String::from_utf8_lossy(&rest[rest.len() - 1000..]);
    assert!(end.contains("are missing here"), "{end}");
    // The front end comes again, and gets what is new.
    let mut again = published.subscriber("").await;
    published.publish(7);
    assert_eq!(again.recv_number().await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_prints_arrives_whole_in_few_messages() {
    let published = Published::start().await;
    let mut subscriber = published.subscriber("").await;
    let outbox = published.outbox.clone();
    std::thread::spawn(move || {
        for number in 0..100_000 {
            outbox.stream(
                &ParentHeader::none(),
                StreamName::Stdout,
                &format!("{number}\n"),
            );
        }
    });
    let (mut text, mut messages) = (String::new(), 0);
    while !text.ends_with("\n99999\n") {
        text.push_str(subscriber.recv().await.content["text"].as_str().unwrap());
        messages += 1;
    }
    assert!(
        text.lines()
            .map(str::parse)
            .eq((0..100_000).map(Ok::<u32, _>))
    );
    assert!(messages < 1000, "{messages}");
}

#[tokio::test(flavor = "multi_thread")]
async fn last_messages_arrive_when_the_kernel_exits() {
    let published = Published::start().await;
    let mut subscriber = published.subscriber("").await;
    for number in 0..1000 {
        published.publish(number);
    }
    published.shutdown.cancel();
    published.tasks.close();
    tokio::time::timeout(PATIENCE, published.tasks.wait())
        .await
        .unwrap();
    for number in 0..1000 {
        assert_eq!(subscriber.recv_number().await, number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_ends_its_connection_and_nothing_else() {
    let published = Published::start().await;
    let mut subscriber = published.subscriber("").await;
    let mut greeting = [0; 64];
    (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
    greeting[12..16].copy_from_slice(b"NULL");
    let huge_frame = [&greeting[..], b"\x02\x40\0\0\0\0\0\0\0"].concat();
    let wrong_type = [
        &greeting[..],
        b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PULL",
    ]
    .concat();
    for garbage in [
        b"GET / HTTP/1.1\r\n\r\n".repeat(10),
        vec![0xff; 200],
        huge_frame,
        wrong_type,
    ] {
        let mut peer = std::net::TcpStream::connect(("127.0.0.1", published.port)).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        peer.write_all(&garbage).unwrap();
        let mut rest = Vec::new();
        // It is disconnected; whether by an end or by a reset depends on what was left unread.
        if let Err(error) = peer.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
    published.publish(7);
    assert_eq!(subscriber.recv_number().await, 7);
}
