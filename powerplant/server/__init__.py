"""How connections become requests: gunicorn's threaded worker, its threads kept for requests that have arrived.

gunicorn's own worker gives a thread to each new connection, and the thread then waits for what the client sends. Few
clients that send slowly, or nothing, hold all threads so. Here one thread, the leader, reads from all connections at
once and without waiting, and answers a request when its head and body are there, in memory::

    accept → wait for a byte → head → body → answer → wait for the next byte, or end
             keepalive         HEAD_TIMEOUT  body_timeout  ANSWER_TIMEOUT     LINGER

Each wait has an end: a client that says nothing is let go, one that stops inside a request is told so (408). What the
leader or gunicorn's parser refuses is answered as problem+json, as the service answers its own errors. Where an answer
takes long, another thread goes on as the leader (:mod:`powerplant.server.threads`).

This package leans on the inside of gunicorn 27.0, and is the only one that does. ``test/test_server.py`` says which
parts of gunicorn these are, and fails when one of them changes.
"""

from powerplant.server.log import Log
from powerplant.server.worker import Worker

__all__ = ["Log", "Worker"]
