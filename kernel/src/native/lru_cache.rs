//! `functools._lru_cache_wrapper`, which `functools.lru_cache` makes, and which stays as large as it is told to be.
//!
//! RustPython's moves an entry to the end of a dict each time it is asked for, by deleting it and putting it back, and a
//! dict keeps the place of what was deleted. Here an order of its own says which entry was used longest ago.
//! <https://docs.python.org/3/library/functools.html#functools.lru_cache>

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyBoundMethod, PyDictRef, PyGenericAlias, PyType, PyTypeRef},
    common::{
        hash::PyHash,
        lock::{PyMutex, PyRwLock},
    },
    function::{FuncArgs, PyComparisonValue},
    object::{Traverse, TraverseFn},
    pyclass,
    types::{Callable, Comparable, Constructor, GetDescriptor, Hashable, PyComparisonOp},
};

/// How many entries may have been deleted, beyond twice the size of the cache, before its dict is copied.
const DELETIONS: usize = 64;

#[pyclass(module = "functools", name = "_lru_cache_wrapper", traverse = "manual")]
#[derive(PyPayload)]
pub(crate) struct LruCache {
    function: PyObjectRef,
    /// `None` for any number, 0 for none.
    maxsize: Option<usize>,
    is_typed: bool,
    /// Stands between positional arguments and keywords in a key.
    keyword_mark: PyObjectRef,
    info_class: PyObjectRef,
    hits: AtomicU64,
    misses: AtomicU64,
    /// [`Key`] to [`Entry`].
    entries: PyRwLock<PyDictRef>,
    /// Of a cache of limited size.
    order: PyMutex<Order>,
}

/// The keys by the time of their last use, which is counted.
#[derive(Default)]
struct Order {
    now: u64,
    keys: BTreeMap<u64, PyRef<Key>>,
    deletions: usize,
}

/// The arguments of a call, which are asked for their hash once.
#[pyclass(module = "functools", name = "_HashedSeq", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Key {
    arguments: PyObjectRef,
    hash: PyHash,
}

#[pyclass(with(Hashable, Comparable))]
impl Key {}

impl Hashable for Key {
    fn hash(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<PyHash> {
        Ok(zelf.hash)
    }
}

impl Comparable for Key {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| match other.downcast_ref::<Self>() {
            Some(other) => vm
                .bool_eq(&zelf.arguments, &other.arguments)
                .map(PyComparisonValue::Implemented),
            None => Ok(PyComparisonValue::NotImplemented),
        })
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: the one reference that is owned is visited once.
unsafe impl Traverse for Key {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.arguments.traverse(visit);
    }
}

/// What the function returned.
#[pyclass(module = "functools", name = "_lru_list_elem", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Entry {
    value: PyObjectRef,
    used: AtomicU64,
}

#[pyclass]
impl Entry {}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: the one reference that is owned is visited once.
unsafe impl Traverse for Entry {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.value.traverse(visit);
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for LruCache {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.function.traverse(visit);
        self.keyword_mark.traverse(visit);
        self.info_class.traverse(visit);
        self.entries.traverse(visit);
        self.order.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        let keys = std::mem::take(&mut self.order.get_mut().keys);
        out.extend(keys.into_values().map(PyObjectRef::from));
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each key is visited once.
unsafe impl Traverse for Order {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        for key in self.keys.values() {
            key.traverse(visit);
        }
    }
}

impl fmt::Debug for LruCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad("lru_cache_wrapper")
    }
}

impl Order {
    /// Notes that `entry` is used now, unless it was thrown out meanwhile.
    fn touch(&mut self, entry: &Entry) {
        if let Some(key) = self.keys.remove(&entry.used.load(Ordering::Relaxed)) {
            self.append(key, entry);
        }
    }

    fn append(&mut self, key: PyRef<Key>, entry: &Entry) {
        self.now += 1;
        entry.used.store(self.now, Ordering::Relaxed);
        self.keys.insert(self.now, key);
    }
}

impl LruCache {
    fn key(&self, args: &FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<Key>> {
        let mut parts = args.args.clone();
        if !args.kwargs.is_empty() {
            parts.push(self.keyword_mark.clone());
            for (name, value) in &args.kwargs {
                parts.push(vm.ctx.new_str(name.clone()).into());
                parts.push(value.clone());
            }
        }
        if self.is_typed {
            for value in &args.args {
                parts.push(value.class().to_owned().into());
            }
            for (_, value) in &args.kwargs {
                parts.push(value.class().to_owned().into());
            }
        }
        let arguments = PyObjectRef::from(vm.ctx.new_tuple(parts));
        let hash = arguments.hash(vm)?;
        Ok(Key { arguments, hash }.into_ref(&vm.ctx))
    }

    fn entries(&self) -> PyDictRef {
        self.entries.read().clone()
    }

    fn keep(&self, key: PyRef<Key>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let entries = self.entries();
        if entries.get_item_opt(key.as_object(), vm)?.is_some() {
            // The function has called itself, or another thread was quicker.
            return Ok(());
        }
        let used = AtomicU64::new(0);
        let entry = Entry { value, used }.into_ref(&vm.ctx);
        entries.set_item(key.as_object(), entry.clone().into(), vm)?;
        let Some(maxsize) = self.maxsize else {
            return Ok(());
        };
        let (oldest, is_worn) = {
            let mut order = self.order.lock();
            order.append(key, &entry);
            let oldest = if order.keys.len() > maxsize {
                order.keys.pop_first()
            } else {
                None
            };
            order.deletions += usize::from(oldest.is_some());
            let is_worn = order.deletions > 2 * maxsize + DELETIONS;
            if is_worn {
                order.deletions = 0;
            }
            (oldest, is_worn)
        };
        if let Some((_, oldest)) = oldest {
            // It is not there any more when the cache was cleared meanwhile.
            drop(entries.del_item(oldest.as_object(), vm));
        }
        if is_worn {
            let copy = entries.copy().into_ref(&vm.ctx);
            let worn = std::mem::replace(&mut *self.entries.write(), copy);
            drop(worn);
        }
        Ok(())
    }
}

impl Constructor for LruCache {
    type Args = (PyObjectRef, Option<isize>, bool, PyObjectRef);

    fn py_new(
        _class: &Py<PyType>,
        (function, maxsize, is_typed, info_class): Self::Args,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        if !function.is_callable() {
            return Err(vm.new_type_error("the first argument must be callable"));
        }
        let object = vm.ctx.types.object_type.to_owned();
        Ok(Self {
            function,
            maxsize: maxsize.map(|size| usize::try_from(size).unwrap_or(0)),
            is_typed,
            keyword_mark: vm.ctx.new_base_object(object, None),
            info_class,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            entries: PyRwLock::new(vm.ctx.new_dict()),
            order: PyMutex::new(Order::default()),
        })
    }
}

impl Callable for LruCache {
    type Args = FuncArgs;

    fn call(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        if zelf.maxsize == Some(0) {
            zelf.misses.fetch_add(1, Ordering::Relaxed);
            return zelf.function.call(args, vm);
        }
        let key = zelf.key(&args, vm)?;
        let found = zelf.entries().get_item_opt(key.as_object(), vm)?;
        if let Some(entry) = found
            .as_ref()
            .and_then(|found| found.downcast_ref::<Entry>())
        {
            zelf.hits.fetch_add(1, Ordering::Relaxed);
            if zelf.maxsize.is_some() {
                zelf.order.lock().touch(entry);
            }
            return Ok(entry.value.clone());
        }
        zelf.misses.fetch_add(1, Ordering::Relaxed);
        let value = zelf.function.call(args, vm)?;
        zelf.keep(key, value.clone(), vm)?;
        Ok(value)
    }
}

impl GetDescriptor for LruCache {
    fn descr_get(
        zelf: &PyObject,
        object: Option<&PyObject>,
        _class: Option<&PyObject>,
        vm: &VirtualMachine,
    ) -> PyResult {
        Ok(match object {
            Some(object) if !vm.is_none(object) => {
                PyBoundMethod::new(object.to_owned(), zelf.to_owned())
                    .into_ref(&vm.ctx)
                    .into()
            }
            _ => zelf.to_owned(),
        })
    }
}

#[pyclass(
    with(Constructor, Callable, GetDescriptor),
    flags(HAS_DICT, HAS_WEAKREF)
)]
impl LruCache {
    /// Hits, misses, size and number of entries.
    #[pymethod]
    fn cache_info(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let (hits, misses) = (&zelf.hits, &zelf.misses);
        zelf.info_class.call(
            (
                hits.load(Ordering::Relaxed),
                misses.load(Ordering::Relaxed),
                zelf.maxsize,
                zelf.entries().__len__(),
            ),
            vm,
        )
    }

    /// Forgets all, the numbers of hits and misses too.
    #[pymethod]
    fn cache_clear(zelf: &Py<Self>, vm: &VirtualMachine) {
        let entries = std::mem::replace(&mut *zelf.entries.write(), vm.ctx.new_dict());
        let order = std::mem::take(&mut *zelf.order.lock());
        zelf.hits.store(0, Ordering::Relaxed);
        zelf.misses.store(0, Ordering::Relaxed);
        // Not under a lock, since destructors may ask the cache.
        drop((entries, order));
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.as_object().get_attr("__qualname__", vm)
    }

    #[pymethod]
    fn __copy__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __deepcopy__(zelf: PyRef<Self>, _memo: PyObjectRef) -> PyRef<Self> {
        zelf
    }

    #[pyclassmethod]
    fn __class_getitem__(
        class: PyTypeRef,
        args: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyGenericAlias> {
        PyGenericAlias::from_args(class, args, vm)
    }
}
