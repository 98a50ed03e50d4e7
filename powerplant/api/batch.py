"""``POST /productionplan/batch``: many payloads, and their plans in the same order."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from io import BytesIO
from itertools import chain, islice
from time import monotonic

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from powerplant.answers import CSV, JSON, NDJSON
from powerplant.api.request_log import entry
from powerplant.api.requests import preferred, read_body, read_options
from powerplant.batch.documents import (
    EXPECTED_TABLE,
    Documents,
    TooManyPayloads,
    form_of,
    has_table,
    read_documents,
    read_posted_table,
)
from powerplant.batch.planner import Bug, Rules, plants_of
from powerplant.batch.reading import Chunk, InvalidInput, read_chunks
from powerplant.batch.running import in_order
from powerplant.batch.tally import Tally
from powerplant.config import Settings
from powerplant.decoding import WHITE_SPACE, refuse_other_encodings
from powerplant.errors import MalformedPayload
from powerplant.rows import Layout
from powerplant.workers import Workers

blueprint = Blueprint("batch", __name__)

PIECE = 128 * 1024
"""Bytes of an answer that are sent at once: the server limits the time in which a client must take each piece."""

EXPECTED = 'lines of JSON with a payload each, a JSON list of payloads, or {"powerplants": [...], "hours": [...]}'

_LINE = re.compile(rb"[^ \t\r\n][^\n]*")
"""A line that is not blank, without the white space that it begins with."""


@blueprint.post("/productionplan/batch", strict_slashes=False)
def batch() -> Response:
    """Answer each payload with its plan or its problem."""
    settings: Settings = current_app.config["SETTINGS"]
    workers: Workers = current_app.config["BATCHES"]
    rules = Rules(
        read_options(), settings.max_plants, settings.max_body, request.script_root, max_cells=settings.max_cells
    )
    body = read_body(settings.max_batch_body)
    is_table = has_table(body, is_csv=request.mimetype == CSV)
    is_lines = not is_table and has_lines(body)
    if is_lines:
        check_lines(body, settings.max_lines)
    workers.enter(0, "The server is already answering as many batches as it accepts.")
    deadline = monotonic() + settings.batch_time_limit
    try:
        documents = None if is_lines else _read_apart(body, rules, workers, settings, is_table=is_table)
        chunks = read_chunks(BytesIO(body), rules.max_line) if documents is None else documents.chunks()
        is_one = documents is not None and documents.form != "payloads"
        mimetype = preferred(NDJSON, JSON, CSV) if is_one else preferred(NDJSON, CSV)
        if mimetype == CSV:
            layout = None if documents is None else documents.layout
            if layout is None:
                first = next(chunks, Chunk([]))
                layout = Layout(plants=workers.call(plants_of, first, rules, timeout=settings.batch_time_limit))
                chunks = chain([first] if first.lines else [], chunks)
            rules = rules._replace(layout=layout)
    except Exception:
        workers.leave()
        raise
    answers = _Answers(chunks, rules, workers, deadline)
    response = Response(in_list(answers.stream()) if mimetype == JSON else answers.stream(), mimetype=mimetype)
    response.call_on_close(answers.close)
    return response


def has_lines(body: bytes) -> bool:
    """Whether a batch has a payload in each line. It decodes little, since it runs in the thread of the request.

    Raises:
        MalformedPayload: it is not a batch.
    """
    if not body.strip(WHITE_SPACE):
        raise MalformedPayload(f"The body is empty. It must be {EXPECTED}.")
    refuse_other_encodings(body)
    try:
        form = form_of(body)
    except InvalidInput as error:
        raise MalformedPayload(f"The body is not a batch: {error}. It must be {EXPECTED}.") from None
    if form == "table":
        raise MalformedPayload(f"The body is a table without power plants. It must be {EXPECTED_TABLE}.")
    if form == "other":
        raise MalformedPayload(f"The body is not JSON. It must be {EXPECTED}.")
    return form == "lines"


def check_lines(body: bytes, most: int) -> None:
    """Refuse a batch with too many lines; blank ones do not count."""
    if body.count(b"\n") >= most and next(islice(_LINE.finditer(body), most, None), None):
        raise RequestEntityTooLarge(f"A batch may have at most {most} lines.")


def _read_apart(body: bytes, rules: Rules, workers: Workers, settings: Settings, *, is_table: bool) -> Documents | None:
    """Read a table, or JSON that spans lines, in a process; ``None`` for lines with faults.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: its hours or the fleet that they share are not valid.
        RequestEntityTooLarge: it has too many payloads.
    """
    most = settings.max_lines
    if is_table:
        refuse_other_encodings(body)
        read: Callable[[bytes], Documents | None] = partial(read_posted_table, rules=rules, most=most)
    else:
        read = partial(read_documents, max_line=settings.max_body, max_plants=settings.max_plants, most=most)
    try:
        documents = workers.call(read, body, timeout=settings.batch_time_limit)
    except TooManyPayloads:
        raise RequestEntityTooLarge(f"A batch may have at most {most} payloads.") from None
    except InvalidInput as error:
        place = f". In line {error.line}, " if error.line else ": "
        raise MalformedPayload(f"The body is not a batch{place}{error}.") from None
    if documents is None:
        check_lines(body, most)
    return documents


def in_list(pieces: Generator[bytes, None, None]) -> Iterator[bytes]:
    """Pieces of lines of JSON, each line with its end, as pieces of a JSON list."""
    yield b"["
    end_before = b""
    with closing(pieces):
        for piece in pieces:
            if items := end_before + piece.removesuffix(b"\n").replace(b"\n", b",\n"):
                yield items
            end_before = b",\n" if piece.endswith(b"\n") else b""
    yield b"]\n"


class _Answers:
    """The answers to one batch, computed while they are sent: only a few chunks are in memory."""

    def __init__(self, chunks: Iterator[Chunk], rules: Rules, workers: Workers, deadline: float) -> None:
        self._chunks, self._rules, self._workers, self._deadline = chunks, rules, workers, deadline
        self._tally, self._is_complete = Tally(), False
        self._logger, self._entry = current_app.logger, entry()
        self._entry.streams = True

    def stream(self) -> Generator[bytes, None, None]:
        """The answers, in pieces: a line for each."""
        if self._rules.layout is not None:
            yield self._rules.layout.head
        with closing(in_order(self._chunks, self._workers, self._rules, self._deadline)) as parts:
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
            **tally.reasons,
            gave_up=tally.gave_up,
            faulty=tally.faulty,
            bugs=tally.bugs,
            rounded=tally.rounded,
            slowest_solve_ms=round(tally.slowest * 1000, 3),
        )
        self._entry.finish()

    def _log(self, bug: Bug) -> None:
        payload = (bug.line.content or b"").decode(errors="backslashreplace")
        facts = {"request_id": self._entry.request_id, "line": bug.line.number, "payload": payload}
        self._logger.error("a line that failed\n%s", bug.traceback, extra={"facts": facts})
