"""``python -m powerplant`` is the command line."""

from powerplant.cli import main

if __name__ == "__main__":  # worker processes import this module again
    main(prog_name="powerplant")
