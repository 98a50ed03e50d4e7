"""The threads of a worker: one leads and answers, and those who take long lose the lead, not their answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

pytest.importorskip("gunicorn", reason="gunicorn does not run on Windows")

from powerplant.server import threads
from powerplant.server.threads import Threads

PATIENCE = 10.0
"""Seconds after which what should have happened has not."""

Answer = Callable[[], None]


class Service:
    """A loop like a worker's, without connections: it answers what is asked, one after the other.

    Attributes:
        told: for each answer its number, the thread that gave it, and whether that thread still led.
    """

    def __init__(self, count: int) -> None:
        self.asked: SimpleQueue[Answer | None] = SimpleQueue()
        self.told: SimpleQueue[tuple[int, bool]] = SimpleQueue()
        self.has_ended = threading.Event()
        self.threads = Threads(count, self._lead, self.has_ended.set)
        self.threads.start()

    def _lead(self) -> None:
        while answer := self.asked.get():
            self.threads.begin()
            answer()
            leads = self.threads.end()
            self.told.put((threading.get_ident(), leads))
            if not leads:
                return
        self.threads.shutdown()

    def ask(self, answer: Answer = lambda: None) -> tuple[int, bool]:
        """Which thread answered, and whether it still led then."""
        self.asked.put(answer)
        return self.told.get(timeout=PATIENCE)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service(3)
    yield service
    service.asked.put(None)
    assert service.has_ended.wait(PATIENCE)


@pytest.fixture
def nobody_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the shortest answer can take a while."""
    monkeypatch.setattr(threads, "PATIENCE", PATIENCE)


@pytest.mark.usefixtures("nobody_is_slow")
def test_one_thread_leads_and_gives_all_answers_that_are_short() -> None:
    service = Service(3)
    answers = {service.ask() for _ in range(100)}
    assert len(answers) == 1
    assert all(leads for _, leads in answers)


def test_the_lead_is_taken_from_a_thread_whose_answer_takes_long(service: Service) -> None:
    go_on = threading.Event()
    service.asked.put(lambda: assert_set(go_on))
    other, leads = service.ask()
    assert leads
    go_on.set()
    assert service.told.get(timeout=PATIENCE) != (other, True)


def test_each_thread_but_one_may_take_long_at_the_same_time(service: Service) -> None:
    go_on = threading.Event()
    for _ in range(2):
        service.asked.put(lambda: assert_set(go_on))
    third, leads = service.ask()
    assert leads
    go_on.set()
    late = {service.told.get(timeout=PATIENCE) for _ in range(2)}
    assert len(late | {(third, False)}) == 3
    assert not any(leads for _, leads in late)


def test_a_thread_that_lost_the_lead_may_lead_again(service: Service) -> None:
    leaders: set[int] = set()
    while len(leaders) < 3:
        go_on = threading.Event()
        service.asked.put(lambda go_on=go_on: assert_set(go_on))  # type: ignore[misc]
        leaders.add(service.ask()[0])
        go_on.set()
        assert not service.told.get(timeout=PATIENCE)[1]


def test_who_has_rested_watches_again_once_something_is_asked(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "REST", 0.0)
    service.ask()
    while service.threads._awake.is_set():
        pass
    go_on = threading.Event()
    service.asked.put(lambda: assert_set(go_on))
    assert service.ask()[1]
    go_on.set()


def test_a_fault_of_the_loop_ends_it_and_is_told() -> None:
    service = Service(3)
    fault = ZeroDivisionError()

    def fail() -> None:
        raise fault

    service.asked.put(fail)
    assert service.has_ended.wait(PATIENCE)
    assert service.threads.failure is fault
    assert service.threads.over


def assert_set(event: threading.Event) -> None:
    assert event.wait(PATIENCE)
