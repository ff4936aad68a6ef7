//! The bracket around every request: busy, handler, reply, idle.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use everloop_protocol::Session;
use everloop_protocol::content::status::{ExecutionState, Status};

use crate::log;
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
        self.publish_status(request, ExecutionState::Busy);
        let answer = catch_panic(handler).await;
        let answer = answer.unwrap_or_else(|panic| Err(RequestError::Panicked(panic)));
        let then = match answer.or_else(|error| self.refuse(request, &error)) {
            Ok(Some(reply)) => {
                self.send(request, &reply);
                reply.then
            }
            Ok(None) => Then::GoOn,
            Err(error) => {
                tracing::error!(%error, "cannot write an error reply");
                Then::GoOn
            }
        };
        self.publish_status(request, ExecutionState::Idle);
        match then {
            Then::GoOn => {}
            Then::Exit => self.context.exit.cancel(),
            Then::ExitUnlessAsked => self.exit_unless_asked(),
        }
    }

    fn exit_unless_asked(&self) {
        let exit = self.context.exit.clone();
        tokio::spawn(async move {
            let asked = tokio::time::timeout(UNASKED, exit.cancelled()).await;
            if asked.is_err() {
                exit.cancel();
            }
        });
    }

    fn publish_status(&self, request: &Request, execution_state: ExecutionState) {
        let status = Status { execution_state };
        self.context
            .outbox
            .publish(&request.parent, "status", status);
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
        }
    }
}

/// The type of the reply to a request; `None` for messages that have no reply, as `comm_msg`.
fn reply_type(msg_type: &str) -> Option<String> {
    Some(format!("{}_reply", msg_type.strip_suffix("_request")?))
}

/// The output of a future, or what it said when it panicked.
async fn catch_panic<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        // Nothing of the future is used after a panic.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(text_of(&*panic))),
        }
    })
    .await
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
        assert_eq!(catch_panic::<()>(fails).await, Err("on purpose".to_owned()));
        assert_eq!(catch_panic(async { 7 }).await, Ok(7));
    }
}
