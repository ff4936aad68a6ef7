"""``subprocess`` starts programs without copying this process, where it asks for nothing that needs a copy.

RustPython forks, which copies the tables of the whole address space; CPython uses ``vfork``.
"""

import os

import _everloop
from everloop.compat.imports import after_import


def install():
    """Let ``subprocess`` do so once it is imported."""
    if hasattr(_everloop, "spawn"):
        after_import("subprocess", _install)


def _install(subprocess):
    subprocess._fork_exec = _spawner(subprocess._fork_exec)


def _spawner(fork_exec):
    def spawn_or_fork(*arguments):
        (
            args,
            executables,
            close_fds,
            pass_fds,
            cwd,
            env,
            p2cread,
            _p2cwrite,
            _c2pread,
            c2pwrite,
            _errread,
            errwrite,
            _errpipe_read,
            errpipe_write,
            restore_signals,
            *in_the_child,
        ) = arguments
        # The child's end of the pipe for errors is all that is passed, as a rule.
        if tuple(pass_fds) == (errpipe_write,) and in_the_child == _NOTHING:
            pid = _everloop.spawn(
                _bytes(args),
                _bytes(executables),
                close_fds,
                cwd if cwd is None else os.fsencode(cwd),
                env if env is None else _bytes(env),
                (p2cread, c2pwrite, errwrite),
                restore_signals,
            )
            if pid is not None:
                return pid
        return fork_exec(*arguments)

    return spawn_or_fork


#: start_new_session, process_group, gid, gids, uid, umask, preexec_fn
_NOTHING = [False, -1, None, None, None, -1, None]


def _bytes(texts):
    return [os.fsencode(text) for text in texts]
