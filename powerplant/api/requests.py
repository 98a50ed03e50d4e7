"""Read a request: its query parameters and its body."""

from __future__ import annotations

import select
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.wsgi import get_content_length, get_input_stream

from powerplant.answers import CSV, JSON
from powerplant.config import Settings
from powerplant.errors import InvalidQuery, TooBusy
from powerplant.formulation import GRIDS
from powerplant.planning import Options
from powerplant.workers import LARGE

if TYPE_CHECKING:
    from flask import Flask, Response

CHUNK = 64 * 1024

LARGEST_AT_ONCE = 4
"""How many bodies of the largest size a server process holds at the same time."""


PARAMETERS = ("accept", "co2", "end", "round_load", "step", "time_limit", "timezone")
"""The query parameters of all addresses."""


class Bodies:
    """Counts the bytes of large bodies in this process, and limits them. A small body is always accepted.

    Args:
        most: the limit in bytes; the first :data:`~powerplant.workers.LARGE` bytes of each body do not count.
    """

    def __init__(self, most: int) -> None:
        self._left, self._lock = most, Lock()

    def take(self, size: int) -> None:
        """Count more bytes.

        Raises:
            TooBusy: that would exceed the limit.
        """
        with self._lock:
            if size > self._left:
                raise TooBusy("The server is already reading as many large bodies as it accepts.")
            self._left -= size

    def give_back(self, size: int) -> None:
        """Stop counting these bytes: the answer to their body is sent."""
        with self._lock:
            self._left += size


def register(app: Flask, settings: Settings) -> None:
    """Limit the memory for bodies."""
    bodies = app.config["BODIES"] = Bodies(LARGEST_AT_ONCE * max(settings.max_body, settings.max_batch_body))

    def give_back(response: Response) -> Response:
        if taken := g.pop("taken", 0):
            response.call_on_close(lambda: bodies.give_back(taken))
        return response

    app.after_request(give_back)


def read_options() -> Options:
    """The options of the current request: its query parameters, and the settings of the server.

    Raises:
        InvalidQuery: a parameter is not valid.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not request.query_string:
        return Options(settings.co2, False, settings.time_limit, grid=GRIDS[settings.step])
    for name in request.args:
        if name not in PARAMETERS and name.lower() in PARAMETERS:
            raise InvalidQuery(name, f"must be written in small letters, as {name.lower()}")
    accept, step = request.args.getlist("accept"), request.args.getlist("step")
    if accept not in ([], ["feasible"]):
        raise InvalidQuery("accept", "can only be feasible, given once")
    if step not in ([], *([name] for name in GRIDS)):
        raise InvalidQuery("step", f"must be given once, as {', '.join([*GRIDS][:-1])} or {[*GRIDS][-1]} (MW)")
    return Options(
        _flag("co2", default=settings.co2),
        bool(accept),
        settings.time_limit,
        grid=GRIDS[step[0] if step else settings.step],
        round_load=_flag("round_load", default=False),
    )


def _flag(name: str, *, default: bool) -> bool:
    given = request.args.getlist(name)
    if given not in ([], ["true"], ["false"]):
        raise InvalidQuery(name, "must be given once, as true or false")
    return given == ["true"] if given else default


def preferred(*types: str) -> str:
    """The media type that the client prefers; the first one if the header ``Accept`` does not say."""
    return request.accept_mimetypes.best_match(types, types[0])


def prefers_csv() -> bool:
    """Whether the client prefers CSV to JSON. The header is parsed only if it names CSV: few do."""
    return CSV in request.environ.get("HTTP_ACCEPT", "") and preferred(JSON, CSV) == CSV


def read_body(max_body: int) -> bytes:
    """The whole body, with any Content-Type, with a Content-Length or in chunks.

    Raises:
        RequestEntityTooLarge: it has more than ``max_body`` bytes.
        BadRequest: it could not be read to its end.
        TooBusy: this process holds as many large bodies as it may.
        RequestTimeout: it did not arrive in time (under gunicorn).
    """
    length = get_content_length(request.environ)
    if length is None:  # a body in chunks: one byte more than the limit shows that it is too large
        length = max_body + 1
    elif length > max_body:
        raise _too_large(max_body)
    stream, chunks, missing = get_input_stream(request.environ), [], length
    bodies: Bodies = current_app.config["BODIES"]
    try:
        while missing and (chunk := stream.read(min(CHUNK, missing))):
            chunks.append(chunk)
            missing -= len(chunk)
            if length - missing > LARGE:
                bodies.take(len(chunk))
                g.taken = g.get("taken", 0) + len(chunk)
    except (HTTPException, TooBusy):  # the first from our worker: the body did not arrive in time
        raise
    except Exception as error:  # each server has its own exceptions for invalid chunks and lost clients
        raise BadRequest("The body could not be read to its end.") from error
    if length > max_body and not missing:
        raise _too_large(max_body)
    return b"".join(chunks)


def _too_large(max_body: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body may have at most {max_body} bytes.")


def is_connected(environ: Mapping[str, Any]) -> bool:
    """Whether the client of a request is still connected; ``True`` where the server or the system cannot tell.

    A client that has closed its sending direction counts as gone, as it does for most proxies.
    """
    connection = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if connection is None or not hasattr(select, "POLLRDHUP"):
        return True
    look = select.poll()
    look.register(connection, select.POLLRDHUP)
    return not look.poll(0)
