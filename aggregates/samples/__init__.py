"""Sample databases, as if the agents' hooks had written them."""

from aggregates.samples.writing import days_of, write_sample

__all__ = ["days_of", "write_sample"]
