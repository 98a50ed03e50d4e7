"""The live feed: a websocket at ``/productionplan/live`` that tells every client what is planned, as it is planned.

A room of its own, off by default, and imported only when it is switched on. One thread in each process, the *hub*,
does all of its work; neither a POST nor a client holds a thread for it::

    POST ── feed.publish ─┐                         ┌─ clients of this process
                          ├─ inbox ─ hub's thread ──┤
    GET ─ door ─ feed.admit                         └─ hubs of the other worker processes (exchange)

``messages`` says what is told, ``door`` who may listen, ``client`` what a websocket is, ``exchange`` how worker
processes reach each other. While nobody listens there is no thread, and nothing is told.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask import request

from powerplant.api.observation import observation
from powerplant.live import door
from powerplant.live.exchange import Exchange, NoExchange
from powerplant.live.feed import Feed

if TYPE_CHECKING:
    from flask import Flask, Response

    from powerplant.config import Settings

FOLDER = "POWERPLANT_LIVE_DIR"
"""The variable by which gunicorn.conf.py names the folder where the worker processes meet."""


def register(app: Flask, settings: Settings) -> None:
    """Open the door, and tell of every POST to ``/productionplan``."""
    folder = os.environ.get(FOLDER)
    exchange = Exchange(Path(folder)) if folder else NoExchange()
    feed = app.config["LIVE"] = Feed(exchange, settings.live_clients, app.logger)
    app.register_blueprint(door.blueprint)
    app.after_request(partial(_tell, feed))


def _tell(feed: Feed, response: Response) -> Response:
    """Publish a request with its answer once that has left."""
    if feed.has_listeners and (request.method, request.endpoint) == ("POST", "productionplan.productionplan"):
        observed, query = observation(), request.query_string.decode("latin-1")
        publish = partial(
            feed.publish, observed.request_id, query, observed.payload, response.status_code, response.get_data()
        )
        response.call_on_close(publish)
    return response
