"""Processes for long work, and how much of it is accepted.

Python runs one thread of a process at a time, so long work in a thread would delay every other request. It runs in
processes of its own. These can also be killed, so no computation exceeds its limits of time and memory by much. Long
work is

- a search, or reasons, that a first attempt in the thread of the request does not finish (:meth:`Workers.run`);
- everything that a body of more than :data:`LARGE` bytes, or a horizon, needs (:meth:`Workers.run_apart`);
- the lines of a batch (:meth:`Workers.submit`);
- a body that is read as a whole: a batch that is not lines of JSON, tables of a horizon (:meth:`Workers.call`).

All of it needs a place. ``run`` and ``run_apart`` take one themselves; before the other two, the caller takes one with
:meth:`Workers.enter`. Without a free place the request is refused. So only a few threads wait for long work, and the
others stay free. Decoding a small body in its thread is short; larger bodies take turns (:meth:`Workers.turn`).
"""

from __future__ import annotations

import ctypes
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from pathlib import Path
from threading import BoundedSemaphore, Lock, RLock, Thread, Timer, local
from time import monotonic, perf_counter, sleep, thread_time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from powerplant.errors import PowerplantError, TooBusy

if TYPE_CHECKING:
    from pebble import ProcessPool

QUICK = 0.005
"""Seconds for the first attempt, in the thread of the request; an ordinary payload takes less than 1 ms."""

LONGER = (4 * QUICK, 16 * QUICK)
"""Seconds for further attempts, if the thread had the processor for less than half of :data:`QUICK`."""

AT_ONCE = 0.05
"""Seconds for a second attempt in the thread, once the call has a place. Sending it to a process takes as long."""

SMALL = 4 * 1024
"""Most bytes of a body that needs no turn. Decoding it, or finding all its faults, takes a few milliseconds at most."""

LARGE = 128 * 1024
"""Most bytes of a body that is decoded in the thread of its request: about 1 300 power plants."""

GRACE = 0.5
"""Seconds after its time limit at which a process is killed."""

PATIENCE = 1.0
"""Seconds for which a body waits for its turn. A turn takes at most about 0.1 s, most take less than 0.01 s."""

ENDING = 1.0
"""Seconds for which the end of killed processes is waited for; it takes about 0.1 s."""

LONGEST_PAUSE = 0.1
"""The longest pause, in seconds, between the turn of a faulty body and the next turn."""

INTERVAL = 0.2
"""Seconds between two checks whether the result is still wanted."""

IDLE = 30.0
"""Seconds without work after which the processes end, and free their memory."""

NICENESS = 5
"""By how much the priority of long work is below that of the requests."""


class Result(Protocol):
    """What a function of the solver returns."""

    @property
    def is_final(self) -> bool:
        """Whether it would stay the same with more time."""


R = TypeVar("R", bound=Result)
T = TypeVar("T")


def _always() -> bool:
    return True


class Workers:
    """A pool of processes, started when it is first needed, and replaced when it breaks.

    Args:
        processes: how many. With 0 everything runs in the calling thread.
        places: calls that work at the same time; by default as many as processes.
        waiting: calls that may wait for a place at the same time.
        turns: threads that may have or wait for a turn at the same time.
        most_memory: bytes that a process may allocate; no limit by default.
        modules: what the work imports, if this takes long. Processes are then forked, where the system can do so, from
            one that has imported it and does nothing else. All workers of this process share that one.
    """

    def __init__(
        self,
        processes: int,
        *,
        places: int | None = None,
        waiting: int = 16,
        turns: int = 30,
        most_memory: int | None = None,
        modules: Sequence[str] = (),
    ) -> None:
        self.processes = processes
        places = max(1, processes) if places is None else places
        self._places, self._accepted = BoundedSemaphore(places), BoundedSemaphore(places + waiting)
        self._line, self._turn, self._has_turn = BoundedSemaphore(turns), Lock(), local()
        self._most_memory, self._modules = most_memory, modules
        self._lock = RLock()  # cancelling a future calls back
        self._pool: ProcessPool | None = None
        self._futures: set[Future[Any]] = set()
        self._is_worn = False
        self._idle_since = monotonic()
        self._timer: Timer | None = None

    @property
    def died(self) -> tuple[type[BaseException], ...]:
        """What a future raises if its process was killed, ended by itself, or reached its limit of memory."""
        from pebble import ProcessExpired  # imported late, here and below, so that commands start faster

        return (TimeoutError, ProcessExpired, BrokenProcessPool, CancelledError, MemoryError)

    def run(self, function: Callable[..., R], *arguments: Any, time_limit: float) -> R:
        """Call a function of the solver: briefly in this thread and then, if needed, in a process.

        Args:
            function: a module-level function ``function(*arguments, time_limit, improve)``. It calls ``improve`` with
                its unfinished result whenever that gets better.
            arguments: the arguments before the time limit.
            time_limit: seconds in all.

        Returns:
            Its result; or, if the process had to be killed, its last unfinished result.

        Raises:
            TooBusy: the call takes long, and no place became free within half of the time that was left.
        """
        end = perf_counter() + time_limit
        if not self.processes:
            return function(*arguments, time_limit, None)
        result, is_final = _first_attempt(function, arguments, end)
        if is_final:
            return result
        self._end_turn()
        self.enter(max(0.0, end - perf_counter()) / 2, so_far=result)
        try:
            result, is_final = _attempt(function, arguments, end, AT_ONCE)
            return result if is_final else self._in_process(function, arguments, end) or result
        finally:
            self.leave()

    def run_apart(
        self, function: Callable[..., R], *arguments: Any, time_limit: float, is_wanted: Callable[[], bool] = _always
    ) -> R | None:
        """The same without a first attempt in this thread; ``None`` if the process ended without a result.

        ``is_wanted`` is called every :data:`INTERVAL` seconds; if it returns ``False``, the process is killed.
        """
        end = perf_counter() + time_limit
        self.enter(time_limit / 2)
        try:
            return self._in_process(function, arguments, end, is_wanted)
        finally:
            self.leave()

    @contextmanager
    def turn(self, size: int) -> Iterator[None]:
        """Compute in this thread while no other thread computes for a body of more than :data:`SMALL` bytes.

        A parser written in C or Rust lets no other thread run until it has finished, so with many parsers at the same
        time a short request would have to wait for all of them. For the same reason there is a pause after the turn of
        a faulty body. A turn ends early when :meth:`run` needs more than its first attempt. A small body needs no
        turn, and a large one is not decoded in this thread.

        Args:
            size: bytes of the body.

        Raises:
            TooBusy: too many bodies wait for their turn, or for too long.
        """
        if not SMALL < size <= LARGE:
            yield
            return
        if not self._line.acquire(timeout=PATIENCE):
            raise TooBusy(TooBusy.TURNS)
        if not self._turn.acquire(timeout=PATIENCE):
            self._line.release()
            raise TooBusy(TooBusy.TURNS)
        self._has_turn.now = True
        start = monotonic()
        try:
            yield
        except PowerplantError:
            if self._has_turn.now:  # the parser blocked short requests: now give them as much time
                sleep(min(LONGEST_PAUSE, monotonic() - start))
            raise
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        """Let the next thread compute, if this one has the turn."""
        if getattr(self._has_turn, "now", False):
            self._has_turn.now = False
            self._turn.release()
            self._line.release()

    def enter(self, patience: float, message: str = "", so_far: object = None) -> None:
        """Take a place. The caller must :meth:`leave`.

        Args:
            patience: seconds to wait for a free place.
            message: of the error.
            so_far: the unfinished result, which the error has.

        Raises:
            TooBusy: no place became free, or too many calls wait already.
        """
        if self._accepted.acquire(blocking=False):
            if self._places.acquire(timeout=patience):
                return
            self._accepted.release()
        raise TooBusy(message or TooBusy.LONG_PAYLOADS, so_far)

    def leave(self) -> None:
        """Free the place."""
        self._places.release()
        self._accepted.release()

    def submit(self, function: Callable[..., T], *arguments: Any, timeout: float | None = None) -> Future[T]:
        """Call a module-level function in a process, as soon as one is free.

        Args:
            function: the function.
            arguments: its arguments.
            timeout: seconds after its start at which its process is ended and replaced.

        Returns:
            A future, which raises one of :attr:`died` if the process ended first. Cancelling it kills the process.

        Raises:
            TooBusy: the system cannot start a process.
        """
        with self._lock:
            try:
                if self._pool is None or not self._pool.active:
                    self._discard()
                    from pebble import ProcessPool

                    self._pool = ProcessPool(
                        self.processes, initializer=_begin, initargs=[self._most_memory], context=self._context()
                    )
                future: Future[T] = self._pool.schedule(function, args=arguments, timeout=timeout)
            except OSError as error:
                self._discard()
                raise TooBusy(
                    "No process for long work could be started: memory is short, or there are too many processes."
                ) from error
            self._futures.add(future)
            future.add_done_callback(self._done)
        return future

    def prepare(self) -> None:
        """Start the process from which the others are forked: long work is expected."""
        if self.processes and self._context().get_start_method() == "forkserver":
            from multiprocessing.forkserver import ensure_running

            with suppress(OSError):  # it is tried again when there is work
                ensure_running()

    def _context(self) -> BaseContext:
        """How processes start. A fork of this process, which has threads, could hang."""
        if not self._modules or "forkserver" not in get_all_start_methods():
            return get_context("spawn")
        context = get_context("forkserver")
        context.set_forkserver_preload([*self._modules])
        return context

    def call(self, function: Callable[..., T], *arguments: Any, timeout: float) -> T:
        """Call a module-level function in a process, and wait for its result. The caller has a place.

        Raises:
            TooBusy: it took longer than the timeout, or needed more memory than a process may allocate.
        """
        end = monotonic() + timeout
        for _ in range(2):
            left = max(0.0, end - monotonic())
            future = self.submit(function, *arguments, timeout=left)
            try:
                return future.result(left + GRACE)
            except BrokenProcessPool:  # a process was killed while idle, which ends its pool: again, in a new one
                continue
            except self.died:
                future.cancel()
                break
        raise TooBusy("The server could not read this body in time.")

    def renew(self) -> None:
        """Replace the processes as soon as they are idle: one of them has a thread that does not end."""
        with self._lock:
            self._is_worn = True
            self._discard_if_worn()

    def _discard_if_worn(self) -> None:
        if self._is_worn and not self._futures:
            self._discard()

    def close(self) -> None:
        """Kill all processes, also busy ones.

        It waits for their end: a process that still starts prints an error if this one ends first.
        """
        with self._lock:
            ending = self._discard()
        if ending is not None:
            ending.join(ENDING)

    def _done(self, future: Future[Any]) -> None:
        with self._lock:
            self._futures.discard(future)
            self._discard_if_worn()
            self._idle_since = monotonic()
            if self._timer is None and self._pool is not None:
                self._wake_after(IDLE)

    def _wake_after(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._end_if_idle)
        self._timer.daemon = True
        self._timer.start()

    def _end_if_idle(self) -> None:
        with self._lock:
            self._timer = None
            if self._futures or self._pool is None:
                return
            left = self._idle_since + IDLE - monotonic()
            if left > 0:
                self._wake_after(left)
            else:
                self._discard()
                _trim_memory()

    def _discard(self) -> Thread | None:
        """Stop the pool; returns the thread that waits for its end."""
        ending = None
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]  # pebble has no types for it
            ending = Thread(target=self._pool.join, daemon=True)  # this can take seconds
            ending.start()
            self._pool = None
        self._is_worn = False
        for future in [*self._futures]:  # a stopped pool forgets them
            future.cancel()
        return ending

    def _in_process(
        self,
        function: Callable[..., R],
        arguments: tuple[Any, ...],
        end: float,
        is_wanted: Callable[[], bool] = _always,
    ) -> R | None:
        """The result of a function, else its last unfinished one, else ``None``."""
        with ExitStack() as stack:
            file: Path | None = None
            with suppress(OSError):  # without a folder for temporary files, unfinished results are lost
                folder = tempfile.TemporaryDirectory(prefix="powerplant-", ignore_cleanup_errors=True)
                file = Path(stack.enter_context(folder), "result")
            for _ in range(2):
                left = max(0.0, end - perf_counter())
                future: Future[R] = self.submit(_call, function, arguments, left, monotonic(), file)
                while end + GRACE > perf_counter() and is_wanted():
                    if wait([future], INTERVAL).done:
                        break
                try:
                    return future.result(0)
                except BrokenProcessPool:  # a process was killed while idle, which ends its pool: again, in a new one
                    continue
                except self.died:
                    future.cancel()
                    break
            if file is not None and file.exists():
                result: R = pickle.loads(file.read_bytes())  # noqa: S301 - our own process wrote it
                return result
        return None


def _trim_memory() -> None:
    """Let glibc return freed memory to the system: what was allocated for large bodies and answers."""
    with suppress(AttributeError, OSError, TypeError):  # another library, or system
        ctypes.CDLL(None).malloc_trim(0)


def _first_attempt(function: Callable[..., R], arguments: tuple[Any, ...], end: float) -> tuple[R, bool]:
    """The result of a function after :data:`QUICK` seconds, and whether it is final.

    On a busy machine a thread may wait for the processor for longer than an ordinary payload takes. It then tries again
    with more time, so that only a long computation becomes long work.
    """
    start = thread_time()
    result, is_final = _attempt(function, arguments, end, QUICK)
    for seconds in LONGER:
        if is_final or thread_time() - start > QUICK / 2:
            break
        start = thread_time()
        result, is_final = _attempt(function, arguments, end, seconds)
    return result, is_final


def _attempt(function: Callable[..., R], arguments: tuple[Any, ...], end: float, seconds: float) -> tuple[R, bool]:
    """The result of a function after a number of seconds, and whether it is final."""
    start = perf_counter()
    seconds = max(0.0, min(seconds, end - start))
    result = function(*arguments, seconds, None)
    now = perf_counter()
    gave_up_early = now - start < seconds  # it needs more memory, not more time
    return result, result.is_final or gave_up_early or now >= end


def _call(
    function: Callable[..., R], arguments: tuple[Any, ...], time_limit: float, sent: float, file: Path | None
) -> R:
    """In a process: call a function, and keep its unfinished results in a file, which outlives the process.

    The time since the call was sent is part of the time limit. But if the process started slowly, half of it is left.
    """
    time_limit = max(time_limit / 2, time_limit - (monotonic() - sent))

    def improve(result: R) -> None:
        if file is not None:
            with suppress(OSError):  # a full disk must not stop the search
                part = file.with_suffix(".part")
                part.write_bytes(pickle.dumps(result))
                part.replace(file)

    return function(*arguments, time_limit, improve)


def _begin(most_memory: int | None) -> None:
    """In a process: limit its memory and its priority, and end it with the process that started it."""
    if sys.platform != "win32":
        import resource

        os.nice(NICENESS)
        if most_memory is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (most_memory, most_memory))
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent ends, even if that is killed."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - for the type checker
    parent.join()
    os._exit(1)
