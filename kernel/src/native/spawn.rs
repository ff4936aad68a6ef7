//! Starting a program without copying this process (`posix_spawn`), for `subprocess`.
//!
//! `fork` copies the tables of the whole address space, which for an interpreter with its libraries takes longer than
//! all the rest of starting a program. What `posix_spawn` cannot do, and every failure, is left to `fork_exec`, which
//! knows how to tell.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStringExt;
use std::ptr;

use rustpython_vm::{FromArgs, PyResult, VirtualMachine, builtins::PyBytesRef};

/// What `subprocess` gives to `_posixsubprocess.fork_exec`, as far as it matters here.
#[derive(FromArgs)]
pub(super) struct SpawnArgs {
    #[pyarg(positional)]
    arguments: Vec<PyBytesRef>,
    /// Tried one after the other.
    #[pyarg(positional)]
    executables: Vec<PyBytesRef>,
    #[pyarg(positional)]
    close_fds: bool,
    #[pyarg(positional)]
    directory: Option<PyBytesRef>,
    #[pyarg(positional)]
    environment: Option<Vec<PyBytesRef>>,
    /// What becomes stdin, stdout and stderr; -1 leaves the one there is.
    #[pyarg(positional)]
    stdio: Vec<RawFd>,
    #[pyarg(positional)]
    restore_signals: bool,
}

/// Starts the program and returns its process identifier, or None if `fork_exec` has to.
pub(super) fn spawn(args: SpawnArgs, vm: &VirtualMachine) -> PyResult<Option<libc::pid_t>> {
    // Below 3 they would be overwritten by one another.
    if args.stdio.iter().any(|fd| (0..3).contains(fd)) {
        return Ok(None);
    }
    let Some(program) = Program::new(&args) else {
        return Ok(None);
    };
    Ok(vm.allow_threads(|| program.start()))
}

/// Everything as C wants it, made before the call.
struct Program {
    arguments: Vec<CString>,
    executables: Vec<CString>,
    directory: Option<CString>,
    environment: Vec<CString>,
    stdio: Vec<RawFd>,
    close_fds: bool,
    restore_signals: bool,
}

impl Program {
    /// None if there is a zero byte somewhere.
    fn new(args: &SpawnArgs) -> Option<Self> {
        let text = |bytes: &PyBytesRef| CString::new(bytes.as_bytes()).ok();
        let texts = |all: &[PyBytesRef]| all.iter().map(text).collect::<Option<Vec<_>>>();
        Some(Self {
            arguments: texts(&args.arguments)?,
            executables: texts(&args.executables)?,
            directory: match &args.directory {
                Some(directory) => Some(text(directory)?),
                None => None,
            },
            environment: match &args.environment {
                Some(environment) => texts(environment)?,
                None => inherited(),
            },
            stdio: args.stdio.clone(),
            close_fds: args.close_fds,
            restore_signals: args.restore_signals,
        })
    }

    fn start(&self) -> Option<libc::pid_t> {
        let actions = self.file_actions()?;
        let attributes = self.attributes()?;
        let arguments = pointers(&self.arguments);
        let environment = pointers(&self.environment);
        self.executables.iter().find_map(|executable| {
            let mut child = 0;
            #[expect(unsafe_code, reason = "a system call")]
            // SAFETY: all that is pointed to lives until the call returns, and the lists end with null.
            let error = unsafe {
                libc::posix_spawn(
                    &raw mut child,
                    executable.as_ptr(),
                    actions.get(),
                    attributes.get(),
                    arguments.as_ptr(),
                    environment.as_ptr(),
                )
            };
            (error == 0).then_some(child)
        })
    }

    fn file_actions(&self) -> Option<FileActions> {
        let mut actions = FileActions::new()?;
        for (target, &source) in (0..).zip(&self.stdio) {
            if source >= 0 {
                actions.duplicate(source, target)?;
            }
        }
        if let Some(directory) = &self.directory {
            actions.change_directory(directory)?;
        }
        if self.close_fds {
            actions.close_from(3)?;
        }
        Some(actions)
    }

    /// What Python ignores, as CPython's `_Py_RestoreSignals`, is the default's again.
    fn attributes(&self) -> Option<Attributes> {
        let restored: &[libc::c_int] = if self.restore_signals {
            &[libc::SIGPIPE, libc::SIGXFSZ]
        } else {
            &[]
        };
        let mut attributes = Attributes::new()?;
        attributes.set_signals(restored)?;
        Some(attributes)
    }
}

/// A copy of this process's environment. C's own list may move while it is read: another thread of Python may set a
/// variable, which only the standard library's lock keeps away.
fn inherited() -> Vec<CString> {
    let variables = std::env::vars_os().map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        name.into_vec()
    });
    variables
        .filter_map(|text| CString::new(text).ok())
        .collect()
}

/// As C's lists: ended by null. They are only read.
fn pointers(texts: &[CString]) -> Vec<*mut libc::c_char> {
    let texts = texts.iter().map(|text| text.as_ptr().cast_mut());
    texts.chain([ptr::null_mut()]).collect()
}

fn succeeded(error: libc::c_int) -> Option<()> {
    (error == 0).then_some(())
}

/// What the child does with descriptors before it becomes the program.
struct FileActions(Box<libc::posix_spawn_file_actions_t>);

impl FileActions {
    fn new() -> Option<Self> {
        let mut actions = Box::new(MaybeUninit::uninit());
        #[expect(unsafe_code, reason = "C's structure")]
        // SAFETY: it is initialised by the call, if that succeeds.
        unsafe {
            succeeded(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Some(Self(actions.assume_init()))
        }
    }

    fn get(&self) -> *const libc::posix_spawn_file_actions_t {
        &raw const *self.0
    }

    fn duplicate(&mut self, source: RawFd, target: RawFd) -> Option<()> {
        #[expect(unsafe_code, reason = "C's structure")]
        // SAFETY: it is initialised.
        let error =
            unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut *self.0, source, target) };
        succeeded(error)
    }

    fn change_directory(&mut self, directory: &CString) -> Option<()> {
        #[expect(unsafe_code, reason = "C's structure")]
        // SAFETY: it is initialised, and copies the path.
        let error = unsafe {
            libc::posix_spawn_file_actions_addchdir_np(&raw mut *self.0, directory.as_ptr())
        };
        succeeded(error)
    }

    fn close_from(&mut self, first: RawFd) -> Option<()> {
        #[expect(unsafe_code, reason = "C's structure")]
        // SAFETY: it is initialised.
        let error =
            unsafe { libc::posix_spawn_file_actions_addclosefrom_np(&raw mut *self.0, first) };
        succeeded(error)
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "C's structure")]
        // SAFETY: it is initialised, and not used after this.
        unsafe {
            libc::posix_spawn_file_actions_destroy(&raw mut *self.0)
        };
    }
}

/// What the child does with signals.
struct Attributes(Box<libc::posix_spawnattr_t>);

impl Attributes {
    fn new() -> Option<Self> {
        let mut attributes = Box::new(MaybeUninit::uninit());
        #[expect(unsafe_code, reason = "C's structure")]
        // SAFETY: it is initialised by the call, if that succeeds.
        unsafe {
            succeeded(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            Some(Self(attributes.assume_init()))
        }
    }

    fn get(&self) -> *const libc::posix_spawnattr_t {
        &raw const *self.0
    }

    /// Gives these signals their default again, and lets SIGINT arrive, which threads have blocked.
    fn set_signals(&mut self, signals: &[libc::c_int]) -> Option<()> {
        let flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        let flags = libc::c_short::try_from(flags).ok()?;
        let mut set = MaybeUninit::uninit();
        let mut mask = MaybeUninit::<libc::sigset_t>::uninit();
        #[expect(unsafe_code, reason = "C's structures")]
        // SAFETY: the sets are initialised by `sigemptyset` and `pthread_sigmask`, the attributes are already.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for &signal in signals {
                libc::sigaddset(set.as_mut_ptr(), signal);
            }
            let attributes = &raw mut *self.0;
            succeeded(libc::posix_spawnattr_setsigdefault(
                attributes,
                set.as_ptr(),
            ))?;
            let current = mask.as_mut_ptr();
            succeeded(libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), current))?;
            libc::sigdelset(current, libc::SIGINT);
            succeeded(libc::posix_spawnattr_setsigmask(attributes, current))?;
            succeeded(libc::posix_spawnattr_setflags(attributes, flags))
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "C's structure")]
        // SAFETY: it is initialised, and not used after this.
        unsafe {
            libc::posix_spawnattr_destroy(&raw mut *self.0)
        };
    }
}
