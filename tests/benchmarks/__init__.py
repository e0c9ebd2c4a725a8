"""Benchmarks, with a command of their own: `python -m tests.benchmarks`."""
