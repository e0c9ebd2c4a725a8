"""Everything that only SQLite is like: its SQL, its connections, the tables that are there."""
