"""The work of a batch: lines in, answers out, and what they come to. A function of its arguments alone."""

from __future__ import annotations

import re
import traceback
from decimal import ROUND_CEILING, Decimal
from time import perf_counter
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from powerplant.answers import CENT, cents
from powerplant.batch.fleets import SharedFleet, Task, read_fleet, read_task
from powerplant.batch.reading import Chunk, Line
from powerplant.batch.tally import Tally
from powerplant.errors import MalformedPayload, OutOfTime, PowerplantError, WrongPlan
from powerplant.formulation import TENTHS_PER_MEGAWATT, Fleet, euros
from powerplant.merit_order import Solution
from powerplant.planning import UNPROVEN, Solved, present, solve_instance
from powerplant.problems import CLIENT_ERRORS, PROBLEM_TYPES, Problem, problem_of
from powerplant.solving import Here
from powerplant.verification import verify

PATIENCE = 0.5
"""Seconds after which a chunk comes back with what is done, so that one with hard lines holds up nothing else."""

HERE = Here()


class Settings(NamedTuple):
    """How the lines of a batch are planned.

    Attributes:
        co2: whether CO2 counts in the cost.
        feasible: whether a plan not proven to be a cheapest one will do, when the time is over.
        time_limit: seconds that the solver may take for a line.
        max_plants: power plants that a line may have.
        longest: bytes that a line may have.
        prefix: of the addresses of problems.
    """

    co2: bool
    feasible: bool
    time_limit: float
    max_plants: int
    longest: int
    prefix: str = ""


class Bug(NamedTuple):
    """A mistake of our own: the line that it came with, and the traceback."""

    line: Line
    traceback: str


class Planned(NamedTuple):
    """What came of the first lines of a chunk.

    Attributes:
        done: how many of them.
        answers: a line for each of them, but for the fleet.
        tally: what they come to.
        bugs: that they have shown.
    """

    done: int
    answers: bytes
    tally: Tally
    bugs: list[Bug]


class NotOfThisBatch(PowerplantError):
    """An answer that an earlier run has left is none to the line that stands in its place now; the message says it."""


def plan_chunk(chunk: Chunk, settings: Settings, patience: float = PATIENCE) -> Planned:
    """Answer the lines of a chunk, in their order: all of them, or as many as there is patience for, and at least one.

    Args:
        chunk: the lines. To those that have an answer already this is held against its line, and counted.
        settings: how they are planned.
        patience: seconds.

    Raises:
        NotOfThisBatch: an answer that was kept is wrong.
    """
    end = perf_counter() + patience
    shared = None if chunk.fleet is None else read_fleet(chunk.fleet, max_plants=settings.max_plants)
    answers, bugs, tallies = [], [], []
    for done, line in enumerate(chunk.lines):
        if done < len(chunk.kept):
            tallies.append(_review(line, chunk.kept[done], shared, settings))
        else:
            try:
                answer, counted = _answer(line, shared, settings)
            except Exception:  # noqa: BLE001 - a mistake of ours harms this line alone, and is told
                bugs.append(Bug(line, traceback.format_exc()))
                answer, counted = _our_own_bug(line.number, settings), Tally(bugs=1)
            answers.append(answer)
            tallies.append(counted)
        if perf_counter() > end:
            break
    return Planned(len(tallies), b"".join(answers), Tally.of(tallies), bugs)


def give_up(chunk: Chunk, settings: Settings) -> Planned:
    """Answers to lines that there is no time for at all."""
    lines = [line.number for line in chunk.lines if chunk.fleet is None or line.number != chunk.fleet.number]
    told = problem_of(OutOfTime(settings.time_limit, None))
    answers = [_told(number, told, settings.prefix) for number in lines]
    return Planned(len(chunk.lines), b"".join(answers), Tally(gave_up=len(lines)), [])


# --- An answer -------------------------------------------------------------------------------------------------------


def _answer(line: Line, shared: SharedFleet | None, settings: Settings) -> tuple[bytes, Tally]:
    """The answer to a line, and what it adds to the tally."""
    try:
        if shared is not None and line.number == shared.number:
            if shared.fault is not None:
                raise shared.fault
            return b"", Tally()
        if line.content is None:
            return _told(line.number, _too_long(settings), settings.prefix), Tally(faulty=1)
        task = read_task(line.content, shared, co2=settings.co2, max_plants=settings.max_plants)
        solved = solve_instance(
            task.instance, task.load, time_limit=settings.time_limit, solvers=HERE, feasible=settings.feasible
        )
    except CLIENT_ERRORS as error:
        told = problem_of(_of_a_line(error))
        return _told(line.number, told, settings.prefix), Tally(**{_COUNTED_AS.get(told.name, "faulty"): 1})
    return _plan(line.number, solved), _tally(line.number, task, solved, co2=settings.co2)


_COUNTED_AS = {"infeasible-load": "infeasible", "gave-up": "gave_up", "internal-error": "bugs"}


def _plan(number: int, solved: Solved) -> bytes:
    plan = present(*solved)
    outputs = to_json([{"name": name, "p": p} for name, p in plan.outputs])
    gap = b',"gap":%s' % str(plan.gap.quantize(CENT, ROUND_CEILING)).encode() if plan.gap else b""
    return b'{"line":%d,"plan":%s,"cost":%s%s}\n' % (number, outputs, cents(plan.cost).encode(), gap)


def _told(number: int, problem: Problem, prefix: str) -> bytes:
    return b'{"line":%d,"problem":%s}\n' % (number, to_json(problem.as_members(prefix)))


def _of_a_line(error: Exception) -> Exception:
    """A fault of JSON, as one of a line rather than a body of lines."""
    if isinstance(error, MalformedPayload):
        message = str(error).replace("The body", "The line", 1)
        return MalformedPayload(re.sub(r" at line 1 (column \d+)", r" at \1", message, count=1))
    return error


def _too_long(settings: Settings) -> Problem:
    return Problem("content-too-large", f"A line may have {settings.longest} bytes here.")


def _our_own_bug(number: int, settings: Settings) -> bytes:
    name = "internal-error"
    return _told(number, Problem(name, PROBLEM_TYPES[name].explanation), settings.prefix)


def _tally(number: int, task: Task, solved: Solved, *, co2: bool) -> Tally:
    charged = _charged(task.fleet, solved.solution.dispatch) if co2 else 0
    return Tally(plans=1, cost=solved.solution.cost, charged=charged, slowest=solved.seconds, slowest_line=number)


def _charged(fleet: Fleet, dispatch: tuple[int, ...]) -> int:
    """Tenths of a MWh that CO2 is charged for."""
    return sum([output for plant, output in zip(fleet.plants, dispatch, strict=True) if plant.type == "gasfired"])


# --- An answer of an earlier run -------------------------------------------------------------------------------------


def _review(line: Line, kept: bytes, shared: SharedFleet | None, settings: Settings) -> Tally:
    """What a line with its answer adds to the tally.

    Raises:
        NotOfThisBatch: the plan is no plan for the line, costs something else, or the line has none.
    """
    try:
        answer = from_json(kept) if kept else {}  # a fleet has no answer
        if "plan" not in answer:
            return _tally_of_problem(line, answer, shared)
        task = read_task(line.content or b"", shared, co2=settings.co2, max_plants=settings.max_plants)
        cost, dispatch = _held_against(task, answer)
    except _NOT_OF_IT as error:
        raise NotOfThisBatch(f"the answer to line {line.number} is none to that line of this batch") from error
    return Tally(plans=1, cost=cost, charged=_charged(task.fleet, dispatch) if settings.co2 else 0)


_NOT_OF_IT: tuple[type[Exception], ...] = (
    *CLIENT_ERRORS,
    WrongPlan,
    ArithmeticError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)
"""What reading an answer runs into that is none to its line."""


def _tally_of_problem(line: Line, answer: dict[str, dict[str, str]], shared: SharedFleet | None) -> Tally:
    if not answer:
        if shared is None or line.number != shared.number:
            raise KeyError(line.number)
        return Tally()
    return Tally(**{_COUNTED_AS.get(answer["problem"]["type"].rpartition("/")[2], "faulty"): 1})


def _held_against(task: Task, answer: dict[str, Any]) -> tuple[int, tuple[int, ...]]:
    """Cost and outputs of a plan, verified."""
    names, units = task.instance.names, task.instance.units
    outputs = {output["name"]: round(output["p"] * TENTHS_PER_MEGAWATT) for output in answer["plan"]}
    dispatch = tuple(outputs[name] for name in names)
    cost = sum(unit.marginal_cost * output for unit, output in zip(units, dispatch, strict=True))
    if len(outputs) != len(names) or Decimal(cents(euros(cost))) != Decimal(str(answer["cost"])):
        raise WrongPlan("other plants or another cost")
    verify(task.instance, Solution(dispatch, cost, cost, UNPROVEN))
    return cost, dispatch
