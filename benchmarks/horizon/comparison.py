"""The engine against HiGHS alone on public instances: time to a proven gap, and cost at equal time.

For the time both stop at the gap; for the cost they search on until the time is over, or the gap is 0.

Each order of the plants is one run of the engine, and one of HiGHS with one and with two threads; the faster setting of
HiGHS on an instance counts. A figure is the median over the orders. The engine's time includes reading the payload;
that of HiGHS begins with the model in memory.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.horizon.convert import Converted, convert
from benchmarks.horizon.kazarlis import kazarlis
from benchmarks.horizon.originals import Original, files_in, name_of, read_original
from benchmarks.horizon.rules_of_others import judge
from benchmarks.horizon.traces import NONE, Run, in_order, run
from benchmarks.service.tables import Table

GAP = 0.001
NEAR = 0.002
"""How far above the best known cost a plan is good."""

SOON = 10.0
"""Seconds until which a good plan should be there."""

MOMENTS = (2.0, 10.0, 30.0)
"""Seconds at which costs are compared."""

DEARER = 0.0005
NOISE = 0.001
"""MW by which a plan of HiGHS, in floats, may miss a limit."""

BEST_KNOWN = Path(__file__).with_name("best_known.toml")
UNITS = (10, 20, 40, 60, 80, 100)
LEFT_OUT = ("ca_",)
"""Instances that have an aim of their own."""


def instances(data: Path | None) -> Iterator[tuple[str, Original]]:
    """Kazarlis from its table, and what is in the folder."""
    own = {f"kaz{units}": units for units in UNITS}
    for name, units in own.items():
        yield name, kazarlis(units)
    for path in files_in(data) if data else ():
        if name_of(path) not in own:
            yield name_of(path), read_original(path)


def best_known() -> dict[str, float]:
    """The best known cost of each instance, in the currency of its file."""
    with BEST_KNOWN.open("rb") as file:
        return {name: entry["cost"] for name, entry in tomllib.load(file).items()}


@dataclass
class Compared:
    """The runs of one instance, by order.

    Attributes:
        name: the instance.
        size: plants and periods.
        ours, alone: runs of the engine, and of HiGHS by its number of threads.
        limit: seconds.
        wrong: what is wrong with plans or bounds.
    """

    name: str
    size: str
    ours: list[Run]
    alone: dict[int, list[Run]]
    limit: float
    wrong: list[str]

    @property
    def faster(self) -> list[Run]:
        """The runs of HiGHS with the better number of threads."""
        return min(self.alone.values(), key=lambda runs: (self.to_gap(runs), median(each.gap for each in runs)))

    def to_gap(self, runs: Sequence[Run], gap: float = GAP) -> float:
        """Median seconds to a proven gap; infinite where the limit came first."""
        return _median([each.time_to_gap(gap) for each in runs])

    def to_cost(self, runs: Sequence[Run], cost: float) -> float:
        """Median seconds to a plan as cheap as this."""
        return _median([each.time_to_cost(cost) for each in runs])

    def excess(self, seconds: float) -> float | None:
        """How much dearer than HiGHS' the plan of the engine is then, as a share of it; ``None`` where a plan misses.

        The median of each at that time.
        """
        ours, theirs = (median(each.cost_at(seconds) for each in runs) for runs in (self.ours, self.faster))
        return None if ours >= NONE or theirs >= NONE else ours / theirs - 1


def compare(name: str, original: Original, orders: int, limit: float, gap: float = GAP) -> Compared:
    """Run everything on one instance; all stop at the gap."""
    converted = convert(original)
    size = f"{len(converted.payload['powerplants'])} × {len(converted.payload['load'])}"
    compared = Compared(name, size, [], {1: [], 2: []}, limit, [])
    for order in range(orders):
        payload = in_order(converted.payload, order)
        options = ("--step", converted.step, "--time-limit", str(limit), "--gap", str(gap))
        ours = run("ours", payload, *options)
        compared.ours.append(ours)
        _progress(name, order, "ours", ours)
        for threads, runs in compared.alone.items():
            theirs = run("alone", payload, *options, "--threads", str(threads))
            runs.append(theirs)
            _progress(name, order, f"HiGHS, {threads} threads", theirs)
    compared.wrong += _wrong(original, converted, compared)
    return compared


def _progress(name: str, order: int, who: str, done: Run) -> None:
    gap = "no plan" if done.cost >= NONE else f"{done.cost:.2f}, gap {100 * done.gap:.3f} %"
    print(f"{name}, order {order}, {who}: {done.seconds:.1f} s, {gap}", file=sys.stderr, flush=True)


def _wrong(original: Original, converted: Converted, compared: Compared) -> Iterator[str]:
    """Plans that break a rule of the file, and bounds above the cost of a plan."""
    rounding = float(converted.step) / 2 if converted.rounded else 0.0
    everyone = [*compared.ours, *compared.alone[1], *compared.alone[2]]
    for done in everyone:
        if not done.plan:
            continue
        verdict = judge(original, done.plan, rounding=rounding + NOISE, noise=NOISE)
        if verdict.broken:
            yield f"{compared.name}: a plan breaks a rule: {verdict.broken[0]}"
        if abs(float(verdict.cost) - done.cost) > max(1.0, 1e-6 * abs(done.cost)):
            yield f"{compared.name}: a plan costs {float(verdict.cost):.2f}, not {done.cost:.2f}"
    cheapest = min(done.cost for done in everyone)
    for done in everyone:
        if done.bound > cheapest + 1e-6 * abs(cheapest):
            yield f"{compared.name}: a bound of {done.bound:.2f}, and a plan costs {cheapest:.2f}"


def _median(times: Sequence[float | None]) -> float:
    return median(float("inf") if each is None else each for each in times)


# --- Tables ----------------------------------------------------------------------------------------------------------


def report(compared: Sequence[Compared], *, costs: bool, markdown: bool) -> bool:
    """Print the table of times, or that of costs, and what the aims are about; return whether nothing is wrong."""
    for part in (_costs, _aims_of_costs) if costs else (_times, _aims_of_times):
        part(compared, markdown=markdown)
    wrong = [text for each in compared for text in each.wrong]
    print(*wrong, sep="\n")
    return not wrong


def _times(compared: Sequence[Compared], *, markdown: bool) -> None:
    known = best_known()
    heads = [
        "instance",
        "plants × periods",
        "0.1 % ours",
        "HiGHS alone",
        "ratio",
        "near best, ours",
        "HiGHS alone",
        "ratio",
    ]
    table = Table(heads, markdown=markdown)
    for each in compared:
        ours, theirs = each.to_gap(each.ours), each.to_gap(each.faster)
        cells = [_seconds(ours, each, each.ours), _seconds(theirs, each, each.faster), _ratio(ours, theirs, each.limit)]
        if each.name in known:
            target = known[each.name] * (1 + NEAR)
            ours, theirs = each.to_cost(each.ours, target), each.to_cost(each.faster, target)
            cells += [_text(ours, each.limit), _text(theirs, each.limit), _ratio(ours, theirs, each.limit)]
        else:
            cells += ["?"] * 3
        table.row(each.name, each.size, *cells)


def _costs(compared: Sequence[Compared], *, markdown: bool) -> None:
    heads = ["instance", *(f"at {seconds:g} s" for seconds in MOMENTS), "best known", "ours above it"]
    table, known = Table(heads, markdown=markdown), best_known()
    for each in compared:
        cells = []
        for seconds in MOMENTS:
            excess = each.excess(seconds)
            has = median(done.cost_at(seconds) for done in each.ours) < NONE
            cells.append(f"{100 * excess:+.3f} %" if excess is not None else "only ours" if has else "no plan of ours")
        best, cost = known.get(each.name), median(done.cost for done in each.ours)
        cells += ["?", "?"] if best is None else [f"{best:.2f}", f"{100 * (cost / best - 1):+.3f} %"]
        table.row(each.name, *cells)


def _aims_of_times(compared: Sequence[Compared], *, markdown: bool) -> None:  # noqa: ARG001 - like the tables
    known = best_known()
    ratios = [
        min(each.to_gap(each.ours), each.limit) / min(each.to_gap(each.faster), each.limit)
        for each in compared
        if min(each.to_gap(each.ours), each.to_gap(each.faster)) < float("inf")
    ]
    near, late = list[float](), list[str]()
    for each in compared:
        if each.name not in known:
            continue
        target = known[each.name] * (1 + NEAR)
        ours, theirs = each.to_cost(each.ours, target), each.to_cost(each.faster, target)
        if min(ours, theirs) < float("inf"):
            near.append(min(ours, each.limit) / min(theirs, each.limit))
        late += [each.name] if ours > SOON else []
    lost = [each.name for each in compared if each.to_gap(each.faster) < float("inf") <= each.to_gap(each.ours)]
    print()
    if ratios:
        print(f"time to 0.1 %: median ratio {median(ratios):.2f}, largest {max(ratios):.2f}")
    print(f"proven by HiGHS alone and not by us: {', '.join(lost) or 'none'}")
    if near:
        print(f"time to within 0.2 % of the best known: median ratio {median(near):.2f}, largest {max(near):.2f}")
        print(f"not that near after {SOON:g} s: {', '.join(late) or 'none'}")


def _aims_of_costs(compared: Sequence[Compared], *, markdown: bool) -> None:  # noqa: ARG001 - like the tables
    dearer = [
        f"{each.name} at {seconds:g} s"
        for each in compared
        for seconds in MOMENTS
        if (each.excess(seconds) or 0) > DEARER
        or (each.excess(seconds) is None and median(done.cost_at(seconds) for done in each.faster) < NONE)
    ]
    print(f"\nmore than {100 * DEARER:g} % dearer than HiGHS alone: {', '.join(dearer) or 'never'}")


def _seconds(time: float, each: Compared, runs: Sequence[Run]) -> str:
    if time < float("inf"):
        return f"{time:.1f} s"
    gap = median(done.gap if done.cost < NONE else float("inf") for done in runs)
    return f"> {each.limit:g} s ({100 * gap:.2f} %)" if gap < float("inf") else f"> {each.limit:g} s (no plan)"


def _text(time: float, limit: float) -> str:
    return f"{time:.1f} s" if time < float("inf") else f"> {limit:g} s"


def _ratio(ours: float, theirs: float, limit: float) -> str:
    infinite = float("inf")
    if ours == theirs == infinite:
        return "?"
    sign = "<" if theirs == infinite else ">" if ours == infinite else ""
    return f"{sign} {min(ours, limit) / min(theirs, limit):.2f}".strip()


def best(name: str, original: Original, limit: float) -> dict[str, Any]:
    """The best cost and bound from long runs of both, to compare all others with."""
    converted = convert(original)
    found: list[tuple[str, Run]] = []
    for who, options in (("ours", ()), ("alone", ("--threads", "2"))):
        done = run(who, converted.payload, "--step", converted.step, "--time-limit", str(limit), "--gap", "0", *options)
        _progress(name, 0, who, done)
        found.append(("the engine" if who == "ours" else "HiGHS alone", done))
    who, cheapest = min(found, key=lambda each: each[1].cost)
    return {
        "cost": round(cheapest.cost, 2),
        "bound": round(min(cheapest.cost, max(done.bound for _, done in found)), 2),
        "found": f"{who}, {limit:g} s",
    }
