"""What the feed tells of a request: a JSON object, as ``docs/live.md`` describes it."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from pydantic_core import from_json, to_json

LARGEST = 128 * 1024
"""Bytes of a message. A larger one carries its id alone: as a datagram the system might not take it."""

UTF8_BOM = b"\xef\xbb\xbf"

NO_NUMBER = re.compile(b"NaN|Infinity")
"""What the service passes over in members that it does not know, and what is no JSON."""


class Planned(NamedTuple):
    """A POST that was answered, the ``number``-th of its process that somebody listened to."""

    number: int
    time: datetime
    request_id: str
    query: str
    payload: bytes
    status: int
    answer: bytes

    @property
    def size(self) -> int:
        """About how many bytes it has."""
        return len(self.payload) + len(self.answer) + 256

    def without_content(self) -> Planned:
        """Its id alone."""
        return self._replace(query="", payload=b"", status=0, answer=b"")


def message_of(planned: Planned, worker: str) -> bytes:
    """The message, or its id alone when it would be too large.

    Request and answer stand in it as they are, byte for byte: to write them anew would cost time, and could change
    their numbers.
    """
    known = {
        "worker": worker,
        "number": planned.number,
        "time": planned.time.isoformat(timespec="milliseconds"),
        "request_id": planned.request_id,
    }
    head = to_json(known)[:-1]
    if not planned.status:
        return head + b"}"
    message = b'%b,"query":%b,"request":%b,"status":%d,"answer":%b}' % (
        head,
        to_json(planned.query),
        _as_json(planned),
        planned.status,
        planned.answer.strip(),
    )
    return message if len(message) <= LARGEST else head + b"}"


def _as_json(planned: Planned) -> bytes:
    """The body of a request, or null where it is no JSON that every client could read."""
    text = planned.payload.removeprefix(UTF8_BOM)
    if planned.status == HTTPStatus.OK and not NO_NUMBER.search(text):
        return text  # the service has read it
    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return b"null"
    return text
