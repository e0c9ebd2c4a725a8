"""What is installed, and what is stored: inspect it, compare it, put it right."""
