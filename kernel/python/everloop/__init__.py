"""The Python half of the everloop kernel, frozen into its binary.

- ``main``: what the interpreter thread runs, from start to shutdown
- ``shell``: cells without IPython
- ``loop``: the cold half of the event loop; the hot half is ``_everloop.LoopCore``; ``transports``, ``byte_streams``,
  ``queues``: the same for its transports, ``asyncio.streams`` and ``asyncio.queues``
- ``namespace``, ``displayhook``, ``display``, ``formatters``, ``pretty``, ``tracebacks``, ``streams``, ``stdin``:
  what a cell sees and shows
- ``help``: ``name?``
- ``lookups``: completion and inspection, on a thread of their own
- ``compiled``: functions as machine code
- ``compat``: repairs of what RustPython lacks

``everloop.ainput`` and ``everloop.agetpass`` are for users, who have them as builtins too; ``everloop.jit`` is for users.

The native module ``_everloop`` is the one door to the Rust half.
"""

__all__ = ["agetpass", "ainput", "jit"]


def __getattr__(name):
    # Whoever imports a part of the package on its own needs nothing of a kernel.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "jit":
        from everloop.compiled import jit

        return jit
    from everloop import stdin

    return getattr(stdin, name)
