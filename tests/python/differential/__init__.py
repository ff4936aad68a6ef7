"""The same cells in two kernels, and what is different: see README.md."""
