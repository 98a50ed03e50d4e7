"""``GET /productionplan/live``: who may listen, and how a connection leaves HTTP."""

from __future__ import annotations

import socket
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable
from hmac import compare_digest
from ipaddress import ip_address
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import BadRequest
from wsproto.utilities import generate_accept_token

from powerplant.api.observation import observation
from powerplant.api.problems import Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from powerplant.config import Settings
    from powerplant.live.feed import Feed

blueprint = Blueprint("live", __name__)

ADDRESS = "/productionplan/live"
VERSION = "13"
"""The version of websockets that RFC 6455 describes, and that everybody speaks."""

RETRY_AFTER = "5"
"""Seconds after which a client may ask again for a place."""

BEARER = "bearer"
"""Pages cannot set headers for a websocket. They name this as a subprotocol, and their token as another."""

SWITCHING = "101 Switching Protocols"
GUNICORNS_SOCKET, WERKZEUGS_SOCKET = "gunicorn.socket", "werkzeug.socket"


@blueprint.get(ADDRESS, strict_slashes=False)
def no_websocket() -> Response:
    """Tell who asks for a page that there is none."""
    raise _upgrade_required("This is a websocket: ask for one with Connection: Upgrade and Upgrade: websocket.")


@blueprint.get(ADDRESS, strict_slashes=False, websocket=True)
def live() -> Response:
    """Let a client listen; everybody else is told why not."""
    settings: Settings = current_app.config["SETTINGS"]
    feed: Feed = current_app.config["LIVE"]
    key = _key_of_the_client()
    _check_origin(settings.live_origins)
    _check_token(settings.live_token)
    if GUNICORNS_SOCKET not in request.environ and not _has_a_thread_to_wait():
        raise Refused("no-handover", "This server cannot hand over a connection: the feed needs gunicorn or flask run.")
    if feed.is_full:
        raise Refused("feed-is-full", "The feed has as many clients as it takes.", {"Retry-After": RETRY_AFTER})
    observation().note("live")
    return Handover(feed, key, BEARER if _asks_by_subprotocol() else "")


def _key_of_the_client() -> bytes:
    headers = request.headers
    if request.method != "GET" or headers.get("Sec-WebSocket-Version") != VERSION:
        raise _upgrade_required(f"Websockets are spoken here in version {VERSION}.")
    key = headers.get("Sec-WebSocket-Key", "").encode("latin-1")
    try:
        if len(b64decode(key, validate=True)) == 16:
            return key
    except NotBase64:
        pass
    raise BadRequest("The header Sec-WebSocket-Key must hold 16 bytes in base64.")


def _upgrade_required(detail: str) -> Refused:
    return Refused("upgrade-required", detail, {"Upgrade": "websocket", "Sec-WebSocket-Version": VERSION})


def _check_origin(allowed: tuple[str, ...]) -> None:
    """Refuse pages of other sites: a browser would let any page listen, with the reach of whoever looks at it.

    The service's own pages may, unless they were loaded by a name, which somebody else may have made to point here.
    Programs send no origin.
    """
    origin = request.headers.get("Origin")
    if origin is None or "*" in allowed or origin in allowed:
        return
    if origin not in (f"http://{request.host}", f"https://{request.host}") or not _is_no_name(request.host):
        raise Refused(
            "foreign-origin", "Pages of this origin may not listen; POWERPLANT_LIVE_ORIGINS names those that may."
        )


def _is_no_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


def _check_token(token: str) -> None:
    if token and not compare_digest(_token_of_the_client(), token.encode()):
        raise Refused("token-required", "A token is needed to listen.", {"WWW-Authenticate": "Bearer"})


def _token_of_the_client() -> bytes:
    if _asks_by_subprotocol():
        return _subprotocols()[1].encode("latin-1")
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode("latin-1") if kind.lower() == BEARER else b""


def _asks_by_subprotocol() -> bool:
    subprotocols = _subprotocols()
    return len(subprotocols) == 2 and subprotocols[0] == BEARER


def _subprotocols() -> list[str]:
    return [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]


def _has_a_thread_to_wait() -> bool:
    """Whether Flask's own server gives each connection a thread, which costs nobody else anything."""
    return WERKZEUGS_SOCKET in request.environ and bool(request.environ["wsgi.multithread"])


class Handover(Response):
    """``101 Switching Protocols``: the end of HTTP on a connection. The hub sends this answer, and all that follows.

    So a client that has read it gets every request that is published afterwards.
    """

    def __init__(self, feed: Feed, key: bytes, subprotocol: str) -> None:
        super().__init__(status=SWITCHING)
        self._feed = feed
        accept = ("Sec-WebSocket-Accept", generate_accept_token(key).decode())
        self._headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), accept]
        if subprotocol:
            self._headers.append(("Sec-WebSocket-Protocol", subprotocol))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Give the connection to the hub."""
        headers = [*self._headers]
        start_response(SWITCHING, headers)  # what stands around the app adds its headers, and tells of the answer
        lines = [f"HTTP/1.1 {SWITCHING}", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        if GUNICORNS_SOCKET in environ:
            self._feed.admit(socket.socket(fileno=environ[GUNICORNS_SOCKET].detach()), head, lambda: None)
            # gunicorn finds that the client is gone, and its thread is free.
            raise ConnectionResetError("the connection is the feed's")
        # Werkzeug would end a connection that its thread has left, so the thread waits.
        is_gone = Event()
        self._feed.admit(environ[WERKZEUGS_SOCKET].dup(), head, is_gone.set)
        is_gone.wait()
        return []
