use bytes::Bytes;
use zeromq::{SocketRecv, SocketSend, ZmqMessage};

use crate::harness::{Kernel, wait};

/// Longer than what one read of a socket brings.
static LONG: [u8; 70_000] = [7; 70_000];

/// Sends these frames, and expects them back.
fn echoes(heartbeat: &mut zeromq::ReqSocket, frames: &[&'static [u8]]) {
    let frames: Vec<_> = frames.iter().copied().map(Bytes::from_static).collect();
    let message = ZmqMessage::try_from(frames.clone()).unwrap();
    wait("the heartbeat to take a message", heartbeat.send(message)).unwrap();
    assert_eq!(
        wait("a heartbeat", heartbeat.recv()).unwrap().into_vec(),
        frames
    );
}

#[test]
fn the_heartbeat_sends_the_same_bytes_back() {
    let kernel = Kernel::start();
    let mut heartbeat = kernel.heartbeat();
    for frames in [
        &[&b"ping"[..]][..],
        &[b""],
        &[b"\x00\xff\x01"],
        &[b"a", b"", b"b"],
        &[b"", b""],
        &[&LONG],
    ] {
        echoes(&mut heartbeat, frames);
    }
}

#[test]
fn the_heart_beats_while_a_cell_is_busy() {
    let (kernel, client) = Kernel::with_client();
    let mut heartbeat = kernel.heartbeat();
    let request = client.start("print('on', flush=True)\nwhile True: pass");
    client.until_printed(&request, "on\n");
    for _ in 0..100 {
        echoes(&mut heartbeat, &[b"ping"]);
    }
    client.leave();
}

#[test]
fn several_clients_have_a_heartbeat_each() {
    let kernel = Kernel::start();
    let (mut first, mut second) = (kernel.heartbeat(), kernel.heartbeat());
    echoes(&mut first, &[b"1"]);
    echoes(&mut second, &[b"2"]);
    echoes(&mut first, &[b"3"]);
}
