"""Writes ``libraries.md``."""

from libraries_table import installation, table

table.FILE.write_text(table.markdown(installation.prepared().versions(), installation.extensions()))
