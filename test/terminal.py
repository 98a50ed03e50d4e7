"""Runs the command line on a pseudo-terminal."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).parents[1]


def shown_on_terminal(
    *arguments: str, streams: Collection[str] = ("stdout", "stderr"), width: int = 80, cwd: Path | None = ROOT
) -> str:
    """What a command writes to a terminal.

    Args:
        arguments: of the command.
        streams: which of stdout and stderr are the terminal; the others are lost.
        width: columns of the terminal.
        cwd: the folder that the command runs in.
    """
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [sys.executable, "-m", "powerplant", *arguments],
        cwd=cwd,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=theirs if "stdout" in streams else subprocess.DEVNULL,
        stderr=theirs if "stderr" in streams else subprocess.DEVNULL,
    ):
        os.close(theirs)
        text = b""
        try:
            while block := os.read(ours, 65536):
                text += block
        except OSError:  # the terminal is closed
            pass
    os.close(ours)
    return text.decode()
