"""dask: a graph of delayed functions on the scheduler of threads, in parallel; `dask.threaded.get`, and a bag.

Note: no `dask.array` and no `dask.dataframe`, which need numpy and pandas. Threads run in parallel: there is no GIL.
"""

import threading
from operator import add

import dask
import dask.bag
import dask.threaded

barrier = threading.Barrier(2)


@dask.delayed
def meet(number):
    # Both tasks have to be here at once.
    barrier.wait(30)
    return number


@dask.delayed
def total(numbers):
    return sum(numbers)


assert total([meet(1), meet(2)]).compute(scheduler="threads", num_workers=2) == 3
assert dask.threaded.get({"a": 1, "b": (add, "a", 2), "c": (add, "b", "b")}, "c") == 6
words = dask.bag.from_sequence(["one", "two", "three", "four"], npartitions=2)
lengths = words.map(len).filter(lambda length: length > 3)
assert lengths.compute(scheduler="threads") == [5, 4]
assert dict(words.frequencies().compute(scheduler="threads"))["two"] == 1
print("done")
