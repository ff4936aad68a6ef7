//! The addresses of a name, for which the resolver may take minutes.
//!
//! RustPython asks it without letting go of the interpreter, so that the next collection of garbage on any thread waits
//! for the answer, and all threads for the collection: a name server that does not answer would stop the kernel.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError};
use rustpython_vm::{PyResult, VirtualMachine, convert::IntoPyException};

/// For how long a signal may stay unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// What the resolver said: addresses as text, or its number and words for what failed.
pub(super) type Answer = Result<Vec<String>, (i32, String)>;

/// Asks the resolver on a thread of its own and waits for it. Other Python threads run meanwhile, and a signal ends the
/// wait; the thread ends when the resolver does.
pub(super) fn look_up(
    name: String,
    family: i32,
    flags: i32,
    vm: &VirtualMachine,
) -> PyResult<Answer> {
    let (answer_tx, answer_rx) = mpsc::channel();
    thread::Builder::new()
        .name("names".to_owned())
        // Whoever asked may have been interrupted.
        .spawn(move || drop(answer_tx.send(ask(&name, family, flags))))
        .map_err(|error| error.into_pyexception(vm))?;
    loop {
        match vm.allow_threads(|| answer_rx.recv_timeout(SLICE)) {
            Ok(answer) => return answer.map_err(|error| error.into_pyexception(vm)),
            Err(RecvTimeoutError::Timeout) => vm.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(vm.new_os_error("the resolver panicked"));
            }
        }
    }
}

fn ask(name: &str, family: i32, flags: i32) -> io::Result<Answer> {
    let hints = AddrInfoHints {
        flags,
        address: family,
        // Each address once.
        socktype: libc::SOCK_STREAM,
        protocol: 0,
    };
    match dns_lookup::getaddrinfo(Some(name), None, Some(hints)) {
        Ok(found) => found
            .map(|info| info.map(|info| as_text(info.sockaddr)))
            .collect::<io::Result<_>>()
            .map(Ok),
        Err(error) if error.error_num() == 0 => Err(error.into()),
        Err(error) => Ok(Err(words(error))),
    }
}

fn as_text(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => {
            format!("{}%{}", address.ip(), address.scope_id())
        }
        address => address.ip().to_string(),
    }
}

fn words(error: LookupError) -> (i32, String) {
    let number = error.error_num();
    let text = io::Error::from(error).to_string();
    let text = text.rsplit_once(": ").map_or(&*text, |(_, words)| words);
    (number, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::ask;

    #[test]
    fn a_name_has_addresses_or_a_reason() {
        let local = ask("localhost", libc::AF_INET, 0).expect("the resolver answers");
        assert_eq!(local, Ok(vec!["127.0.0.1".to_owned()]));
        let nobody = ask("nobody.invalid", libc::AF_INET, libc::AI_NUMERICHOST);
        let (number, _) = nobody
            .expect("the resolver answers")
            .expect_err("it is no address");
        assert_eq!(number, libc::EAI_NONAME);
    }
}
