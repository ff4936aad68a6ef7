//! `repr` of text, and text times a number, at the speed of memory.
//!
//! The interpreter looks at each character twice and copies the result twice, and appends a character at a time: for a
//! large text most of what shows it. Here one pass says how long the result is, and the second writes it in pieces.

use std::sync::OnceLock;

use everloop_protocol::scan::first;
use rustpython_vm::{
    Py, PyObject, PyRef, PyResult, VirtualMachine, builtins::PyStr, protocol::PySequence,
};

type Repr = fn(&PyObject, &VirtualMachine) -> PyResult<PyRef<PyStr>>;
type Repeat = fn(PySequence<'_>, isize, &VirtualMachine) -> PyResult;

/// The interpreter's functions, which do what is not done here. Classes are the process's, so interpreters share them.
struct Functions {
    repr: Repr,
    repeat: Repeat,
}

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();

/// What is repeated to less than this is left to the interpreter: it is over before it matters.
const LARGE: usize = 256;

/// Puts the functions of this file in the place of the interpreter's.
pub(super) fn install(vm: &VirtualMachine) {
    let slots = &vm.ctx.types.str_type.slots;
    FUNCTIONS.get_or_init(|| {
        let functions = Functions {
            repr: slots.repr.load().expect("text has a repr"),
            repeat: slots
                .as_sequence
                .repeat
                .load()
                .expect("text can be repeated"),
        };
        slots.repr.store(Some(repr));
        slots.as_sequence.repeat.store(Some(repeat));
        functions
    });
}

fn functions() -> &'static Functions {
    FUNCTIONS
        .get()
        .expect("they are kept before they are replaced")
}

fn repr(text: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    match text.downcast_ref::<PyStr>().and_then(ascii) {
        Some(ascii) => Ok(new_ascii(ascii_repr(ascii), vm)),
        None => (functions().repr)(text, vm),
    }
}

fn repeat(text: PySequence<'_>, times: isize, vm: &VirtualMachine) -> PyResult {
    let repeated = text
        .obj
        .downcast_ref::<PyStr>()
        .and_then(ascii)
        .and_then(|ascii| repeated(ascii, usize::try_from(times).ok()?));
    match repeated {
        Some(bytes) => Ok(new_ascii(bytes, vm).into()),
        None => (functions().repeat)(text, times, vm),
    }
}

fn ascii(text: &Py<PyStr>) -> Option<&[u8]> {
    text.kind().is_ascii().then(|| text.as_bytes())
}

fn new_ascii(bytes: Vec<u8>, vm: &VirtualMachine) -> PyRef<PyStr> {
    #[expect(unsafe_code, reason = "it is ASCII by what it was made of")]
    // SAFETY: all callers made it from ASCII and of ASCII.
    let text = unsafe { PyStr::new_ascii_unchecked(bytes) };
    vm.ctx.new_pyref(text)
}

/// Large text, if there is memory for it.
fn repeated(ascii: &[u8], times: usize) -> Option<Vec<u8>> {
    let length = ascii.len().checked_mul(times)?;
    if length < LARGE || times < 2 {
        return None;
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).ok()?;
    if let [byte] = ascii {
        bytes.resize(length, *byte);
        return Some(bytes);
    }
    bytes.extend_from_slice(ascii);
    while bytes.len() < length {
        let more = bytes.len().min(length - bytes.len());
        bytes.extend_from_within(..more);
    }
    Some(bytes)
}

/// As Python writes it: between single quotes, unless it has such and no double ones.
fn ascii_repr(ascii: &[u8]) -> Vec<u8> {
    let has = |quote| ascii.contains(&quote);
    let quote = if has(b'\'') && !has(b'"') {
        b'"'
    } else {
        b'\''
    };
    let mut out = Vec::with_capacity(length_between(ascii, quote) + 2);
    out.push(quote);
    let mut rest = ascii;
    while let Some(at) = first_to_escape(rest, quote) {
        out.extend_from_slice(&rest[..at]);
        push_escaped(&mut out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(quote);
    out
}

/// How many characters the text has between quotes of that kind.
fn length_between(ascii: &[u8], quote: u8) -> usize {
    let Some(at) = first_to_escape(ascii, quote) else {
        return ascii.len();
    };
    let rest = ascii[at..].iter().map(|&byte| width(byte, quote));
    at + rest.sum::<usize>()
}

/// Where the first byte is that does not stand for itself between quotes of that kind.
fn first_to_escape(ascii: &[u8], quote: u8) -> Option<usize> {
    let needs_escape = |byte: u8| !matches!(byte, b' '..=b'~') || byte == b'\\' || byte == quote;
    first(ascii, needs_escape)
}

/// How many characters `byte` is between quotes of that kind.
fn width(byte: u8, quote: u8) -> usize {
    let is_unseen = byte < b' ' || byte == 0x7f;
    let is_short = matches!(byte, b'\\' | b'\t' | b'\n' | b'\r') || byte == quote;
    match (is_short, is_unseen) {
        (true, _) => 2,
        (false, true) => 4,
        (false, false) => 1,
    }
}

fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'\t' => b't',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\\' | b'\'' | b'"' => byte,
        _ => {
            out.extend_from_slice(b"\\x");
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 0xf)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
