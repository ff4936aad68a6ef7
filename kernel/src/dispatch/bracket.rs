//! The bracket around every request: busy, handler, reply, idle.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use everloop_protocol::Session;
use everloop_protocol::content::status::ExecutionState;
use tokio::runtime::Handle;

use crate::log;
use crate::outbox::Wait;
use crate::requests::{Answer, Context, Reply, Request, RequestError, Then, reply};
use crate::sockets::router::RouterSender;

/// How long a front end may take to shut the kernel down after `exit()`.
const UNASKED: Duration = Duration::from_secs(1);

/// Answers the requests of one socket.
pub(crate) struct Dispatcher {
    pub(crate) socket: &'static str,
    pub(crate) context: Arc<Context>,
    pub(crate) session: Session,
    pub(crate) sender: RouterSender,
}

impl Dispatcher {
    /// The request in these frames; garbage is logged, and nothing else happens.
    pub(super) fn decode(&self, frames: Vec<Bytes>) -> Option<Request> {
        match self.session.decode_once(frames) {
            Ok(message) => Some(Request::new(message)),
            Err(error) => {
                log::refused(self.socket, &error);
                None
            }
        }
    }

    /// Publishes busy, awaits the handler, sends its reply, publishes idle.
    pub(super) async fn bracket(&self, request: &Request, handler: impl Future<Output = Answer>) {
        let _open = self.context.open.token();
        self.say_busy(request);
        let answer = catch_panic(handler).await;
        self.end(request, answer);
    }

    /// Sends the reply, if there is one, and has idle follow it.
    pub(super) fn end(&self, request: &Request, answer: Answer) {
        // First, so that the reply finds who waits for it.
        self.say_idle(request);
        let then = self.reply(request, answer);
        self.follow(then);
    }

    pub(super) fn say_busy(&self, request: &Request) {
        let outbox = &self.context.outbox;
        outbox.status(&request.parent, ExecutionState::Busy, Wait::Company);
    }

    /// Unless who handles it has said so.
    fn say_idle(&self, request: &Request) {
        let wait = match reply_type(request.msg_type()) {
            Some(_) => Wait::Reply,
            None => Wait::No,
        };
        request
            .idle
            .say(&self.context.outbox, &request.parent, wait);
    }

    /// Sends the reply to a request, if it has one; returns what follows when idle is said.
    pub(super) fn reply(&self, request: &Request, answer: Answer) -> Then {
        match answer.or_else(|error| self.refuse(request, &error)) {
            Ok(Some(reply)) => {
                self.send(request, &reply);
                reply.then
            }
            Ok(None) => Then::GoOn,
            Err(error) => {
                tracing::error!(%error, "cannot write an error reply");
                Then::GoOn
            }
        }
    }

    pub(super) fn follow(&self, then: Then) {
        match then {
            Then::GoOn => {}
            Then::Exit => self.context.exit.cancel(),
            Then::ExitUnlessAsked => self.exit_unless_asked(),
        }
    }

    fn exit_unless_asked(&self) {
        let exit = self.context.exit.clone();
        // Where there is no runtime any more the kernel ends already.
        let Ok(io) = Handle::try_current() else {
            return;
        };
        io.spawn(async move {
            let asked = tokio::time::timeout(UNASKED, exit.cancelled()).await;
            if asked.is_err() {
                exit.cancel();
            }
        });
    }

    fn refuse(&self, request: &Request, error: &RequestError) -> Answer {
        let msg_type = request.msg_type();
        tracing::warn!(socket = self.socket, msg_type, %error, "cannot answer a request");
        match reply_type(msg_type) {
            Some(_) => reply(&error.content()),
            None => Ok(None),
        }
    }

    fn send(&self, request: &Request, reply: &Reply) {
        let Some(msg_type) = reply_type(request.msg_type()) else {
            return;
        };
        let identities = &request.message.identities;
        let (metadata, content) = (&reply.metadata, &reply.content);
        let encoded = self.session.encode(
            identities,
            &msg_type,
            &request.parent,
            metadata,
            content,
            &[],
        );
        let sent = match encoded {
            Ok(frames) => self.sender.send(frames).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!(socket = self.socket, msg_type, error, "cannot send a reply");
            self.context.outbox.replied();
        }
    }
}

/// The type of the reply to a request; `None` for messages that have no reply, as `comm_msg`.
fn reply_type(msg_type: &str) -> Option<String> {
    Some(format!("{}_reply", msg_type.strip_suffix("_request")?))
}

/// What a handler answers, also if it panics.
async fn catch_panic(handler: impl Future<Output = Answer>) -> Answer {
    let mut handler = pin!(handler);
    std::future::poll_fn(move |cx| {
        // Nothing of the future is used after a panic.
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(panicked(&*panic)),
        }
    })
    .await
}

/// As [`catch_panic`], of what waits for nothing.
pub(super) fn catch_panic_now(handler: impl FnOnce() -> Answer) -> Answer {
    catch_unwind(AssertUnwindSafe(handler)).unwrap_or_else(|panic| panicked(&*panic))
}

fn panicked(panic: &(dyn Any + Send)) -> Answer {
    Err(RequestError::Panicked(text_of(panic)))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("panic").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_have_replies() {
        assert_eq!(
            reply_type("execute_request").as_deref(),
            Some("execute_reply")
        );
        assert_eq!(reply_type("comm_msg"), None);
    }

    #[tokio::test]
    async fn panic_of_a_handler_becomes_text_also_after_an_await() {
        let fails = async {
            tokio::task::yield_now().await;
            panic!("on {}", "purpose")
        };
        let answer = catch_panic(fails).await;
        let said = |answer: Answer| answer.err().map(|error| error.to_string());
        assert!(said(answer).unwrap().ends_with("on purpose"));
        assert!(catch_panic(async { Ok(None) }).await.is_ok());
        let answer = catch_panic_now(|| panic!("at once"));
        assert!(said(answer).unwrap().ends_with("at once"));
    }
}
