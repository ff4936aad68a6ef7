"""Libraries that expect another interpreter or another shell, and what they need from this one."""

import sys

#: Repair -> the modules of which one has to be imported for it to be needed.
_WHEN_IMPORTED = {
    "curio": ("curio.ssl", "curio.channel"),
    "executing": ("executing.executing", "stack_data.core"),
    "hypothesis": ("hypothesis.internal.scrutineer",),
    "inspecting": ("inspect",),
    "ipywidgets": ("ipywidgets.widgets.widget", "ipywidgets.widgets.widget_output", "ipywidgets.widgets.interaction"),
    "lru_cache": ("functools",),
    "names": ("socket",),
    "nest_asyncio": ("nest_asyncio", "nest_asyncio2"),
    "openpyxl": ("openpyxl.descriptors.base",),
    "operators": ("operator",),
    "pint": ("pint.errors", "pint.pint_eval"),
    "pip": (
        "pip._internal.cli.main",
        "pip._internal.exceptions",
        "pip._internal.utils.virtualenv",
        "pip._vendor.pkg_resources",
    ),
    "plotly": ("plotly.io._renderers",),
    "prompt_toolkit": ("prompt_toolkit.application.application",),
    "pygal": ("pygal.graph.base",),
    "pygments": ("pygments.lexer", "pygments.formatters.terminal256", "stack_data"),
    "pytest": ("_pytest.assertion.rewrite",),
    "rfc3987_syntax": ("rfc3987_syntax.syntax_helpers",),
    "sockets": ("socket",),
    "sqlite": ("nbformat.sign", "django.db.backends.sqlite3.base"),
    "subprocesses": ("subprocess",),
    "svg": ("IPython.core.display",),
    "sysconfig": (f"_sysconfigdata_{sys.abiflags}_{sys.platform}_{getattr(sys.implementation, '_multiarch', '')}",),
    "traitlets": ("traitlets.traitlets",),
    "trio": ("trio", "trio._core._run_context"),
    "uvicorn": ("uvicorn.server",),
}


def install():
    """Make the repairs that are needed from the start, and watch for the imports that need one."""
    from everloop.compat import (
        access,
        annotations,
        bytecode,
        classes,
        decimal,
        extensions,
        imports,
        missing,
        negative_numbers,
        signals,
    )

    imports.repair_when_imported(_WHEN_IMPORTED)
    for repair in (
        access,
        annotations,
        bytecode,
        classes,
        decimal,
        missing,
        negative_numbers,
        signals,
        # Last: it is asked when nobody else knows a module.
        extensions,
    ):
        repair.install()
