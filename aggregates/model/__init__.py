"""What is counted: sources, definitions and the catalogue, as data."""
