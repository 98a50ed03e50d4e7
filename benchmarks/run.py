"""Compare the solver with HiGHS and CP-SAT: ``python -m benchmarks.run`` prints one row for each family and size.

All solvers solve each fleet in turn, in three rounds, so that a slow phase of the machine affects all of them. In each
round a fast solve is repeated for a while; the median of all repeats counts. If a solver reaches the time limit, the
table says so (``> 20 s``), and ratios use the limit as its time: such a ratio is a lower bound, marked with ``>``.

Each outside solver tries all of its settings on each fleet, and only the fastest counts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from math import floor, log10
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.families import FAMILIES, Fleet
from benchmarks.outside import FAILED, NO_PLAN, OPTIMAL, OUTSIDE, TIME_OUT
from benchmarks.worker import OURS, Timing, Worker

ROUNDS = 3
SPEND = 0.05
"""Seconds that a solver may use in each round to repeat a fast solve."""

CHECKOUT = "checkout"
NAMES = {OURS: "ours", "highs": "HiGHS", "cpsat": "CP-SAT", CHECKOUT: "checkout"}


class Measured(NamedTuple):
    """The result of one solver on one fleet.

    Attributes:
        seconds: the median of the repeats in the fastest setting; the limit after a time-out.
        timing: its answer in that setting.
        setting: that setting.
        answers: its answers in every setting; the slower ones may be wrong too.
    """

    seconds: float
    timing: Timing
    setting: str
    answers: list[Timing]


def measure(
    fleet: Fleet, outside: dict[str, Worker], settings: dict[str, Sequence[str]], time_limit: float, ours: bool
) -> dict[str, Measured]:
    """Solve a fleet with all solvers in turn, in rounds; ours runs in a new process, to measure its memory."""
    best = {name: _fastest_setting(worker, fleet, settings[name], time_limit) for name, worker in outside.items()}
    repeats = {name: list(measured.timing.seconds) for name, measured in best.items()}
    with Worker(OURS) as own:
        if ours:
            timing = own.ask(fleet, time_limit, SPEND)
            best[OURS] = Measured(_seconds(timing, time_limit), timing, "", [timing])
            repeats[OURS] = list(timing.seconds)
        workers = {OURS: own, **outside}
        for _ in range(1, ROUNDS):
            for name, (seconds, timing, setting, _) in best.items():
                if timing.status in (OPTIMAL, NO_PLAN) and seconds < 1:
                    again = workers[name].ask(fleet, time_limit, SPEND, setting)
                    repeats[name] += again.seconds
    return {
        name: measured._replace(seconds=median(repeats[name]))
        if measured.timing.status in (OPTIMAL, NO_PLAN)
        else measured
        for name, measured in best.items()
    }


def _fastest_setting(worker: Worker, fleet: Fleet, settings: Sequence[str], time_limit: float) -> Measured:
    """Try each setting; the time limit of the later ones is a little more than the fastest time so far."""
    best: Measured | None = None
    answers: list[Timing] = []
    for setting in settings:
        limit = time_limit if best is None else min(time_limit, 2 * best.seconds + SPEND)
        timing = worker.ask(fleet, limit, SPEND, setting)
        answers.append(timing)
        candidate = Measured(_seconds(timing, limit), timing, setting, answers)
        if best is None or _rank(candidate) < _rank(best):
            best = candidate
    assert best is not None  # noqa: S101  # every solver has a setting
    return best


def _rank(measured: Measured) -> tuple[bool, float]:
    return measured.timing.status not in (OPTIMAL, NO_PLAN), measured.seconds


def _seconds(timing: Timing, time_limit: float) -> float:
    return time_limit if timing.status == TIME_OUT else median(timing.seconds)


class Row(NamedTuple):
    """One family at one size: the results of each solver, by seed."""

    family: str
    n: int
    fleets: list[dict[str, Measured]]

    def column(self, solver: str) -> list[Measured]:
        """Return the results of a solver, by fleet."""
        return [fleet[solver] for fleet in self.fleets]

    def ratios(self, rivals: Sequence[str]) -> list[tuple[float, str]]:
        """Return the time of the fastest other solver divided by ours, for each fleet, in increasing order.

        The sign says what the time limit leaves of it: ``>`` at least so many, ``<`` at most, ``?`` both are late.
        """
        answer = []
        for fleet in self.fleets:
            fastest, ours = min((fleet[rival] for rival in rivals), key=_rank), fleet[OURS]
            late = fastest.timing.status == TIME_OUT, ours.timing.status == TIME_OUT
            sign = {(True, False): "> ", (False, True): "< ", (True, True): "? "}.get(late, "")
            answer.append((fastest.seconds / ours.seconds, sign))
        return sorted(answer)


class Table:
    """Prints rows as they come, for a terminal or as Markdown."""

    def __init__(self, solvers: Sequence[str], time_limit: float, *, markdown: bool) -> None:
        self._solvers = solvers
        self._rivals = [solver for solver in solvers if solver != OURS]
        self._time_limit = time_limit
        self._markdown = markdown

    def head(self) -> None:
        """Print the header."""
        heads = ["family", "n"]
        if OURS in self._solvers:
            heads += ["ours", "worst", "proven by", "steps", "MiB"]
        for rival in self._rivals:
            heads += [NAMES[rival], "worst"]
        if OURS in self._solvers and self._rivals:
            heads += [f"{NAMES[rival]} / ours" for rival in self._rivals]
            heads += ["best / ours", "least"]
        self._print([*heads, "remarks"])
        if self._markdown:
            self._print(["---", "---:", *["---:"] * (len(heads) - 2), "---"])

    def row(self, row: Row) -> None:
        """Print a family at a size."""
        cells = [row.family, str(row.n)]
        if OURS in self._solvers:
            ours = row.column(OURS)
            methods = Counter(each.timing.method or each.timing.status for each in ours)
            cells += self._times(ours)
            cells.append(", ".join(f"{method} {count}" for method, count in methods.most_common()))
            cells.append(str(max(each.timing.steps for each in ours)))
            cells.append(f"{max(each.timing.peak_kib for each in ours) / 1024:.1f}")
        for rival in self._rivals:
            cells += self._times(row.column(rival))
        if OURS in self._solvers and self._rivals:
            for rivals in [[rival] for rival in self._rivals] + [self._rivals]:
                ratios = row.ratios(rivals)
                cells.append(_ratio(*ratios[len(ratios) // 2]))
            cells.append(_ratio(*row.ratios(self._rivals)[0]))
        self._print([*cells, "; ".join(remarks(row))])

    def _times(self, column: list[Measured]) -> list[str]:
        in_order = sorted(column, key=_rank)
        late = sum(each.timing.status == TIME_OUT for each in column)
        worst = self._time(in_order[-1]) + (f" ({late} of {len(column)})" if late else "")
        return [self._time(in_order[len(in_order) // 2]), worst]

    def _time(self, measured: Measured) -> str:
        if measured.timing.status == TIME_OUT:
            return f"> {self._time_limit:g} s"
        if measured.timing.status == FAILED:
            return "failed"
        seconds = measured.seconds
        unit, scale = ("s", 1.0) if seconds >= 1 else ("ms", 1e-3) if seconds >= 1e-3 else ("µs", 1e-6)
        return f"{seconds / scale:.{2 if seconds < 10 * scale else 1 if seconds < 100 * scale else 0}f} {unit}"

    def _print(self, cells: list[str]) -> None:
        if self._markdown:
            print("| " + " | ".join(cells) + " |", flush=True)
        else:
            family, *between, last = cells
            print(family.ljust(22), *(cell.rjust(13) for cell in between), "", last, flush=True)


def _ratio(ratio: float, sign: str) -> str:
    return f"{sign}{ratio:.{0 if ratio >= 20 else 1 if ratio >= 2 else 2}f}"


def remarks(row: Row) -> Iterator[str]:
    """List the answers that contradict each other, and those that differ because of rounded costs.

    The reference is the least cost that any solver reached with a legal plan; "no plan" is disproven by any such plan.
    """
    faults: Counter[str] = Counter()
    for fleet in row.fleets:
        answers = [(solver, timing) for solver, measured in fleet.items() for timing in measured.answers]
        costs = [timing.cost for _, timing in answers if timing.cost is not None]
        faults.update({fault for solver, timing in answers if (fault := _fault(solver, timing, costs))})
    for fault, count in faults.items():
        yield f"{fault}, {count} of {len(row.fleets)}"


def _fault(solver: str, timing: Timing, costs: list[int]) -> str | None:
    name = NAMES[solver]
    if timing.status == NO_PLAN:
        return f"{name} denies a plan that exists" if costs else None
    if timing.status != OPTIMAL:
        return None if timing.status == TIME_OUT else f"{name} fails"
    if timing.cost is None:
        return f"{name} sends an illegal plan"
    if timing.cost == min(costs):
        return None
    excess = f"1e{floor(log10((timing.cost - min(costs)) * 1e-10)):d} euro"
    return f"{name} reports as optimal a plan that costs {excess} more" + ("" if timing.exact else " (costs rounded)")


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--sizes", nargs="+", type=int, default=[6, 50, 200, 1000], metavar="N")
    parser.add_argument("--seeds", type=int, default=5, help="fleets of each family and size")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for each solve")
    parser.add_argument("--against", nargs="*", choices=list(OUTSIDE), default=list(OUTSIDE))
    parser.add_argument("--against-checkout", type=Path, help="another checkout of this project, whose solver runs too")
    parser.add_argument("--settings", nargs="+", help="the only settings of the outside solvers to try")
    parser.add_argument("--without-ours", action="store_true", help="measure only the outside solvers")
    parser.add_argument("--markdown", action="store_true", help="print a table for a document")
    parser.add_argument("--record", type=Path, help="append each measurement to this file, one JSON object per line")
    chosen = parser.parse_args()

    solvers = ([] if chosen.without_ours else [OURS]) + chosen.against + [CHECKOUT] * bool(chosen.against_checkout)
    if not solvers:
        sys.exit("nothing to measure")
    settings = {name: _chosen_settings(OUTSIDE[name][1], chosen.settings) for name in chosen.against}
    settings[CHECKOUT] = ("",)
    table = Table(solvers, chosen.time_limit, markdown=chosen.markdown)
    table.head()
    with ExitStack() as stack:
        outside = {name: stack.enter_context(Worker(name)) for name in chosen.against}
        if chosen.against_checkout:
            outside[CHECKOUT] = stack.enter_context(Worker(OURS, chosen.against_checkout))
        for family in chosen.families:
            for n in chosen.sizes:
                fleets = []
                for seed in range(chosen.seeds):
                    fleet = FAMILIES[family](n, seed)
                    fleets.append(measure(fleet, outside, settings, chosen.time_limit, not chosen.without_ours))
                    if chosen.record:
                        _record(chosen.record, family, n, seed, fleets[-1])
                table.row(Row(family, n, fleets))


def _chosen_settings(settings: Sequence[str], wanted: Sequence[str] | None) -> Sequence[str]:
    return [setting for setting in settings if setting in (wanted or settings)] or settings


def _record(path: Path, family: str, n: int, seed: int, fleet: dict[str, Measured]) -> None:
    with path.open("a", encoding="utf-8") as file:
        for solver, (seconds, timing, setting, _) in fleet.items():
            line = {"family": family, "n": n, "seed": seed, "solver": solver, "setting": setting}
            line |= timing._asdict() | {"seconds": seconds}
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
