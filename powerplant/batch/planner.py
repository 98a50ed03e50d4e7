"""Plan the lines of a chunk: a function of its arguments alone, so that any process can run it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from contextlib import suppress
from decimal import ROUND_CEILING, Decimal
from time import perf_counter
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from powerplant.batch.fleets import SharedFleet, read_fleet, read_task
from powerplant.batch.reading import Chunk, Line
from powerplant.batch.tally import Scenario, Tally
from powerplant.decoding import pointer
from powerplant.errors import Fault, InvalidPayload, MalformedPayload, OutOfTime, TooBusy
from powerplant.formulation import NOISE_DIGITS
from powerplant.horizon.decoding import decode
from powerplant.horizon.members import answer_of
from powerplant.horizon.planning import plan_horizon
from powerplant.horizon.reporting import report_of
from powerplant.planning import Options, Solved, present, solve_instance
from powerplant.problems import CLIENT_ERRORS, PROBLEM_TYPES, Problem, problem_of
from powerplant.rows import CENT, Layout, cents, values_of_hour
from powerplant.workers import Workers

PATIENCE = 0.5
"""Seconds after which a chunk comes back with the lines done so far, so that hard lines do not delay other work."""

NOISE = 10**-NOISE_DIGITS
"""MW: a smaller difference between two loads is none."""

THIS_THREAD = Workers(0)
"""The solver runs in the thread of the planner, which is already a process for long work."""


_LIST_OF_LOADS = re.compile(rb'"load"\s*:\s*\[')
_MARKET = re.compile(rb'"market"\s*:\s*\{')
"""Signs of a line that is a horizon: its load is a list, or it has a market."""


class Rules(NamedTuple):
    """What holds for every line of a batch.

    Attributes:
        options: how to plan it.
        max_plants: most power plants of a line.
        max_line: most bytes of a line.
        prefix: the path in front of the addresses of problems.
        layout: of a table of answers; ``None`` for lines of JSON.
        max_cells: most power plants times periods of a line that is a horizon.
    """

    options: Options
    max_plants: int
    max_line: int
    prefix: str = ""
    layout: Layout | None = None
    max_cells: int = 60_000


class Bug(NamedTuple):
    """A failure of this program: the line, and the traceback."""

    line: Line
    traceback: str


class Answered(NamedTuple):
    """The answers to the first lines of a chunk.

    Attributes:
        done: how many lines.
        answers: a line of JSON or a row for each of them, except for a valid shared fleet.
        tally: their counts and sums.
        bugs: the failures among them.
    """

    done: int
    answers: bytes
    tally: Tally
    bugs: Sequence[Bug] = ()


def plan_chunk(chunk: Chunk, rules: Rules, patience: float = PATIENCE) -> Answered:
    """Answer the lines of a chunk in order: at least one, and more until ``patience`` seconds have passed."""
    end = perf_counter() + patience
    shared = None if chunk.fleet is None else read_fleet(chunk.fleet, rules.options.grid, max_plants=rules.max_plants)
    answers: list[bytes] = []
    bugs: list[Bug] = []
    tally = Tally()
    for line in chunk.lines:
        try:
            answer, counted = _answer(line, shared, rules)
        except MemoryError:  # not a bug: the line is given up
            raise
        except Exception:  # noqa: BLE001 - a bug must not harm other lines; it is reported
            bugs.append(Bug(line, traceback.format_exc()))
            answer, counted = _refuse(
                line, Problem("internal-error", PROBLEM_TYPES["internal-error"].explanation), rules
            )
        answers.append(answer)
        tally = tally.plus(counted)
        if perf_counter() > end:
            break
    return Answered(len(answers), b"".join(answers), tally, bugs)


def plants_of(chunk: Chunk, rules: Rules) -> tuple[str, ...]:
    """The names of the power plants of a chunk: of the fleet that its lines share, else of its first valid one."""
    for line in chunk.lines if chunk.fleet is None else [chunk.fleet]:
        if line.content and (names := read_fleet(line, rules.options.grid, max_plants=rules.max_plants).fleet.names):
            return names
    return ()


class Planned(NamedTuple):
    """A planned line.

    Attributes:
        solved: its verified solution.
        emitted: the tonnes of CO2 that the plants emit, charged or not.
        is_rounded: whether the load was rounded to a multiple of the step.
    """

    solved: Solved
    emitted: Decimal
    is_rounded: bool = False


def plan_line(content: bytes, shared: SharedFleet | None, options: Options, *, max_plants: int) -> Planned:
    """Plan a line in this thread.

    Arguments are those of :func:`powerplant.batch.fleets.read_task`; errors are its errors, and those of
    :func:`powerplant.planning.solve_instance`.
    """
    start = perf_counter()
    task = read_task(content, shared, options, max_plants=max_plants)
    solved = solve_instance(task.instance, task.load, options.after(perf_counter() - start), THIS_THREAD)
    is_rounded = options.round_load and abs(solved.instance.grid.megawatts(solved.instance.load) - task.load) >= NOISE
    return Planned(solved, task.fleet.emitted(solved.solution.dispatch), is_rounded)


def give_up(chunk: Chunk, rules: Rules, error: OutOfTime | TooBusy | None = None) -> Answered:
    """Answer lines for which there is no time, or no process."""
    fleet = None if chunk.fleet is None else chunk.fleet.number
    problem = problem_of(error or OutOfTime(rules.options.time_limit, None))
    answers = [_refuse(line, problem, rules)[0] for line in chunk.lines if line.number != fleet]
    return Answered(len(chunk.lines), b"".join(answers), Tally(gave_up=len(answers)))


def _answer(line: Line, shared: SharedFleet | None, rules: Rules) -> tuple[bytes, Tally]:
    """The answer to a line, and its tally."""
    if line.content is None:
        return _refuse(line, Problem("content-too-large", f"A line may have at most {rules.max_line} bytes."), rules)
    if shared is not None and line.number == shared.number:
        return (b"", Tally()) if shared.problem is None else _refuse(line, shared.problem, rules)
    options = rules.options
    try:
        if line.faults:
            raise InvalidPayload(line.faults)
        if _LIST_OF_LOADS.search(line.content) or _MARKET.search(line.content):
            return _answer_periods(line, line.content, shared, rules)
        planned = plan_line(line.content, shared, options, max_plants=rules.max_plants)
        answer = _accept(line, planned, rules)
    except CLIENT_ERRORS as error:
        return _refuse(line, problem_of(_of_a_line(error)), rules)
    solved, emitted, is_rounded = planned
    tally = _of_a_plan(line, solved.instance.grid.euros(solved.solution.cost), emitted, solved.seconds, options)
    return answer, tally._replace(rounded=int(is_rounded))


def _answer_periods(line: Line, content: bytes, shared: SharedFleet | None, rules: Rules) -> tuple[bytes, Tally]:
    """The answer to a line that is a horizon: the members of its answer, beside the line.

    It is planned in one thread, so that its plan is the same each time.
    """
    if rules.layout is not None:
        raise InvalidPayload([Fault("#/load", "is a list: a table of hours has no row for a horizon")])
    if shared is not None:
        content = _with_fleet(content, shared)
    horizon = decode(content, co2=rules.options.co2, max_plants=rules.max_plants, max_cells=rules.max_cells)
    solved = plan_horizon(horizon, rules.options, threads=1)
    report = report_of(solved, co2=rules.options.co2, time_limit=0.0)
    emitted = Decimal(str(report["co2_emitted_tonnes"]))
    lost = float(sum(solved.plan.lost) * solved.instance.hours / solved.instance.grid.per_megawatt)
    starts = sum(len(plant["starts"]) for plant in report["powerplants"])
    answer = to_json({"line": line.number, **answer_of(solved)}) + b"\n"
    cost = Decimal(solved.cost.numerator) / Decimal(solved.cost.denominator)
    scenario = Scenario(report["cost"], report["co2_emitted_tonnes"], starts, lost)
    return answer, _of_a_plan(line, cost, emitted, solved.seconds, rules.options)._replace(scenarios=(scenario,))


def _with_fleet(content: bytes, shared: SharedFleet) -> bytes:
    """A horizon with the shared fleet, if it has no power plants itself."""
    try:
        payload: Any = from_json(content)
    except ValueError:
        return content  # decoding says what is wrong
    if not isinstance(payload, dict) or payload.get("powerplants") is not None:
        return content
    shared.check()
    return to_json({**payload, "powerplants": list(shared.given)})


def _of_a_plan(line: Line, cost: Decimal, emitted: Decimal, seconds: float, options: Options) -> Tally:
    charged = emitted if options.co2 else Decimal(0)
    return Tally(1, cost=cost, emitted=emitted, charged=charged, slowest=seconds, slowest_line=line.number)


def _accept(line: Line, planned: Planned, rules: Rules) -> bytes:
    if rules.layout is not None:
        return _row(line, planned, rules.layout)
    plan = present(planned.solved)
    outputs = to_json([{"name": name, "p": p} for name, p in plan.outputs])
    gap = b',"gap":%s' % str(plan.gap.quantize(CENT, ROUND_CEILING)).encode() if plan.gap else b""
    load = b',"load":%s' % to_json(plan.load) if rules.options.round_load else b""
    cost = cents(plan.cost).encode()
    return b'{"line":%d,"plan":%s,"cost":%s%s%s}\n' % (line.number, outputs, cost, gap, load)


def _row(line: Line, planned: Planned, layout: Layout) -> bytes:
    """A row of the table of plans.

    Raises:
        InvalidPayload: the line has a power plant that the table has no column for.
    """
    values, names = values_of_hour(*planned[:2]), planned.solved.instance.names
    if names != layout.plants:  # the line has its own fleet
        known = set(layout.plants)
        others = [pointer("powerplants", place, "name") for place, name in enumerate(names) if name not in known]
        if others:
            what = "has no column: the columns are those of the first line's fleet"
            raise InvalidPayload([Fault(place, what) for place in others])
        outputs = dict(zip(names, values[-len(names) :], strict=True))
        values[-len(names) :] = [outputs.get(name) for name in layout.plants]
    return layout.hour(line.labels or [line.number], values)


def _refuse(line: Line, problem: Problem, rules: Rules) -> tuple[bytes, Tally]:
    if rules.layout is None:
        answer = b'{"line":%d,"problem":%s}\n' % (line.number, to_json(problem.as_members(rules.prefix)))
    else:
        reason = "; ".join(_sentences(line, problem))
        answer = rules.layout.hour(line.labels or [line.number], [_load_in(line.content), problem.name, reason, None])
    match problem.name:
        case "infeasible-load" | "infeasible-horizon":
            return answer, Tally(reasons={problem.members.get("reason", "infeasible_horizon"): 1})
        case "gave-up":
            return answer, Tally(gave_up=1)
        case "internal-error":
            return answer, Tally(bugs=1)
    return answer, Tally(faulty=1, first_fault=f"line {line.number}: {_sentences(line, problem)[0]}")


def _load_in(content: bytes | None) -> float | None:
    """The load of a line that has no plan, if it has one that is a number."""
    with suppress(ValueError, OverflowError):
        match from_json(content or b""):
            case {"load": int() | float() as load} if not isinstance(load, bool):
                return float(load)
    return None


def _sentences(line: Line, problem: Problem) -> Sequence[str]:
    """What is wrong; a row's faults name its columns."""
    faults = problem.members.get("errors")
    if not faults:
        return [problem.detail]
    if line.faults:
        return [fault["detail"] for fault in faults]
    return [f"{fault['pointer']}: {fault['detail']}".removeprefix("#").removeprefix(": ") for fault in faults]


def _of_a_line(error: Exception) -> Exception:
    """The same error; a message about a body becomes one about a line."""
    if isinstance(error, MalformedPayload):
        message = str(error).replace("The body", "The line", 1)
        return MalformedPayload(re.sub(r" at line 1 (column \d+)", r" at \1", message, count=1))
    return error
