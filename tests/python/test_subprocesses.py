"""Programs that cells start: by ``subprocess`` and by asyncio, which both go through ``compat/subprocesses.py``."""

from __future__ import annotations

from pathlib import Path

from client import Kernel


def test_directory_environment_and_exit_code(kernel: Kernel, tmp_path: Path) -> None:
    code = f"""
import subprocess
done = subprocess.run(["sh", "-c", "pwd; echo $A; exit 3"], cwd={str(tmp_path)!r}, env={{"A": "b", "PATH": "/bin:/usr/bin"}},
                      capture_output=True, text=True)
done.stdout.split(), done.returncode
"""
    assert kernel.ok(code).result == f"(['{tmp_path}', 'b'], 3)"


def test_what_cannot_be_started_is_an_error(kernel: Kernel) -> None:
    code = """
import subprocess
for arguments in ({'args': ['/no/such/program']}, {'args': ['no-such-program']}, {'args': ['true'], 'cwd': '/no/such'}):
    try:
        subprocess.run(**arguments)
    except FileNotFoundError as error:
        print(error.filename)
"""
    assert kernel.ok(code).stdout == "/no/such/program\nno-such-program\n/no/such\n"


def test_stderr_goes_where_stdout_goes(kernel: Kernel) -> None:
    code = """
import subprocess
subprocess.run('echo err >&2; cat', shell=True, input=b'in', stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
"""
    assert kernel.ok(code).result == "b'err\\nin'"


def test_descriptors_are_inherited_only_when_asked(kernel: Kernel) -> None:
    code = """
import os, subprocess
read, write = os.pipe()
os.set_inheritable(write, True)
speak = ['sh', '-c', f'echo x > /proc/self/fd/{write}']
def run(**options):
    code = subprocess.run(speak, stderr=subprocess.DEVNULL, **options).returncode
    return os.read(read, 9) if code == 0 else 'closed'
print(run(), run(pass_fds=[write]), run(close_fds=False))
os.close(read), os.close(write)
"""
    assert kernel.ok(code).stdout == "closed b'x\\n' b'x\\n'\n"


def test_what_needs_a_fork_gets_one(kernel: Kernel, tmp_path: Path) -> None:
    code = f"""
import os, subprocess
subprocess.run(['true'], preexec_fn=lambda: open({str(tmp_path / "seen")!r}, 'w').write(str(os.getpid())))
process = subprocess.Popen(['sh', '-c', 'ps -o sid= -p $$'], start_new_session=True, stdout=subprocess.PIPE)
int(process.communicate()[0]) == process.pid
"""
    assert kernel.ok(code).result == "True"
    assert (tmp_path / "seen").read_text().isdigit()


def test_a_program_takes_signals_as_usual(kernel: Kernel) -> None:
    # Python ignores SIGPIPE; a program that inherited that would say so in place of ending quietly.
    code = """
import subprocess
subprocess.run("yes 2>&1 | head -1; grep SigIgn /proc/self/status", shell=True, capture_output=True, text=True).stdout
"""
    shown = kernel.ok(code).result
    ignored = int(shown.rsplit("\\t", 1)[1].rstrip("\\n'"), 16)
    assert ignored & (1 << 12) == 0


def test_asyncio_waits_for_many(kernel: Kernel) -> None:
    code = """
import asyncio
async def run(code):
    process = await asyncio.create_subprocess_exec('sh', '-c', f'exit {code}')
    return await process.wait()
print(await asyncio.gather(*map(run, range(20))) == list(range(20)))
"""
    assert kernel.ok(code).stdout == "True\n"


def test_programs_inherit_an_environment_that_threads_change_meanwhile(kernel: Kernel) -> None:
    code = """
import os, subprocess, threading
os.environ["INHERITED"] = "yes"
ended = threading.Event()

def change(thread):
    number = 0
    while not ended.is_set():
        number += 1
        os.environ[f"CHANGED_{thread}_{number % 100}"] = "x" * (number % 50)

threads = [threading.Thread(target=change, args=(number,)) for number in range(2)]
for thread in threads:
    thread.start()
seen = {subprocess.run(["sh", "-c", "echo $INHERITED"], capture_output=True, text=True).stdout for _ in range(100)}
ended.set()
for thread in threads:
    thread.join()
for name in [name for name in os.environ if name.startswith("CHANGED_")]:
    del os.environ[name]
seen
"""
    assert kernel.ok(code).result == "{'yes\\n'}"
