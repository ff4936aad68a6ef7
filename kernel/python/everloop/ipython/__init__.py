"""IPython as the language of cells: one subclass of its shell, run by everloop.

- ``loading``: when IPython is imported, and that no plain cell waits for it
- ``language``: how a cell runs in it
- ``app``: configuration files, startup files, extensions: what ``IPKernelApp`` reads
- ``shell``: the subclass, ``ZMQInteractiveShell``
- ``history``, ``displayhook``, ``display_pub``: IPython's, connected to the kernel's
- ``kernel``: ``get_ipython().kernel``
- ``magics``: those that ipykernel adds
- ``ipykernel``: the modules of that name, which libraries look for

Nothing but ``loading`` may be imported before IPython is wanted.
"""
