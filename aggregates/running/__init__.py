"""All upkeep of a database on a schedule, by one process at a time, until a signal ends it."""
