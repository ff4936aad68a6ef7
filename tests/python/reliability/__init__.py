"""Work that goes on for long, and what may happen to a kernel meanwhile: the programs behind ``tests/reliability.md``."""
