//! Who is told of the end of a cell: exactly once, whatever happens.

use everloop_protocol::ParentHeader;

use super::{CellOutcome, died, failed};
use crate::native::door::Door;
use crate::native::forks;

type Ended = Box<dyn FnOnce(CellOutcome) + Send>;

/// To be told how a cell ended. Dropped untold, it says that the interpreter ended first.
pub(crate) struct Ending {
    parent: ParentHeader,
    ended: Option<Ended>,
}

impl Ending {
    pub(crate) fn new(
        parent: &ParentHeader,
        ended: impl FnOnce(CellOutcome) + Send + 'static,
    ) -> Self {
        Self {
            parent: parent.clone(),
            ended: Some(Box::new(ended)),
        }
    }

    pub(crate) fn tell(mut self, outcome: CellOutcome) {
        if let Some(ended) = self.take() {
            ended(outcome);
        }
    }

    /// None also in a child that was forked: the cell is the parent's to answer, and so are the locks on the way.
    fn take(&mut self) -> Option<Ended> {
        self.ended.take().filter(|_| !forks::is_child())
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let (Some(ended), Some(door)) = (self.take(), Door::existing()) else {
            return;
        };
        let parent = self.parent.clone();
        // Apart: who frees a cell may hold locks that the next one needs to begin.
        door.tokio.spawn(async move {
            let error = died("the interpreter ended before the cell did");
            door.outbox.publish(&parent, "error", &error);
            ended(CellOutcome {
                reply: failed(error, 0),
                exit: None,
            });
        });
    }
}

impl std::fmt::Debug for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_told = self.ended.is_none();
        f.debug_struct("Ending")
            .field("is_told", &is_told)
            .finish_non_exhaustive()
    }
}
