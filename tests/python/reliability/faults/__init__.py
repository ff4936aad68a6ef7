"""Faults of the machine and of a kernel's neighbours: one function each, which does it to a kernel and tells what came of it.

Tests call them with what is short, ``make stress`` with what is long and for ipykernel, too.
"""
