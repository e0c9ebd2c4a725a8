"""Aggregates out of the rows of a source, in slices, while writers write."""
