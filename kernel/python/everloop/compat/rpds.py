"""The module ``rpds.rpds``: persistent collections, an extension for CPython in the package ``rpds-py``.

``referencing`` is built on them, with it ``jsonschema``, and with that ``nbformat`` and ``altair``. Each change makes a
new collection, here by a copy: those that these libraries keep are small. https://rpds.readthedocs.io/
"""

from collections.abc import Mapping, Set

__all__ = ["HashTrieMap", "HashTrieSet", "List", "Queue"]


class HashTrieMap(Mapping):
    """A dict that does not change."""

    __slots__ = ("_items",)

    def __init__(self, value=(), **items):
        self._items = dict(value, **items)

    @classmethod
    def convert(cls, value):
        """`value` itself when it is one of these, else one made of it."""
        return value if isinstance(value, cls) else cls(value)

    @classmethod
    def fromkeys(cls, keys, value=None):
        """As ``dict.fromkeys``."""
        return cls(dict.fromkeys(keys, value))

    def __getitem__(self, key):
        return self._items[key]

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def __contains__(self, key):
        return key in self._items

    def __hash__(self):
        return hash(frozenset(self._items.items()))

    def __reduce__(self):
        return type(self), (self._items,)

    def __repr__(self):
        return f"HashTrieMap({self._items!r})"

    def insert(self, key, value):
        """One that has `key`, too."""
        return type(self)({**self._items, key: value})

    def update(self, *others, **items):
        """One that has what the `others` and `items` have, too."""
        merged = dict(self._items)
        for other in others:
            merged.update(other)
        return type(self)(merged, **items)

    def remove(self, key):
        """One without `key`, which has to be there."""
        self._items[key]
        return self.discard(key)

    def discard(self, key):
        """One without `key`."""
        return type(self)({other: value for other, value in self._items.items() if other != key})


class HashTrieSet(Set):
    """A set that does not change."""

    __slots__ = ("_values",)

    def __init__(self, value=()):
        self._values = frozenset(value)

    def __contains__(self, value):
        return value in self._values

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __hash__(self):
        return hash(self._values)

    def __reduce__(self):
        return type(self), (tuple(self._values),)

    def __repr__(self):
        return f"HashTrieSet({{{', '.join(map(repr, self._values))}}})"

    def insert(self, value):
        """One that has `value`, too."""
        return type(self)(self._values | {value})

    def update(self, *others):
        """One that has what the `others` have, too."""
        return type(self)(self._values.union(*others))

    def remove(self, value):
        """One without `value`, which has to be there."""
        if value not in self._values:
            raise KeyError(value)
        return self.discard(value)

    def discard(self, value):
        """One without `value`."""
        return type(self)(self._values - {value})


class _Ordered:
    """What a list and a queue have in common: some values in a row."""

    __slots__ = ("_values",)

    def __init__(self, value=(), *more):
        # One argument is an iterable of the values, more of them are the values.
        self._values = (value, *more) if more else tuple(value)

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __eq__(self, other):
        return self._values == other._values if type(other) is type(self) else NotImplemented

    def __hash__(self):
        return hash(self._values)

    def __reduce__(self):
        return type(self), (self._values,)

    def __repr__(self):
        return f"{type(self).__name__}([{', '.join(map(repr, self._values))}])"

    def _first(self):
        if not self._values:
            raise IndexError(f"empty {type(self).__name__.lower()}")
        return self._values[0]


class List(_Ordered):
    """A list that does not change and grows at its front."""

    __slots__ = ()

    @property
    def first(self):
        """The value at the front."""
        return self._first()

    @property
    def rest(self):
        """One without the value at the front."""
        return type(self)(self._values[1:])

    def push_front(self, value):
        """One that begins with `value`."""
        return type(self)((value, *self._values))

    def drop_first(self):
        """One without the value at the front, which has to be there."""
        self._first()
        return self.rest

    def __reversed__(self):
        return type(self)(reversed(self._values))


class Queue(_Ordered):
    """A queue that does not change."""

    __slots__ = ()

    @property
    def is_empty(self):
        """Whether nothing is in it."""
        return not self._values

    @property
    def peek(self):
        """The value that is the next to leave."""
        return self._first()

    def enqueue(self, value):
        """One that ends with `value`."""
        return type(self)((*self._values, value))

    def dequeue(self):
        """One without the next value, which has to be there."""
        self._first()
        return type(self)(self._values[1:])
