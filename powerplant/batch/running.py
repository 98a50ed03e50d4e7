"""The use case of a batch: chunks to wherever they are planned, answers to where they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Protocol

from powerplant.batch.conveyor import OUT_FOR_EACH, Job, in_order
from powerplant.batch.planner import Planned, Settings, give_up
from powerplant.batch.reading import Chunk
from powerplant.batch.results import Results
from powerplant.batch.tally import Tally


class Workers(Protocol):
    """What plans chunks: processes of this machine, or a cluster."""

    @property
    def most(self) -> int:
        """How many chunks it plans at the same time."""

    def submit(self, chunk: Chunk, settings: Settings) -> Job:
        """Have a chunk planned."""

    def close(self) -> None:
        """Plan no more, and end what is being planned."""


Watch = Callable[[Chunk, Planned, Tally], None]
"""What is told of each part: its chunk, what came of it, and what all parts come to so far."""


def run(chunks: Iterator[Chunk], workers: Workers, settings: Settings, results: Results, watch: Watch) -> Tally:
    """Plan all chunks, and keep their answers in order; memory does not grow with their number.

    Args:
        chunks: the lines.
        workers: what plans them.
        settings: how.
        results: where the answers go.
        watch: told of each part that is done.

    Raises:
        NotOfThisBatch: an answer that an earlier run has left is wrong.
    """
    tally = Tally()

    def submit(chunk: Chunk) -> Job:
        return workers.submit(chunk, settings)

    with closing(
        in_order(chunks, submit, lambda chunk: give_up(chunk, settings), OUT_FOR_EACH * workers.most)
    ) as parts:
        for chunk, planned in parts:
            results.write(planned.answers)
            tally = Tally.of([tally, planned.tally])
            watch(chunk, planned, tally)
    return tally
