//! `Task`: a future that a coroutine fulfils (`asyncio/tasks.py`).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::{PyCoroutine, PyDictRef, PyType},
    class::StaticType,
    common::lock::{PyMutex, PyMutexGuard},
    function::{FuncArgs, PySetterValue},
    object::{Traverse, TraverseFn},
    pyclass,
    recursion::ReprGuard,
    types::{Constructor, Destructor, Initializer, Representable},
};

use super::future::{CancelArgs, Future, State};
use super::{library, running, step};
use crate::event_loop::copy_context;

/// Made into text when somebody asks: most tasks go without.
#[derive(Debug, Clone)]
enum Name {
    Number(u64),
    Given(PyObjectRef),
}

static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

/// What a task knows beyond a future. Nothing is dropped and no Python runs while it is locked.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) coro: Option<PyObjectRef>,
    pub(super) context: Option<PyObjectRef>,
    /// The future that it awaits.
    pub(super) waiter: Option<PyObjectRef>,
    name: Name,
    /// The next step throws `CancelledError` into the coroutine.
    pub(super) must_cancel: bool,
    cancels_requested: i32,
    pub(super) log_destroy_pending: bool,
}

#[pyclass(module = "_asyncio", name = "Task", base = Future, traverse = "manual")]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Task {
    base: Future,
    progress: PyMutex<Progress>,
    is_remembered: AtomicBool,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            base: Future::default(),
            progress: PyMutex::new(Progress {
                coro: None,
                context: None,
                waiter: None,
                name: Name::Number(0),
                must_cancel: false,
                cancels_requested: 0,
                log_destroy_pending: true,
            }),
            is_remembered: AtomicBool::new(false),
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.forget();
    }
}

#[derive(FromArgs)]
pub(crate) struct TaskArgs {
    #[pyarg(any)]
    coro: PyObjectRef,
    #[pyarg(named, name = "loop", optional)]
    event_loop: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    name: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    context: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    eager_start: Option<PyObjectRef>,
}

impl TaskArgs {
    pub(super) fn of(coro: PyObjectRef) -> Self {
        Self {
            coro,
            event_loop: None,
            name: None,
            context: None,
            eager_start: None,
        }
    }
}

impl Task {
    /// As `Task(coro, loop=event_loop, **options)`, without going through the class.
    pub(crate) fn start(
        event_loop: PyObjectRef,
        options: TaskArgs,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Self>> {
        // The attribute dictionary comes when an attribute is set.
        let task = PyRef::new_ref(Self::default(), Self::static_type().to_owned(), None);
        let options = TaskArgs {
            event_loop: Some(event_loop),
            ..options
        };
        Self::initialize(&task, options, vm)?;
        Ok(task)
    }

    /// What somebody has put in the place of `asyncio.tasks.Task`, if it is not ours.
    pub(crate) fn replacement(vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        static NAMES: OnceLock<PyDictRef> = OnceLock::new();
        let names = match NAMES.get() {
            Some(names) => names,
            None => {
                let names = crate::native::import::from_module("asyncio", "tasks", vm)?
                    .dict()
                    .ok_or_else(|| vm.new_type_error("asyncio.tasks is not a module"))?;
                NAMES.get_or_init(|| names)
            }
        };
        let class = names.get_item_opt(vm.ctx.intern_str("Task"), vm)?;
        Ok(class.filter(|class| !class.is(Self::static_type())))
    }

    fn initialize(zelf: &Py<Self>, args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        let given = |argument: Option<PyObjectRef>| argument.filter(|value| !vm.is_none(value));
        if !is_coroutine(&args.coro, vm)? {
            zelf.progress().log_destroy_pending = false;
            return Err(vm.new_type_error(format!(
                "a coroutine was expected, got {}",
                args.coro.repr(vm)?
            )));
        }
        let event_loop = match given(args.event_loop) {
            Some(event_loop) => event_loop,
            None => running::get_event_loop(vm)?,
        };
        zelf.base.initialize(event_loop.clone(), vm)?;
        let context = match given(args.context) {
            Some(context) => context,
            None => copy_context(vm)?,
        };
        let name = match given(args.name) {
            Some(name) => Name::Given(name_text(name, vm)?),
            None => Name::Number(LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1),
        };
        let before = {
            let mut progress = zelf.progress();
            progress.name = name;
            progress.must_cancel = false;
            progress.cancels_requested = 0;
            progress.log_destroy_pending = true;
            (
                progress.coro.replace(args.coro),
                progress.context.replace(context),
            )
        };
        drop(before);
        let eager = match given(args.eager_start) {
            Some(eager) => {
                eager.try_to_bool(vm)?
                    && vm
                        .call_method(&event_loop, "is_running", ())?
                        .try_to_bool(vm)?
            }
            None => false,
        };
        Self::remember(zelf);
        if eager {
            step::start_eagerly(zelf, &event_loop, vm)
        } else {
            step::schedule(zelf, &event_loop, None, vm)
        }
    }

    pub(super) fn progress(&self) -> PyMutexGuard<'_, Progress> {
        self.progress.lock()
    }

    pub(super) fn future(&self) -> &Future {
        &self.base
    }

    pub(super) fn event_loop(&self) -> Option<PyObjectRef> {
        self.base.event_loop()
    }

    pub(crate) fn context(&self) -> Option<PyObjectRef> {
        self.progress().context.clone()
    }

    pub(super) fn state_is_pending(&self) -> bool {
        self.base.state_is_pending()
    }

    fn remember(zelf: &Py<Self>) {
        zelf.is_remembered.store(true, Ordering::Relaxed);
        running::remember(zelf);
    }

    /// Takes the task off the list of those that run.
    pub(super) fn forget(&self) {
        if self.is_remembered.swap(false, Ordering::Relaxed) {
            running::forget_task(self);
        }
    }

    fn finalizer_is_needed(task: &PyObject) -> bool {
        let Some(task) = task.downcast_ref::<Self>() else {
            return true;
        };
        if task.state_is_pending() {
            let progress = task.progress();
            progress.log_destroy_pending && progress.coro.is_some()
        } else {
            task.base.inner().log_traceback
        }
    }

    /// Lets tasks that have nothing to say at their end go without a call of their finalizer.
    pub(super) fn skip_idle_finalizers() {
        Self::static_type()
            .slots
            .del_needed
            .store(Some(Self::finalizer_is_needed));
    }

    fn report_destroyed(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let Some(event_loop) = zelf.event_loop() else {
            return Ok(());
        };
        let mut entries = vec![
            ("task", zelf.as_object().to_owned()),
            (
                "message",
                vm.ctx
                    .new_str("Task was destroyed but it is pending!")
                    .into(),
            ),
        ];
        if let Some(source_traceback) = zelf.base.source_traceback() {
            entries.push(("source_traceback", source_traceback));
        }
        library::call_exception_handler(&event_loop, entries, vm)
    }
}

/// Whether it can be stepped: a coroutine, or what asyncio takes for one.
fn is_coroutine(object: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    if object.downcastable::<PyCoroutine>() {
        return Ok(true);
    }
    crate::native::import::from_module("asyncio.coroutines", "iscoroutine", vm)?
        .call((object.to_owned(),), vm)?
        .try_to_bool(vm)
}

fn name_text(name: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    if name.class().is(vm.ctx.types.str_type) {
        Ok(name)
    } else {
        Ok(name.str(vm)?.into())
    }
}

impl Constructor for Task {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Task {
    type Args = TaskArgs;

    fn init(zelf: &Py<Self>, args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::initialize(zelf, args, vm)
    }
}

#[derive(FromArgs)]
struct StackArgs {
    #[pyarg(named, optional)]
    limit: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    file: Option<PyObjectRef>,
}

#[pyclass(
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF),
    with(Constructor, Initializer, Destructor, Representable)
)]
impl Task {
    #[pymethod]
    fn set_result(_zelf: &Py<Self>, _result: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Err(vm.new_runtime_error("Task does not support set_result operation"))
    }

    #[pymethod]
    fn set_exception(
        _zelf: &Py<Self>,
        _exception: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Err(vm.new_runtime_error("Task does not support set_exception operation"))
    }

    /// Asks the task to end: `CancelledError` is thrown into it where it awaits.
    #[pymethod]
    fn cancel(zelf: &Py<Self>, args: CancelArgs, vm: &VirtualMachine) -> PyResult<bool> {
        {
            let mut inner = zelf.base.inner();
            inner.log_traceback = false;
            if inner.state != State::Pending {
                return Ok(false);
            }
        }
        let message = args.message(vm);
        let waiter = {
            let mut progress = zelf.progress();
            progress.cancels_requested += 1;
            progress.waiter.clone()
        };
        if let Some(waiter) = waiter
            && step::cancel(&waiter, message.clone(), vm)?
        {
            // The task goes on when its future tells it; there may be a refusal yet.
            return Ok(true);
        }
        zelf.progress().must_cancel = true;
        let before = std::mem::replace(&mut zelf.base.inner().cancel_message, message);
        drop(before);
        Ok(true)
    }

    #[pymethod]
    fn cancelling(zelf: &Py<Self>) -> i32 {
        zelf.progress().cancels_requested
    }

    #[pymethod]
    fn uncancel(zelf: &Py<Self>) -> i32 {
        let mut progress = zelf.progress();
        if progress.cancels_requested > 0 {
            progress.cancels_requested -= 1;
            if progress.cancels_requested == 0 {
                progress.must_cancel = false;
            }
        }
        progress.cancels_requested
    }

    #[pymethod]
    fn get_coro(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.progress().coro.clone()
    }

    #[pymethod]
    fn get_context(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.context()
    }

    #[pymethod]
    fn get_name(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let name = zelf.progress().name.clone();
        match name {
            Name::Given(name) => name,
            Name::Number(number) => vm.ctx.new_str(format!("Task-{number}")).into(),
        }
    }

    #[pymethod]
    fn set_name(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let name = Name::Given(name_text(value, vm)?);
        let before = std::mem::replace(&mut zelf.progress().name, name);
        drop(before);
        Ok(())
    }

    #[pymethod]
    fn get_stack(zelf: &Py<Self>, args: StackArgs, vm: &VirtualMachine) -> PyResult {
        crate::native::import::from_module("asyncio.base_tasks", "_task_get_stack", vm)?.call(
            (zelf.as_object().to_owned(), vm.unwrap_or_none(args.limit)),
            vm,
        )
    }

    #[pymethod]
    fn print_stack(zelf: &Py<Self>, args: StackArgs, vm: &VirtualMachine) -> PyResult {
        crate::native::import::from_module("asyncio.base_tasks", "_task_print_stack", vm)?.call(
            (
                zelf.as_object().to_owned(),
                vm.unwrap_or_none(args.limit),
                vm.unwrap_or_none(args.file),
            ),
            vm,
        )
    }

    #[pygetset]
    fn _coro(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.progress().coro.clone()
    }

    #[pygetset]
    fn _fut_waiter(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.progress().waiter.clone()
    }

    #[pygetset]
    fn _must_cancel(zelf: &Py<Self>) -> bool {
        zelf.progress().must_cancel
    }

    #[pygetset]
    fn _log_destroy_pending(zelf: &Py<Self>) -> bool {
        zelf.progress().log_destroy_pending
    }

    #[pygetset(setter)]
    fn set__log_destroy_pending(
        zelf: &Py<Self>,
        value: PySetterValue,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let PySetterValue::Assign(value) = value else {
            return Err(vm.new_attribute_error("can't delete _log_destroy_pending"));
        };
        let value = value.try_to_bool(vm)?;
        zelf.progress().log_destroy_pending = value;
        Ok(())
    }
}

impl Destructor for Task {
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if Self::finalizer_is_needed(zelf.as_object()) && zelf.state_is_pending() {
            return Self::report_destroyed(zelf, vm);
        }
        zelf.base.report_unretrieved(zelf.as_object(), vm)
    }
}

impl Representable for Task {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let class = zelf.class().name().to_string();
        let Some(_guard) = ReprGuard::enter(vm, zelf.as_object()) else {
            return Ok(format!("<{class} ...>"));
        };
        let task = zelf.as_object();
        let info = library::repr_info("asyncio.base_tasks", "_task_repr_info", task, vm)?;
        Ok(format!("<{class} {info}>"))
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for Progress {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.coro.traverse(visit);
        self.context.traverse(visit);
        self.waiter.traverse(visit);
        if let Name::Given(name) = &self.name {
            name.traverse(visit);
        }
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: as for `Progress`.
unsafe impl Traverse for Task {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.base.traverse(visit);
        self.progress.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        self.base.clear(out);
        let progress = self.progress.get_mut();
        out.extend(progress.coro.take());
        out.extend(progress.context.take());
        out.extend(progress.waiter.take());
    }
}
