//! Machine code: one function for each list of kinds that a function of the program is called with.
//!
//! A compiled function takes the [`Context`], how many calls may be nested in it, and its arguments; it returns a status
//! and the bits of a value. The status is the number of the value's kind among those that the function returns, or
//! [`LEFT`] or [`STOPPED`].

mod arithmetic;
mod body;
mod comparing;
mod conversions;
mod floats;
pub(crate) mod helpers;
mod integers;
pub(crate) mod lists;
mod shape;
mod steps;

use std::collections::HashMap;
use std::mem::{ManuallyDrop, offset_of};
use std::sync::{Arc, OnceLock};

use cranelift_codegen::ir::{
    AbiParam, InstBuilder, MemFlagsData, Signature as MachineSignature, types,
};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, default_libcall_names};

use self::body::Body;
use self::helpers::Outcome;
use self::lists::Lists;
use self::shape::machine_type;
use super::Program;
use super::flow::RoutineId;
use super::kind::{Kind, Origin, Scalar};
use super::refusal::Refusal;
use super::returns::{MOST_SCALARS, Returns, Signature};

/// The interpreter makes the call again.
pub(crate) const LEFT: i64 = -1;
/// What `poll` returned when the call was to end.
pub(crate) const STOPPED: i64 = -2;

/// How many turns of loops and calls there are between two looks at what is due.
const FUEL: i64 = 1 << 14;

/// What a call of compiled code has beside its arguments.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Context {
    /// How many turns of loops and calls are left until `poll` is called.
    fuel: i64,
    /// The lowest address that the stack may reach.
    stack_limit: usize,
    /// Returns 0, or [`STOPPED`] to end the call.
    poll: extern "C" fn(&mut Context) -> i64,
    /// What `poll` returned.
    polled: i64,
    /// The items of a tuple that is returned.
    items: [i64; MOST_SCALARS],
    /// For `poll`; nothing of compiled code's.
    pub(crate) host: *mut (),
    pub(crate) lists: Lists,
    /// How often `fuel` was filled.
    filled: u64,
}

impl Context {
    pub(crate) fn new(
        stack_limit: usize,
        poll: extern "C" fn(&mut Context) -> i64,
        host: *mut (),
    ) -> Self {
        Self {
            fuel: FUEL,
            stack_limit,
            poll,
            polled: 0,
            items: [0; MOST_SCALARS],
            host,
            lists: Lists::default(),
            filled: 0,
        }
    }

    /// How many turns of loops and calls there were.
    pub(crate) fn turns(&self) -> u64 {
        let full = FUEL.cast_unsigned();
        (full * self.filled + full).saturating_sub(self.fuel.cast_unsigned())
    }
}

type Entry = unsafe extern "C" fn(*mut Context, i64, *const i64) -> Outcome;

/// A value from compiled code.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Tuple(Vec<Datum>),
    List(Vec<Datum>),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Returned(Datum),
    /// The interpreter has to make the call.
    Left,
    /// By `poll`.
    Stopped,
}

/// A function, compiled for one list of kinds, and all that it calls.
pub(crate) struct Unit {
    entry: Entry,
    returns: Vec<Kind>,
    module: ManuallyDrop<JITModule>,
}

#[expect(
    unsafe_code,
    reason = "the memory of the code is not bound to a thread"
)]
// SAFETY: the module is not touched before it is dropped; its code is read-only and keeps its state in `Context`.
unsafe impl Send for Unit {}
#[expect(
    unsafe_code,
    reason = "the memory of the code is not bound to a thread"
)]
// SAFETY: as above.
unsafe impl Sync for Unit {}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit")
            .field("returns", &self.returns)
            .finish_non_exhaustive()
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "memory with code in it is freed by hand")]
        // SAFETY: who calls the code has a reference to the unit, and the module is not used again.
        unsafe {
            ManuallyDrop::take(&mut self.module).free_memory();
        }
    }
}

impl Unit {
    /// Compiles `routine` for arguments of these kinds.
    ///
    /// # Errors
    /// Where the code would be too large, or this machine is not known.
    pub(crate) fn compile(
        program: &Program,
        routine: RoutineId,
        arguments: &[Kind],
    ) -> Result<Self, Refusal> {
        let root = (routine, arguments.to_vec());
        let returns = Returns::infer(program, &root)?;
        let builder = JITBuilder::with_isa(machine()?, default_libcall_names());
        let mut making = Making::new(JITModule::new(builder), program, &returns)?;
        making.define_look()?;
        making.define_bodies()?;
        let entry = making.define_entry(&root)?;
        let mut module = making.module;
        module.finalize_definitions().map_err(failed)?;
        let code = module.get_finalized_function(entry);
        #[expect(unsafe_code, reason = "code is a pointer to Cranelift")]
        // SAFETY: `define_entry` has made it with this signature.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(code) };
        Ok(Self {
            entry,
            returns: returns.of(&root),
            module: ManuallyDrop::new(module),
        })
    }

    /// Calls the code, in which `depth` calls may be nested. `arguments` are the bits of the values, whose kinds are
    /// those that it was compiled for.
    pub(crate) fn call(&self, context: &mut Context, depth: i64, arguments: &[i64]) -> Ending {
        #[expect(unsafe_code, reason = "the code is machine code")]
        // SAFETY: the caller has as many arguments as the kinds say; the context outlives the call.
        let outcome = unsafe { (self.entry)(&raw mut *context, depth, arguments.as_ptr()) };
        match outcome.failed {
            LEFT => Ending::Left,
            STOPPED => Ending::Stopped,
            number => {
                let kind = &self.returns[number.cast_unsigned() as usize];
                if let Kind::List(item, origin) = kind {
                    return list(context, outcome.bits, *item, *origin);
                }
                let mut bits = match kind {
                    Kind::Tuple(_) => context.items.iter(),
                    _ => std::slice::from_ref(&outcome.bits).iter(),
                };
                Ending::Returned(datum(kind, &mut bits))
            }
        }
    }
}

fn list(context: &Context, address: i64, item: Scalar, origin: Origin) -> Ending {
    match (origin, context.lists.at(address)) {
        (Origin::Made, Some(list)) => {
            let of = |bits: &i64| datum(&Kind::of(item), &mut std::slice::from_ref(bits).iter());
            Ending::Returned(Datum::List(list.items().iter().map(of).collect()))
        }
        // It is the argument itself that is returned.
        _ => Ending::Left,
    }
}

fn datum(kind: &Kind, bits: &mut std::slice::Iter<'_, i64>) -> Datum {
    let mut next = || bits.next().copied().unwrap_or_default();
    match kind {
        Kind::Unbound | Kind::None | Kind::List(..) => Datum::None,
        Kind::Bool => Datum::Bool(next() != 0),
        Kind::Int => Datum::Int(next()),
        Kind::Float => Datum::Float(f64::from_bits(next().cast_unsigned())),
        Kind::Tuple(items) => Datum::Tuple(items.iter().map(|kind| datum(kind, bits)).collect()),
    }
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::of_all(format!("the compiler ({error})"))
}

/// The machine that this runs on.
fn machine() -> Result<OwnedTargetIsa, Refusal> {
    static MACHINE: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let find = || {
        let mut flags = settings::builder();
        let verifier = if cfg!(debug_assertions) {
            "true"
        } else {
            "false"
        };
        for (name, value) in [
            ("opt_level", "speed"),
            ("enable_verifier", verifier),
            ("use_colocated_libcalls", "false"),
            ("is_pic", "false"),
        ] {
            flags.set(name, value).map_err(|error| error.to_string())?;
        }
        cranelift_native::builder()?
            .finish(settings::Flags::new(flags))
            .map_err(|error| error.to_string())
    };
    MACHINE
        .get_or_init(find)
        .as_ref()
        .map(Arc::clone)
        .map_err(failed)
}

/// A unit while it is made.
struct Making<'a> {
    module: JITModule,
    program: &'a Program,
    returns: &'a Returns,
    functions: HashMap<Signature, FuncId>,
    look: FuncId,
    builders: FunctionBuilderContext,
}

impl<'a> Making<'a> {
    fn new(
        mut module: JITModule,
        program: &'a Program,
        returns: &'a Returns,
    ) -> Result<Self, Refusal> {
        let mut functions = HashMap::new();
        for signature in returns.signatures() {
            let machine = machine_signature(&module, &signature.1);
            let id = module
                .declare_anonymous_function(&machine)
                .map_err(failed)?;
            functions.insert(signature.clone(), id);
        }
        let look = module
            .declare_anonymous_function(&look_signature())
            .map_err(failed)?;
        Ok(Self {
            module,
            program,
            returns,
            functions,
            look,
            builders: FunctionBuilderContext::new(),
        })
    }

    /// The function that calls `poll` and leaves all registers as they are, so that loops keep their variables there.
    fn define_look(&mut self) -> Result<(), Refusal> {
        let mut code = self.module.make_context();
        code.func.signature = look_signature();
        let mut builder = FunctionBuilder::new(&mut code.func, &mut self.builders);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        let context = builder.block_params(block)[0];
        let offset = |field: usize| i32::try_from(field).expect("a small struct");
        let flags = MemFlagsData::trusted();
        let poll = offset(offset_of!(Context, poll));
        let poll = builder.ins().load(types::I64, flags, context, poll);
        let mut signature = self.module.make_signature();
        signature.params.push(AbiParam::new(types::I64));
        signature.returns.push(AbiParam::new(types::I64));
        let signature = builder.import_signature(signature);
        let call = builder.ins().call_indirect(signature, poll, &[context]);
        let status = builder.inst_results(call)[0];
        let polled = offset(offset_of!(Context, polled));
        builder.ins().store(flags, status, context, polled);
        let filled = offset(offset_of!(Context, filled));
        let count = builder.ins().load(types::I64, flags, context, filled);
        let one = builder.ins().iconst(types::I64, 1);
        let count = builder.ins().iadd(count, one);
        builder.ins().store(flags, count, context, filled);
        builder.ins().return_(&[]);
        builder.seal_all_blocks();
        builder.finalize(self.module.target_config());
        self.module
            .define_function(self.look, &mut code)
            .map_err(failed)
    }

    fn define_bodies(&mut self) -> Result<(), Refusal> {
        for signature in self.returns.signatures() {
            let mut code = self.module.make_context();
            code.func.signature = machine_signature(&self.module, &signature.1);
            let builder = FunctionBuilder::new(&mut code.func, &mut self.builders);
            let routine = &self.program.routines[signature.0];
            let body = Body::begin(
                builder,
                &mut self.module,
                &self.functions,
                self.look,
                self.returns,
                routine,
                signature,
            );
            body.finish();
            self.module
                .define_function(self.functions[signature], &mut code)
                .map_err(failed)?;
        }
        Ok(())
    }

    /// The function that Rust calls: it takes the arguments from memory.
    fn define_entry(&mut self, root: &Signature) -> Result<FuncId, Refusal> {
        let mut code = self.module.make_context();
        let mut machine = self.module.make_signature();
        machine.params = vec![AbiParam::new(types::I64); 3];
        machine.returns = vec![AbiParam::new(types::I64); 2];
        code.func.signature = machine;
        let mut builder = FunctionBuilder::new(&mut code.func, &mut self.builders);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        let given = builder.block_params(block).to_vec();
        let mut arguments = given[..2].to_vec();
        let scalars = root.1.iter().flat_map(Kind::scalars);
        for (scalar, offset) in scalars.zip((0..).step_by(8)) {
            let flags = MemFlagsData::trusted();
            let machine_type = machine_type(scalar);
            arguments.push(builder.ins().load(machine_type, flags, given[2], offset));
        }
        let function = self
            .module
            .declare_func_in_func(self.functions[root], builder.func);
        let call = builder.ins().call(function, &arguments);
        let results = builder.inst_results(call).to_vec();
        builder.ins().return_(&results);
        builder.seal_all_blocks();
        builder.finalize(self.module.target_config());
        let id = self
            .module
            .declare_anonymous_function(&code.func.signature)
            .map_err(failed)?;
        self.module.define_function(id, &mut code).map_err(failed)?;
        Ok(id)
    }
}

fn look_signature() -> MachineSignature {
    let mut signature = MachineSignature::new(CallConv::PreserveAll);
    signature.params.push(AbiParam::new(types::I64));
    signature
}

fn machine_signature(module: &JITModule, arguments: &[Kind]) -> MachineSignature {
    let mut machine = module.make_signature();
    machine.params = vec![AbiParam::new(types::I64); 2];
    for scalar in arguments.iter().flat_map(Kind::scalars) {
        machine.params.push(AbiParam::new(machine_type(scalar)));
    }
    machine.returns = vec![AbiParam::new(types::I64); 2];
    machine
}
