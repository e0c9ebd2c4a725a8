"""What a revision does to a database, and going from one revision to another."""
