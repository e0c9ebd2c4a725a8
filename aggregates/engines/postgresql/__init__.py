"""Everything that only PostgreSQL is like: its SQL, its connections, the tables that are there."""
