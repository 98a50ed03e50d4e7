"""``POST /productionplan/batch``: payloads in, a line each, and their plans out, in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from io import BytesIO
from itertools import islice
from threading import BoundedSemaphore
from time import monotonic

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from powerplant.api.observation import Observation, observation
from powerplant.api.requests import read_body, read_options
from powerplant.batch.conveyor import OUT_FOR_EACH, in_order
from powerplant.batch.planner import Planned, give_up
from powerplant.batch.planner import Settings as BatchSettings
from powerplant.batch.pool import Pool
from powerplant.batch.reading import Chunk, read_chunks
from powerplant.batch.tally import Tally
from powerplant.config import Settings
from powerplant.decoding import WHITE_SPACE
from powerplant.errors import MalformedPayload, TooBusy

blueprint = Blueprint("batch", __name__)

NDJSON = "application/x-ndjson"

PIECE = 128 * 1024
"""Bytes of an answer that are sent at once: for each of them a client has the time in which it must take an answer."""

_LINE = re.compile(rb"[^ \t\r\n][^\n]*")
"""A line that is not blank, without the blanks that it begins with."""


class Batches:
    """What the batches of one process share: its processes for them, and how many there may be at the same time."""

    def __init__(self, settings: Settings) -> None:
        self.pool = Pool(settings.batch_processes)
        self.free = BoundedSemaphore(settings.batches)


@blueprint.post("/productionplan/batch", strict_slashes=False)
def batch() -> Response:
    """Answer each line with its plan or with what is wrong with it."""
    settings: Settings = current_app.config["SETTINGS"]
    batches: Batches = current_app.config["BATCHES"]
    co2, feasible = read_options(default_co2=settings.co2)
    body = read_body(settings.max_batch_body)
    check_lines(body, settings.max_lines)
    if not batches.free.acquire(blocking=False):
        raise TooBusy("As many batches are being answered as may be at the same time.")
    how = BatchSettings(co2, feasible, settings.time_limit, settings.max_plants, settings.max_body, request.script_root)
    answers = _Answers(body, how, batches, observation(), settings.batch_time_limit)
    response = Response(answers.stream(), mimetype=NDJSON)
    response.call_on_close(answers.close)
    return response


def check_lines(body: bytes, most: int) -> None:
    """Refuse a batch without a line, or with too many."""
    if not body.strip(WHITE_SPACE):
        raise MalformedPayload("The body is empty: lines of JSON are expected, a payload in each.")
    if body.count(b"\n") >= most and next(islice(_LINE.finditer(body), most, None), None):
        raise RequestEntityTooLarge(f"A batch may have {most} lines here.")


class _Answers:
    """The answers to one batch, made as they are taken: what is in memory is a few chunks."""

    def __init__(
        self, body: bytes, settings: BatchSettings, batches: Batches, observed: Observation, seconds: float
    ) -> None:
        self._body, self._settings, self._batches, self._observed = body, settings, batches, observed
        self._end = monotonic() + seconds
        self._tally, self._is_whole = Tally(), False
        self._logger = current_app.logger
        observed.streams = True

    def stream(self) -> Iterator[bytes]:
        """The answers, some at a time."""
        chunks = read_chunks(BytesIO(self._body), self._settings.longest)
        with closing(in_order(chunks, self._submit, self._give_up, OUT_FOR_EACH * self._batches.pool.most)) as parts:
            for _, planned in parts:
                self._tally = Tally.of([self._tally, planned.tally])
                for line, trace in planned.bugs:
                    payload = (line.content or b"").decode(errors="backslashreplace")
                    facts = {"request_id": self._observed.request_id, "line": line.number, "payload": payload}
                    self._logger.error("a line that failed\n%s", trace, extra={"facts": facts})
                for start in range(0, len(planned.answers), PIECE):
                    yield planned.answers[start : start + PIECE]
        self._is_whole = True

    def close(self) -> None:
        """Make room for the next batch, and tell what came of this one, also where the client has gone."""
        self._batches.free.release()
        tally = self._tally
        self._observed.note(
            "batch" if self._is_whole else "batch-broken-off",
            lines=tally.lines,
            plans=tally.plans,
            infeasible=tally.infeasible,
            gave_up=tally.gave_up,
            faulty=tally.faulty,
            bugs=tally.bugs,
            slowest_solve_ms=round(tally.slowest * 1000, 3),
        )
        self._observed.tell()

    def _submit(self, chunk: Chunk) -> Future[Planned]:
        """Have a chunk planned, or given up where the time for the batch is over."""
        left = self._end - monotonic()
        if left > 0:
            limit = min(left, self._settings.time_limit)
            return self._batches.pool.submit(chunk, self._settings._replace(time_limit=limit))
        done: Future[Planned] = Future()
        done.set_result(self._give_up(chunk))
        return done

    def _give_up(self, chunk: Chunk) -> Planned:
        return give_up(chunk, self._settings)
