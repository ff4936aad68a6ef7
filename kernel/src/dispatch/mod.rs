//! From a message to what answers it.
//!
//! Every request on shell and control gets one bracket: busy, handler, reply, idle, with one reply and one idle
//! also when the handler panics. Control is sequential and never waits for Python. On shell only cells wait for
//! each other ([`cells`]), unless they are concurrent; everything else is answered at once, also while a cell runs.

mod bracket;
mod cells;
mod routes;

pub(crate) use self::bracket::Dispatcher;
pub(crate) use self::cells::Cells;

use std::sync::Arc;

use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use self::cells::Barrier;
use self::routes::{CONTROL, Pace, SHELL, find};
use crate::sockets::router::Router;

/// The task that owns the control socket.
pub(crate) async fn serve_control(dispatcher: Arc<Dispatcher>, mut router: Router) {
    loop {
        let frames = router.recv().await;
        if let Some(request) = dispatcher.decode(frames) {
            let handler = find(CONTROL, request.msg_type()).handler;
            dispatcher
                .bracket(&request, handler(&dispatcher.context, &request))
                .await;
        }
    }
}

/// The task that owns the shell socket.
pub(crate) struct Shell {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) router: Router,
    pub(crate) cells: Arc<Cells>,
    pub(crate) barriers: mpsc::UnboundedReceiver<Barrier>,
    pub(crate) tasks: TaskTracker,
}

impl Shell {
    pub(crate) async fn serve(mut self) {
        loop {
            tokio::select! {
                frames = self.router.recv() => self.route(frames).await,
                Some(reached_tx) = self.barriers.recv() => {
                    self.router.drain().await;
                    while let Some(frames) = self.router.try_recv() {
                        self.route(frames).await;
                    }
                    // Nobody waits while the kernel shuts down.
                    let _ = reached_tx.send(self.cells.arrived());
                }
            }
        }
    }

    async fn route(&mut self, frames: Vec<Bytes>) {
        let Some(request) = self.dispatcher.decode(frames) else {
            return;
        };
        if request.msg_type() == "execute_request" {
            self.cells.arrive(request);
            return;
        }
        let route = find(SHELL, request.msg_type());
        let dispatcher = Arc::clone(&self.dispatcher);
        let answered = async move {
            let handled = (route.handler)(&dispatcher.context, &request);
            dispatcher.bracket(&request, handled).await;
        };
        match route.pace {
            // In order, and without the detour of a task.
            Pace::AtOnce => answered.await,
            Pace::MayTakeTime => {
                let mut answered = Box::pin(answered);
                // Handlers begin in order, so that comm messages reach Python in order; only their waiting is apart.
                if poll_once(answered.as_mut()).await.is_pending() {
                    drop(self.tasks.spawn(answered));
                }
            }
        }
    }
}

/// Lets a future run up to its first wait.
async fn poll_once<T>(mut future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
