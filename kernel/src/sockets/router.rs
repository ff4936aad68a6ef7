//! A ROUTER socket: every message that arrives carries the identity of its peer in front, every message that
//! leaves names its peer there.
//!
//! Two peers with one identity: the newer wins (`ZMQ_ROUTER_HANDOVER`), since a front end that reconnects comes
//! with the identity it had. A message for a peer that is gone is the sender's to log.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::zmtp::ZmtpError;
use super::zmtp::frame::{Traffic, Wire};
use super::zmtp::handshake::{ROUTER, handshake};
use super::zmtp::link::Link;
use super::zmtp::listener::Listener;
use super::zmtp::stream::Stream;

/// Largest message that a peer may send, buffers included.
const MESSAGE_LIMIT: usize = 1 << 30;
/// A peer that lets more than this wait for it is disconnected, so that memory stays bounded.
const BACKLOG_LIMIT: usize = 512 << 20;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("no peer with this identity is connected")]
    Gone,
    #[error("the message has no identity in front")]
    NoIdentity,
}

/// The receiving side, owned by one task.
pub(crate) struct Router {
    peers: Arc<Peers>,
    incoming: mpsc::UnboundedReceiver<Vec<Bytes>>,
}

/// The sending side; sending never waits.
#[derive(Clone)]
pub(crate) struct RouterSender {
    peers: Arc<Peers>,
}

struct Peers {
    name: &'static str,
    links: Mutex<HashMap<Bytes, Arc<Link>>>,
    incoming_tx: mpsc::UnboundedSender<Vec<Bytes>>,
    anonymous: AtomicU32,
}

impl Router {
    /// Starts to accept peers. `name` is for the log.
    pub(crate) fn serve(
        name: &'static str,
        listener: Listener,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Self {
        let (incoming_tx, incoming) = mpsc::unbounded_channel();
        let peers = Arc::new(Peers {
            name,
            links: Mutex::default(),
            incoming_tx,
            anonymous: AtomicU32::new(0),
        });
        let accept = accept_loop(
            Arc::clone(&peers),
            listener,
            tasks.clone(),
            shutdown.clone(),
        );
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(accept));
        Self { peers, incoming }
    }

    pub(crate) fn sender(&self) -> RouterSender {
        RouterSender {
            peers: Arc::clone(&self.peers),
        }
    }

    /// The next message, the identity of its peer in front.
    pub(crate) async fn recv(&mut self) -> Vec<Bytes> {
        match self.incoming.recv().await {
            Some(frames) => frames,
            None => std::future::pending().await,
        }
    }

    /// The next message that has been received already.
    pub(crate) fn try_recv(&mut self) -> Option<Vec<Bytes>> {
        self.incoming.try_recv().ok()
    }

    /// Receives everything that has arrived at this machine so far; `try_recv` then yields it.
    pub(crate) fn drain(&self) {
        let links: Vec<_> = lock(&self.peers.links)
            .iter()
            .map(|(identity, link)| (identity.clone(), Arc::clone(link)))
            .collect();
        for (identity, link) in links {
            // A link that ends here ends in its own task too, which logs why.
            let _ = link.drain(|traffic| self.peers.receive(&identity, traffic));
        }
    }
}

impl RouterSender {
    /// Sends to the peer that the first frame names.
    pub(crate) fn send(&self, frames: &[Bytes]) -> Result<(), SendError> {
        let (identity, frames) = frames.split_first().ok_or(SendError::NoIdentity)?;
        let link = lock(&self.peers.links).get(identity).cloned();
        let link = link.ok_or(SendError::Gone)?;
        link.push(&Wire::message(frames));
        link.flush();
        if link.backlog() > BACKLOG_LIMIT {
            tracing::warn!(
                socket = self.peers.name,
                "a peer does not read its replies: disconnected"
            );
            link.close();
        }
        Ok(())
    }

    /// Waits until everything sent is with the operating system, at most `limit`.
    pub(crate) async fn linger(&self, limit: Duration) {
        let links: Vec<_> = lock(&self.peers.links).values().cloned().collect();
        let written = async {
            for link in links {
                link.written_out().await;
            }
        };
        let _ = tokio::time::timeout(limit, written).await;
    }
}

impl Peers {
    fn receive(&self, identity: &Bytes, traffic: Traffic) {
        let Traffic::Message(frames) = traffic else {
            tracing::debug!(socket = self.name, "ignored a command");
            return;
        };
        let mut message = Vec::with_capacity(frames.len() + 1);
        message.push(identity.clone());
        message.extend(frames);
        // Fails only while the kernel shuts down.
        let _ = self.incoming_tx.send(message);
    }

    /// The identity that a peer gave, or one of ours: those begin with a zero byte, which peers may not use.
    fn identity_of(&self, given: Bytes) -> Bytes {
        if !given.is_empty() {
            return given;
        }
        let mut identity = BytesMut::with_capacity(5);
        identity.put_u8(0);
        identity.put_u32(self.anonymous.fetch_add(1, Ordering::Relaxed));
        identity.freeze()
    }

    fn connect(&self, identity: &Bytes, link: &Arc<Link>) {
        let former = lock(&self.links).insert(identity.clone(), Arc::clone(link));
        if let Some(former) = former {
            tracing::debug!(socket = self.name, "a peer came again with its identity");
            former.close();
        }
    }

    fn disconnect(&self, identity: &Bytes, link: &Arc<Link>) {
        let mut links = lock(&self.links);
        // Not the one that has taken over the identity.
        if links
            .get(identity)
            .is_some_and(|live| Arc::ptr_eq(live, link))
        {
            links.remove(identity);
        }
    }
}

async fn accept_loop(
    peers: Arc<Peers>,
    listener: Listener,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                let serve = serve_peer(Arc::clone(&peers), stream);
                tasks.spawn(shutdown.clone().run_until_cancelled_owned(serve));
            }
            Err(error) => super::pause_after(peers.name, &error).await,
        }
    }
}

async fn serve_peer(peers: Arc<Peers>, stream: Stream) {
    let error = match handshake(&stream, ROUTER, MESSAGE_LIMIT).await {
        Ok(peer) => {
            let identity = peers.identity_of(peer.identity);
            let link = Arc::new(Link::new(stream, peer.decoder));
            peers.connect(&identity, &link);
            let receive = |traffic| peers.receive(&identity, traffic);
            let error = link.serve(receive, |_| ()).await;
            peers.disconnect(&identity, &link);
            error
        }
        Err(error) => error,
    };
    match error {
        ZmtpError::Closed => tracing::debug!(socket = peers.name, "a peer has left"),
        error => tracing::warn!(socket = peers.name, %error, "disconnected a peer"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use zeromq::util::PeerIdentity;
    use zeromq::{DealerSocket, Socket, SocketOptions, SocketRecv, SocketSend};

    const PATIENCE: Duration = Duration::from_secs(20);

    async fn router() -> (Router, u16) {
        let (listener, port) = Listener::bind_tcp("127.0.0.1", 0).await.unwrap();
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let router = Router::serve("test", listener, &tasks, &shutdown);
        (router, port)
    }

    async fn dealer(port: u16, identity: Option<&str>) -> DealerSocket {
        let mut options = SocketOptions::default();
        if let Some(identity) = identity {
            options.peer_identity(identity.parse::<PeerIdentity>().unwrap());
        }
        let mut dealer = DealerSocket::with_options(options);
        dealer
            .connect(&format!("tcp://127.0.0.1:{port}"))
            .await
            .unwrap();
        dealer
    }

    /// What a peer sends first.
    fn greeting() -> [u8; 64] {
        let mut greeting = [0; 64];
        (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
        greeting[12..16].copy_from_slice(b"NULL");
        greeting
    }

    async fn answer(router: &mut Router) -> Vec<Bytes> {
        let frames = tokio::time::timeout(PATIENCE, router.recv()).await.unwrap();
        router.sender().send(&frames).unwrap();
        frames
    }

    async fn recv(dealer: &mut DealerSocket) -> Vec<Bytes> {
        let received = tokio::time::timeout(PATIENCE, dealer.recv()).await.unwrap();
        received.unwrap().into_vec()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn reply_finds_its_peer() {
        let (mut router, port) = router().await;
        let mut dealers = [dealer(port, None).await, dealer(port, Some("me")).await];
        for (number, dealer) in dealers.iter_mut().enumerate() {
            dealer.send(format!("{number}").into()).await.unwrap();
        }
        for _ in 0..2 {
            answer(&mut router).await;
        }
        for (number, dealer) in dealers.iter_mut().enumerate() {
            assert_eq!(recv(dealer).await, [Bytes::from(format!("{number}"))]);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn peer_that_comes_again_with_its_identity_wins() {
        let (mut router, port) = router().await;
        let mut former = dealer(port, Some("me")).await;
        former.send("1".into()).await.unwrap();
        answer(&mut router).await;
        for round in 0..20 {
            let mut latter = dealer(port, Some("me")).await;
            latter.send(format!("{round}").into()).await.unwrap();
            assert_eq!(answer(&mut router).await[0], "me");
            assert_eq!(recv(&mut latter).await, [Bytes::from(format!("{round}"))]);
            // The end of the former must not take the latter with it.
            drop(std::mem::replace(&mut former, latter));
        }
    }

    #[tokio::test]
    async fn message_for_nobody_is_an_error_value() {
        let (router, _) = router().await;
        let message = [Bytes::from("nobody"), Bytes::from("text")];
        assert!(matches!(
            router.sender().send(&message),
            Err(SendError::Gone)
        ));
        assert!(matches!(
            router.sender().send(&[]),
            Err(SendError::NoIdentity)
        ));
    }

    #[tokio::test]
    async fn drain_receives_what_has_arrived_without_waiting_for_the_runtime() {
        let (mut router, port) = router().await;
        let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        peer.write_all(&greeting()).unwrap();
        peer.write_all(b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER")
            .unwrap();
        peer.write_all(b"\x00\x01!").unwrap();
        assert_eq!(answer(&mut router).await[1], "!");
        // From here on no task of the runtime runs: this is its only thread.
        peer.set_nodelay(true).unwrap();
        for number in 0..100 {
            peer.write_all(&[0, 1, number]).unwrap();
        }
        router.drain();
        let received = std::iter::from_fn(|| router.try_recv());
        assert!(received.map(|frames| frames[1][0]).eq(0..100));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn announced_length_does_not_end_the_process() {
        let (mut router, port) = router().await;
        for length in [1_u64 << 62, 1 << 40, u64::MAX] {
            let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
            peer.set_read_timeout(Some(PATIENCE)).unwrap();
            peer.write_all(&greeting()).unwrap();
            peer.write_all(&[&[2][..], &length.to_be_bytes()].concat())
                .unwrap();
            let mut rest = Vec::new();
            peer.read_to_end(&mut rest).unwrap();
        }
        let mut dealer = dealer(port, None).await;
        dealer.send("still here".into()).await.unwrap();
        answer(&mut router).await;
        assert_eq!(recv(&mut dealer).await, [Bytes::from("still here")]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn heartbeat_sends_the_same_bytes_back() {
        let (router, port) = router().await;
        tokio::spawn(super::super::heartbeat::run(router));
        let mut dealer = dealer(port, None).await;
        for frames in [
            vec![""],
            vec!["", "ping"],
            vec!["\u{0}\u{7f}"],
            vec!["a", "", "b"],
        ] {
            let frames: Vec<Bytes> = frames.into_iter().map(Bytes::from).collect();
            dealer
                .send(frames.clone().try_into().unwrap())
                .await
                .unwrap();
            assert_eq!(recv(&mut dealer).await, frames);
        }
    }
}
