"""The threads of a worker: one leads, the others follow.

The leader waits for requests and answers them itself, one after the other. Nothing is handed over, so that an ordinary
request costs no change of threads, which takes longer than answering it. What cannot be told beforehand is how long an
answer will take, so one of the followers watches: where an answer outlasts ``PATIENCE`` it takes over the lead, and the
thread that answers follows once it has.

Source: D. C. Schmidt, C. O'Ryan, I. Pyarali, M. Kircher, F. Buschmann, *Leader/Followers* (Pattern Languages of
Programs, 2000). There a thread gives the lead away before it answers; here it is taken from those who take long.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread, get_ident
from time import monotonic, sleep

PATIENCE = 0.01
"""Seconds after which the leader's answer takes long; ordinary ones take less than a tenth of them."""

REST = 1.0
"""Seconds without an answer after which nobody watches, until the next one begins."""


class Threads:
    """The threads, and which of them leads.

    Attributes:
        over: whether there is nothing left to lead.
        failure: what the leader raised, if it did: all has come to its end then.
    """

    def __init__(self, count: int, lead: Callable[[], None], ended: Callable[[], None]) -> None:
        """Make them, without starting them.

        Args:
            count: how many.
            lead: is called by a thread that has become the leader, and returns when it no longer is.
            ended: is called once all is over.
        """
        self.over = False
        self.failure: BaseException | None = None
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(count)]
        self._lead, self._ended = lead, ended
        self._leader: int | None = None
        self._began = 0.0  # the answer under way, or the last one
        self._answering = False
        self._change = Lock()  # whether the leader still leads, and who does
        self._watch = Lock()  # held by the follower that watches
        self._awake = Event()  # whether it does, or rests

    def start(self) -> None:
        """Let the first one lead, and the others follow."""
        for thread in self._threads:
            thread.start()

    def shutdown(self, *, wait: bool = False) -> None:  # noqa: ARG002 - gunicorn says whether to
        """Let each end with what it does; nobody waits for it."""
        self.over = True
        self._awake.set()
        self._ended()

    # --- The leader --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Note that the leader begins to answer."""
        self._began = monotonic()
        self._answering = True
        if not self._awake.is_set():
            self._awake.set()

    def end(self) -> bool:
        """Note that the calling thread has answered, and say whether it still leads."""
        with self._change:
            if self._leader != get_ident():
                return False
            self._answering = False
            return True

    # --- The followers -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while self._follow():
                self._lead()
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            self.failure = error
            self.shutdown()

    def _follow(self) -> bool:
        """Wait for the lead, and say whether there is one."""
        with self._watch:
            while not self.over:
                if self._takes_over():
                    return True
                self._pause()
        return False

    def _takes_over(self) -> bool:
        with self._change:
            takes_long = self._answering and monotonic() - self._began >= PATIENCE
            if self._leader is None or takes_long:
                self._leader, self._answering = get_ident(), False
                return True
        return False

    def _pause(self) -> None:
        if self._answering or monotonic() - self._began < REST:
            sleep(PATIENCE)
            return
        self._awake.clear()
        if not self._answering:  # nothing has begun meanwhile
            self._awake.wait()
