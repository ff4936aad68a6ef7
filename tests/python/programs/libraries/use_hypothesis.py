"""hypothesis: properties that hold for generated lists, one that does not with its smallest counterexample, a machine."""

from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

FEW = settings(max_examples=15, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@FEW
@given(st.lists(st.integers()), st.lists(st.integers()))
def sorted_is_stable(first, second):
    assert sorted(first + second) == sorted(second + first)


@FEW
@given(st.integers())
def small(number):
    assert number < 1000


class Stack(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.stack, self.model = [], []

    @rule(value=st.integers())
    def push(self, value):
        self.stack.append(value)
        self.model = [*self.model, value]

    @rule()
    def pop(self):
        if self.stack:
            self.stack.pop()
            self.model = self.model[:-1]

    @invariant()
    def same(self):
        assert self.stack == self.model


sorted_is_stable()
try:
    small()
except AssertionError as error:
    assert any("number=1000" in note for note in error.__notes__), error.__notes__
else:
    raise AssertionError("no counterexample was found")
assert find(st.lists(st.integers()), lambda numbers: sum(numbers) >= 10, settings=FEW) == [10]
run_state_machine_as_test(Stack, settings=settings(FEW, max_examples=3, stateful_step_count=5))
print("done")
