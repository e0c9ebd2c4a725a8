"""`python -m aggregates` is the command `aggregates`."""

from aggregates.cli import main

main(prog_name="aggregates")
