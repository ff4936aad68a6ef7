"""What is done with each library, and the table of it, ``libraries.md``.

- ``program``: the programs in ``programs/libraries``, each of which really uses one
- ``installation``: the libraries themselves, which everloop's own pip has installed in the cache
- ``table``: the programs as Markdown; ``python -m libraries_table`` writes it
"""
