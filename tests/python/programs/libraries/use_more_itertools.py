"""more-itertools: chunks, windows, groups, a look ahead, set partitions, a side effect while something is consumed."""

import more_itertools as more

assert list(more.chunked(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
assert list(more.windowed("abcd", 2)) == [("a", "b"), ("b", "c"), ("c", "d")]
assert more.map_reduce("hello", str.upper, reducefunc=len) == {"H": 1, "E": 1, "L": 2, "O": 1}
numbers = more.peekable(range(3))
assert (numbers.peek(), next(numbers), numbers.peek()) == (0, 0, 1)
assert len(list(more.set_partitions("abcd", 2))) == 7
assert [list(run) for run in more.consecutive_groups([1, 2, 5, 6, 7, 9])] == [[1, 2], [5, 6, 7], [9]]
seen = []
assert more.ilen(more.side_effect(seen.append, "abc")) == 3
assert seen == ["a", "b", "c"]
assert list(more.roundrobin("AB", "1")) == ["A", "1", "B"]
print("done")
