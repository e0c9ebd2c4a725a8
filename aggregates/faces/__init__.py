"""What other programs show of a database."""
