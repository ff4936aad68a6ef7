"""A front end that can be killed: starts a cell, says so, and reads until its end.

``python -m reliability.front_end CONNECTION_FILE SESSION CODE``; prints the message's id when the cell has begun.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient


def connect(connection_file: str | Path, session: str) -> BlockingKernelClient:
    """A client whose sockets have the identity that the session gives them."""
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.session.session = session
    client.start_channels(hb=False)
    return client


def main() -> None:
    connection_file, session, code = sys.argv[1:]
    client = connect(connection_file, session)
    client.wait_for_ready(timeout=60)
    cell = client.execute(code)
    while client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    print(cell, flush=True)
    while True:
        time.sleep(1000)


if __name__ == "__main__":
    main()
