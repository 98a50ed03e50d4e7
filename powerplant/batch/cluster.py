"""The same work on a Dask cluster (the extra ``cluster``): nothing of Dask is known anywhere else.

Chunks go to the scheduler as bytes, which it need not look into, and their answers come back so. Dask gives what a
worker had that died to another one. The workers need powerplant, in the same version.
"""

from __future__ import annotations

import logging
import pickle
from concurrent.futures import CancelledError
from typing import Any

from distributed import Client
from distributed.scheduler import KilledWorker

from powerplant import __version__
from powerplant.batch.conveyor import WorkerDied
from powerplant.batch.planner import Planned, Settings, plan_chunk
from powerplant.batch.reading import Chunk
from powerplant.errors import PowerplantError

PATIENCE = 10
"""Seconds in which a scheduler has to answer, and to have a worker."""


class NoCluster(PowerplantError):
    """A cluster that cannot be worked with; the message says why."""


class Cluster:
    """The workers of a Dask cluster.

    Args:
        address: of its scheduler, ``tcp://host:8786``.

    Raises:
        NoCluster: no scheduler is there, it has no workers, or these have another powerplant or none.
    """

    def __init__(self, address: str) -> None:
        for name in ("distributed", "distributed.client"):  # what matters of theirs is told here
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

    @property
    def most(self) -> int:
        """How many chunks it plans at the same time."""
        threads: int = sum(self._client.nthreads().values())
        return max(1, threads)

    def submit(self, chunk: Chunk, settings: Settings) -> _Job:
        """Have a chunk planned."""
        return _Job(self._client.submit(_plan, pickle.dumps((chunk, settings)), pure=False))

    def close(self) -> None:
        """Plan no more; the cluster stays."""
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


class _Job:
    """A chunk that is out on the cluster."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def result(self) -> Planned:
        """What came of it; :class:`WorkerDied` where several workers died of it, one after the other."""
        try:
            planned: Planned = pickle.loads(self._future.result())  # noqa: S301 - our own workers wrote it
        except KilledWorker as error:
            raise WorkerDied from error
        except CancelledError as error:
            raise NoCluster("the scheduler of the cluster has gone") from error
        return planned

    def cancel(self) -> None:
        """Do not begin with it any more."""
        self._future.cancel()


def _plan(question: bytes) -> bytes:
    """On a worker: a chunk planned."""
    chunk, settings = pickle.loads(question)  # noqa: S301 - whoever may send tasks may run anything there
    return pickle.dumps(plan_chunk(chunk, settings))


def _version() -> str:
    """On a worker: the version that it has."""
    return __version__
