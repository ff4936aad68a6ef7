//! Which variables are still read, so that blocks need no version for the kinds of others.

use super::{Action, Block, End, Operand, Routine, Variable};

/// Fills in `live` of all blocks.
pub(super) fn fill_in(routine: &mut Routine) {
    let count = routine.variables;
    for block in &mut routine.blocks {
        block.live = vec![false; count];
    }
    let mut changed = true;
    while changed {
        changed = false;
        for index in (0..routine.blocks.len()).rev() {
            let live = live_before(&routine.blocks[index], &routine.blocks, count);
            if live != routine.blocks[index].live {
                routine.blocks[index].live = live;
                changed = true;
            }
        }
    }
}

fn live_before(block: &Block, blocks: &[Block], count: usize) -> Vec<bool> {
    let mut live = vec![false; count];
    for next in block.end.successors() {
        for (variable, is_live) in blocks[next].live.iter().enumerate() {
            live[variable] |= is_live;
        }
    }
    if let End::Call { to, .. } = block.end {
        live[to] = false;
    }
    read_by_end(&block.end, &mut |variable| live[variable] = true);
    for step in block.steps.iter().rev() {
        live[step.to] = false;
        read_by_action(&step.action, &mut |variable| live[variable] = true);
    }
    live
}

fn read_by_end(end: &End, read: &mut impl FnMut(Variable)) {
    match end {
        End::Branch { condition, .. } => operand(condition, read),
        End::Return(value) => operand(value, read),
        End::Call { arguments, .. } => arguments.iter().for_each(|value| operand(value, read)),
        End::Jump(_) | End::Again(_) | End::Leave => {}
    }
}

fn read_by_action(action: &Action, read: &mut impl FnMut(Variable)) {
    match action {
        Action::Unbind => {}
        Action::Copy(value)
        | Action::Unary(_, value)
        | Action::IsNone(value)
        | Action::Length(value)
        | Action::Index(value)
        | Action::Item { of: value, .. } => operand(value, read),
        Action::Binary(_, left, right)
        | Action::InPlace(_, left, right)
        | Action::Compare(_, left, right) => {
            operand(left, read);
            operand(right, read);
        }
        Action::Element(of, index) | Action::Append(of, index) | Action::HasItem(of, index) => {
            operand(of, read);
            operand(index, read);
        }
        Action::SetElement(of, index, value) => {
            operand(of, read);
            operand(index, read);
            operand(value, read);
        }
        Action::Call(_, values) | Action::Pack(values) | Action::List(values) => {
            for value in values {
                operand(value, read);
            }
        }
        Action::RangeLength { start, end, step } => {
            for value in [start, end, step] {
                operand(value, read);
            }
        }
        Action::Advance(variable, by) => {
            read(*variable);
            operand(by, read);
        }
    }
}

fn operand(operand: &Operand, read: &mut impl FnMut(Variable)) {
    if let Operand::Variable(variable) = operand {
        read(*variable);
    }
}
