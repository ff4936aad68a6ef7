//! stdin: questions from the kernel to the front end that sent the request, and its answers.

use bytes::Bytes;
use everloop_protocol::content::stdin::{InputReply, InputRequest};
use everloop_protocol::message::ContentError;
use everloop_protocol::session::DecodeError;
use everloop_protocol::{ParentHeader, Session};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use super::router::{Router, RouterSender};
use crate::outbox::Outbox;

/// A line of input that Python asks for.
#[derive(Debug)]
pub struct Question {
    /// Of the request that is being executed: the same front end is asked.
    pub identities: Vec<Bytes>,
    pub parent: ParentHeader,
    pub prompt: String,
    pub password: bool,
}

/// Asks, from any thread.
#[derive(Clone)]
pub struct Stdin {
    asked_tx: mpsc::UnboundedSender<Asked>,
}

struct Asked {
    question: Question,
    answer_tx: oneshot::Sender<String>,
}

impl Stdin {
    /// Sends an `input_request`; the receiver yields the answer. What was typed before the question is forgotten.
    ///
    /// Dropping the receiver forgets the question. The receiver fails when the front end cannot be reached.
    pub fn ask(&self, question: Question) -> oneshot::Receiver<String> {
        let (answer_tx, answer) = oneshot::channel();
        // When the task is gone the receiver fails, which says so.
        let _ = self.asked_tx.send(Asked {
            question,
            answer_tx,
        });
        answer
    }
}

/// The task that owns the stdin socket.
pub(crate) struct StdinTask {
    router: Router,
    sender: RouterSender,
    session: Session,
    outbox: Outbox,
    asked: mpsc::UnboundedReceiver<Asked>,
    open: Option<Open>,
}

/// The question that waits.
struct Open {
    /// The `msg_id` of the `input_request` and of what caused it: front ends name either as the parent.
    parents: [String; 2],
    answer_tx: oneshot::Sender<String>,
}

impl StdinTask {
    pub(crate) fn new(router: Router, session: Session, outbox: Outbox) -> (Stdin, Self) {
        let (asked_tx, asked) = mpsc::unbounded_channel();
        let task = Self {
            sender: router.sender(),
            router,
            session,
            outbox,
            asked,
            open: None,
        };
        (Stdin { asked_tx }, task)
    }

    pub(crate) async fn run(mut self) {
        loop {
            tokio::select! {
                frames = self.router.recv() => self.answer(frames),
                asked = self.asked.recv() => match asked {
                    Some(asked) => self.ask(asked).await,
                    None => return,
                },
            }
        }
    }

    async fn ask(
        &mut self,
        Asked {
            question,
            answer_tx,
        }: Asked,
    ) {
        // What the cell printed stands before its question.
        self.outbox.flush().await;
        self.router.drain().await;
        while self.router.try_recv().is_some() {
            tracing::debug!(
                socket = "stdin",
                "forgot what was typed before the question"
            );
        }
        let content = InputRequest {
            prompt: question.prompt,
            password: question.password,
        };
        let metadata = Map::<String, Value>::new();
        let prefix = &question.identities;
        let parent = &question.parent;
        let frames =
            match self
                .session
                .encode(prefix, "input_request", parent, &metadata, &content, &[])
            {
                Ok(frames) => frames,
                Err(error) => return tracing::error!(socket = "stdin", %error, "cannot ask"),
            };
        let parents = [msg_id(&frames, prefix.len()), parent.msg_id().to_owned()];
        // A front end without a stdin channel would never answer.
        if let Err(error) = self.sender.deliver(frames).await {
            return tracing::warn!(socket = "stdin", %error, "cannot ask");
        }
        self.open = Some(Open { parents, answer_tx });
    }

    fn answer(&mut self, frames: Vec<Bytes>) {
        let reply = match self.input_reply(frames) {
            Ok(reply) => reply,
            Err(error) => return tracing::warn!(socket = "stdin", %error, "ignored a message"),
        };
        let (asked, value) = reply;
        match self.open.take() {
            // jupyter_client's answers have no parent; one that has must belong to this question.
            Some(open) if asked.is_empty() || open.parents.contains(&asked) => {
                // Nobody waits any more after an interrupt.
                let _ = open.answer_tx.send(value);
            }
            other => {
                tracing::debug!(
                    socket = "stdin",
                    "ignored an answer to no question or a former one"
                );
                self.open = other;
            }
        }
    }

    /// The `msg_id` of the question and the answer.
    fn input_reply(&self, frames: Vec<Bytes>) -> Result<(String, String), AnswerError> {
        let message = self.session.decode(frames)?;
        if message.header.msg_type != "input_reply" {
            return Err(AnswerError::MsgType(message.header.msg_type));
        }
        let reply: InputReply = message.content()?;
        Ok((message.parent_header.msg_id().to_owned(), reply.value))
    }
}

/// A message on stdin that is no answer.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("{0} is not an input_reply")]
    MsgType(String),
}

/// The `msg_id` of a message that we encoded: delimiter and signature stand before the header.
fn msg_id(frames: &[Bytes], prefix: usize) -> String {
    let header = frames
        .get(prefix + 2)
        .map(|header| String::from_utf8_lossy(header));
    let header = header.and_then(|header| ParentHeader::from_json(&header).ok());
    header.map_or_else(String::new, |header| header.msg_id().to_owned())
}
