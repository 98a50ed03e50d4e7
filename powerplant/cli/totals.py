"""The totals of a batch: on stderr for people, in a file for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from powerplant.batch.tally import Tally
from powerplant.cli.outputs import write_file
from powerplant.cli.words import counted, describe, printable, to_the_cent

REASONS = {
    "off_grid": "not a multiple of the step",
    "below_must_run": "below what plants must produce",
    "above_capacity": "above the capacity",
    "below_minimum": "below the smallest output",
    "in_a_gap": "in a gap",
    "infeasible_horizon": "in some period of a horizon",
}
"""Why no plan meets a load, in words."""


FIGURES = {"cost": "cost, euro", "co2_emitted": "CO2 emitted, t", "starts": "starts", "lost_load": "lost load, MWh"}
"""What the summary says of lines that are horizons."""


def print_totals(tally: Tally, seconds: float) -> None:
    """Print the totals of a batch."""
    describe("\n".join(_totals(tally, seconds)))


def write_totals(tally: Tally, seconds: float, notes: Sequence[str], path: Path) -> None:
    """Write the totals to a JSON file; an error ends the command."""
    totals = {
        "lines": tally.lines,
        "plans": tally.plans,
        "infeasible": tally.infeasible,
        "reasons": {name: tally.reasons.get(name, 0) for name in REASONS},
        "gave_up": tally.gave_up,
        "faulty": tally.faulty + tally.bugs,
        "rounded": tally.rounded,
        "cost": float(tally.cost),
        "co2_tonnes": float(tally.charged),
        "co2_emitted_tonnes": float(tally.emitted),
        "scenarios": {
            name: {"mean": spread.mean, "p5": spread.low, "p95": spread.high} for name, spread in tally.spreads.items()
        },
        "slowest_solve_seconds": tally.slowest,
        "slowest_line": tally.slowest_line or None,
        "seconds": seconds,
        "notes": list(notes),
    }
    write_file(path, json.dumps(totals, indent=2) + "\n")


def _totals(tally: Tally, seconds: float) -> Iterator[str]:
    rate = counted(round(tally.lines / seconds), "line")
    yield f"{counted(tally.plans, 'plan')} in {seconds:,.1f} s, {rate} a second"
    if tally.infeasible:
        reasons = ", ".join(f"{tally.reasons[name]:,} {REASONS[name]}" for name in REASONS if name in tally.reasons)
        yield f"{counted(tally.infeasible, 'line')} with a load that no plan meets: {reasons}"
    if tally.gave_up:
        yield f"{counted(tally.gave_up, 'line')} without a plan that was proven in time"
    if tally.faulty + tally.bugs:
        first = f"; the first is {printable(tally.first_fault)}" if tally.first_fault else ""
        yield f"{counted(tally.faulty + tally.bugs, 'line')} with a fault{first}"
    if tally.rounded:
        yield f"{counted(tally.rounded, 'load')} rounded to a multiple of the step"
    yield f"total cost     {to_the_cent(tally.cost):>20} euro"
    yield f"CO2 emitted    {to_the_cent(tally.emitted):>20} t"
    yield f"CO2 charged    {to_the_cent(tally.charged):>20} t"
    if tally.slowest_line:
        yield f"slowest solve  {1000 * tally.slowest:>20,.1f} ms, line {tally.slowest_line}"
    if spreads := tally.spreads:
        yield f"{counted(len(tally.scenarios), 'horizon'):<15}{'mean':>20}{'5 %':>20}{'95 %':>20}"
        for name, spread in spreads.items():
            yield f"{FIGURES[name]:<15}" + "".join(f"{value:>20,.2f}" for value in spread)
