"""Plan one payload from Python: :func:`powerplant.plan`, and the plan that it returns."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import to_json

from powerplant.decoding import SEVERAL_PAYLOADS, decode, ignored_in
from powerplant.errors import MalformedPayload
from powerplant.formulation import GRIDS, Fleet
from powerplant.models import ProductionPlanRequest, Report
from powerplant.planning import Options, Solved, present, solve_request
from powerplant.reporting import appraise_plan, explain, figures_of, prices_of_running
from powerplant.rows import OF_A_PLANT, values_of_plant
from powerplant.workers import Workers

if TYPE_CHECKING:
    from pandas import DataFrame

Payload = Mapping[str, Any] | str | bytes | os.PathLike[str] | ProductionPlanRequest
"""A payload: a dict, JSON text, the path of a JSON file, or the model."""

THIS_THREAD = Workers(0)
"""A library starts no processes: the solver runs in the thread of the caller."""

NO_LIMIT = sys.maxsize
"""The service limits the number of power plants to protect itself. A caller of the library needs no such limit."""


def plan(
    payload: Payload,
    *,
    co2: bool = True,
    step: float | str = 0.1,
    round_load: bool = False,
    feasible: bool = False,
    time_limit: float = 5.0,
) -> ProductionPlan:
    """The cheapest production plan for one hour.

    It runs in the thread of the caller and opens no connection. The plan and its errors are those of
    ``POST /productionplan``.

    Args:
        payload: a dict, JSON text (``str`` or UTF-8 ``bytes``), the path of a JSON file (:class:`pathlib.Path`), or a
            :class:`ProductionPlanRequest`.
        co2: whether emission allowances count in the cost.
        step: MW; 1, 0.1, 0.01 or 0.001. Outputs and the load are multiples of it.
        round_load: whether a load that is not a multiple of the step is planned as the nearest one.
        feasible: whether to accept the best plan found if none is proven to be the cheapest within the time limit.
        time_limit: seconds. One step of the solver can exceed it by a short time.

    Raises:
        MalformedPayload: the payload is not JSON.
        InvalidPayload: it is not valid; ``faults`` has a pointer and a text for each fault.
        InfeasibleLoad: no plan meets the load; ``reason``, ``nearest_below`` and ``nearest_above`` (MW) say more.
        OutOfTime: no plan was proven to be the cheapest within the time limit; ``gap`` (euro) of the best plan found.
        OSError: the file cannot be read.
        TypeError, ValueError: an argument has the wrong type, or is not one of the values above.
    """
    start = perf_counter()
    options = options_of(co2=co2, step=step, round_load=round_load, feasible=feasible, time_limit=time_limit)
    body = as_json(payload)
    try:
        request = decode(body, co2=co2, max_plants=NO_LIMIT)
    except MalformedPayload as error:
        raise in_python(error, payload) from None
    solved = solve_request(request, options.after(perf_counter() - start), THIS_THREAD)
    return _with_figures(request, solved, options, body)


@dataclass(frozen=True, kw_only=True)
class ProductionPlan:
    """A production plan for one hour.

    Attributes:
        outputs: the output in MW of every power plant, by its name; in merit order, the cheapest plant first.
        load: MW, which the outputs meet exactly.
        cost: euro.
        status: ``optimal`` if it is proven that no plan is cheaper; else ``feasible``.
        gap: how many euro more than the cheapest plan it costs at most; 0 for an optimal plan.
        marginal_price: euro per MWh that one step more costs if the plants that run stay the same; ``None`` if they
            all run at their maximum. ``report().marginal_price`` has further prices.
        co2: tonnes of CO2 that the plants emit, whether or not allowances count in the cost.
            ``report().co2_tonnes`` has the tonnes that are charged.
    """

    outputs: dict[str, float]
    load: float
    cost: float
    status: Literal["optimal", "feasible"]
    gap: float
    marginal_price: float | None
    co2: float
    _request: ProductionPlanRequest = field(repr=False, compare=False)
    _solved: Solved = field(repr=False, compare=False)
    _options: Options = field(repr=False, compare=False)
    _body: bytes = field(repr=False, compare=False)

    def report(self) -> Report:
        """The report: costs, prices, a reason for each plant. It is that of ``POST /productionplan/report``.

        The first call computes the plan's alternatives, within a time limit as long as that of the plan. The report
        marks those that were not computed by then.
        """
        return self._report

    @cached_property
    def _report(self) -> Report:
        appraisal = appraise_plan(self._solved, self._options, THIS_THREAD)
        ignored = ignored_in(self._body)
        return explain(self._request, self._solved, appraisal, co2=self._options.co2, ignored=ignored)

    def to_dict(self) -> dict[str, Any]:
        """The attributes above as plain Python objects, which :func:`json.dumps` accepts."""
        return {
            "outputs": dict(self.outputs),
            "load": self.load,
            "cost": self.cost,
            "status": self.status,
            "gap": self.gap,
            "marginal_price": self.marginal_price,
            "co2": self.co2,
        }

    def to_frame(self) -> DataFrame:
        """A :class:`pandas.DataFrame` with a row for each power plant, in merit order; its index is the name.

        Columns: ``type``; ``p``, ``pmin``, ``pmax`` in MW; ``marginal_cost`` in euro per MWh; ``cost`` in euro;
        ``co2_emitted`` in tonnes; ``state``: ``off``, ``at_minimum``, ``in_between`` or ``at_maximum``.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            from pandas import DataFrame, Index
        except ImportError:
            raise ImportError("to_frame() needs pandas, which is not installed: pip install pandas") from None
        report = figures_of(self._request, self._solved, co2=self._options.co2)
        name, *others = zip(*map(values_of_plant, report.powerplants), strict=True)
        return DataFrame(dict(zip(OF_A_PLANT[1:], others, strict=True)), index=Index(name, name="name"))


def _with_figures(request: ProductionPlanRequest, solved: Solved, options: Options, body: bytes) -> ProductionPlan:
    exact, dispatch = present(solved), solved.solution.dispatch
    return ProductionPlan(
        outputs=dict(exact.outputs),
        load=exact.load,
        cost=float(exact.cost),
        status="feasible" if exact.gap else "optimal",
        gap=float(exact.gap),
        marginal_price=prices_of_running(solved.instance.units, dispatch).up,
        co2=float(Fleet.of(request.powerplants, options.grid).emitted(dispatch)),
        _request=request,
        _solved=solved,
        _options=options,
        _body=body,
    )


# --- Arguments -------------------------------------------------------------------------------------------------------


def options_of(*, co2: bool, step: float | str, round_load: bool, feasible: bool, time_limit: float) -> Options:
    """The options of a call; arguments as for :func:`plan`.

    Raises:
        ValueError: one of them has no such value.
    """
    grid = GRIDS.get(step if isinstance(step, str) else f"{step:g}")
    if grid is None:
        raise ValueError(f"step must be {', '.join([*GRIDS][:-1])} or {[*GRIDS][-1]} (MW), not {step!r}")
    if not time_limit > 0:
        raise ValueError(f"time_limit must be above 0 (seconds), not {time_limit!r}")
    return Options(co2, feasible, time_limit, grid=grid, round_load=round_load)


def as_json(given: Any) -> bytes:
    """What a caller gave as JSON: objects are written as JSON, a path is read, text stays what it is.

    Raises:
        MalformedPayload: JSON cannot hold what an object holds.
        TypeError: it is none of these.
        OSError: the file cannot be read.
    """
    match given:
        case bytes():
            return given
        case str():
            return given.encode(errors="surrogatepass")
        case os.PathLike():
            return Path(given).read_bytes()
        case ProductionPlanRequest():
            return as_json(given.model_dump(by_alias=True, exclude_unset=True))
        case Mapping() | list():
            try:
                return to_json(given if isinstance(given, list) else dict(given), fallback=_plain)
            except ValueError as error:
                raise MalformedPayload(f"The payload cannot be written as JSON: {error}.") from None
    raise TypeError(f"expected a dict, JSON text, a path or a ProductionPlanRequest, not {type(given).__name__}")


def _plain(value: Any) -> Any:
    """A value that JSON does not have as one that it has: numbers of NumPy as Python's, others as a string."""
    return value.item() if hasattr(value, "item") else str(value)


def in_python(error: MalformedPayload, given: Any) -> MalformedPayload:
    """The same error in the words of a call; a string that is not JSON may be the name of a file."""
    message = str(error).removesuffix(SEVERAL_PAYLOADS).replace("The body", "The payload", 1)
    if isinstance(given, str) and given.strip() and given.lstrip()[:1] not in {"{", "["}:
        message += " To read a file, pass pathlib.Path(...)."
    return MalformedPayload(message)
