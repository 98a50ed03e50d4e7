"""What a request holds: its query parameters and its body."""

from __future__ import annotations

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wsgi import get_content_length, get_input_stream

from powerplant.errors import InvalidQuery

CHUNK = 64 * 1024
PARAMETERS = ("accept", "co2")


def read_options(*, default_co2: bool) -> tuple[bool, bool]:
    """Whether CO2 counts, and whether a plan not proven to be a cheapest one will do when the time is over."""
    if not request.query_string:
        return default_co2, False
    arguments = request.args
    for name in arguments:
        if name not in PARAMETERS and name.lower() in PARAMETERS:
            raise InvalidQuery(name, f"must be written in small letters, as {name.lower()}")
    return _counts_co2(arguments, default=default_co2), _takes_feasible(arguments)


def _counts_co2(arguments: MultiDict[str, str], *, default: bool) -> bool:
    values = arguments.getlist("co2")
    if not values:
        return default
    if values not in (["true"], ["false"]):
        raise InvalidQuery("co2", "must be given once, as true or false")
    return values == ["true"]


def _takes_feasible(arguments: MultiDict[str, str]) -> bool:
    values = arguments.getlist("accept")
    if values not in ([], ["feasible"]):
        raise InvalidQuery("accept", "can only be feasible, given once")
    return bool(values)


def read_body(max_body: int) -> bytes:
    """The whole body, whatever its Content-Type and however it is sent; that it arrives is the server's work."""
    environ = request.environ
    length = get_content_length(environ)
    if length is None:  # a body in chunks does not say its length before; one byte above the limit tells
        length = max_body + 1
    elif length > max_body:
        raise _too_large(max_body)
    stream, chunks, missing = get_input_stream(environ), [], length
    try:
        while missing and (chunk := stream.read(min(CHUNK, missing))):
            chunks.append(chunk)
            missing -= len(chunk)
    except Exception as error:  # each server has errors of its own for chunks that are none and clients that went away
        raise BadRequest("The body could not be read to its end.") from error
    if length > max_body and not missing:
        raise _too_large(max_body)
    return b"".join(chunks)


def _too_large(max_body: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"A body may have {max_body} bytes here.")
