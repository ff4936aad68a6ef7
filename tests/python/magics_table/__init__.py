"""What is tried of each magic that IPython lists, and the table of it, ``magics.md``.

- ``row``: a row of the table: cells, and what has to come of them
- ``shell``, ``code``, ``system``, ``display``: the rows
- ``table``: the rows as Markdown; ``python -m magics_table`` writes it
"""
