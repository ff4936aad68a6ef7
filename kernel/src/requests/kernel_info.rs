//! `kernel_info_request`: what this kernel is. Answered before Python is up, so nothing here asks Python.

use everloop_protocol::PROTOCOL_VERSION;
use everloop_protocol::content::kernel_info::{HelpLink, KernelInfoReply, LanguageInfo};
use serde_json::json;

use super::{Answer, Context, Request, reply};

/// The version of the language, as `sys.version_info` has it.
const LANGUAGE_VERSION: &str = "3.14.0";
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) async fn handle(_context: &Context, _request: &Request) -> Answer {
    reply(&kernel_info())
}

fn kernel_info() -> KernelInfoReply {
    KernelInfoReply {
        protocol_version: PROTOCOL_VERSION.to_owned(),
        implementation: "everloop".to_owned(),
        implementation_version: VERSION.to_owned(),
        language_info: LanguageInfo {
            name: "python".to_owned(),
            version: LANGUAGE_VERSION.to_owned(),
            mimetype: "text/x-python".to_owned(),
            file_extension: ".py".to_owned(),
            pygments_lexer: Some("ipython3".to_owned()),
            codemirror_mode: Some(json!({"name": "ipython", "version": 3})),
            nbconvert_exporter: Some("python".to_owned()),
        },
        banner: format!(
            "Python {LANGUAGE_VERSION} on RustPython\n\
             everloop {VERSION}: one asyncio loop that never stops. Top-level await works.\n"
        ),
        debugger: false,
        help_links: vec![
            HelpLink {
                text: "Python Reference".to_owned(),
                url: "https://docs.python.org/3.14".to_owned(),
            },
            HelpLink {
                text: "asyncio Reference".to_owned(),
                url: "https://docs.python.org/3.14/library/asyncio.html".to_owned(),
            },
        ],
        supported_features: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustpython_vm::version::{MAJOR, MICRO, MINOR};

    #[test]
    fn language_version_is_that_of_the_interpreter() {
        assert_eq!(LANGUAGE_VERSION, format!("{MAJOR}.{MINOR}.{MICRO}"));
    }
}
