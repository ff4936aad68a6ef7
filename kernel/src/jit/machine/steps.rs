//! The code of one step.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::body::Body;
use super::helpers;
use super::shape::Held;
use crate::jit::flow::{Action, Operand, Unary, Variable};
use crate::jit::kind::{Kind, Scalar};
use crate::jit::rules::{self, Kinds};

impl Body<'_, '_> {
    /// `None` where the interpreter has to make the step.
    pub(super) fn step(&mut self, action: &Action, kinds: &Kinds) -> Option<Held> {
        let kind = rules::of_action(action, kinds)?;
        Some(match action {
            Action::Unbind => Held {
                kind,
                scalars: Vec::new(),
            },
            Action::Copy(value) => self.operand(*value, kinds),
            Action::Unary(operator, value) => {
                let held = self.operand(*value, kinds);
                self.unary(*operator, &held, kind)
            }
            Action::Binary(operator, left, right) | Action::InPlace(operator, left, right) => {
                let (held_left, held_right) =
                    (self.operand(*left, kinds), self.operand(*right, kinds));
                let value = self.binary(*operator, &held_left, &held_right, *right, &kind);
                Held::one(kind, value)
            }
            Action::Compare(comparison, left, right) => {
                let (left, right) = (self.operand(*left, kinds), self.operand(*right, kinds));
                Held::one(kind, self.compare(*comparison, &left, &right))
            }
            Action::IsNone(value) => {
                let is_none = rules::of_operand(*value, kinds) == Kind::None;
                Held::one(kind, self.boolean(is_none))
            }
            Action::Call(builtin, arguments) => {
                let arguments: Vec<_> = arguments
                    .iter()
                    .map(|&argument| self.operand(argument, kinds))
                    .collect();
                let value = self.builtin(*builtin, &arguments);
                Held::one(kind, value)
            }
            Action::Pack(items) => {
                let held = items.iter().map(|&item| self.operand(item, kinds).scalars);
                let scalars = held.collect::<Vec<_>>().concat();
                Held { kind, scalars }
            }
            Action::Item { of, index, .. } => {
                let held = self.operand(*of, kinds);
                if let Kind::Tuple(items) = &held.kind {
                    return Some(held.item(rules::place(*index, items.len())?));
                }
                let index = self.constant(*index);
                self.element(&held, index)
            }
            Action::List(items) => {
                let held: Vec<_> = items
                    .iter()
                    .map(|&item| self.operand(item, kinds))
                    .collect();
                Held::one(kind, self.list(&held))
            }
            Action::Element(list, index) => {
                let (list, index) = (self.operand(*list, kinds), self.operand(*index, kinds));
                let index = self.integer(&index);
                self.element(&list, index)
            }
            Action::SetElement(list, index, value) => {
                let (list, index) = (self.operand(*list, kinds), self.operand(*index, kinds));
                let value = self.operand(*value, kinds);
                let index = self.integer(&index);
                self.set_element(&list, index, &value);
                Held {
                    kind,
                    scalars: Vec::new(),
                }
            }
            Action::Append(list, value) => {
                let (list, value) = (self.operand(*list, kinds), self.operand(*value, kinds));
                self.append(&list, &value);
                Held {
                    kind,
                    scalars: Vec::new(),
                }
            }
            Action::Length(value) => {
                let held = self.operand(*value, kinds);
                Held::one(kind, self.length(&held))
            }
            Action::HasItem(list, index) => {
                let (list, index) = (self.operand(*list, kinds), self.operand(*index, kinds));
                let length = self.length(&list);
                let value =
                    self.builder
                        .ins()
                        .icmp(IntCC::UnsignedLessThan, index.scalar(), length);
                Held::one(kind, value)
            }
            Action::Index(value) => {
                let held = self.operand(*value, kinds);
                Held::one(kind, self.integer(&held))
            }
            Action::RangeLength { start, end, step } => {
                Held::one(kind, self.range_length([*start, *end, *step], kinds))
            }
            Action::Advance(variable, by) => Held::one(kind, self.advanced(*variable, *by, kinds)),
        })
    }

    pub(super) fn boolean(&mut self, value: bool) -> Value {
        self.builder.ins().iconst(types::I8, i64::from(value))
    }

    pub(super) fn constant(&mut self, value: i64) -> Value {
        self.builder.ins().iconst(types::I64, value)
    }

    /// What `if` asks: a register that is 0 or not.
    pub(super) fn truth(&mut self, held: &Held) -> Value {
        match &held.kind {
            Kind::Unbound | Kind::None => self.boolean(false),
            Kind::Tuple(items) => self.boolean(!items.is_empty()),
            Kind::List(..) => self.length(held),
            Kind::Bool | Kind::Int => held.scalar(),
            Kind::Float => {
                let zero = self.builder.ins().f64const(0.0);
                self.builder
                    .ins()
                    .fcmp(FloatCC::NotEqual, held.scalar(), zero)
            }
        }
    }

    /// Whether it is true, as a bool.
    pub(super) fn as_bool(&mut self, held: &Held) -> Value {
        let truth = self.truth(held);
        if matches!(held.kind, Kind::Int | Kind::List(..)) {
            let zero = self.constant(0);
            self.builder.ins().icmp(IntCC::NotEqual, truth, zero)
        } else {
            truth
        }
    }

    fn unary(&mut self, operator: Unary, held: &Held, kind: Kind) -> Held {
        let value = match (operator, &kind) {
            (Unary::Not, _) => {
                let truth = self.as_bool(held);
                let one = self.boolean(true);
                self.builder.ins().bxor(truth, one)
            }
            (Unary::Plus, Kind::Float) => held.scalar(),
            (Unary::Plus, _) => self.integer(held),
            (Unary::Minus, Kind::Float) => self.builder.ins().fneg(held.scalar()),
            (Unary::Minus, _) => {
                let value = self.integer(held);
                self.negated(value)
            }
            (Unary::Invert, _) => self.builder.ins().bnot(held.scalar()),
        };
        Held::one(kind, value)
    }

    fn range_length(&mut self, [start, end, step]: [Operand; 3], kinds: &Kinds) -> Value {
        let held = [start, end, step].map(|operand| self.operand(operand, kinds).scalar());
        if step != Operand::Int(1) {
            return self.helper(helpers::range_length as *const u8, &held, Scalar::Int);
        }
        let zero = self.constant(0);
        let length = self.builder.ins().isub(held[1], held[0]);
        let is_empty = self
            .builder
            .ins()
            .icmp(IntCC::SignedLessThanOrEqual, held[1], held[0]);
        self.builder.ins().select(is_empty, zero, length)
    }

    fn advanced(&mut self, variable: Variable, by: Operand, kinds: &Kinds) -> Value {
        let value = self.operand(Operand::Variable(variable), kinds).scalar();
        let by = self.operand(by, kinds).scalar();
        self.builder.ins().iadd(value, by)
    }
}
