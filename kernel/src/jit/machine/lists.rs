//! Lists of numbers, which belong to the call: copies of arguments, and those that it makes.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

use super::Context;
use super::body::Body;
use super::helpers::Outcome;
use super::shape::Held;
use crate::jit::kind::{Kind, Scalar};

/// How many items the lists of a call may have, all together. More is left to the interpreter.
const MOST_ITEMS: usize = 1 << 25;

/// A list as compiled code sees it. Its items are the bits of numbers.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct List {
    first: *mut i64,
    length: usize,
    items: Vec<i64>,
}

/// The lists of a call.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    // Compiled code has their addresses.
    #[expect(clippy::vec_box, reason = "they stay where they are")]
    all: Vec<Box<List>>,
    count: usize,
}

impl List {
    fn refresh(&mut self) {
        self.first = self.items.as_mut_ptr();
        self.length = self.items.len();
    }

    pub(crate) fn items(&self) -> &[i64] {
        &self.items
    }
}

impl Lists {
    /// Keeps a list of these items; returns its address, or `None` where there are too many.
    pub(crate) fn keep(&mut self, items: Vec<i64>) -> Option<i64> {
        self.count += items.len() + 1;
        if self.count > MOST_ITEMS {
            return None;
        }
        let mut list = Box::new(List {
            first: std::ptr::null_mut(),
            length: 0,
            items,
        });
        list.refresh();
        let address = std::ptr::from_mut(&mut *list);
        self.all.push(list);
        Some(address.expose_provenance().cast_signed() as i64)
    }

    pub(crate) fn at(&self, address: i64) -> Option<&List> {
        let lists = self.all.iter().map(|list| &**list);
        let mut lists = lists
            .filter(|&list| std::ptr::from_ref(list).addr() == address.cast_unsigned() as usize);
        lists.next()
    }
}

/// A list of `length` zeros, whose items compiled code sets.
extern "C" fn make(context: &mut Context, length: i64) -> Outcome {
    let items = vec![0; length.cast_unsigned() as usize];
    Outcome::of_int(context.lists.keep(items))
}

extern "C" fn repeat(context: &mut Context, list: &List, count: i64) -> Outcome {
    let count = usize::try_from(count).unwrap_or(0);
    let length = list.items.len().checked_mul(count);
    if length.is_none_or(|length| length > MOST_ITEMS) {
        return Outcome::of_int(None);
    }
    Outcome::of_int(context.lists.keep(list.items.repeat(count)))
}

extern "C" fn append(context: &mut Context, list: &mut List, value: i64) -> Outcome {
    context.lists.count += 1;
    if context.lists.count > MOST_ITEMS {
        return Outcome::of_int(None);
    }
    list.items.push(value);
    list.refresh();
    Outcome::of_int(Some(0))
}

impl Body<'_, '_> {
    pub(super) fn length(&mut self, held: &Held) -> Value {
        if let Kind::Tuple(items) = &held.kind {
            return self.constant(items.len().cast_signed() as i64);
        }
        self.part(held, offset_of!(List, length))
    }

    fn part(&mut self, list: &Held, offset: usize) -> Value {
        let flags = MemFlagsData::trusted();
        let offset = i32::try_from(offset).expect("a small struct");
        self.builder
            .ins()
            .load(types::I64, flags, list.scalar(), offset)
    }

    /// The address of the item; leaves if there is none.
    fn place(&mut self, list: &Held, index: Value) -> Value {
        let length = self.length(list);
        let zero = self.constant(0);
        let is_negative = self.builder.ins().icmp(IntCC::SignedLessThan, index, zero);
        let from_end = self.builder.ins().iadd(index, length);
        let index = self.builder.ins().select(is_negative, from_end, index);
        let is_outside = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.leave_if(is_outside);
        let first = self.part(list, offset_of!(List, first));
        let three = self.constant(3);
        let offset = self.builder.ins().ishl(index, three);
        self.builder.ins().iadd(first, offset)
    }

    pub(super) fn element(&mut self, list: &Held, index: Value) -> Held {
        let Kind::List(scalar, _) = list.kind else {
            unreachable!("the rules have no items of others");
        };
        let place = self.place(list, index);
        let bits = self
            .builder
            .ins()
            .load(types::I64, MemFlagsData::trusted(), place, 0);
        let value = self.taken_from(scalar, bits);
        Held::one(Kind::of(scalar), value)
    }

    fn bits_of(&mut self, value: &Held) -> Value {
        let scalar = value.kind.as_scalar().unwrap_or(Scalar::Int);
        self.packed(scalar, value.scalar())
    }

    pub(super) fn set_element(&mut self, list: &Held, index: Value, value: &Held) {
        let bits = self.bits_of(value);
        let place = self.place(list, index);
        let flags = MemFlagsData::trusted();
        self.builder.ins().store(flags, bits, place, 0);
    }

    pub(super) fn append(&mut self, list: &Held, value: &Held) {
        let bits = self.bits_of(value);
        let arguments = [self.context, list.scalar(), bits];
        self.helper(append as *const u8, &arguments, Scalar::Int);
    }

    pub(super) fn list(&mut self, items: &[Held]) -> Value {
        let length = self.constant(items.len().cast_signed() as i64);
        let arguments = [self.context, length];
        let list = self.helper(make as *const u8, &arguments, Scalar::Int);
        let flags = MemFlagsData::trusted();
        let first = self.builder.ins().load(types::I64, flags, list, 0);
        for (item, offset) in items.iter().zip((0..).step_by(8)) {
            let bits = self.bits_of(item);
            self.builder.ins().store(flags, bits, first, offset);
        }
        list
    }

    pub(super) fn repeated(&mut self, list: &Held, count: Value) -> Value {
        let arguments = [self.context, list.scalar(), count];
        self.helper(repeat as *const u8, &arguments, Scalar::Int)
    }
}
