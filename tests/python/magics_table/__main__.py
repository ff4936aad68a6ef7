"""Writes ``magics.md``."""

from magics_table import table

table.FILE.write_text(table.markdown())
