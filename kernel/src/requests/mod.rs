//! One file for each request: a thin adapter from the message to a plain function, and back to a reply.
//!
//! Handlers know neither sockets nor the order of messages: `dispatch` sends what they return, and publishes busy
//! and idle around them.

pub(crate) mod comm;
pub(crate) mod comm_info;
pub(crate) mod complete;
pub(crate) mod connect;
pub(crate) mod execute;
pub(crate) mod history;
pub(crate) mod inspect;
pub(crate) mod interrupt;
pub(crate) mod is_complete;
pub(crate) mod kernel_info;
pub(crate) mod shutdown;
pub(crate) mod unsupported;
pub(crate) mod usage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use everloop_protocol::connection::ConnectionFile;
use everloop_protocol::content::status::ExecutionState;
use everloop_protocol::content::{ErrorContent, ErrorReply};
use everloop_protocol::message::ContentError;
use everloop_protocol::{Message, ParentHeader};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::history::History;
use crate::interpreter::Interpreter;
use crate::lanes::Lanes;
use crate::outbox::{Outbox, Wait};
use crate::usage::Meter;

/// What requests are answered with.
pub(crate) struct Context {
    pub(crate) outbox: Outbox,
    pub(crate) interpreter: Interpreter,
    pub(crate) history: Arc<History>,
    pub(crate) connection: ConnectionFile,
    pub(crate) meter: Meter,
    /// The `engine` in the metadata of replies.
    pub(crate) engine: String,
    /// Which cells run beside others, and whether any runs.
    pub(crate) lanes: Arc<Lanes>,
    /// The requests that are being answered.
    pub(crate) open: TaskTracker,
    /// Cancelled to make the process end in order.
    pub(crate) exit: CancellationToken,
}

/// A request and the parent of all that it causes.
pub(crate) struct Request {
    pub(crate) message: Message,
    pub(crate) parent: ParentHeader,
    pub(crate) idle: Idle,
}

impl Request {
    pub(crate) fn new(message: Message) -> Self {
        let parent = message.as_parent();
        let idle = Idle::default();
        Self {
            message,
            parent,
            idle,
        }
    }

    pub(crate) fn msg_type(&self) -> &str {
        &self.message.header.msg_type
    }
}

/// Whether it is said that a request is idle: once, by whoever knows first.
#[derive(Clone, Default)]
pub(crate) struct Idle(Arc<AtomicBool>);

impl Idle {
    pub(crate) fn say(&self, outbox: &Outbox, parent: &ParentHeader, wait: Wait) {
        if !self.0.swap(true, Ordering::AcqRel) {
            outbox.status(parent, ExecutionState::Idle, wait);
        }
    }
}

/// What a handler has to say: a reply, or nothing for messages that have none.
pub(crate) type Answer = Result<Option<Reply>, RequestError>;

pub(crate) struct Reply {
    pub(crate) content: Box<RawValue>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) then: Then,
}

/// What follows when the reply is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    GoOn,
    Exit,
    /// For `exit()`: the front end reads so in the reply and shuts the kernel down. A kernel that were gone before it
    /// has read that would be one that died; so the kernel ends by itself only if nothing comes.
    ExitUnlessAsked,
}

/// A reply with this content.
pub(crate) fn reply(content: &impl Serialize) -> Answer {
    Ok(Some(Reply {
        content: to_raw_value(content)?,
        metadata: Map::new(),
        then: Then::GoOn,
    }))
}

/// A request that cannot be answered as it asks. It becomes a reply with `status: "error"`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("{0}")]
    InvalidContent(#[from] ContentError),
    #[error("this kernel does not support {what}")]
    NotSupported { what: String },
    #[error("the kernel could not write its reply: {0}")]
    Reply(#[from] serde_json::Error),
    #[error("the kernel failed on this request, which is a defect: {0}")]
    Panicked(String),
}

impl RequestError {
    fn ename(&self) -> &'static str {
        match self {
            Self::InvalidContent(_) => "InvalidContent",
            Self::NotSupported { .. } => "NotSupported",
            Self::Reply(_) | Self::Panicked(_) => "InternalError",
        }
    }

    pub(crate) fn content(&self) -> ErrorReply {
        let evalue = self.to_string();
        let traceback = vec![format!("{}: {evalue}", self.ename())];
        ErrorContent {
            ename: self.ename().to_owned(),
            evalue,
            traceback,
        }
        .into()
    }
}
