//! stdin: questions from the kernel to the front end that sent the request, and its answers.
//!
//! - here: who asks, and the task that sends and receives
//! - `lines`: whose turn it is

mod lines;

use bytes::Bytes;
use everloop_protocol::content::stdin::{InputReply, InputRequest};
use everloop_protocol::message::{ContentError, Message};
use everloop_protocol::session::{DecodeError, EncodeError};
use everloop_protocol::{ParentHeader, Session};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use self::lines::{Asked, Lines};
use super::router::{Router, RouterSender, SendError};
use crate::log;
use crate::outbox::Outbox;

/// A line of input that Python asks for.
#[derive(Debug)]
pub struct Question {
    /// Of the request that is being executed: the same front end is asked.
    pub identities: Vec<Bytes>,
    pub parent: ParentHeader,
    pub prompt: String,
    pub password: bool,
    /// Whether a thread blocks until it is answered. Nobody can cancel that, so an interrupt of the cell ends it.
    pub blocks_thread: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// The front end cannot be reached.
    Unreachable,
    /// The cell that asked was interrupted, or the kernel ends.
    Interrupted,
}

/// Where the answer arrives. Dropping it gives the question up.
#[derive(Debug)]
pub struct Answer(oneshot::Receiver<Result<String, Unanswered>>);

impl Answer {
    /// What was typed.
    pub async fn recv(self) -> Result<String, Unanswered> {
        self.0.await.unwrap_or(Err(Unanswered::Interrupted))
    }
}

/// Asks, from any thread.
#[derive(Clone)]
pub struct Stdin {
    wishes_tx: mpsc::UnboundedSender<Wish>,
}

enum Wish {
    Ask(Asked),
    Interrupt { msg_id: String },
    End,
}

impl Stdin {
    /// Sends an `input_request` as soon as the questions that the same front end was asked before are answered or given
    /// up. What was typed before is forgotten.
    pub fn ask(&self, question: Question) -> Answer {
        let (answer_tx, answer) = oneshot::channel();
        self.wish(Wish::Ask(Asked::new(question, answer_tx)));
        Answer(answer)
    }

    /// Ends the questions by which threads of a cell are blocked. `msg_id` is that of its request.
    pub fn interrupt(&self, msg_id: &str) {
        let msg_id = msg_id.to_owned();
        self.wish(Wish::Interrupt { msg_id });
    }

    /// Ends all questions, also those that are still to be asked.
    pub fn end(&self) {
        self.wish(Wish::End);
    }

    fn wish(&self, wish: Wish) {
        // When the task is gone, who asks is told by the sender of the answer, which goes with the wish.
        let _ = self.wishes_tx.send(wish);
    }
}

/// The task that owns the stdin socket.
pub(crate) struct StdinTask {
    router: Router,
    sender: RouterSender,
    session: Session,
    outbox: Outbox,
    wishes: mpsc::UnboundedReceiver<Wish>,
    lines: Lines,
}

impl StdinTask {
    pub(crate) fn new(router: Router, session: Session, outbox: Outbox) -> (Stdin, Self) {
        let (wishes_tx, wishes) = mpsc::unbounded_channel();
        let task = Self {
            sender: router.sender(),
            router,
            session,
            outbox,
            wishes,
            lines: Lines::default(),
        };
        (Stdin { wishes_tx }, task)
    }

    pub(crate) async fn run(mut self) {
        loop {
            tokio::select! {
                frames = self.router.recv() => self.answer(frames),
                wish = self.wishes.recv() => match wish {
                    Some(Wish::Ask(asked)) => self.lines.push(asked),
                    Some(Wish::Interrupt { msg_id }) => self.lines.interrupt(&msg_id),
                    Some(Wish::End) | None => return,
                },
                () = self.lines.given_up() => {}
            }
            while let Some(asked) = self.lines.next() {
                self.ask(asked).await;
            }
        }
    }

    async fn ask(&mut self, asked: Asked) {
        // What the cell printed stands before its question.
        self.outbox.flush().await;
        // What this front end sent before the question answers nothing; what others sent answers theirs.
        self.router.drain().await;
        while let Some(frames) = self.router.try_recv() {
            self.answer(frames);
        }
        match self.send(&asked.question).await {
            Ok(msg_id) => self.lines.open(asked, msg_id),
            // A front end without a stdin channel would never answer.
            Err(error) => {
                tracing::warn!(socket = "stdin", %error, "cannot ask");
                asked.fail(Unanswered::Unreachable);
            }
        }
    }

    /// Sends the question and returns its `msg_id`.
    async fn send(&self, question: &Question) -> Result<String, AskError> {
        let content = InputRequest {
            prompt: question.prompt.clone(),
            password: question.password,
        };
        let frames = self.session.encode(
            &question.identities,
            "input_request",
            &question.parent,
            &Map::<String, Value>::new(),
            &content,
            &[],
        )?;
        let msg_id = msg_id(&frames, question.identities.len());
        self.sender.deliver(frames).await?;
        Ok(msg_id)
    }

    fn answer(&mut self, frames: Vec<Bytes>) {
        let (message, reply) = match self.input_reply(frames) {
            Ok(reply) => reply,
            Err(error) => return log::refused("stdin", &error),
        };
        let parent = message.parent_header.msg_id();
        if !self.lines.answer(&message.identities, parent, reply.value) {
            tracing::debug!(
                socket = "stdin",
                "ignored an answer to no question or a former one"
            );
        }
    }

    fn input_reply(&self, frames: Vec<Bytes>) -> Result<(Message, InputReply), AnswerError> {
        let message = self.session.decode_once(frames)?;
        if message.header.msg_type != "input_reply" {
            return Err(AnswerError::MsgType(message.header.msg_type));
        }
        let reply = message.content()?;
        Ok((message, reply))
    }
}

/// Why a question cannot be asked.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Send(#[from] SendError),
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
