"""Processes for long work: long searches and batches.

Python runs one thread of a process at a time, so a search of several seconds would delay every other request. Such a
search runs in a process of its own, which can also be ended: no computation takes much longer than its time limit.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread
from time import perf_counter, thread_time
from typing import Any, Protocol, TypeVar

from pebble import ProcessExpired, ProcessPool

from powerplant.errors import TooBusy

AT_ONCE = 0.05
"""Seconds for the first attempt, in the thread of the request; an ordinary payload takes less than 1 ms."""

BUSY_AT_ONCE = 0.25
"""The same for a second attempt, if other threads of the process left the first one little time."""

GRACE = 0.5
"""Seconds after its time limit at which a process is ended."""

PATIENCE = 0.25
"""Seconds for which a call waits for a free process. On a busy server even a call of 20 ms may need one."""

NICENESS = 5
"""By how much the priority of long work is below that of the requests."""

DIED = (TimeoutError, ProcessExpired, BrokenProcessPool, CancelledError)
"""What a future raises whose process was ended, or ended by itself, before it had a result."""


class Result(Protocol):
    """What a function of the solver returns."""

    @property
    def is_final(self) -> bool:
        """Whether more time would not change it."""


R = TypeVar("R", bound=Result)
T = TypeVar("T")


class Workers:
    """A pool of processes, started when it is first needed, and replaced when it breaks.

    Args:
        processes: how many. With 0 everything runs in the calling thread.
    """

    died = DIED

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._free = BoundedSemaphore(max(1, processes))
        self._lock = Lock()
        self._pool: ProcessPool | None = None
        self._futures: set[Future[Any]] = set()

    def run(self, function: Callable[..., R], *arguments: Any, time_limit: float) -> R:
        """Call a function of the solver: briefly in this thread and then, if needed, in a process.

        Args:
            function: a module-level function ``function(*arguments, time_limit, improve)``. It calls ``improve`` with
                its unfinished result whenever that gets better.
            arguments: the arguments before the time limit.
            time_limit: seconds in all.

        Returns:
            Its result; or, if the process had to be ended, its last unfinished result.

        Raises:
            TooBusy: the call takes long, and all processes are in use.
        """
        start, cpu = perf_counter(), thread_time()
        at_once = min(AT_ONCE, time_limit) if self.processes else time_limit
        result = function(*arguments, at_once, None)
        left = time_limit - (perf_counter() - start)
        if result.is_final or at_once == time_limit or time_limit - left < at_once:  # the last: out of memory, not time
            return result
        if thread_time() - cpu < AT_ONCE / 2:  # other threads of this process took most of the time
            result = function(*arguments, min(BUSY_AT_ONCE, left), None)
            left = time_limit - (perf_counter() - start)
            if result.is_final or left <= 0:
                return result
        if not self._free.acquire(timeout=min(PATIENCE, left)):
            raise TooBusy(so_far=result)
        left = time_limit - (perf_counter() - start)
        try:
            return self._run_in_process(function, arguments, left) or result
        finally:
            self._free.release()

    def submit(self, function: Callable[..., T], *arguments: Any, timeout: float | None = None) -> Future[T]:
        """Call a module-level function in a process, as soon as one is free.

        Args:
            function: the function.
            arguments: its arguments.
            timeout: seconds after its start at which its process is ended and replaced.

        Returns:
            A future, which raises one of :data:`DIED` if the process ended first. Cancelling it ends the process.
        """
        with self._lock:
            if self._pool is None or not self._pool.active:
                self._discard()
                # A new interpreter: a fork of a process with threads can hang.
                self._pool = ProcessPool(self.processes, initializer=_begin, context=get_context("spawn"))
            future: Future[T] = self._pool.schedule(function, args=arguments, timeout=timeout)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def close(self) -> None:
        """End all processes, whatever they do."""
        with self._lock:
            self._discard()

    def _discard(self) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]  # pebble has no types for it
            Thread(target=self._pool.join, daemon=True).start()  # this can take seconds
            self._pool = None
        for future in [*self._futures]:  # a stopped pool forgets them
            future.cancel()

    def _run_in_process(self, function: Callable[..., R], arguments: tuple[Any, ...], seconds: float) -> R | None:
        """The result of a function, or the last unfinished one, if there is any."""
        with ExitStack() as stack:
            file: Path | None = None
            with suppress(OSError):  # without a folder for temporary files, unfinished results are lost
                folder = tempfile.TemporaryDirectory(prefix="powerplant-", ignore_cleanup_errors=True)
                file = Path(stack.enter_context(folder), "result")
            end = perf_counter() + seconds
            for _ in range(2):
                left = max(0.0, end - perf_counter())
                future: Future[R] = self.submit(_call, function, arguments, left, file)
                try:
                    return future.result(left + GRACE)
                except BrokenProcessPool:  # a process was killed while idle, which ends its pool: again, in a new one
                    continue
                except DIED:
                    future.cancel()
                    break
            if file is not None and file.exists():
                result: R = pickle.loads(file.read_bytes())  # noqa: S301 - our own process wrote it
                return result
        return None


def _call(function: Callable[..., R], arguments: tuple[Any, ...], time_limit: float, file: Path | None) -> R:
    """In a process: call a function, and keep its unfinished results in a file, which outlives the process."""

    def improve(result: R) -> None:
        if file is not None:
            with suppress(OSError):  # a full disk must not stop the search
                part = file.with_suffix(".part")
                part.write_bytes(pickle.dumps(result))
                part.replace(file)

    return function(*arguments, time_limit, improve)


def _begin() -> None:
    """In a process: lower its priority, and end it when the process that started it ends, even if that is killed."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # noqa: S101 - for the type checker
    parent.join()
    os._exit(1)
