"""A Dask cluster (the extra ``cluster``) in the place of processes of this machine.

Its workers need powerplant in the same version. Dask gives the work of a worker that died to another one.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from concurrent.futures import Future
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

from distributed import Client, Security
from distributed.scheduler import KilledWorker

from powerplant import __version__
from powerplant.errors import PowerplantError

PATIENCE = 10
"""Seconds in which a scheduler must answer, and have a worker."""


DEFAULT_PORT = 8786
"""The port of a scheduler whose address names none."""


class NoCluster(PowerplantError):
    """The cluster cannot be used; the message says why."""


class Cluster:
    """The workers of a Dask cluster, as :class:`powerplant.workers.Workers`.

    A future raises :class:`concurrent.futures.CancelledError` if the scheduler is gone.

    Args:
        address: of its scheduler, ``tcp://host:8786``.

    Raises:
        NoCluster: the scheduler does not answer, has no workers, or its workers have another version or none.
    """

    died = (KilledWorker,)

    def __init__(self, address: str) -> None:
        for name in ("distributed", "distributed.client"):  # the errors that matter here are raised
            logging.getLogger(name).setLevel(logging.CRITICAL)
        encrypted = address.startswith(("tls:", "wss:"))
        if encrypted and Security().get_connection_args("client").get("ssl_context") is None:
            raise NoCluster("Dask needs certificates for it: its settings distributed.comm.tls")
        try:
            parts = urlsplit(address)
            # First a plain connection: a client that Dask could not set up is closed at exit, with a traceback.
            create_connection((parts.hostname, parts.port or DEFAULT_PORT), timeout=PATIENCE).close()
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise NoCluster("no Dask scheduler answers there") from error
        try:
            self._check()
        except NoCluster:
            self.close()
            raise
        self._executor = self._client.get_executor(pure=False)

    @property
    def processes(self) -> int:
        """How many chunks are planned at the same time."""
        threads: int = sum(self._client.nthreads().values())
        return max(1, threads)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, timeout: float | None = None) -> Future[Any]:  # noqa: ARG002 - Dask ends no worker for its time
        """Call a function on a worker. It is sent as bytes: Dask would look into the arguments for work of its own."""
        future: Future[Any] = self._executor.submit(_call, pickle.dumps((function, arguments)))
        return future

    def close(self) -> None:
        """End the connection; the cluster stays."""
        self._client.close()

    def _check(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
            versions = set(self._client.run(_version).values())
        except TimeoutError as error:
            raise NoCluster("the Dask cluster has no workers") from error
        except ModuleNotFoundError as error:
            raise NoCluster("powerplant is not installed on the workers of the cluster") from error
        if versions != {__version__}:
            others = ", ".join(sorted(versions - {__version__}))
            raise NoCluster(f"the workers of the cluster have powerplant {others}, this is {__version__}")


def _call(call: bytes) -> Any:
    """On a worker: call a function."""
    function, arguments = pickle.loads(call)  # noqa: S301 - a client of a scheduler can run anything on its workers
    return function(*arguments)


def _version() -> str:
    """On a worker: its version."""
    return __version__
