//! What the first line of a cell says about how the cell is run.

/// A first line that is for the kernel itself, and not for IPython or Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// `%%concurrent`: beside other cells.
    Concurrent,
    /// `%%thread`: beside other cells, on a thread of its own.
    Thread,
}

impl Directive {
    /// Its name, without the mark of a cell magic.
    pub fn name(self) -> &'static str {
        match self {
            Self::Concurrent => "concurrent",
            Self::Thread => "thread",
        }
    }
}

/// The directive on the first line that is not empty, and the lines below it.
///
/// Something else behind the name is a mistake, of which the magic of that name speaks.
pub fn directive(code: &str) -> Option<(Directive, &str)> {
    let code = code.trim_start_matches(['\n', '\r', ' ', '\t']);
    let (line, body) = code.split_once('\n').unwrap_or((code, ""));
    let directive = match line.trim_end() {
        "%%concurrent" => Directive::Concurrent,
        "%%thread" => Directive::Thread,
        _ => return None,
    };
    Some((directive, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_line_says_how_the_rest_is_run() {
        let body = "\nawait f()\n";
        let code = format!("\n%%concurrent  \r\n{body}");
        assert_eq!(directive(&code), Some((Directive::Concurrent, body)));
        assert_eq!(directive("%%thread\nf()"), Some((Directive::Thread, "f()")));
        assert_eq!(directive("%%thread"), Some((Directive::Thread, "")));
    }

    #[test]
    fn everything_else_is_code() {
        for code in [
            "",
            "f()",
            "%%time\nf()",
            "%%threads\nf()",
            "%%concurrent now\nf()",
            "f()\n%%concurrent\ng()",
            "# first\n%%thread\nf()",
        ] {
            assert_eq!(directive(code), None, "{code:?}");
        }
    }
}
