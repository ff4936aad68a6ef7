use std::str::FromStr;

use crate::Error;

/// One environment variable for the kernel: `NAME=VALUE`. The value may be empty and may hold more `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What stands before the first `=`; not empty.
    pub name: String,
    /// All that follows. Jupyter replaces `${OTHER}` in it when it starts the kernel.
    pub value: String,
}

impl FromStr for Assignment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Assignment {
                name: name.into(),
                value: value.into(),
            }),
            _ => Err(Error::BadAssignment {
                text: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_ends_the_name() {
        let Assignment { name, value } = "OPTIONS=a=b".parse().unwrap();
        assert_eq!((name.as_str(), value.as_str()), ("OPTIONS", "a=b"));
        assert_eq!("EMPTY=".parse::<Assignment>().unwrap().value, "");
        assert_eq!(
            "LONELY".parse::<Assignment>().unwrap_err().to_string(),
            "`LONELY` is not an environment variable: write NAME=VALUE"
        );
        assert!("=value".parse::<Assignment>().is_err());
    }
}
