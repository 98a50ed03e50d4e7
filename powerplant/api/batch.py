"""``POST /productionplan/batch``: payloads, one a line, and their plans in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from itertools import islice
from time import monotonic

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from powerplant.api.request_log import entry
from powerplant.api.requests import read_body, read_options
from powerplant.batch.planner import Bug, Rules
from powerplant.batch.reading import read_chunks
from powerplant.batch.running import in_order
from powerplant.batch.tally import Tally
from powerplant.config import Settings
from powerplant.decoding import WHITE_SPACE
from powerplant.errors import MalformedPayload
from powerplant.workers import Workers

blueprint = Blueprint("batch", __name__)

NDJSON = "application/x-ndjson"

PIECE = 128 * 1024
"""Bytes of an answer that are sent at once: the server limits the time in which a client must take each piece."""

_LINE = re.compile(rb"[^ \t\r\n][^\n]*")
"""A line that is not blank, without the white space that it begins with."""


@blueprint.post("/productionplan/batch", strict_slashes=False)
def batch() -> Response:
    """Answer each line with its plan or its problem."""
    settings: Settings = current_app.config["SETTINGS"]
    workers: Workers = current_app.config["BATCHES"]
    rules = Rules(read_options(), settings.max_plants, settings.max_body, request.script_root)
    body = read_body(settings.max_batch_body)
    check_lines(body, settings.max_lines)
    workers.enter(0, "The server is already answering as many batches as it accepts.")
    answers = _Answers(body, rules, workers, monotonic() + settings.batch_time_limit)
    response = Response(answers.stream(), mimetype=NDJSON)
    response.call_on_close(answers.close)
    return response


def check_lines(body: bytes, most: int) -> None:
    """Refuse a batch without lines, or with too many."""
    if not body.strip(WHITE_SPACE):
        raise MalformedPayload("The body is empty. It must be lines of JSON, with one payload each.")
    if body.count(b"\n") >= most and next(islice(_LINE.finditer(body), most, None), None):
        raise RequestEntityTooLarge(f"A batch may have at most {most} lines.")


class _Answers:
    """The answers to one batch, computed while they are sent: only a few chunks are in memory."""

    def __init__(self, body: bytes, rules: Rules, workers: Workers, deadline: float) -> None:
        self._body, self._rules, self._workers, self._deadline = body, rules, workers, deadline
        self._tally, self._is_complete = Tally(), False
        self._logger, self._entry = current_app.logger, entry()
        self._entry.streams = True

    def stream(self) -> Iterator[bytes]:
        """The answers, in pieces."""
        chunks = read_chunks(BytesIO(self._body), self._rules.max_line)
        with closing(in_order(chunks, self._workers, self._rules, self._deadline)) as parts:
            for _, answered in parts:
                self._tally = self._tally.plus(answered.tally)
                for bug in answered.bugs:
                    self._log(bug)
                for start in range(0, len(answered.answers), PIECE):
                    yield answered.answers[start : start + PIECE]
        self._is_complete = True

    def close(self) -> None:
        """Accept the next batch, and log this one; also called when the client has gone."""
        self._workers.leave()
        tally = self._tally
        self._entry.note(
            "batch" if self._is_complete else "batch-broken-off",
            lines=tally.lines,
            plans=tally.plans,
            infeasible=tally.infeasible,
            gave_up=tally.gave_up,
            faulty=tally.faulty,
            bugs=tally.bugs,
            slowest_solve_ms=round(tally.slowest * 1000, 3),
        )
        self._entry.finish()

    def _log(self, bug: Bug) -> None:
        payload = (bug.line.content or b"").decode(errors="backslashreplace")
        facts = {"request_id": self._entry.request_id, "line": bug.line.number, "payload": payload}
        self._logger.error("a line that failed\n%s", bug.traceback, extra={"facts": facts})
