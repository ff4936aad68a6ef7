//! Python's objects as the values of compiled code, and back.

use std::sync::atomic::Ordering;

use num_traits::ToPrimitive;
use ruff_python_ast::StmtFunctionDef;
use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyFloat, PyInt, PyList, PyTuple},
    function::FuncArgs,
};

use super::{Jitted, MOST_WASTED};
use crate::jit::flow::{Operand, Parameter, Parameters};
use crate::jit::kind::{Kind, Origin, Scalar};
use crate::jit::machine::Datum;

/// The arguments of a call, one for each parameter.
pub(super) struct Given {
    pub(super) kinds: Vec<Kind>,
    pub(super) bits: Vec<i64>,
    /// Copies of lists, and which of the `bits` their addresses are.
    pub(super) lists: Vec<(usize, Vec<i64>)>,
}

fn bits(operand: Operand) -> Option<(Scalar, i64)> {
    match operand {
        Operand::Int(value) => Some((Scalar::Int, value)),
        Operand::Float(value) => Some((Scalar::Float, value.to_bits().cast_signed())),
        Operand::Bool(value) => Some((Scalar::Bool, i64::from(value))),
        Operand::None | Operand::Variable(_) => None,
    }
}

/// What compiled code makes of an object: `None` of all but exact numbers (and None) that fit.
pub(super) fn operand(object: &PyObject, vm: &VirtualMachine) -> Option<Operand> {
    let class = object.class();
    let types = &vm.ctx.types;
    if class.is(types.int_type) {
        let value = object.downcast_ref::<PyInt>()?.as_bigint().to_i64()?;
        Some(Operand::Int(value))
    } else if class.is(types.float_type) {
        Some(Operand::Float(object.downcast_ref::<PyFloat>()?.to_f64()))
    } else if class.is(types.bool_type) {
        Some(Operand::Bool(object.is(&vm.ctx.true_value)))
    } else {
        vm.is_none(object).then_some(Operand::None)
    }
}

impl Given {
    fn push(&mut self, operand: Operand) {
        let scalar = bits(operand);
        self.kinds
            .push(scalar.map_or(Kind::None, |(scalar, _)| Kind::of(scalar)));
        self.bits.extend(scalar.map(|(_, bits)| bits));
    }

    /// Takes a copy of a list of numbers of one kind; the empty one can be of any. False for other lists.
    fn push_list(&mut self, list: &PyList, vm: &VirtualMachine) -> bool {
        let items = list.borrow_vec();
        let number = |item| operand(item, vm).and_then(bits);
        let first = items.first().map(|item| number(item));
        let scalar = match first {
            Some(Some((scalar, _))) => scalar,
            Some(None) => return false,
            None => Scalar::Float,
        };
        let mut copied = Vec::with_capacity(items.len());
        copied.extend(items.iter().map_while(|item| {
            number(item)
                .filter(|(of_item, _)| *of_item == scalar)
                .map(|(_, bits)| bits)
        }));
        let is_whole = copied.len() == items.len();
        self.lists.push((self.bits.len(), copied));
        self.bits.push(0);
        self.kinds.push(Kind::List(scalar, Origin::Given));
        is_whole
    }

    /// How many items were copied.
    pub(super) fn copied(&self) -> u64 {
        self.lists.iter().map(|(_, items)| items.len() as u64).sum()
    }

    /// `None` where the call is not of values that compiled code knows, or wrong.
    pub(super) fn take(args: &FuncArgs, jitted: &Jitted, vm: &VirtualMachine) -> Option<Self> {
        let parameters = &jitted.parameters;
        if args.args.len() > parameters.positional {
            return None;
        }
        let mut given = Self {
            kinds: Vec::with_capacity(parameters.all.len()),
            bits: Vec::with_capacity(parameters.all.len()),
            lists: Vec::new(),
        };
        let mut named = 0;
        for (place, parameter) in parameters.all.iter().enumerate() {
            let by_name = parameter
                .keyword
                .as_deref()
                .filter(|_| !args.kwargs.is_empty())
                .and_then(|name| args.kwargs.get(name));
            let object = match (args.args.get(place), by_name) {
                (Some(object), None) => Some(object),
                (None, Some(object)) => {
                    named += 1;
                    Some(object)
                }
                (None, None) => None,
                (Some(_), Some(_)) => return None,
            };
            match object {
                Some(object) if object.class().is(vm.ctx.types.list_type) => {
                    if jitted.wasted.load(Ordering::Relaxed) >= MOST_WASTED {
                        return None;
                    }
                    if !given.push_list(object.downcast_ref::<PyList>()?, vm) {
                        jitted.note_turns(given.copied(), 0);
                        return None;
                    }
                }
                Some(object) => given.push(operand(object, vm)?),
                None => given.push(parameter.default?),
            }
        }
        (named == args.kwargs.len()).then_some(given)
    }
}

/// The parameters of a function, whose default values are those that it has now.
pub(super) fn parameters(
    definition: &StmtFunctionDef,
    function: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<Parameters> {
    let names = &definition.parameters;
    let defaults = function.get_attr("__defaults__", vm)?;
    let defaults: Vec<_> = match defaults.downcast_ref::<PyTuple>() {
        Some(defaults) => defaults.iter().map(|object| operand(object, vm)).collect(),
        None => Vec::new(),
    };
    let by_keyword = function.get_attr("__kwdefaults__", vm)?;
    let positional = names.posonlyargs.len() + names.args.len();
    let mut all = Vec::new();
    for (place, parameter) in names.posonlyargs.iter().chain(&names.args).enumerate() {
        let is_named = place >= names.posonlyargs.len();
        let default = (place + defaults.len())
            .checked_sub(positional)
            .and_then(|place| defaults.get(place).copied().flatten());
        all.push(Parameter {
            keyword: is_named.then(|| parameter.parameter.name.to_string()),
            default,
        });
    }
    for parameter in &names.kwonlyargs {
        let name = parameter.parameter.name.as_str();
        let default = match by_keyword.downcast_ref::<PyDict>() {
            Some(defaults) => defaults.get_item_opt(name, vm)?,
            None => None,
        };
        all.push(Parameter {
            keyword: Some(name.to_owned()),
            default: default.and_then(|object| operand(&object, vm)),
        });
    }
    Ok(Parameters { all, positional })
}

pub(super) fn object(datum: Datum, vm: &VirtualMachine) -> PyObjectRef {
    match datum {
        Datum::None => vm.ctx.none(),
        Datum::Bool(value) => vm.ctx.new_bool(value).into(),
        Datum::Int(value) => vm.ctx.new_int(value).into(),
        Datum::Float(value) => vm.ctx.new_float(value).into(),
        Datum::Tuple(items) => {
            let items = items.into_iter().map(|item| object(item, vm)).collect();
            vm.ctx.new_tuple(items).into()
        }
        Datum::List(items) => {
            let items = items.into_iter().map(|item| object(item, vm)).collect();
            vm.ctx.new_list(items).into()
        }
    }
}
