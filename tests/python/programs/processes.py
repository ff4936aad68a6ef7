"""Squares from two processes, by multiprocessing and by concurrent.futures; the start method is the argument."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor


def square(number):
    return number * number


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(square, range(3)))
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        print(list(executor.map(square, range(3))))
