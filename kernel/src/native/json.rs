//! Python values as JSON, the way that front ends can read it.

use crate::native::import::from_module;
use everloop_protocol::json::push_string;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBytes, PyDict, PyFloat, PyInt, PyList, PyStr, PyTuple},
};
use serde_json::{Map, Number, Value};

/// The JSON of a Python value: NaN and the infinities, which JSON does not have, are null; keys become text; bytes
/// become base64; dates their ISO form.
///
/// # Errors
/// TypeError for a value without a JSON form, RecursionError for one that contains itself.
pub fn from_python(value: &PyObject, vm: &VirtualMachine) -> PyResult<Value> {
    if vm.is_none(value) {
        return Ok(Value::Null);
    }
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return Ok(Value::String(text.to_string_lossy().into_owned()));
    }
    if value.fast_isinstance(vm.ctx.types.bool_type) {
        return Ok(Value::Bool(value.to_owned().try_to_bool(vm)?));
    }
    if let Some(int) = value.downcast_ref::<PyInt>() {
        return Ok(number(int));
    }
    if let Some(float) = value.downcast_ref::<PyFloat>() {
        return Ok(Number::from_f64(float.to_f64()).map_or(Value::Null, Value::Number));
    }
    if value.fast_isinstance(vm.ctx.types.list_type)
        || value.fast_isinstance(vm.ctx.types.tuple_type)
    {
        return vm.with_recursion("while making JSON", || sequence(value, vm));
    }
    if let Some(dict) = value.downcast_ref::<PyDict>() {
        return vm.with_recursion("while making JSON", || mapping(dict, vm));
    }
    other(value, vm)
}

/// [`from_python`] as text, written at once: a large value is copied once.
///
/// # Errors
/// Those of [`from_python`].
pub fn write(value: &PyObject, out: &mut Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        push_string(out, &text.to_string_lossy());
        return Ok(());
    }
    if value.fast_isinstance(vm.ctx.types.list_type)
        || value.fast_isinstance(vm.ctx.types.tuple_type)
    {
        return vm.with_recursion("while making JSON", || write_sequence(value, out, vm));
    }
    if let Some(dict) = value.downcast_ref::<PyDict>() {
        return vm.with_recursion("while making JSON", || write_mapping(dict, out, vm));
    }
    // Small, or text by itself.
    match from_python(value, vm)? {
        Value::String(text) => push_string(out, &text),
        other => out.extend_from_slice(other.to_string().as_bytes()),
    }
    Ok(())
}

fn write_sequence(value: &PyObject, out: &mut Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
    out.push(b'[');
    for (index, item) in items_of(value).iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out, vm)?;
    }
    out.push(b']');
    Ok(())
}

fn write_mapping(dict: &Py<PyDict>, out: &mut Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
    out.push(b'{');
    for (index, (key, item)) in dict.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, &key_of(&key, vm)?);
        out.push(b':');
        write(&item, out, vm)?;
    }
    out.push(b'}');
    Ok(())
}

/// The Python value of JSON.
///
/// # Errors
/// MemoryError at most.
pub fn to_python(value: &Value, vm: &VirtualMachine) -> PyResult {
    Ok(match value {
        Value::Null => vm.ctx.none(),
        Value::Bool(value) => vm.ctx.new_bool(*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => vm.ctx.new_int(int).into(),
            (None, Some(int)) => vm.ctx.new_int(int).into(),
            (None, None) => vm.ctx.new_float(number.as_f64().unwrap_or(f64::NAN)).into(),
        },
        Value::String(text) => vm.ctx.new_str(text.as_str()).into(),
        Value::Array(items) => {
            let items = items
                .iter()
                .map(|item| to_python(item, vm))
                .collect::<PyResult<Vec<_>>>()?;
            vm.ctx.new_list(items).into()
        }
        Value::Object(object) => {
            let dict = vm.ctx.new_dict();
            for (key, item) in object {
                dict.set_item(key.as_str(), to_python(item, vm)?, vm)?;
            }
            dict.into()
        }
    })
}

fn number(int: &PyInt) -> Value {
    let int = int.as_bigint();
    if let Ok(small) = i64::try_from(int) {
        return Value::Number(small.into());
    }
    if let Ok(large) = u64::try_from(int) {
        return Value::Number(large.into());
    }
    // What JavaScript would make of it.
    let float = int.to_string().parse::<f64>().unwrap_or(f64::INFINITY);
    Number::from_f64(float).map_or(Value::Null, Value::Number)
}

fn items_of(value: &PyObject) -> Vec<PyObjectRef> {
    if let Some(list) = value.downcast_ref::<PyList>() {
        list.borrow_vec().to_vec()
    } else if let Some(tuple) = value.downcast_ref::<PyTuple>() {
        tuple.as_slice().to_vec()
    } else {
        Vec::new()
    }
}

fn key_of(key: &PyObject, vm: &VirtualMachine) -> PyResult<String> {
    Ok(match key.downcast_ref::<PyStr>() {
        Some(text) => text.to_string_lossy().into_owned(),
        None => key.str(vm)?.to_string_lossy().into_owned(),
    })
}

fn sequence(value: &PyObject, vm: &VirtualMachine) -> PyResult<Value> {
    items_of(value)
        .iter()
        .map(|item| from_python(item, vm))
        .collect::<PyResult<Vec<_>>>()
        .map(Value::Array)
}

fn mapping(dict: &Py<PyDict>, vm: &VirtualMachine) -> PyResult<Value> {
    let mut object = Map::new();
    for (key, item) in dict {
        object.insert(key_of(&key, vm)?, from_python(&item, vm)?);
    }
    Ok(Value::Object(object))
}

fn other(value: &PyObject, vm: &VirtualMachine) -> PyResult<Value> {
    if let Some(bytes) = value.downcast_ref::<PyBytes>() {
        let encode = from_module("binascii", "b2a_base64", vm)?;
        let text = encode.call((bytes.as_bytes().to_vec(),), vm)?;
        let text = text.downcast_ref::<PyBytes>().map(|text| {
            String::from_utf8_lossy(text.as_bytes())
                .trim_end()
                .to_owned()
        });
        return Ok(Value::String(text.unwrap_or_default()));
    }
    if let Ok(Some(isoformat)) = vm.get_attribute_opt(value, vm.ctx.intern_str("isoformat")) {
        let text = isoformat.call((), vm)?;
        return from_python(&text, vm);
    }
    Err(vm.new_type_error(format!(
        "Object of type {} is not JSON serializable",
        value.class().name()
    )))
}
