//! Whose turn it is. The questions for one front end stand in a line, and the first of them is open: it was sent, and
//! waits for its answer. Front ends do not wait for each other.
//!
//! A front end may answer a question that was given up, when another is open. Its answer names what it answers as its
//! parent: the `input_request` (JupyterLab) or the request that caused it, which is the same for all questions of one
//! cell. jupyter_client's answers name nothing. A late one of those cannot be told from the answer to the open question,
//! unless it has arrived before that was sent: nothing else in it is ours, and the clock in it is another machine's.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Question, Unanswered};

/// A question, and where its answer goes.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    answer_tx: oneshot::Sender<Result<String, Unanswered>>,
}

impl Asked {
    pub(super) fn new(
        question: Question,
        answer_tx: oneshot::Sender<Result<String, Unanswered>>,
    ) -> Self {
        Self {
            question,
            answer_tx,
        }
    }

    pub(super) fn fail(self, reason: Unanswered) {
        // Nobody waits any more when it was given up.
        let _ = self.answer_tx.send(Err(reason));
    }

    fn is_given_up(&self) -> bool {
        self.answer_tx.is_closed()
    }

    fn ends_with(&self, msg_id: &str) -> bool {
        self.question.blocks_thread && self.question.parent.msg_id() == msg_id
    }
}

/// A question that was sent.
#[derive(Debug)]
struct Open {
    asked: Asked,
    /// Of the `input_request`.
    msg_id: String,
}

/// The questions for one front end.
#[derive(Debug)]
struct Line {
    identities: Vec<Bytes>,
    open: Option<Open>,
    waiting: VecDeque<Asked>,
}

impl Line {
    /// The next question, if none is open.
    fn next(&mut self) -> Option<Asked> {
        if self.open.is_some() {
            return None;
        }
        let given_up = self.waiting.iter().take_while(|asked| asked.is_given_up());
        let given_up = given_up.count();
        self.waiting.drain(..given_up);
        self.waiting.pop_front()
    }

    fn interrupt(&mut self, msg_id: &str) {
        let interrupted = self.open.take_if(|open| open.asked.ends_with(msg_id));
        if let Some(open) = interrupted {
            open.asked.fail(Unanswered::Interrupted);
        }
        for asked in std::mem::take(&mut self.waiting) {
            if asked.ends_with(msg_id) {
                asked.fail(Unanswered::Interrupted);
            } else {
                self.waiting.push_back(asked);
            }
        }
    }
}

/// The questions for all front ends.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<Line>);

impl Lines {
    /// Puts a question at the end of its line.
    pub(super) fn push(&mut self, asked: Asked) {
        let line = self.of(&asked.question.identities);
        // Who asks again and again with a limit must not fill the line.
        line.waiting.retain(|asked| !asked.is_given_up());
        line.waiting.push_back(asked);
    }

    /// Takes a question whose turn it is.
    pub(super) fn next(&mut self) -> Option<Asked> {
        let next = self.0.iter_mut().find_map(Line::next);
        if next.is_none() {
            self.0.retain(|line| line.open.is_some());
        }
        next
    }

    /// The question was sent, as the message `msg_id`.
    pub(super) fn open(&mut self, asked: Asked, msg_id: String) {
        let line = self.of(&asked.question.identities);
        line.open = Some(Open { asked, msg_id });
    }

    /// Gives a front end's answer to the question that it has open. False if there is none, or if `parent`, the
    /// `msg_id` of what the front end says that it answers, is another; it may be empty.
    pub(super) fn answer(&mut self, identities: &[Bytes], parent: &str, value: String) -> bool {
        let mut lines = self.0.iter_mut();
        let open = lines
            .find(|line| line.identities == identities)
            .and_then(|line| {
                line.open.take_if(|open| {
                    let cause = open.asked.question.parent.msg_id();
                    parent.is_empty() || parent == open.msg_id || parent == cause
                })
            });
        // Fails for a question that was given up right now: then this was no answer to the next one.
        open.map(|open| open.asked.answer_tx.send(Ok(value)))
            .is_some()
    }

    /// Ends the questions by which threads of the cell `msg_id` are blocked.
    pub(super) fn interrupt(&mut self, msg_id: &str) {
        for line in &mut self.0 {
            line.interrupt(msg_id);
        }
    }

    /// Resolves when an open question was given up, and forgets it.
    pub(super) async fn given_up(&mut self) {
        poll_fn(|cx| {
            for line in &mut self.0 {
                let given_up = line
                    .open
                    .take_if(|open| open.asked.answer_tx.poll_closed(cx).is_ready());
                if given_up.is_some() {
                    return Poll::Ready(());
                }
            }
            Poll::Pending
        })
        .await;
    }

    fn of(&mut self, identities: &[Bytes]) -> &mut Line {
        let place = self.0.iter().position(|line| line.identities == identities);
        let place = place.unwrap_or_else(|| {
            self.0.push(Line {
                identities: identities.to_vec(),
                open: None,
                waiting: VecDeque::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[place]
    }
}

#[cfg(test)]
mod tests {
    use everloop_protocol::ParentHeader;

    use super::*;

    type Answer = oneshot::Receiver<Result<String, Unanswered>>;

    fn front_end(name: &'static str) -> Vec<Bytes> {
        vec![Bytes::from_static(name.as_bytes())]
    }

    /// A question of the cell `cell`.
    fn ask(lines: &mut Lines, name: &'static str, cell: &str, prompt: &str) -> Answer {
        let header = format!(r#"{{"msg_id": "{cell}", "msg_type": "execute_request"}}"#);
        let (answer_tx, answer) = oneshot::channel();
        let question = Question {
            identities: front_end(name),
            parent: ParentHeader::from_json(&header).unwrap(),
            prompt: prompt.to_owned(),
            password: false,
            blocks_thread: true,
        };
        lines.push(Asked::new(question, answer_tx));
        answer
    }

    /// Sends what can be sent, with the prompts as identifiers.
    fn send(lines: &mut Lines) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(asked) = lines.next() {
            let msg_id = asked.question.prompt.clone();
            lines.open(asked, msg_id.clone());
            sent.push(msg_id);
        }
        sent
    }

    #[test]
    fn one_question_at_a_time_for_each_front_end() {
        let mut lines = Lines::default();
        let mut first = ask(&mut lines, "lab", "cell", "first");
        let _second = ask(&mut lines, "lab", "cell", "second");
        let _other = ask(&mut lines, "console", "other cell", "other");
        assert_eq!(send(&mut lines), ["first", "other"]);
        assert!(lines.answer(&front_end("lab"), "", "1".to_owned()));
        assert_eq!(first.try_recv(), Ok(Ok("1".to_owned())));
        assert_eq!(send(&mut lines), ["second"]);
    }

    #[test]
    fn an_answer_names_its_question_its_cell_or_nothing() {
        for parent in ["question", "cell", ""] {
            let mut lines = Lines::default();
            let _answer = ask(&mut lines, "lab", "cell", "question");
            send(&mut lines);
            assert!(!lines.answer(&front_end("lab"), "another", String::new()));
            assert!(!lines.answer(&front_end("console"), parent, String::new()));
            assert!(lines.answer(&front_end("lab"), parent, String::new()));
            assert!(!lines.answer(&front_end("lab"), parent, String::new()));
        }
    }

    #[tokio::test]
    async fn what_is_given_up_makes_room() {
        let mut lines = Lines::default();
        let open = ask(&mut lines, "lab", "cell", "open");
        let waiting = ask(&mut lines, "lab", "cell", "waiting");
        let _last = ask(&mut lines, "lab", "cell", "last");
        assert_eq!(send(&mut lines), ["open"]);
        drop(waiting);
        drop(open);
        lines.given_up().await;
        assert_eq!(send(&mut lines), ["last"]);
    }

    #[test]
    fn an_interrupt_ends_the_questions_of_its_cell() {
        let mut lines = Lines::default();
        let mut open = ask(&mut lines, "lab", "cell", "open");
        let mut other = ask(&mut lines, "lab", "other cell", "other");
        let mut waiting = ask(&mut lines, "lab", "cell", "waiting");
        send(&mut lines);
        lines.interrupt("cell");
        for answer in [&mut open, &mut waiting] {
            assert_eq!(answer.try_recv(), Ok(Err(Unanswered::Interrupted)));
        }
        assert!(other.try_recv().is_err());
        assert_eq!(send(&mut lines), ["other"]);
    }

    #[test]
    fn nothing_is_left_of_questions_that_are_over() {
        let mut lines = Lines::default();
        drop(ask(&mut lines, "lab", "cell", "given up"));
        let _answer = ask(&mut lines, "console", "cell", "answered");
        send(&mut lines);
        lines.answer(&front_end("console"), "", String::new());
        send(&mut lines);
        assert!(lines.0.is_empty());
    }
}
