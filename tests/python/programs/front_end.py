"""A front end in an environment that nobody activated: runs the cells that stdin names, prints what came of them.

As JSON: the kernels that Jupyter finds there, by name, and of each cell the text that it printed, showed or failed with.
"""

import json
import sys

from jupyter_client.kernelspec import find_kernel_specs
from jupyter_client.manager import run_kernel


def main():
    with run_kernel(kernel_name="everloop") as client:
        cells = [_run(client, code) for code in json.load(sys.stdin)]
    json.dump({"kernels": find_kernel_specs(), "cells": cells}, sys.stdout)


def _run(client, code):
    texts = []

    def take(message):
        content = message["content"]
        if message["msg_type"] == "stream":
            texts.append(content["text"])
        elif message["msg_type"] in ("execute_result", "display_data"):
            texts.append(content["data"]["text/plain"])
        elif message["msg_type"] == "error":
            texts.append(f"{content['ename']}: {content['evalue']}")

    client.execute_interactive(code, output_hook=take, timeout=60)
    return "".join(texts)


if __name__ == "__main__":
    main()
