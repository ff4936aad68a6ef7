//! The code of one function: the versions of its blocks, and the ways out of it.

use std::collections::HashMap;
use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, BlockArg, InstBuilder, MemFlagsData, Value, types};
use cranelift_frontend::{FunctionBuilder, Variable as Register};
use cranelift_jit::JITModule;
use cranelift_module::{FuncId, Module};

use super::shape::{Held, machine_type};
use super::{Context, FUEL, LEFT};
use crate::jit::flow::{BlockId, End, Operand, Routine, RoutineId, Variable};
use crate::jit::kind::{Kind, Scalar};
use crate::jit::returns::{Returns, Signature};
use crate::jit::rules::{Kinds, of_operand};
use crate::jit::versions::{self, Decision};

pub(super) struct Body<'a, 'b> {
    pub(super) builder: FunctionBuilder<'b>,
    module: &'a mut JITModule,
    functions: &'a HashMap<Signature, FuncId>,
    look: FuncId,
    returns: &'a Returns,
    routine: &'a Routine,
    signature: &'a Signature,
    /// The address of the [`Context`].
    pub(super) context: Value,
    /// How many calls may be nested in this one.
    depth: Value,
    fuel: Register,
    /// Returns [`LEFT`].
    leave: ir::Block,
    /// Returns the status that it is given.
    pass_on: ir::Block,
    registers: HashMap<(Variable, usize, Scalar), Register>,
    versions: HashMap<(BlockId, Kinds), ir::Block>,
    queue: Vec<(BlockId, Kinds, ir::Block)>,
}

impl<'a, 'b> Body<'a, 'b> {
    pub(super) fn begin(
        mut builder: FunctionBuilder<'b>,
        module: &'a mut JITModule,
        functions: &'a HashMap<Signature, FuncId>,
        look: FuncId,
        returns: &'a Returns,
        routine: &'a Routine,
        signature: &'a Signature,
    ) -> Self {
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        let given = builder.block_params(entry).to_vec();
        let fuel = builder.declare_var(types::I64);
        let (leave, pass_on) = (builder.create_block(), builder.create_block());
        builder.append_block_param(pass_on, types::I64);
        builder.set_cold_block(leave);
        builder.set_cold_block(pass_on);
        let mut body = Self {
            builder,
            module,
            functions,
            look,
            returns,
            routine,
            signature,
            context: given[0],
            depth: given[1],
            fuel,
            leave,
            pass_on,
            registers: HashMap::new(),
            versions: HashMap::new(),
            queue: Vec::new(),
        };
        body.take_arguments(&given[2..]);
        body
    }

    fn take_arguments(&mut self, mut given: &[Value]) {
        for (variable, kind) in self.signature.1.iter().enumerate() {
            let count = kind.scalars().len();
            let held = Held {
                kind: kind.clone(),
                scalars: given[..count].to_vec(),
            };
            given = &given[count..];
            self.assign(variable, &held);
        }
        self.take_fuel();
        if self.calls() {
            self.check_stack();
            // A call counts as a turn of a loop does.
            let first = self.builder.create_block();
            self.burn(first);
            self.builder.switch_to_block(first);
        }
        let kinds = versions::at_entry(self.routine, &self.signature.1);
        let first = self.version(0, &kinds);
        self.builder.ins().jump(first, &[]);
    }

    fn calls(&self) -> bool {
        let is_call = |end: &End| matches!(end, End::Call { .. });
        self.routine.blocks.iter().any(|block| is_call(&block.end))
    }

    fn loops(&self) -> bool {
        let is_loop = |end: &End| matches!(end, End::Again(_));
        self.routine.blocks.iter().any(|block| is_loop(&block.end))
    }

    /// Makes all that can be reached.
    pub(super) fn finish(mut self) {
        while let Some((block, kinds, machine_block)) = self.queue.pop() {
            self.builder.switch_to_block(machine_block);
            self.block(block, kinds);
        }
        self.ways_out();
        self.builder.seal_all_blocks();
        let config = self.module.target_config();
        self.builder.finalize(config);
    }

    fn ways_out(&mut self) {
        self.builder.switch_to_block(self.leave);
        let status = self.builder.ins().iconst(types::I64, LEFT);
        self.builder.ins().return_(&[status, status]);
        self.builder.switch_to_block(self.pass_on);
        let status = self.builder.block_params(self.pass_on)[0];
        self.builder.ins().return_(&[status, status]);
    }

    fn block(&mut self, block: BlockId, mut kinds: Kinds) {
        let routine = self.routine;
        for step in &routine.blocks[block].steps {
            let Some(held) = self.step(&step.action, &kinds) else {
                self.builder.ins().jump(self.leave, &[]);
                return;
            };
            self.assign(step.to, &held);
            kinds[step.to] = held.kind;
        }
        self.end(&routine.blocks[block].end, &kinds);
    }

    fn end(&mut self, end: &End, kinds: &Kinds) {
        match end {
            End::Jump(to) => {
                let to = self.version(*to, kinds);
                self.builder.ins().jump(to, &[]);
            }
            End::Again(to) => {
                let to = self.version(*to, kinds);
                self.burn(to);
            }
            End::Branch {
                condition,
                then,
                otherwise,
            } => self.branch(*condition, *then, *otherwise, kinds),
            End::Call {
                routine,
                arguments,
                to,
                then,
            } => self.call(*routine, arguments, *to, *then, kinds),
            End::Return(value) => self.give_back(*value, kinds),
            End::Leave => {
                self.builder.ins().jump(self.leave, &[]);
            }
        }
    }

    fn branch(&mut self, condition: Operand, then: BlockId, otherwise: BlockId, kinds: &Kinds) {
        match versions::decided(condition, kinds) {
            Decision::Leaves => {
                self.builder.ins().jump(self.leave, &[]);
            }
            Decision::Known(is_true) => {
                let to = self.version(if is_true { then } else { otherwise }, kinds);
                self.builder.ins().jump(to, &[]);
            }
            Decision::Open => {
                let held = self.operand(condition, kinds);
                let truth = self.truth(&held);
                let then = self.version(then, kinds);
                let otherwise = self.version(otherwise, kinds);
                self.builder.ins().brif(truth, then, &[], otherwise, &[]);
            }
        }
    }

    /// The block for these kinds of variables.
    fn version(&mut self, block: BlockId, kinds: &Kinds) -> ir::Block {
        let kinds = versions::normal(self.routine, block, kinds);
        let builder = &mut self.builder;
        let queue = &mut self.queue;
        *self
            .versions
            .entry((block, kinds.clone()))
            .or_insert_with(|| {
                let machine_block = builder.create_block();
                queue.push((block, kinds, machine_block));
                machine_block
            })
    }

    fn register(&mut self, variable: Variable, place: usize, scalar: Scalar) -> Register {
        let builder = &mut self.builder;
        *self
            .registers
            .entry((variable, place, scalar))
            .or_insert_with(|| builder.declare_var(machine_type(scalar)))
    }

    fn assign(&mut self, variable: Variable, held: &Held) {
        for (place, scalar) in held.kind.scalars().into_iter().enumerate() {
            let register = self.register(variable, place, scalar);
            self.builder.def_var(register, held.scalars[place]);
        }
    }

    pub(super) fn operand(&mut self, operand: Operand, kinds: &Kinds) -> Held {
        let kind = of_operand(operand, kinds);
        let scalars = match operand {
            Operand::Variable(variable) => {
                let scalars = kind.scalars().into_iter().enumerate();
                scalars
                    .map(|(place, scalar)| {
                        let register = self.register(variable, place, scalar);
                        self.builder.use_var(register)
                    })
                    .collect()
            }
            Operand::Int(value) => vec![self.builder.ins().iconst(types::I64, value)],
            Operand::Float(value) => vec![self.builder.ins().f64const(value)],
            Operand::Bool(value) => vec![self.builder.ins().iconst(types::I8, i64::from(value))],
            Operand::None => Vec::new(),
        };
        Held { kind, scalars }
    }

    /// Leaves if `condition` is true.
    pub(super) fn leave_if(&mut self, condition: Value) {
        let next = self.builder.create_block();
        self.builder
            .ins()
            .brif(condition, self.leave, &[], next, &[]);
        self.builder.switch_to_block(next);
    }

    /// Returns what `condition`, if it is not 0, says.
    fn pass_on_if(&mut self, condition: Value, status: Value) {
        let next = self.builder.create_block();
        self.builder.ins().brif(
            condition,
            self.pass_on,
            &[BlockArg::Value(status)],
            next,
            &[],
        );
        self.builder.switch_to_block(next);
    }

    fn field(&mut self, machine_type: ir::Type, offset: usize) -> Value {
        let flags = MemFlagsData::trusted();
        let offset = i32::try_from(offset).expect("a small struct");
        self.builder
            .ins()
            .load(machine_type, flags, self.context, offset)
    }

    fn set_field(&mut self, value: Value, offset: usize) {
        let flags = MemFlagsData::trusted();
        let offset = i32::try_from(offset).expect("a small struct");
        self.builder.ins().store(flags, value, self.context, offset);
    }

    fn take_fuel(&mut self) {
        if self.calls() || self.loops() {
            let fuel = self.field(types::I64, offset_of!(Context, fuel));
            self.builder.def_var(self.fuel, fuel);
        }
    }

    fn give_fuel(&mut self) {
        if self.calls() || self.loops() {
            let fuel = self.builder.use_var(self.fuel);
            self.set_field(fuel, offset_of!(Context, fuel));
        }
    }

    /// Goes to `to`, and first looks whether something is due if that is long ago.
    fn burn(&mut self, to: ir::Block) {
        let fuel = self.builder.use_var(self.fuel);
        let one = self.builder.ins().iconst(types::I64, 1);
        let left = self.builder.ins().isub(fuel, one);
        self.builder.def_var(self.fuel, left);
        let poll = self.builder.create_block();
        self.builder.set_cold_block(poll);
        self.builder.ins().brif(left, to, &[], poll, &[]);
        self.builder.switch_to_block(poll);
        let look = self
            .module
            .declare_func_in_func(self.look, self.builder.func);
        self.builder.ins().call(look, &[self.context]);
        let status = self.field(types::I64, offset_of!(Context, polled));
        self.pass_on_if(status, status);
        let filled = self.builder.ins().iconst(types::I64, FUEL);
        self.builder.def_var(self.fuel, filled);
        self.builder.ins().jump(to, &[]);
    }

    fn check_stack(&mut self) {
        let limit = self.field(types::I64, offset_of!(Context, stack_limit));
        let reached = self.builder.ins().get_stack_pointer(types::I64);
        let is_low = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedLessThan, reached, limit);
        self.leave_if(is_low);
    }

    fn call(
        &mut self,
        routine: RoutineId,
        arguments: &[Operand],
        to: Variable,
        then: BlockId,
        kinds: &Kinds,
    ) {
        let held: Vec<_> = arguments
            .iter()
            .map(|&argument| self.operand(argument, kinds))
            .collect();
        let signature = (routine, held.iter().map(|held| held.kind.clone()).collect());
        let Some(&function) = self.functions.get(&signature) else {
            // An argument has no value.
            self.builder.ins().jump(self.leave, &[]);
            return;
        };
        let one = self.builder.ins().iconst(types::I64, 1);
        let depth = self.builder.ins().isub(self.depth, one);
        let is_deep = self.builder.ins().icmp(IntCC::SignedLessThan, depth, one);
        self.leave_if(is_deep);
        self.give_fuel();
        let mut values = vec![self.context, depth];
        values.extend(held.iter().flat_map(|held| held.scalars.iter().copied()));
        let function = self
            .module
            .declare_func_in_func(function, self.builder.func);
        let call = self.builder.ins().call(function, &values);
        let results = self.builder.inst_results(call).to_vec();
        let zero = self.builder.ins().iconst(types::I64, 0);
        let is_failed = self
            .builder
            .ins()
            .icmp(IntCC::SignedLessThan, results[0], zero);
        self.pass_on_if(is_failed, results[0]);
        self.take_fuel();
        self.take_result(&signature, results[0], results[1], (to, then), kinds);
    }

    /// Goes on with what a function returned, once for each kind that it may have.
    fn take_result(
        &mut self,
        signature: &Signature,
        status: Value,
        bits: Value,
        (to, then): (Variable, BlockId),
        kinds: &Kinds,
    ) {
        let mut known = self.returns.of(signature);
        let last = known.pop();
        for (number, kind) in known.into_iter().enumerate() {
            let (this, next) = (self.builder.create_block(), self.builder.create_block());
            let number = self
                .builder
                .ins()
                .iconst(types::I64, number.cast_signed() as i64);
            let is_this = self.builder.ins().icmp(IntCC::Equal, status, number);
            self.builder.ins().brif(is_this, this, &[], next, &[]);
            self.builder.switch_to_block(this);
            self.go_on_with(kind, bits, (to, then), kinds);
            self.builder.switch_to_block(next);
        }
        match last {
            Some(kind) => self.go_on_with(kind, bits, (to, then), kinds),
            // It never returns.
            None => {
                self.builder.ins().jump(self.leave, &[]);
            }
        }
    }

    fn go_on_with(
        &mut self,
        kind: Kind,
        bits: Value,
        (to, then): (Variable, BlockId),
        kinds: &Kinds,
    ) {
        let held = self.unpacked(kind, bits);
        self.assign(to, &held);
        let mut kinds = kinds.clone();
        kinds[to] = held.kind;
        let then = self.version(then, &kinds);
        self.builder.ins().jump(then, &[]);
    }

    fn unpacked(&mut self, kind: Kind, bits: Value) -> Held {
        let is_tuple = matches!(kind, Kind::Tuple(_));
        let scalars = kind.scalars().into_iter().enumerate();
        let scalars = scalars
            .map(|(place, scalar)| {
                let bits = if is_tuple {
                    self.field(types::I64, offset_of!(Context, items) + 8 * place)
                } else {
                    bits
                };
                self.taken_from(scalar, bits)
            })
            .collect();
        Held { kind, scalars }
    }

    fn give_back(&mut self, value: Operand, kinds: &Kinds) {
        let held = self.operand(value, kinds);
        let known = self.returns.of(self.signature);
        let Some(number) = known.iter().position(|kind| *kind == held.kind) else {
            // The variable has no value.
            self.builder.ins().jump(self.leave, &[]);
            return;
        };
        self.give_fuel();
        let status = self
            .builder
            .ins()
            .iconst(types::I64, number.cast_signed() as i64);
        let mut bits = status;
        for (place, scalar) in held.kind.scalars().into_iter().enumerate() {
            bits = self.packed(scalar, held.scalars[place]);
            if matches!(held.kind, Kind::Tuple(_)) {
                self.set_field(bits, offset_of!(Context, items) + 8 * place);
            }
        }
        self.builder.ins().return_(&[status, bits]);
    }

    pub(super) fn packed(&mut self, scalar: Scalar, value: Value) -> Value {
        match scalar {
            Scalar::Bool => self.builder.ins().uextend(types::I64, value),
            Scalar::Int => value,
            Scalar::Float => {
                let flags = MemFlagsData::new();
                self.builder.ins().bitcast(types::I64, flags, value)
            }
        }
    }

    pub(super) fn taken_from(&mut self, scalar: Scalar, bits: Value) -> Value {
        match scalar {
            Scalar::Bool => self.builder.ins().ireduce(types::I8, bits),
            Scalar::Int => bits,
            Scalar::Float => {
                let flags = MemFlagsData::new();
                self.builder.ins().bitcast(types::F64, flags, bits)
            }
        }
    }

    /// The result of a helper at `address`; leaves if there is none.
    pub(super) fn helper(
        &mut self,
        address: *const u8,
        arguments: &[Value],
        scalar: Scalar,
    ) -> Value {
        let mut signature = self.module.make_signature();
        for &argument in arguments {
            let machine_type = self.builder.func.dfg.value_type(argument);
            signature.params.push(ir::AbiParam::new(machine_type));
        }
        signature.returns = vec![ir::AbiParam::new(types::I64); 2];
        let signature = self.builder.import_signature(signature);
        let address = self
            .builder
            .ins()
            .iconst(types::I64, address.addr().cast_signed() as i64);
        let call = self
            .builder
            .ins()
            .call_indirect(signature, address, arguments);
        let results = self.builder.inst_results(call).to_vec();
        self.leave_if(results[0]);
        self.taken_from(scalar, results[1])
    }
}
