"""A Dask cluster (the extra ``cluster``) in the place of processes of this machine.

Its workers need powerplant in the same version. Dask gives the work of a worker that died to another one.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from distributed import Client
from distributed.scheduler import KilledWorker

from powerplant import __version__
from powerplant.errors import PowerplantError

PATIENCE = 10
"""Seconds in which a scheduler must answer, and have a worker."""


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
        try:
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
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
