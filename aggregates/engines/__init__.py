"""From definitions to the SQL of a database engine, and connections to it."""
