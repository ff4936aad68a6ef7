"""toolz: functions in a pipe, curried ones, groups, sliding windows, nested dicts changed without changing them."""

from operator import add

import toolz
from toolz import curried

words = ["cat", "mouse", "dog", "horse"]
lengths = toolz.pipe(words, curried.groupby(len), curried.valmap(len))
assert lengths == {3: 2, 5: 2}
assert list(curried.map(toolz.curry(add)(1))([1, 2])) == [2, 3]
assert toolz.compose(str, len)("abc") == "3"
assert list(toolz.sliding_window(2, [1, 2, 3])) == [(1, 2), (2, 3)]
nested = {"a": {"b": 1}}
assert toolz.assoc_in(nested, ["a", "c"], 2) == {"a": {"b": 1, "c": 2}}
assert nested == {"a": {"b": 1}}
assert toolz.reduceby(lambda word: word[0], lambda total, word: total + len(word), words, 0)["m"] == 5
assert toolz.frequencies("hello")["l"] == 2
print("done")
