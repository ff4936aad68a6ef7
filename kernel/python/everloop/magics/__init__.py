"""Magics that await.

- ``rewriting``: the calls of magics in a cell, rewritten so that they are awaited
- ``awaiting``: what the shell needs for it: ``run_line_magic_async``, ``run_cell_magic_async``
- ``rest``: how a magic hands over what remains to be awaited
- ``replacement``: that IPython finds our subclasses of its classes of magics
- ``system``: ``!command``, ``!!command`` and ``name = !command``; ``system_terminal``, ``system_process``: where they
  run, ``system_interrupt``: how they end
- ``script``: ``%%script``, ``%%bash`` and the others of their kind
"""
