"""Plan a horizon from Python: :func:`powerplant.plan_horizon`, and the plan that it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

from powerplant.errors import MalformedPayload
from powerplant.horizon.decoding import decode
from powerplant.horizon.members import answer_of
from powerplant.horizon.planning import SolvedHorizon
from powerplant.horizon.planning import plan_horizon as solve_horizon
from powerplant.horizon.reporting import report_of
from powerplant.library import NO_LIMIT, Payload, as_json, in_python, options_of


def plan_horizon(
    payload: Payload,
    *,
    co2: bool = True,
    step: float | str = 0.1,
    round_load: bool = False,
    time_limit: float = 10.0,
    gap: float | None = None,
    threads: int = 2,
) -> HorizonPlan:
    """The best plan for many periods that depend on each other, within a gap.

    It runs in this process. The plan and its errors are those of ``POST /productionplan/horizon``.

    Args:
        payload: a dict, JSON text (``str`` or UTF-8 ``bytes``), or the path of a JSON file (:class:`pathlib.Path`).
        co2: whether emission allowances count in the cost.
        step: MW; 1, 0.1, 0.01 or 0.001. Outputs and loads are multiples of it.
        round_load: whether loads that are not multiples of the step are planned as the nearest ones.
        time_limit: seconds. The best plan found by then is returned, with its gap.
        gap: the gap between cost and bound at which the search stops, as a share of the cost. It replaces the payload's
            ``relative_gap``.
        threads: how many threads search, 1 or 2. With one, a run that ends before its time limit gives the same plan
            each time.

    Raises:
        MalformedPayload: the payload is not JSON.
        InvalidPayload: it is not valid; ``faults`` has a pointer and a text for each fault.
        InfeasibleHorizon: no plan meets all periods; ``missing`` and ``periods`` say what is missing, and when.
        OutOfTime: no plan was found within the time limit.
        NotInstalled: the periods are coupled, and the extra ``horizon`` is not installed.
        OSError: the file cannot be read.
        TypeError, ValueError: an argument has the wrong type, or a value that it cannot have.
    """
    start = perf_counter()
    options = options_of(co2=co2, step=step, round_load=round_load, feasible=False, time_limit=time_limit)
    if threads not in {1, 2}:
        raise ValueError(f"threads must be 1 or 2, not {threads!r}")
    if gap is not None and not 0 <= gap <= 1:
        raise ValueError(f"gap must be from 0 to 1 (a share of the cost), not {gap!r}")
    body = as_json(payload)
    try:
        horizon = decode(body, co2=co2, max_plants=NO_LIMIT, max_cells=NO_LIMIT)
    except MalformedPayload as error:
        raise in_python(error, payload) from None
    if gap is not None:
        horizon = horizon._replace(relative_gap=gap)
    return _with_figures(solve_horizon(horizon, options.after(perf_counter() - start), threads=threads), co2=co2)


@dataclass(frozen=True, kw_only=True)
class HorizonPlan:
    """A plan for a horizon.

    Attributes:
        status: ``optimal`` if exact arithmetic proves that no plan is cheaper; ``within_gap``; or ``time_limit``.
        cost: euro.
        lower_bound: euro; no plan costs less.
        outputs: the outputs in MW of each plant, by its name: a list with a value for each period.
    """

    status: Literal["optimal", "within_gap", "time_limit"]
    cost: float
    lower_bound: float
    outputs: Mapping[str, list[float]]
    _solved: SolvedHorizon = field(repr=False, compare=False)
    _co2: bool = field(repr=False, compare=False)

    def report(self, *, end: int | None = None, time_limit: float = 10.0) -> dict[str, Any]:
        """The report: that of ``POST /productionplan/horizon/report``.

        Args:
            end: the period, from 1, after which the report has the state of the plants; the last by default.
            time_limit: seconds for prices and reasons; the report says what was not computed.

        Raises:
            ValueError: there is no such period.
        """
        periods = len(self._solved.instance.load)
        if end is not None and not 1 <= end <= periods:
            raise ValueError(f"end must be from 1 to {periods}, not {end!r}")
        return report_of(self._solved, co2=self._co2, end=end, time_limit=time_limit)

    def to_dict(self) -> dict[str, Any]:
        """The answer of ``POST /productionplan/horizon``, which :func:`json.dumps` accepts."""
        return answer_of(self._solved)


def _with_figures(solved: SolvedHorizon, *, co2: bool) -> HorizonPlan:
    answer = answer_of(solved)
    return HorizonPlan(
        status=solved.status,
        cost=answer["cost"],
        lower_bound=answer["lower_bound"],
        outputs={plant["name"]: plant["p"] for plant in answer["plan"]},
        _solved=solved,
        _co2=co2,
    )
