//! Bundles of one object in several formats.

use serde_json::{Map, Value};

/// MIME type to representation, in the order in which the formats were made. Text and base64 are strings, JSON types
/// (`application/json`, `*+json`) are any value.
pub type MimeBundle = Map<String, Value>;
