//! Drives a real kernel process over real sockets.
//!
//! The binary is `EVERLOOP_BIN`, or the release build in the target directory. What the specification asks for and what
//! other kernels got wrong is tested here; real clients judge in `tests/python`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

// Starting: the connection file and its faults, port 0, ipc.
mod startup;
// Framing: identities, buffers, sessions, parent headers.
mod messages;
// What a kernel must survive: garbage, wrong signatures, unknown types, huge frames.
mod bad_input;
// Who may do what: signatures, repetition, the key, the modes of files, the ports.
mod security;
// The heartbeat.
mod heartbeat;
// The bracket around every request: busy, reply, idle; and what each request answers.
mod requests;
// Cells: counts, order, silence, errors and what they abort.
mod execution;
// iopub: nothing is lost, nobody is blocked.
mod iopub;
// What goes on beside a cell: control, lookups, background tasks, a second client.
mod concurrency;
// Interrupts, in every state.
mod interrupts;
// input() and its questions.
mod stdin;
// Comms.
// The end: shutdown, restart, a parent that dies.
mod shutdown;
