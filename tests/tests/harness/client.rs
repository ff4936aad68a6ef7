//! One front end: a session of its own, a DEALER for each of shell, control and stdin, and a SUB for iopub.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use everloop_protocol::{ConnectionFile, Message, ParentHeader, Session};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use zeromq::{
    DealerSendHalf, DealerSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket,
    ZmqMessage, util::PeerIdentity,
};

use super::kernel::Process;
use super::outcome::Outcome;
use super::transcript::{Transcript, short};
use super::{RUNTIME, wait};

/// The sockets of a client, without the heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Shell,
    Control,
    Stdin,
    Iopub,
}

/// A request that was sent.
pub(crate) struct Request {
    pub(crate) msg_id: String,
    pub(crate) msg_type: String,
    channel: Channel,
    /// Whether its busy was read.
    begun: Cell<bool>,
}

/// A front end. When it goes, everything that the kernel sent it must have been read.
pub(crate) struct Client {
    pub(crate) session: Session,
    transcript: Arc<Transcript>,
    process: Arc<Process>,
    shell: mpsc::UnboundedSender<Vec<Bytes>>,
    control: mpsc::UnboundedSender<Vec<Bytes>>,
    stdin: mpsc::UnboundedSender<Vec<Bytes>>,
    strict: Cell<bool>,
}

impl Client {
    /// Connects, and waits until the subscription has arrived.
    pub(crate) fn connect(process: Arc<Process>, connection: &ConnectionFile) -> Self {
        let session = Session::from_connection(connection).expect("a known scheme");
        let transcript = Arc::new(Transcript::new());
        // Jupyter's clients have one identity for all; the kernel asks for input at the one that sent the cell.
        let identity = session.id();
        let open = |channel, port| {
            let (send, recv) =
                wait("a connection", dealer(&connection.endpoint(port), identity)).split();
            RUNTIME.spawn(receive(
                channel,
                recv,
                session.clone(),
                Arc::clone(&transcript),
            ));
            let (tx, rx) = mpsc::unbounded_channel();
            RUNTIME.spawn(transmit(send, rx));
            tx
        };
        let client = Self {
            shell: open(Channel::Shell, connection.shell_port),
            control: open(Channel::Control, connection.control_port),
            stdin: open(Channel::Stdin, connection.stdin_port),
            session: session.clone(),
            transcript: Arc::clone(&transcript),
            process,
            strict: Cell::new(true),
        };
        let iopub = wait(
            "a connection",
            subscriber(&connection.endpoint(connection.iopub_port), ""),
        );
        RUNTIME.spawn(receive(Channel::Iopub, iopub, session, transcript));
        let welcome = client.read("iopub_welcome", |channel, message| {
            channel == Channel::Iopub && message.header.msg_type == "iopub_welcome"
        });
        assert_eq!(welcome.content, json!({"subscription": ""}));
        assert!(welcome.parent_header.is_none());
        client
    }

    /// Sends a request with this content.
    pub(crate) fn request(&self, channel: Channel, msg_type: &str, content: &Value) -> Request {
        self.request_with(channel, msg_type, content, &[])
    }

    /// Sends a request with this content and these buffers.
    pub(crate) fn request_with(
        &self,
        channel: Channel,
        msg_type: &str,
        content: &Value,
        buffers: &[Bytes],
    ) -> Request {
        let none = ParentHeader::none();
        let frames = self
            .session
            .encode(&[], msg_type, &none, &json!({}), content, buffers)
            .expect("JSON");
        self.request_frames(channel, frames)
    }

    /// Sends a request that the test has framed itself.
    pub(crate) fn request_frames(&self, channel: Channel, frames: Vec<Bytes>) -> Request {
        let message = self
            .session
            .decode(frames.clone())
            .expect("a request is a good message");
        let content: String = message.content.to_string().chars().take(300).collect();
        let (msg_id, msg_type) = (message.header.msg_id, message.header.msg_type);
        self.transcript
            .sent(channel, format!("{msg_type} {} {content}", short(&msg_id)));
        self.send(channel, frames);
        Request {
            msg_id,
            msg_type,
            channel,
            begun: Cell::new(false),
        }
    }

    /// Sends any frames at all.
    pub(crate) fn send_garbage(&self, channel: Channel, frames: Vec<Bytes>) {
        let lengths: Vec<_> = frames.iter().map(Bytes::len).collect();
        self.transcript
            .sent(channel, format!("garbage with frames of {lengths:?} bytes"));
        self.send(channel, frames);
    }

    fn send(&self, channel: Channel, frames: Vec<Bytes>) {
        let socket = match channel {
            Channel::Shell => &self.shell,
            Channel::Control => &self.control,
            Channel::Stdin => &self.stdin,
            Channel::Iopub => panic!("nobody sends on iopub"),
        };
        socket.send(frames).expect("the socket's task runs");
    }

    /// Sends a cell as Jupyter's clients do, with every field.
    pub(crate) fn start(&self, code: &str) -> Request {
        let content = json!({
            "code": code, "silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": true,
            "stop_on_error": true,
        });
        self.request(Channel::Shell, "execute_request", &content)
    }

    /// Runs a cell to its end.
    pub(crate) fn execute(&self, code: &str) -> Outcome {
        self.finish(&self.start(code))
    }

    /// Runs a request to its end.
    pub(crate) fn ask(&self, channel: Channel, msg_type: &str, content: &Value) -> Outcome {
        self.finish(&self.request(channel, msg_type, content))
    }

    /// Reads what belongs to a request: its reply, and on iopub everything from busy to idle.
    pub(crate) fn finish(&self, request: &Request) -> Outcome {
        let reply = self.reply(request);
        Outcome {
            reply,
            outputs: self.outputs(request),
        }
    }

    /// Reads the reply.
    pub(crate) fn reply(&self, request: &Request) -> Message {
        let reply = self.read(
            &format!("reply to {}", request.describe()),
            |channel, message| {
                channel == request.channel && message.parent_header.msg_id() == request.msg_id
            },
        );
        assert_eq!(
            reply.header.msg_type,
            request.msg_type.replace("_request", "_reply")
        );
        reply
    }

    /// Reads the outputs up to idle, and leaves the status messages out.
    pub(crate) fn outputs(&self, request: &Request) -> Vec<Message> {
        let mut outputs = Vec::new();
        loop {
            let output = self.output(request);
            if output.header.msg_type != "status" {
                outputs.push(output);
            } else if output.content == json!({"execution_state": "idle"}) {
                return outputs;
            }
        }
    }

    /// Reads the next message on iopub that belongs to this request. The first has to be its busy.
    pub(crate) fn output(&self, request: &Request) -> Message {
        let output = self.read(
            &format!("output of {}", request.describe()),
            |channel, message| {
                channel == Channel::Iopub && message.parent_header.msg_id() == request.msg_id
            },
        );
        assert_eq!(
            output.identities.len(),
            1,
            "one topic stands before {}",
            output.header.msg_type
        );
        if !request.begun.replace(true) {
            assert_eq!(
                output.content,
                json!({"execution_state": "busy"}),
                "the first of {}",
                request.describe()
            );
        }
        output
    }

    /// Reads outputs until this was printed under the cell, also after its end; colours are left out. Returns all that
    /// was printed.
    pub(crate) fn until_printed(&self, request: &Request, text: &str) -> String {
        let mut printed = String::new();
        while !printed.contains(text) {
            let output = self.output(request);
            let idle = output.content["execution_state"] == "idle";
            assert!(!idle, "{} ended\n{self}", request.describe());
            if output.header.msg_type == "stream" {
                printed += &plain(output.content["text"].as_str().unwrap_or_default());
            }
        }
        printed
    }

    /// Reads the question of a cell.
    pub(crate) fn question(&self) -> Message {
        let question = self.read("input_request", |channel, _| channel == Channel::Stdin);
        assert_eq!(question.header.msg_type, "input_request");
        question
    }

    /// Answers the question of a cell.
    pub(crate) fn answer(&self, question: &Message, value: &str) {
        self.answer_under(&question.as_parent(), value);
    }

    /// Sends an answer with this parent; jupyter_client's have none.
    pub(crate) fn answer_under(&self, parent: &ParentHeader, value: &str) {
        let content = json!({"value": value});
        let frames = self
            .session
            .encode(&[], "input_reply", parent, &json!({}), &content, &[])
            .expect("JSON");
        self.transcript
            .sent(Channel::Stdin, format!("input_reply {content}"));
        self.send(Channel::Stdin, frames);
    }

    /// Waits until the kernel has read everything that was sent before on shell and control, and has answered it.
    pub(crate) fn barrier(&self) {
        for channel in [Channel::Control, Channel::Shell] {
            let outcome = self.ask(channel, "kernel_info_request", &json!({}));
            assert_eq!(outcome.status(), "ok");
        }
    }

    /// The first unread message that is wanted. Whatever it is, some things hold for everything that a kernel sends.
    pub(crate) fn read(&self, what: &str, wanted: impl Fn(Channel, &Message) -> bool) -> Message {
        let message = self.transcript.read(what, || self.process.ended(), wanted);
        assert_ne!(
            message.header.session,
            self.session.id(),
            "the kernel has a session of its own"
        );
        assert!(
            message.header.date.ends_with('Z') || message.header.date.contains('+'),
            "{:?}",
            message.header
        );
        message
    }

    /// Every message that has come, read or not.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.transcript.messages()
    }

    /// From here on unread messages do not matter: the kernel is gone, or was left in the middle of something.
    pub(crate) fn leave(&self) {
        self.strict.set(false);
    }

    /// Fails when there is anything unread.
    pub(crate) fn assert_all_read(&self) {
        let leftovers = self.transcript.leftovers(self.session.id());
        assert!(leftovers.is_empty(), "unread:\n{leftovers}\n{self}");
        let mut ids: Vec<_> = self
            .messages()
            .into_iter()
            .map(|message| message.header.msg_id)
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "a msg_id came twice\n{self}");
    }
}

impl Request {
    fn describe(&self) -> String {
        format!("{} {}", self.msg_type, short(&self.msg_id))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if !self.strict.get() || std::thread::panicking() {
            return;
        }
        if self.process.ended().is_none() {
            self.barrier();
        }
        self.assert_all_read();
    }
}

impl std::fmt::Display for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.transcript.fmt(f)
    }
}

/// The text without ANSI colours.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default();
    parts.fold(first.to_owned(), |plain, part| {
        plain + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

async fn dealer(endpoint: &str, identity: &str) -> DealerSocket {
    let mut options = SocketOptions::default();
    options.peer_identity(
        identity
            .parse::<PeerIdentity>()
            .expect("an id is a good identity"),
    );
    let mut socket = DealerSocket::with_options(options);
    socket
        .connect(endpoint)
        .await
        .unwrap_or_else(|error| panic!("{endpoint}: {error}"));
    socket
}

/// A SUB socket that has sent its subscription.
pub(super) async fn subscriber(endpoint: &str, topic: &str) -> SubSocket {
    let mut socket = SubSocket::new();
    socket
        .subscribe(topic)
        .await
        .expect("nobody is connected yet");
    socket
        .connect(endpoint)
        .await
        .unwrap_or_else(|error| panic!("{endpoint}: {error}"));
    socket
}

async fn transmit(mut socket: DealerSendHalf, mut frames: mpsc::UnboundedReceiver<Vec<Bytes>>) {
    while let Some(frames) = frames.recv().await {
        let message = ZmqMessage::try_from(frames).expect("a message has frames");
        // The kernel may be gone; whoever waits for an answer finds out.
        let _ = socket.send(message).await;
    }
}

async fn receive(
    channel: Channel,
    mut socket: impl SocketRecv,
    session: Session,
    transcript: Arc<Transcript>,
) {
    while let Ok(message) = socket.recv().await {
        match session.decode(message.into_vec()) {
            Ok(message) => transcript.received(channel, message),
            Err(error) => transcript.broken(channel, error.to_string()),
        }
    }
}
