//! Peers are DEALERs of the same crate, and plain connections where a peer has to misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeromq::util::PeerIdentity;
use zeromq::{DealerSocket, Socket, SocketOptions, SocketRecv, SocketSend, ZmqMessage};

use super::writer::SendError;
use super::{Listener, MESSAGE_LIMIT, Router};

struct Served {
    router: Router,
    port: u16,
    /// How often it was said that a message is settled.
    settled: Arc<AtomicUsize>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

async fn serve() -> Served {
    serve_on(Listener::bind_tcp("127.0.0.1", 0).await.unwrap()).await
}

async fn serve_on((listener, port): (Listener, u16)) -> Served {
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let settled = Arc::<AtomicUsize>::default();
    let settles = {
        let settled = Arc::clone(&settled);
        move || {
            settled.fetch_add(1, Ordering::SeqCst);
        }
    };
    let router = Router::serve(
        "test",
        listener,
        MESSAGE_LIMIT,
        Arc::new(settles),
        &tasks,
        &shutdown,
    )
    .await
    .unwrap();
    Served {
        router,
        port,
        settled,
        tasks,
        shutdown,
    }
}

async fn limited<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("within the limit")
}

/// Connected, and known to the router.
async fn dealer(served: &mut Served, identity: &'static str) -> DealerSocket {
    let mut options = SocketOptions::default();
    options.peer_identity(identity.parse::<PeerIdentity>().unwrap());
    let mut dealer = DealerSocket::with_options(options);
    let endpoint = format!("tcp://127.0.0.1:{}", served.port);
    dealer.connect(&endpoint).await.unwrap();
    dealer.send("hello".into()).await.unwrap();
    assert_eq!(limited(served.router.recv()).await, [identity, "hello"]);
    dealer
}

/// A connection on which a DEALER has introduced itself, known to the router.
async fn raw(served: &mut Served, identity: &'static str) -> TcpStream {
    let mut peer = connect(served).await;
    peer.write_all(&introduction(identity)).await.unwrap();
    peer.write_all(&[0, 1, b'!']).await.unwrap();
    assert_eq!(limited(served.router.recv()).await, [identity, "!"]);
    peer
}

async fn connect(served: &Served) -> TcpStream {
    TcpStream::connect(("127.0.0.1", served.port))
        .await
        .unwrap()
}

/// As the kernel does it.
async fn end(served: Served) {
    served.shutdown.cancel();
    drop(served.router);
    served.tasks.close();
    limited(served.tasks.wait()).await;
}

fn to(identity: &'static str, frame: impl Into<Bytes>) -> Vec<Bytes> {
    vec![Bytes::from_static(identity.as_bytes()), frame.into()]
}

async fn received(dealer: &mut DealerSocket) -> Vec<Bytes> {
    limited(dealer.recv()).await.unwrap().into_vec()
}

/// A DEALER's greeting and READY.
fn introduction(identity: &str) -> BytesMut {
    let mut bytes = BytesMut::zeroed(64);
    bytes[0] = 0xff;
    bytes[9] = 0x7f;
    bytes[10] = 3;
    bytes[12..16].copy_from_slice(b"NULL");
    let mut ready = BytesMut::from(&b"\x05READY"[..]);
    for (name, value) in [("Socket-Type", "DEALER"), ("Identity", identity)] {
        ready.put_u8(name.len() as u8);
        ready.put_slice(name.as_bytes());
        ready.put_u32(value.len() as u32);
        ready.put_slice(value.as_bytes());
    }
    bytes.put_u8(6);
    bytes.put_u64(ready.len() as u64);
    bytes.put_slice(&ready);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reply_finds_its_peer_also_when_that_gave_no_identity() {
    let mut served = serve().await;
    let endpoint = format!("tcp://127.0.0.1:{}", served.port);
    let mut peers = [DealerSocket::new(), DealerSocket::new()];
    for (peer, request) in peers.iter_mut().zip(["first", "second"]) {
        peer.connect(&endpoint).await.unwrap();
        peer.send(request.into()).await.unwrap();
    }
    for _ in &peers {
        let frames = limited(served.router.recv()).await;
        served.router.sender().send(frames).unwrap();
    }
    for (peer, request) in peers.iter_mut().zip(["first", "second"]) {
        assert_eq!(received(peer).await, [request]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_settled_also_one_that_nobody_gets() {
    let mut served = serve().await;
    let mut peer = raw(&mut served, "me").await;
    assert_eq!(served.settled.load(Ordering::SeqCst), 0);
    for reply in ["first", "second"] {
        served.router.sender().send(to("me", reply)).unwrap();
    }
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"second") {
        limited(peer.read_buf(&mut bytes)).await.unwrap();
    }
    let settled = async |count| {
        while served.settled.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    };
    limited(settled(2)).await;
    assert_eq!(served.settled.load(Ordering::SeqCst), 2);
    served.router.sender().send(to("nobody", "reply")).unwrap();
    limited(settled(3)).await;
    drop(peer);
    limited(settled(4)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_comes_again_and_again_is_answered_each_time() {
    let mut served = serve().await;
    let mut former = dealer(&mut served, "me").await;
    for round in 0..20_u8 {
        let mut newer = dealer(&mut served, "me").await;
        served.router.sender().send(to("me", vec![round])).unwrap();
        assert_eq!(received(&mut newer).await, [vec![round]]);
        // The end of the former one must not take the newer with it.
        drop(std::mem::replace(&mut former, newer));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_peer_wins_an_identity() {
    let mut served = serve().await;
    let mut former = raw(&mut served, "me").await;
    let mut newer = dealer(&mut served, "me").await;
    served.router.sender().send(to("me", "reply")).unwrap();
    assert_eq!(received(&mut newer).await, ["reply"]);
    // The former one has been let go, and the reply did not go to it.
    let mut bytes = Vec::new();
    let _ = limited(former.read_to_end(&mut bytes)).await;
    assert!(!bytes.ends_with(b"reply"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_receives_all_that_has_arrived_and_in_order() {
    // What was written to a Unix socket has arrived; TCP may take its time even on one machine.
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kernel");
    let (listener, _) = Listener::bind_ipc(prefix.to_str().unwrap(), 1).unwrap();
    let mut served = serve_on((listener, 1)).await;
    let mut peer = UnixStream::connect(folder.path().join("kernel-1"))
        .await
        .unwrap();
    peer.write_all(&introduction("raw")).await.unwrap();
    for round in 0..200 {
        // The router awaits the first message, and the others arrive behind its back.
        peer.write_all(&[0, 1, b'!']).await.unwrap();
        assert_eq!(limited(served.router.recv()).await, ["raw", "!"]);
        let burst: Vec<u8> = (0..50).flat_map(|number| [0, 1, number]).collect();
        peer.write_all(&burst).await.unwrap();
        served.router.drain().await;
        for number in 0..50 {
            let frames = served.router.try_recv();
            let frames = frames.unwrap_or_else(|| panic!("message {number} in round {round}"));
            assert_eq!(frames[1][..], [number]);
        }
        assert_eq!(served.router.try_recv(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_receives_also_what_does_not_fit_between_gate_and_crate() {
    const LARGE: usize = 300_000;
    let mut served = serve().await;
    let mut peers = [
        raw(&mut served, "first").await,
        raw(&mut served, "second").await,
    ];
    let mut frame = BytesMut::from(&[2][..]);
    frame.put_u64(LARGE as u64);
    frame.put_bytes(7, LARGE);
    for round in 0..20 {
        for peer in &mut peers {
            for _ in 0..3 {
                peer.write_all(&frame).await.unwrap();
            }
        }
        // What has reached this machine by the time of the drain is not known of TCP; all of it comes in the end.
        served.router.drain().await;
        for _ in 0..6 {
            let frames = limited(served.router.recv()).await;
            assert_eq!(frames[1].len(), LARGE, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identity_that_comes_again_while_it_goes_is_never_lost() {
    let mut served = serve().await;
    let mut former = dealer(&mut served, "me").await;
    for round in 0..200_u8 {
        let ends = tokio::spawn(async move { drop(former) });
        let mut newer = dealer(&mut served, "me").await;
        ends.await.unwrap();
        served.router.sender().send(to("me", vec![round])).unwrap();
        assert_eq!(received(&mut newer).await, [vec![round]]);
        former = newer;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_only_listens_gets_what_is_sent_to_its_identity() {
    let mut served = serve().await;
    let _former = raw(&mut served, "me").await;
    let mut listens = connect(&served).await;
    listens.write_all(&introduction("me")).await.unwrap();
    let sender = served.router.sender();
    let mut greeting_and_ready = [0; 64 + 2 + 28];
    limited(listens.read_exact(&mut greeting_and_ready))
        .await
        .unwrap();
    let receives = limited(listens.read_u8());
    let asks = async {
        loop {
            sender.deliver(to("me", "question")).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        byte = receives => assert_eq!(byte.unwrap(), 0),
        () = asks => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ping_is_answered_and_unknown_commands_are_tolerated() {
    let mut served = serve().await;
    let mut peer = raw(&mut served, "raw").await;
    peer.write_all(b"\x04\x06\x05HELLO\x04\x0b\x04PING\x00\x10here\x00\x01?")
        .await
        .unwrap();
    assert_eq!(limited(served.router.recv()).await, ["raw", "?"]);
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\x04\x09\x04PONGhere") {
        bytes.push(limited(peer.read_u8()).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_gives_way_and_keeps_nobody_out() {
    let mut served = serve().await;
    let mut silent = Vec::new();
    for _ in 0..500 {
        silent.push(connect(&served).await);
    }
    let mut peer = dealer(&mut served, "here").await;
    let mut greeting = Vec::new();
    let _ = limited(silent[0].read_to_end(&mut greeting)).await;
    served.router.sender().send(to("here", "reply")).unwrap();
    assert_eq!(received(&mut peer).await, ["reply"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_words_of_a_peer_that_leaves_at_once_arrive() {
    let mut served = serve().await;
    for round in 0..50_u8 {
        let mut peer = connect(&served).await;
        peer.write_all(&introduction("brief")).await.unwrap();
        peer.write_all(&[0, 1, round]).await.unwrap();
        peer.shutdown().await.unwrap();
        assert_eq!(limited(served.router.recv()).await[1][..], [round]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivery_tells_whether_the_peer_is_there() {
    let mut served = serve().await;
    let sender = served.router.sender();
    let mut peer = dealer(&mut served, "here").await;
    sender.deliver(to("here", "question")).await.unwrap();
    assert_eq!(received(&mut peer).await, ["question"]);
    let gone = sender.deliver(to("elsewhere", "question")).await;
    assert!(matches!(gone, Err(SendError::Unconnected)), "{gone:?}");
    let empty = sender.deliver(Vec::new()).await;
    assert!(matches!(empty, Err(SendError::NoFrames)), "{empty:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_does_not_read_is_disconnected_and_the_others_are_served() {
    let mut served = serve().await;
    let sender = served.router.sender();
    let mut healthy = dealer(&mut served, "healthy").await;
    let _stopped = raw(&mut served, "stopped").await;
    let large = Bytes::from(vec![0; 1 << 20]);
    let floods = async {
        while sender.deliver(to("stopped", large.clone())).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    limited(floods).await;
    sender.send(to("healthy", "reply")).unwrap();
    assert_eq!(received(&mut healthy).await, ["reply"]);
}

/// More messages than the crate has room for: it would wait with a lock that the end of the connection needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_to_a_peer_that_does_not_read_holds_nobody_up() {
    let mut served = serve().await;
    let sender = served.router.sender();
    let mut healthy = dealer(&mut served, "healthy").await;
    let _stopped = raw(&mut served, "stopped").await;
    let reply = Bytes::from(vec![0; 4 << 10]);
    for _ in 0..400_000 {
        sender.send(to("stopped", reply.clone())).unwrap();
    }
    sender.send(to("healthy", "reply")).unwrap();
    assert_eq!(received(&mut healthy).await, ["reply"]);
    end(served).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reply_of_any_size_reaches_a_peer_that_reads() {
    let mut served = serve().await;
    let mut peer = dealer(&mut served, "here").await;
    let large = Bytes::from(vec![7; 300 << 20]);
    served
        .router
        .sender()
        .send(to("here", large.clone()))
        .unwrap();
    assert!(received(&mut peer).await == [large]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_shutdown_all_is_with_the_operating_system() {
    let mut served = serve().await;
    let sender = served.router.sender();
    let mut peer = raw(&mut served, "raw").await;
    for number in 0..100 {
        sender.send(to("raw", vec![number])).unwrap();
    }
    end(served).await;
    // Nothing of ours runs any more that could write: what comes now was written before.
    let mut bytes = Vec::new();
    limited(peer.read_to_end(&mut bytes)).await.unwrap();
    let expected: Vec<u8> = (0..100).flat_map(|number| [0, 1, number]).collect();
    assert!(bytes.ends_with(&expected), "{bytes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_never_greets_does_not_hold_the_shutdown() {
    let served = serve().await;
    let _stranger = connect(&served).await;
    end(served).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_disconnects_its_sender_alone() {
    let mut served = serve().await;
    let mut healthy = dealer(&mut served, "healthy").await;
    let greeting = &introduction("raw")[..64];
    let wrong_type =
        String::from_utf8_lossy(&introduction("raw")[64..]).replace("DEALER", "SECRET");
    let wrong_type = [greeting, wrong_type.as_bytes()].concat();
    let announced = |length: u64, flags| {
        let frame = [&[flags][..], &length.to_be_bytes()].concat();
        [&introduction("raw")[..], &frame].concat()
    };
    let too_long = announced(u64::MAX, 2);
    let more_than_there_is = announced(1 << 46, 2);
    let more_than_the_limit = announced((1 << 30) + 1, 3);
    let long_command = announced(1 << 40, 6);
    let reserved_flag = announced(1, 0x12);
    let long_identity = introduction(&"x".repeat(252));
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a stranger from the web\r\n\r\n"[..],
        &[0; 4096],
        &[0xff; 4096],
        &wrong_type,
        &too_long,
        &more_than_there_is,
        &more_than_the_limit,
        &long_command,
        &reserved_flag,
        &long_identity,
    ] {
        let mut stranger = connect(&served).await;
        stranger.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        tokio::select! {
            // The connection ends, by a FIN or by a reset, which is an error.
            _ = limited(stranger.read_to_end(&mut answer)) => {}
            frames = served.router.recv() => panic!("{frames:?}"),
        }
    }
    let message = ZmqMessage::from("still here");
    healthy.send(message).await.unwrap();
    assert_eq!(
        limited(served.router.recv()).await,
        ["healthy", "still here"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unix_socket_is_removed_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kernel");
    let (listener, _) = Listener::bind_ipc(prefix.to_str().unwrap(), 1).unwrap();
    let mut served = serve_on((listener, 1)).await;
    let endpoint = format!("ipc://{}-1", prefix.display());
    let mut peer = DealerSocket::new();
    peer.connect(&endpoint).await.unwrap();
    peer.send("hello".into()).await.unwrap();
    let mut frames = limited(served.router.recv()).await;
    frames[1] = Bytes::from_static(b"reply");
    served.router.sender().deliver(frames).await.unwrap();
    assert_eq!(received(&mut peer).await, ["reply"]);
    end(served).await;
    assert!(!folder.path().join("kernel-1").exists());
}
