"""What a program keeps of cycles that outlive a collection of the youngest generation: no more objects than it has use for."""

import gc
import sys


class Node:
    """Knows its parent and its children."""

    def __init__(self, parent=None):
        self.parent = parent
        self.children = []
        if parent is not None:
            parent.children.append(self)


def tree(size=3000):
    root = Node()
    for _ in range(size):
        Node(root)
    return root


def work(times):
    for _ in range(times):
        tree()


if __name__ == "__main__":
    work(20)
    before = len(gc.get_objects())
    work(int(sys.argv[1]))
    print(len(gc.get_objects()) - before)
