"""``python -m powerplant`` is the command line, also where its script is not on PATH."""

from powerplant.cli import main

main(prog_name="powerplant")
