"""The live feed: a websocket at ``/productionplan/live`` that sends each POST to ``/productionplan`` with its answer.

It is off by default, and imported only if it is on; ``docs/live.md`` describes it. Each listener has a thread of its
worker process, and a datagram socket in a folder that all workers share; if the folder is empty, nothing is sent::

    POST -> outbox of its process -> thread that sends -> sockets of all listeners -> their threads -> websockets
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from secrets import compare_digest, token_hex
from tempfile import TemporaryDirectory
from threading import Lock, Thread

from flask import Blueprint, Flask, Response, after_this_request, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_sock import Sock
from pydantic_core import from_json, to_json
from simple_websocket import Server
from wsproto.utilities import RemoteProtocolError

from powerplant.answers import CSV
from powerplant.api.errors import Refused
from powerplant.api.request_log import Entry, entry
from powerplant.config import Settings

LARGEST = 128 * 1024  # bytes of a message with its content; Linux takes datagrams of 208 KiB by default
blueprint = Blueprint("live", __name__, url_prefix="/productionplan/live")


def register(app: Flask, settings: Settings) -> None:
    """Add the feed to the app."""
    feed = app.extensions["live"] = Feed(settings)
    options = {"subprotocols": "bearer", "ping_interval": 20, "thread_class": partial(Thread, daemon=True)}
    app.config["SOCK_SERVER_OPTIONS"] = {**options, "max_message_size": 1}  # clients have nothing to send
    app.register_blueprint(blueprint)
    app.after_request(feed.publish)


class Feed:
    """Manages the listeners of this process, and publishes to the listeners of all processes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.is_stopping: Callable[[], bool] = lambda: False  # gunicorn_conf.py replaces it
        if folder := os.environ.get("POWERPLANT_LIVE_DIR"):
            self._folder = Path(folder)
        else:  # without gunicorn_conf.py: there is only this process
            self._temporary = TemporaryDirectory(prefix="powerplant-live-")
            self._folder = Path(self._temporary.name)
        self._lock, self._outbox = Lock(), SimpleQueue[bytes]()
        self._listeners, self._number, self._start = 0, 0, token_hex(3)

    def add(self) -> socket.socket:
        """The socket of a new listener, which receives everything that is published from now on."""
        with self._lock:
            if self.is_stopping() or self._listeners >= self.settings.threads // 4:
                raise Refused("feed-is-full", "The feed has as many clients as it accepts.", {"Retry-After": "5"})
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.settimeout(0.5)  # then its thread checks whether the client has left or the process stops
            sock.bind(str(self._folder / token_hex(8)))
            self._listeners += 1
            return sock

    def remove(self, sock: socket.socket) -> None:
        """Close the socket of a listener."""
        with self._lock, sock:
            self._listeners -= 1
            Path(sock.getsockname()).unlink(missing_ok=True)

    def publish(self, response: Response) -> Response:
        """Send a POST and its answer to all listeners, after the answer is sent."""
        called = f"{request.method} {request.endpoint}"
        if called == "POST productionplan.productionplan" and any(self._folder.glob("*")):
            response.call_on_close(partial(self._put, request.query_string.decode("latin-1"), entry(), response))
        return response

    def _put(self, query: str, log: Entry, response: Response) -> None:
        body, answer, content = log.payload, response.get_data().strip(), b""
        if response.mimetype == CSV:
            answer = to_json(answer.decode())
        if len(query) + len(body) + len(answer) <= LARGEST:
            body = body.removeprefix(b"\xef\xbb\xbf")  # otherwise unchanged, so that its numbers keep their form
            try:
                from_json(body, allow_inf_nan=False)
            except ValueError:
                body = b"null"
            members = to_json(query), body, response.status_code, answer
            content = b',"query":%b,"request":%b,"status":%d,"answer":%b' % members
        with self._lock:
            if not self._number:  # not before: a thread does not survive a fork
                Thread(target=self._send_all, daemon=True).start()
            self._number += 1
            worker, time = f"{os.getpid()}-{self._start}", datetime.now(UTC).isoformat(timespec="milliseconds")
            known = {"worker": worker, "number": self._number, "time": time, "request_id": log.request_id}
            if self._outbox.qsize() < 256:
                self._outbox.put(to_json(known)[:-1] + content + b"}")

    def _send_all(self) -> None:
        while True:
            data = self._outbox.get()
            while len(data) < LARGEST // 4 and not self._outbox.empty():  # several messages in one datagram under load
                data += b"\0" + self._outbox.get()
            for path in self._folder.glob("*"):
                try:
                    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                        sock.settimeout(0.2)
                        sock.connect(str(path))
                        sock.send(data)
                except ConnectionRefusedError:  # its process was killed
                    path.unlink(missing_ok=True)
                except OSError:  # it has left, or its buffer is full
                    continue


class Connection:
    """A client's socket for simple_websocket: two threads can send, and ``send`` sends everything."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(5)  # a client that does not read a message in this time is dropped
        self._socket, self._lock, self.recv, self.fileno = sock, Lock(), sock.recv, sock.fileno

    def send(self, data: bytes) -> None:
        """Send a whole frame."""
        with self._lock:
            self._socket.sendall(data)

    def close(self) -> None:
        """End the connection. The server closes the socket itself, since gunicorn counts open connections."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


def _listen(websocket: Server) -> None:
    """Send messages until the client leaves, sends a message or does not read, or the process stops."""
    feed: Feed = current_app.extensions["live"]
    after_this_request(_with_status_101)
    try:
        while not feed.is_stopping() and websocket.receive(timeout=0) is None:
            try:
                messages = g.listener.recv(2 * LARGEST).split(b"\0")
            except TimeoutError:
                continue
            for message in messages:
                websocket.send(message.decode())
        websocket.close(1001 if feed.is_stopping() else 1003)
    except OSError as error:
        current_app.logger.warning("live-client-dropped", extra={"facts": {"reason": str(error)}})
    finally:
        websocket.sock.close()


def _with_status_101(response: Response) -> Response:
    response.status_code = 101  # for the log: flask-sock returns 200 when the websocket has closed
    return response


Sock().route("", bp=blueprint, endpoint="listen", strict_slashes=False)(_listen)


@blueprint.before_request
def _admit() -> None:
    """Refuse a client that may not listen, before a websocket opens."""
    feed, headers, environ = current_app.extensions["live"], request.headers, request.environ
    origin, token = headers.get("Origin"), feed.settings.live_token.get_secret_value()
    # A browser lets any page connect to any server that its user can reach. Programs send no origin.
    if origin is not None and not {origin, "*"} & {*feed.settings.live_origins}:
        raise Refused("foreign-origin", "Pages of this origin may not listen; POWERPLANT_LIVE_ORIGINS lists others.")
    # A page cannot set headers, so it sends the token as a subprotocol after "bearer".
    credentials = headers.get("Sec-WebSocket-Protocol", "").replace(",", " ") or headers.get("Authorization", "")
    scheme, _, sent = credentials.partition(" ")
    if token and not (scheme.lower() == "bearer" and compare_digest(sent.strip().encode(), token.encode())):
        raise Refused("token-required", "The client must send a token.", {"WWW-Authenticate": "Bearer"})
    if request.endpoint == "live.listen":
        key = next((key for key in ("gunicorn.socket", "werkzeug.socket") if key in environ), "")
        if not (key and environ["wsgi.multithread"] and hasattr(socket, "AF_UNIX")):
            raise Refused("no-handover", "The live feed needs gunicorn with threads, or flask run, on Linux.")
        g.listener = feed.add()
        environ[key] = Connection(environ[key])
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)  # compression would cost too much CPU


@blueprint.teardown_request
def _leave(_: BaseException | None) -> None:
    if "listener" in g:
        current_app.extensions["live"].remove(g.listener)


@blueprint.get("", strict_slashes=False)
@blueprint.errorhandler(RemoteProtocolError)
def _upgrade_required(_: object = None) -> ResponseReturnValue:
    """Refuse a request that is not the handshake of a websocket."""
    headers = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    refused = Refused("upgrade-required", "This address accepts only websockets of version 13 (RFC 6455).", headers)
    return current_app.handle_user_exception(refused)
