//! `execute_request`: run a cell, beside others if it is concurrent.

use everloop_protocol::content::execute::{ExecuteReply, ExecuteRequest};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::{Answer, Context, Reply, Request, RequestError, Then};
use crate::interpreter::{Cell, CellOutcome};

/// A cell to run, and what is to be known of it when it has run.
pub(crate) struct Execution {
    pub(crate) cell: Cell,
    pub(crate) started: String,
    /// Whether the cells that were sent by the time of its failure are not to be tried.
    pub(crate) stops_on_error: bool,
}

/// What a request asks for.
pub(crate) fn execution(request: &Request, is_concurrent: bool) -> Result<Execution, RequestError> {
    let wanted: ExecuteRequest = request.message.content()?;
    let stops_on_error = wanted.stop_on_error && !wanted.silent;
    let cell = Cell {
        request: wanted,
        parent: request.parent.clone(),
        identities: request.message.identities.clone(),
        metadata: request.message.metadata.clone(),
        is_concurrent,
    };
    Ok(Execution {
        cell,
        started: now(),
        stops_on_error,
    })
}

/// A cell that ran, or failed.
pub(crate) struct Executed {
    pub(crate) outcome: CellOutcome,
    pub(crate) started: String,
    pub(crate) stops_on_error: bool,
}

impl Executed {
    /// Whether the cells that were sent by now are not to be tried.
    pub(crate) fn aborts_queue(&self) -> bool {
        self.stops_on_error && matches!(self.outcome.reply, ExecuteReply::Error { .. })
    }

    pub(crate) fn answer(self, context: &Context) -> Answer {
        let then = match self.outcome.exit {
            Some(exit) if !exit.keep_kernel => Then::ExitUnlessAsked,
            _ => Then::GoOn,
        };
        answer(context, self.started, &self.outcome.reply, then)
    }
}

/// The answer to a cell that is not tried because one before it failed.
pub(crate) fn aborted(context: &Context) -> Answer {
    answer(context, now(), &ExecuteReply::Aborted, Then::GoOn)
}

fn answer(context: &Context, started: String, reply: &ExecuteReply, then: Then) -> Answer {
    Ok(Some(Reply {
        content: to_raw_value(reply)?,
        metadata: metadata(&context.engine, started, reply),
        then,
    }))
}

/// JupyterLab measures a cell's time from `started`; the other keys are ipykernel's.
fn metadata(engine: &str, started: String, reply: &ExecuteReply) -> Map<String, Value> {
    let status = match reply {
        ExecuteReply::Ok { .. } => "ok",
        ExecuteReply::Error { .. } => "error",
        ExecuteReply::Aborted => "aborted",
    };
    let metadata = json!({
        "started": started,
        "dependencies_met": true,
        "engine": engine,
        "status": status,
    });
    match metadata {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    }
}

fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}
