//! `execute_request`: run a cell, beside others if it is concurrent.

use everloop_protocol::content::execute::{ExecuteReply, ExecuteRequest};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::{Answer, Context, Reply, Request, Then};
use crate::interpreter::Cell;

/// A cell that ran, or failed, and what follows from that.
pub(crate) struct Executed {
    pub(crate) answer: Answer,
    /// The cells that were sent by now are not to be tried.
    pub(crate) aborts_queue: bool,
}

pub(crate) async fn handle(context: &Context, request: &Request, is_concurrent: bool) -> Executed {
    let wanted: ExecuteRequest = match request.message.content() {
        Ok(wanted) => wanted,
        Err(error) => {
            return Executed {
                answer: Err(error.into()),
                aborts_queue: false,
            };
        }
    };
    let started = now();
    let stops = wanted.stop_on_error && !wanted.silent;
    let outcome = context
        .interpreter
        .run_cell(Cell {
            request: wanted,
            parent: request.parent.clone(),
            identities: request.message.identities.clone(),
            metadata: request.message.metadata.clone(),
            is_concurrent,
        })
        .await;
    // Output first: a client may stop listening when it has the reply.
    context.outbox.flush().await;
    let then = match outcome.exit {
        Some(exit) if !exit.keep_kernel => Then::ExitUnlessAsked,
        _ => Then::GoOn,
    };
    Executed {
        answer: answer(context, started, &outcome.reply, then),
        aborts_queue: stops && matches!(outcome.reply, ExecuteReply::Error { .. }),
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
