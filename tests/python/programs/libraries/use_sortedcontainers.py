"""sortedcontainers: a sorted list, dict and set of thousands of values, ranges of them, positions by bisection."""

import random

from sortedcontainers import SortedDict, SortedKeyList, SortedSet

numbers = list(range(5000))
random.Random(1).shuffle(numbers)
ordered = SortedKeyList(numbers, key=lambda number: -number)
assert ordered[0] == 4999
assert ordered.index(10) == 4989
ordered.discard(4999)
assert list(ordered.irange(12, 10)) == [12, 11, 10]
prices = SortedDict({"b": 2, "a": 1, "c": 3})
assert list(prices) == ["a", "b", "c"]
assert prices.peekitem(-1) == ("c", 3)
assert prices.bisect("b") == 2
assert list(SortedSet([3, 1]) | {2}) == [1, 2, 3]
print("done")
