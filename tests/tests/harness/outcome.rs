//! What came of a request.

use everloop_protocol::Message;
use serde_json::Value;

/// What came of a request: its reply, and its outputs without the status messages.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) reply: Message,
    pub(crate) outputs: Vec<Message>,
}

impl Outcome {
    /// A field of the reply.
    pub(crate) fn field(&self, name: &str) -> &Value {
        &self.reply.content[name]
    }

    /// The status of the reply.
    pub(crate) fn status(&self) -> &str {
        self.field("status").as_str().unwrap_or_default()
    }

    /// The types of the outputs.
    pub(crate) fn types(&self) -> Vec<&str> {
        self.outputs
            .iter()
            .map(|output| output.header.msg_type.as_str())
            .collect()
    }

    /// The outputs of one type.
    pub(crate) fn of_type<'a>(&'a self, msg_type: &'a str) -> impl Iterator<Item = &'a Message> {
        self.outputs
            .iter()
            .filter(move |output| output.header.msg_type == msg_type)
    }

    /// Everything that was printed to this stream.
    pub(crate) fn printed(&self, name: &str) -> String {
        let streams = self
            .of_type("stream")
            .filter(|output| output.content["name"] == name);
        streams
            .filter_map(|output| output.content["text"].as_str())
            .collect()
    }

    /// What went to standard output.
    pub(crate) fn stdout(&self) -> String {
        self.printed("stdout")
    }

    /// The text of the result.
    pub(crate) fn result(&self) -> Option<&str> {
        self.of_type("execute_result").next()?.content["data"]["text/plain"].as_str()
    }

    /// The reply's error, which stands on iopub as well.
    pub(crate) fn ename(&self) -> &str {
        assert_eq!(self.status(), "error", "{self:?}");
        let published = self
            .of_type("error")
            .next()
            .unwrap_or_else(|| panic!("no error on iopub: {self:?}"));
        for field in ["ename", "evalue", "traceback"] {
            assert_eq!(&published.content[field], self.field(field), "{field}");
        }
        self.field("ename").as_str().unwrap_or_default()
    }

    /// The number of the cell.
    pub(crate) fn count(&self) -> u64 {
        self.field("execution_count")
            .as_u64()
            .unwrap_or_else(|| panic!("no execution_count: {self:?}"))
    }
}
