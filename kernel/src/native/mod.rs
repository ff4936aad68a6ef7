//! `_everloop`, the one door between the Rust half of the kernel and its Python half.
//!
//! - `cell`: `Cell`, an execute_request and the place for its reply; `Interruptible`, which steps its code
//! - `statements`: `Statements`, a cell's source as code objects, one statement at a time
//! - `interrupts`: what SIGINT does
//! - `jit`: `Jitted`, a function with machine code
//! - `kick`: `ThreadInterrupts`, a thread besides the interpreter thread that can be interrupted
//! - `output`: publishing under the parent of the current context
//! - `questions`: asking the front end of the current cell
//! - `json`: Python values as JSON
//! - `origin`: `Origin`, what outputs carry as parent when it is no cell
//! - `classes`: the order in which the bases of classes are searched
//! - `compile`: the builtin, for syntax trees that RustPython cannot take
//! - `locks`: `Lock.acquire` and `RLock.acquire`, which an interrupt can end
//! - `lru_cache`: what `functools.lru_cache` makes
//! - `access`: `os.access`; `names`: the addresses of a name; `files`: what was not written yet when Python ends
//! - `packages`: where the packages of the kernel's own lie
//! - `panics`: a panic as an exception
//! - `stack`: the Python stack as text, for handlers of signals
//! - `spawn`: starting a program without a copy of this process
//! - `forks`: children that `os.fork` has made of the kernel
//! - `sorting`: `list.sort` and `sorted` of numbers
//! - `static_attributes`: what dictionaries of classes hold, for lookups
//! - `text`: `repr` and repetition of text
//! - `transform`: the cell transformer, with Python's exceptions
//! - `door`: what the functions of the module reach: outbox, stdin, history, the loop's inbox
//!
//! The functions here are adapters; what they do is in those files. Those for lookups and those for the text of cells stand
//! with what they do.

mod access;
pub mod cell;
mod classes;
mod compile;
mod doc;
pub mod door;
mod files;
pub(crate) mod forks;
pub(crate) mod import;
pub mod interrupts;
mod jit;
pub mod json;
mod kick;
mod locks;
mod lru_cache;
mod names;
pub mod origin;
pub mod output;
mod packages;
pub(crate) mod panics;
mod questions;
mod sorting;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod spawn;
pub(crate) mod stack;
pub mod statements;
mod static_attributes;
mod text;
mod transform;

/// The definition of the module, for the interpreter's builder.
pub(crate) fn module_def(
    context: &rustpython_vm::Context,
) -> &'static rustpython_vm::builtins::PyModuleDef {
    _everloop::module_def(context)
}

#[rustpython_vm::pymodule(with(static_attributes::functions, transform::functions))]
mod _everloop {
    use std::path::Path;

    use rustpython_vm::{
        AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine,
        builtins::{PyBytes, PyCode, PyModule, PyStr, PyStrRef, PyTuple, PyTupleRef, PyTypeRef},
        class::PyClassImpl,
        function::{FuncArgs, OptionalArg},
    };

    use super::cell::{Cell, Interruptible};
    use super::door::Door;
    use super::jit::Jitted;
    use super::kick::{self, ThreadInterrupts};
    use super::lru_cache::{Entry, Key, LruCache};
    use super::origin::Origin;
    use super::questions::Question;
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    use super::spawn::SpawnArgs;
    use super::statements::Statements;
    use super::{access, interrupts, locks, names, output, packages, questions, sorting, text};
    use crate::event_loop::{
        Completion, Handle, LoopCore, Queue, QueueOperation, SocketTransport, StreamOperation,
        StreamReader, StreamReaderProtocol, StreamWriter, ThreadCall, TimerHandle, WorkQueue,
    };
    use crate::garbage::{self, Sentinel};

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for class in [
            Sentinel::make_static_type(),
            LoopCore::make_static_type(),
            Handle::make_static_type(),
            TimerHandle::make_static_type(),
            Completion::make_static_type(),
            SocketTransport::make_static_type(),
            StreamReader::make_static_type(),
            StreamReaderProtocol::make_static_type(),
            StreamWriter::make_static_type(),
            StreamOperation::make_static_type(),
            Queue::make_static_type(),
            QueueOperation::make_static_type(),
            ThreadCall::make_static_type(),
            WorkQueue::make_static_type(),
            Cell::make_static_type(),
            Interruptible::make_static_type(),
            LruCache::make_static_type(),
            Entry::make_static_type(),
            Key::make_static_type(),
            Origin::make_static_type(),
            Question::make_static_type(),
            Statements::make_static_type(),
            ThreadInterrupts::make_static_type(),
        ] {
            let name = vm.ctx.intern_str(class.name().to_owned());
            module.set_attr(name, class, vm)?;
        }
        QueueOperation::skip_idle_finalizers();
        sorting::install(vm)?;
        text::install(vm);
        locks::install(vm)?;
        garbage::begin(vm);
        Ok(())
    }

    /// Publishes a message on iopub under the cell of the current context.
    #[pyfunction]
    fn publish(
        msg_type: PyStrRef,
        content: PyObjectRef,
        metadata: OptionalArg<PyObjectRef>,
        buffers: OptionalArg<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        output::publish(
            &msg_type,
            &content,
            metadata.into_option(),
            buffers.into_option(),
            vm,
        )
    }

    /// Publishes text of "stdout" or "stderr" under the cell of the current context.
    #[pyfunction]
    fn write_stream(name: PyStrRef, text: PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
        output::write_stream(&name, &text, vm)
    }

    /// Gives the class of the standard streams its method `write`.
    #[pyfunction]
    fn give_write(class: PyTypeRef, vm: &VirtualMachine) {
        output::give_write(class, vm);
    }

    /// The request that the current context belongs to, as a message: a dict, empty when there is none.
    #[pyfunction]
    fn current_message(vm: &VirtualMachine) -> PyResult {
        output::current_message(vm)
    }

    /// The path of the file that other front ends connect by.
    #[pyfunction]
    fn connection_file(vm: &VirtualMachine) -> PyResult<String> {
        let door = Door::of(vm)?;
        Ok(door.connection_file.to_string_lossy().into_owned())
    }

    /// The addresses of a name, or the number and the words of what failed; a signal ends the wait.
    #[pyfunction]
    fn look_up(
        name: PyStrRef,
        family: i32,
        flags: i32,
        vm: &VirtualMachine,
    ) -> PyResult<PyObjectRef> {
        let name = name.to_string();
        let object = match names::look_up(name, family, flags, vm)? {
            Ok(addresses) => {
                let addresses = addresses.into_iter().map(|text| vm.new_pyobj(text));
                vm.ctx.new_list(addresses.collect()).into()
            }
            Err((number, words)) => vm.new_tuple((number, words)).into(),
        };
        Ok(object)
    }

    /// Whether the operating system lets this process use a file, as `os.access` asks.
    #[pyfunction]
    fn access(
        path: PyRef<PyBytes>,
        mode: i32,
        directory: Option<i32>,
        by_effective_ids: bool,
        follows_links: bool,
    ) -> bool {
        access::access(
            path.as_bytes().to_vec(),
            mode,
            directory,
            by_effective_ids,
            follows_links,
        )
    }

    /// The prefix of the packages that are the kernel's own, beside those of `environment`.
    #[pyfunction]
    fn package_prefix(environment: Option<String>) -> Option<String> {
        packages::prefix(environment.as_deref().map(Path::new))
    }

    /// The version of everloop.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Publishes what was written to the descriptors 1 and 2 until now.
    #[pyfunction]
    fn flush_streams(vm: &VirtualMachine) -> PyResult<()> {
        Door::of(vm)?.drain_descriptors();
        Ok(())
    }

    /// Whether the front end of the current cell can be asked; None where there is no cell.
    #[pyfunction]
    fn allow_stdin(vm: &VirtualMachine) -> PyResult<Option<bool>> {
        Ok(output::current_cell(vm)?.map(|cell| cell.request().allow_stdin))
    }

    /// Asks the front end of the current cell and waits for the answer; the loop goes on meanwhile.
    #[pyfunction]
    fn ask(prompt: PyStrRef, password: bool, vm: &VirtualMachine) -> PyResult<String> {
        questions::ask(&prompt, password, vm)
    }

    /// Ends the process as `os._exit` does, once what was said until now has reached its readers.
    #[pyfunction]
    fn exit(status: i32, vm: &VirtualMachine) {
        vm.allow_threads(|| crate::fatal::exit(status));
    }

    /// The handlers of `atexit` have run: nothing is lost if the process does not wait for the rest of Python's end.
    #[pyfunction]
    fn farewell_is_said(vm: &VirtualMachine) -> PyResult<()> {
        Door::of(vm)?.say_farewell();
        Ok(())
    }

    /// Writes what was written to files that nobody has closed.
    #[pyfunction]
    fn flush_files(vm: &VirtualMachine) -> PyResult<()> {
        super::files::flush_all(vm)
    }

    /// What belongs to the user is freed: the process does not wait for the rest.
    #[pyfunction]
    fn leave(vm: &VirtualMachine) -> PyResult<()> {
        Door::of(vm)?.leave();
        Ok(())
    }

    /// Handles the signals of faults and SIGQUIT, which `_signal` makes anew when it is imported, without what they need.
    #[pyfunction]
    fn take_signals() {
        crate::fatal::take_signals();
        crate::diagnosis::take_signal();
    }

    /// As `_imp.get_frozen_object`, in whose place it is during the start.
    #[pyfunction]
    fn get_frozen_object(name: PyStrRef, vm: &VirtualMachine) -> PyResult<PyRef<PyCode>> {
        crate::interpreter::ahead::get_frozen_object(&name.to_string_lossy(), vm)
    }

    /// Gives back the memory that the start has used and that is free by now.
    #[pyfunction]
    fn give_memory_back(vm: &VirtualMachine) {
        vm.allow_threads(crate::memory::give_back);
    }

    /// Whether this process is a child that `os.fork` has made of the kernel.
    #[pyfunction]
    fn is_child() -> bool {
        super::forks::is_child()
    }

    /// Whether the code that runs on the interpreter thread is the user's, in which what is raised belongs to it.
    #[pyfunction]
    fn runs_user_code(vm: &VirtualMachine) -> PyResult<bool> {
        interrupts::runs_user_code(vm)
    }

    /// `function()`, all that the calling thread runs; a panic of the interpreter is a SystemError.
    #[pyfunction]
    fn run_thread(function: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        super::panics::run_thread(&function, vm)
    }

    /// Starts a program and returns its process identifier, or None if `fork_exec` has to: see `compat/subprocesses.py`.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[pyfunction]
    fn spawn(args: SpawnArgs, vm: &VirtualMachine) -> PyResult<Option<i32>> {
        super::spawn::spawn(args, vm)
    }

    /// Lets `compile` call the builtin, for a `tree` (the class of syntax trees) with what `repaired` returns of it.
    #[pyfunction]
    fn set_up_compile(builtin: PyObjectRef, tree: PyObjectRef, repaired: PyObjectRef) {
        super::compile::set_up(builtin, tree, repaired);
    }

    /// The builtin `compile`.
    #[pyfunction]
    fn compile(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        super::compile::compile(args, vm)
    }

    /// Lets `build_class` call the builtin `__build_class__`.
    #[pyfunction]
    fn set_up_build_class(builtin: PyObjectRef) {
        super::classes::set_up(builtin);
    }

    /// The builtin `__build_class__`.
    #[pyfunction]
    fn build_class(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        super::classes::build_class(args, vm)
    }

    /// Remembers what was typed as cell `number`, and the Python that it stands for if that is something else.
    #[pyfunction]
    fn record_input(
        number: i64,
        source_raw: PyStrRef,
        source: OptionalArg<PyStrRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let source = source.unwrap_or_else(|| source_raw.clone());
        Door::of(vm)?.history.record(
            number,
            &source.to_string_lossy(),
            &source_raw.to_string_lossy(),
        );
        Ok(())
    }

    /// The number of this session in the history, and the path of its file, which has all of it by then; None for a
    /// history in memory.
    #[pyfunction]
    fn history_session(vm: &VirtualMachine) -> PyResult<(i64, Option<String>)> {
        let session = vm
            .allow_threads(|| Door::of(vm).map(|door| door.history.session()))?
            .ok_or_else(|| vm.new_runtime_error("there is no history"))?;
        let file = session.file.map(|file| file.to_string_lossy().into_owned());
        Ok((session.number, file))
    }

    #[pyfunction]
    fn record_output(number: i64, text: PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
        Door::of(vm)?
            .history
            .record_output(number, &text.to_string_lossy());
        Ok(())
    }

    /// The cell that the calling code belongs to, directly or through what it started; None if it is no cell's.
    #[pyfunction]
    fn current_cell(vm: &VirtualMachine) -> PyResult<Option<PyRef<Cell>>> {
        output::current_cell(vm)
    }

    /// Lets all cells run beside each other, or only those that ask for it.
    #[pyfunction]
    fn set_concurrent(all: bool, vm: &VirtualMachine) -> PyResult<()> {
        Door::of(vm)?.lanes.set_concurrent(all);
        Ok(())
    }

    /// Whether all cells run beside each other.
    #[pyfunction]
    fn is_concurrent(vm: &VirtualMachine) -> PyResult<bool> {
        Ok(Door::of(vm)?.lanes.are_concurrent())
    }

    /// Whether each of the objects has under the name beside it still what stands beside that; a tuple of such tuples.
    #[pyfunction]
    fn still_have(attributes: PyTupleRef, vm: &VirtualMachine) -> PyResult<bool> {
        for attribute in attributes.as_slice() {
            let parts = attribute.downcast_ref::<PyTuple>().map(Py::as_slice);
            let Some([owner, name, value]) = parts else {
                return Ok(false);
            };
            let name = name.downcast_ref::<PyStr>();
            let Some(name) = name else { return Ok(false) };
            if !owner.get_attr(name, vm)?.is(value) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A statement of a cell begins that is not one of `Statements`.
    #[pyfunction]
    fn statement_begins() {
        crate::interpreter::statement_begins();
    }

    /// `Jitted`, the class of functions with machine code, which is made when somebody wants one.
    #[pyfunction]
    fn jitted_class() -> PyTypeRef {
        Jitted::make_static_type()
    }

    /// Gives the native half the loop and the shell: from now on cells run.
    #[pyfunction]
    fn start(event_loop: PyRef<LoopCore>, shell: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Door::of(vm)?.start(event_loop, shell);
        crate::interpreter::ahead::end(vm)
    }

    #[pyfunction]
    fn is_shutting_down(vm: &VirtualMachine) -> PyResult<bool> {
        Ok(Door::of(vm)?.is_shutting_down())
    }

    /// The Python handler of SIGINT, in the place of `signal.default_int_handler`.
    #[pyfunction]
    fn default_int_handler(
        _signum: PyObjectRef,
        _frame: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        interrupts::handle(vm)
    }

    /// The Python handler of SIGURG: see `kicks`.
    #[pyfunction]
    fn kicked(_signum: PyObjectRef, _frame: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        crate::kicks::handle(vm)
    }

    /// The Python handler of other signals on threads that are not the interpreter thread.
    #[pyfunction]
    fn hand_on(signum: i32, _frame: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        kick::hand_on(signum, vm)
    }

    /// `begin()`, `run()` and `end()`; the calling thread is interrupted in `run` alone.
    #[pyfunction]
    fn enclosed(
        begin: PyObjectRef,
        run: PyObjectRef,
        end: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult {
        kick::enclosed(&begin, &run, &end, vm)
    }

    /// `sys.unraisablehook`, in front of another one.
    #[pyfunction]
    fn unraisable(
        otherwise: PyObjectRef,
        unraisable: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        kick::unraisable(&otherwise, unraisable, vm)
    }
}
