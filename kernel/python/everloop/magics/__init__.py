"""Magics that await.

- ``rewriting``: the calls of magics in a cell, rewritten so that they are awaited
- ``awaiting``: what the shell needs for it: ``run_line_magic_async``, ``run_cell_magic_async``
- ``rest``: how a magic hands over what remains to be awaited
- ``code``: the code that a magic runs
- ``table``: which magics of IPython's have another here: those in ``execution`` (what they measure is in ``timed``),
  ``profiling`` and ``cells`` (what they capture is in ``capturing``)
- ``system``: ``!command``, ``!!command`` and ``name = !command``; ``system_terminal``, ``system_process``: where they
  run, ``system_interrupt``: how they end
- ``packaging``: ``%pip``
- ``script``: ``%%script``, ``%%bash`` and the others of their kind
- ``tasks``: what runs beside each other
- ``frames``: tracebacks without all this
"""
