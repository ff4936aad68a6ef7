//! `kernel_info_request`, `kernel_info_reply` (shell and control): what this kernel is and can do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What are you?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelInfoRequest {}

/// The kernel's description of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct KernelInfoReply {
    /// The version of the protocol, `X.Y`.
    pub protocol_version: String,
    /// The kernel's name.
    pub implementation: String,
    /// The kernel's version.
    pub implementation_version: String,
    /// The language of its cells.
    pub language_info: LanguageInfo,
    /// What a console prints first.
    #[serde(default)]
    pub banner: String,
    /// Whether it can debug; deprecated by `supported_features`.
    #[serde(default)]
    pub debugger: bool,
    /// Links for the Help menu.
    #[serde(default)]
    pub help_links: Vec<HelpLink>,
    /// Optional parts of the protocol: `debugger`, `kernel subshells`. Front ends act on each, so only what works
    /// belongs here.
    #[serde(default)]
    pub supported_features: Vec<String>,
}

/// What a front end has to know of the language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageInfo {
    /// The language's name.
    pub name: String,
    /// The language's version, not the kernel's.
    pub version: String,
    /// The MIME type of scripts.
    pub mimetype: String,
    /// The extension of script files, with its dot.
    pub file_extension: String,
    /// Pygments lexer, when its name is not the language's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pygments_lexer: Option<String>,
    /// `CodeMirror` mode: a name, or an object with options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codemirror_mode: Option<Value>,
    /// nbconvert exporter, when it is not the general script exporter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbconvert_exporter: Option<String>,
}

/// One entry of the Help menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpLink {
    /// What the entry says.
    pub text: String,
    /// Where it leads.
    pub url: String,
}
