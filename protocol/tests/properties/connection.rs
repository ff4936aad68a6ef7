//! Any connection file is one that the kernel can use, or an error value.

use std::path::Path;

use everloop_protocol::{ConnectionFile, Session};
use serde_json::Value;

/// The input is what stands in the file.
pub(crate) fn check(input: &[u8]) {
    let path = Path::new("connection.json");
    let file = match ConnectionFile::parse(input, path) {
        Ok(file) => file,
        Err(error) => {
            assert!(error.to_string().contains("connection.json"));
            return;
        }
    };
    for key in ["curve_publickey", "curve_secretkey"] {
        let asks = file.extra.get(key).unwrap_or(&Value::Null);
        assert!(asks.is_null() || asks == "", "{asks}");
    }
    let endpoint = file.endpoint(file.shell_port);
    assert!(endpoint.contains("://"), "{endpoint}");
    let session = Session::from_connection(&file);
    assert!(session.is_ok() || !file.key.is_empty());

    let written = serde_json::to_vec(&file).expect("what was JSON is JSON");
    assert_eq!(
        ConnectionFile::parse(&written, path).expect("our own file"),
        file
    );
}
