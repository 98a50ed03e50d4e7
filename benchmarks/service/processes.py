"""CPU, memory and descriptors of a server and all its processes, from Linux's ``/proc``."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

# Positions in /proc/PID/stat, counted from what follows the name.
PARENT, CUTIME, AFTER_CSTIME = 1, 13, 15

_LIBC = ctypes.CDLL(None)


def tree(pid: int) -> list[int]:
    """A process, followed by its descendants."""
    parents = {int(path.name): _parent(path) for path in PROC.iterdir() if path.name.isdecimal()}
    members = [pid]
    for member in members:
        members += [child for child, parent in parents.items() if parent == member]
    return members


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its descendants so far, including those that have ended.

    For running processes their clocks are read, which are more exact than ``/proc``.
    """
    return sum(_own_cpu_seconds(member) + _waited_for_cpu_seconds(member) for member in tree(pid))


def _own_cpu_seconds(pid: int) -> float:
    clock = ctypes.c_int()
    error = _LIBC.clock_getcpuclockid(pid, ctypes.byref(clock))
    return 0.0 if error else time.clock_gettime(clock.value)


def _waited_for_cpu_seconds(pid: int) -> float:
    return sum(map(int, _stat(PROC / str(pid))[CUTIME:AFTER_CSTIME])) / TICKS


def resident_bytes(pid: int) -> int:
    """The resident memory of one process."""
    return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE


def descriptors(pid: int) -> int:
    """How many files, sockets and pipes one process has open."""
    return sum(1 for _ in (PROC / str(pid) / "fd").iterdir())


def _parent(path: Path) -> int:
    try:
        return int(_stat(path)[PARENT])
    except (FileNotFoundError, ProcessLookupError):  # it has ended since
        return 0


def _stat(path: Path) -> list[str]:
    # The name is in parentheses and can contain any characters, also parentheses.
    return (path / "stat").read_text().rpartition(")")[2].split()
